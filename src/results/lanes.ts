import type { Stay, TrialRecord, TrialState } from '../core/trial.ts'
import { hasEnded } from './result.ts'

/** The life of one trial: its stays in the states of its machine, one after the other. */
export interface Lane {
  readonly number: number
  readonly trialId: string
  readonly name: string
  readonly state: TrialState
  /** Why it ended or paused, in words. */
  readonly reason: string | undefined
  readonly stays: readonly Stay[]
  /** Milliseconds on the experiment's clock; undefined while the trial lives. */
  readonly endedAt: number | undefined
}

/** What a timeline is drawn from. */
export interface Lanes {
  /** One lane a trial, in order of number. */
  readonly lanes: readonly Lane[]
  /** Where the time axis ends: milliseconds since the start of the experiment. */
  readonly elapsedMs: number
}

/** The life of a trial as its record stands now. */
export function laneOf(record: TrialRecord): Lane {
  const endedAt = hasEnded(record.state) ? record.endedAt : undefined
  return {
    number: record.number,
    trialId: record.id,
    name: record.name,
    state: record.state,
    reason: record.reason?.text,
    stays: record.life.stays(endedAt),
    endedAt,
  }
}
