import type { Objective } from '../../src/core/objective.ts'
import { metricOf } from '../../src/core/metrics.ts'
import type { EndState, TrialRecord } from '../../src/core/trial.ts'
import type { ToldTrial } from '../../src/searchers/searcher.ts'
import type { Domain } from '../../src/space/space.ts'

/**
 * What a searcher is told of a trial that has ended.
 * Its intermediate values are read from the history when they are asked for: most searchers never do.
 */
export function toldTrial(
  record: TrialRecord,
  domains: Readonly<Record<string, Domain>>,
  { objectives, timeAttr }: { readonly objectives: readonly Objective[]; readonly timeAttr: string },
): ToldTrial {
  const { number, params, constraints, history } = record
  const state = record.state as EndState
  const values = state === 'failed' ? undefined : record.values
  let intermediate: [number, number][] | undefined
  return {
    number,
    params,
    domains,
    state,
    values,
    step: values === undefined ? undefined : record.valuesAt,
    get intermediate() {
      return (intermediate ??= intermediateValues(history, objectives[0], timeAttr))
    },
    constraints,
  }
}

/** The same trial, of which nothing but its parameters is known. */
export function withoutValues(told: ToldTrial): ToldTrial {
  return { ...told, state: 'interrupted', values: undefined, step: undefined, intermediate: [] }
}

function intermediateValues(
  history: TrialRecord['history'],
  objective: Objective | undefined,
  timeAttr: string,
): [number, number][] {
  if (objective === undefined) return []
  const pairs: [number, number][] = []
  for (const metrics of history) {
    const value = metricOf(metrics, objective.metric)
    const step = metricOf(metrics, timeAttr)
    if (value !== undefined && step !== undefined) pairs.push([step, value])
  }
  return pairs
}
