import type { Objective } from '../../src/core/objective.ts'
import type { EndState } from '../../src/core/trial.ts'
import type { ToldTrial } from '../../src/searchers/searcher.ts'
import { numberOf } from './matching.ts'

/** A trial as fixtures of Optuna write it. */
export interface RecordedTrial {
  readonly number: number
  readonly state: string
  readonly values: readonly unknown[] | null
  /** As Optuna stores them: choices by their position. */
  readonly params: Readonly<Record<string, number>>
  readonly intermediate: readonly (readonly [step: number, value: unknown])[]
  readonly constraints: readonly number[]
}

const STATES: Readonly<Record<string, EndState>> = { COMPLETE: 'completed', PRUNED: 'pruned', FAIL: 'failed' }

/** The trial as a searcher is told of it; undefined for one that runs. */
export function toldOf(trial: RecordedTrial): ToldTrial | undefined {
  const state = STATES[trial.state]
  if (state === undefined) return undefined
  const intermediate = trial.intermediate.map(([step, value]) => [step, numberOf(value) as number] as const)
  return {
    number: trial.number,
    params: trial.params,
    domains: {},
    state,
    values: trial.values?.map((value) => numberOf(value) as number),
    step: intermediate.at(-1)?.[0],
    intermediate,
    constraints: Object.fromEntries(trial.constraints.map((value, i) => [`c${i}`, value])),
  }
}

/** Objectives of recorded directions. */
export function objectivesOf(directions: readonly string[]): Objective[] {
  return directions.map((direction, i) => ({
    metric: `f${i}`,
    mode: direction === 'maximize' ? 'max' : 'min',
  }))
}
