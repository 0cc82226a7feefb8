import type { OptunaStudy, OptunaTrial } from '../imported.ts'
import type { OptunaParam, OptunaState } from '../operation.ts'

/** A trial as the lines of a journal have made it so far. */
export interface JournalTrial {
  readonly id: number
  readonly study: JournalStudy
  readonly number: number
  state: OptunaState
  values: readonly number[] | undefined
  readonly params: Map<string, OptunaParam>
  readonly intermediate: Map<number, number>
  readonly userAttrs: Record<string, unknown>
  readonly systemAttrs: Record<string, unknown>
  startedAt: number | undefined
  endedAt: number | undefined
}

/** A study as the lines of a journal have made it so far. */
export interface JournalStudy extends OptunaStudy {
  readonly id: number
  readonly userAttrs: Record<string, unknown>
  readonly systemAttrs: Record<string, unknown>
  readonly trials: JournalTrial[]
}

/** Whether nothing of it can change any more. */
export function hasEnded({ state }: Pick<JournalTrial, 'state'>): boolean {
  return state !== 'RUNNING' && state !== 'WAITING'
}

/** A trial as it is now. */
export function readTrial(trial: JournalTrial): OptunaTrial {
  return { ...trial, params: [...trial.params.values()], intermediate: [...trial.intermediate] }
}
