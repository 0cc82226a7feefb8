import { History } from '../../src/core/history.ts'
import type { Objective } from '../../src/core/objective.ts'
import { newTrialRecord, Life, type TrialRecord, type TrialStatus, valuesOf } from '../../src/core/trial.ts'
import { leavesOf } from '../../src/results/paths.ts'
import { Results, type ResultsInput } from '../../src/results/results.ts'

/** What a test says of a trial; the rest is filled in as the controller would. */
export interface Told extends Partial<Omit<TrialRecord, 'history' | 'life' | 'config'>> {
  readonly config?: object
  /** Metrics without those that the runtime adds. */
  readonly reports?: readonly object[]
  readonly stays?: readonly (readonly [status: TrialStatus, from: number, cause?: string, attempt?: number])[]
}

export const MIN_LOSS: readonly Objective[] = [{ metric: 'loss', mode: 'min' }]

const STATUS_OF = {
  waiting: 'pending',
  running: 'running',
  paused: 'paused',
  completed: 'terminated',
  pruned: 'terminated',
  failed: 'error',
  interrupted: 'paused',
} as const

/** A trial's record, completed unless told otherwise: one report a second, from 0 s on. */
export function recordOf(
  told: Told,
  number: number,
  objectives: readonly Objective[] = MIN_LOSS,
): TrialRecord {
  const { reports = [], stays, config = {}, ...rest } = told
  const history = new History()
  let values: readonly number[] | undefined
  let valuesAt = 0
  for (const [i, report] of reports.entries()) {
    history.push({ ...report, training_iteration: i + 1, time_total_s: i + 1 })
    const last = valuesOf({ ...report }, objectives)
    if (last !== undefined) [values, valuesAt] = [last, i + 1]
  }
  const state = told.state ?? 'completed'
  const endedAt =
    state === 'waiting' || state === 'running' || state === 'paused' ? undefined : reports.length * 1000
  const life = new Life()
  const lived = stays ?? [
    ['pending', 0],
    ['running', 0],
    ...(endedAt === undefined ? [] : [[STATUS_OF[state], endedAt] as const]),
  ]
  for (const [status, from, cause = `trial.${status}`, attempt = 1] of lived)
    life.enter(status, from, cause, attempt)
  return {
    ...newTrialRecord({
      number,
      id: `id${number}`,
      name: `train_${number}`,
      config,
      params: Object.fromEntries(leavesOf(config)),
      source: 'suggested',
      resources: { cpu: 1 },
      createdAt: 0,
    }),
    history,
    status: STATUS_OF[state],
    state,
    iteration: history.length,
    metrics: history.at(-1),
    values,
    valuesAt,
    startedAt: 0,
    endedAt,
    ranMs: reports.length * 1000,
    life,
    ...rest,
  }
}

/** Results of trials as a test tells them, numbered from 0. */
export function resultsOf(
  trials: readonly Told[],
  input: Partial<ResultsInput> = {},
): Results<Record<string, unknown>> {
  const objectives = input.objectives ?? MIN_LOSS
  return new Results({
    records: trials.map((told, i) => recordOf(told, told.number ?? i, objectives)),
    objectives,
    endedBy: 'finished',
    warnings: [],
    elapsedMs: 0,
    ...input,
  })
}

/** One trial that reported these losses. */
export function losses(...values: readonly number[]): Told {
  return { reports: values.map((loss) => ({ loss })) }
}
