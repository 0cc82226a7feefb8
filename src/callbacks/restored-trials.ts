import type { Metrics } from '../core/metrics.ts'
import type { CallbackView, KnownTrial } from '../tuner/callback.ts'

/** A trial that an earlier run of the experiment has started. */
export interface RestoredTrial {
  readonly trial: KnownTrial
  /** Its reports up to the restore. */
  readonly history: Iterable<Metrics>
  /** Whether nothing more comes of it. */
  readonly isOver: boolean
}

/** The trials that were started before a restore; none in an experiment that begins. */
export function restoredTrials({ restored, trials }: CallbackView): RestoredTrial[] {
  if (!restored) return []
  return trials
    .filter(({ startedAt }) => startedAt !== undefined)
    .map((trial) => {
      const isOver = trial.endedAt !== undefined && trial.state !== 'interrupted'
      // One that goes on reports more before this is read.
      return { trial, history: isOver ? trial.history : [...trial.history], isOver }
    })
}
