import type { Resources } from '../../core/trial.ts'
import type { CheckpointMark } from './checkpoint-mark.ts'
import type { Past } from './past.ts'
import type { FoundCheckpoint } from './restored-run.ts'

/** How an experiment is taken up from a log. */
export interface Restore {
  readonly past: Past
  /** Trials in all, as the log has it at its beginning. */
  readonly trialCount: number
  /** Trials at once, as the log has it at its beginning. */
  readonly slotCount: number | undefined
  /** What there is for trials, likewise. */
  readonly totalResources: Resources | undefined
  /**
   * Whether the kernel's clock stands at the beginning again, so that user code that is called again takes its time as
   * it did; else what lies in the past takes none.
   */
  readonly rewinds: boolean
  /** Lets what was posted happen, and promises settle. */
  readonly turn: () => Promise<void>
  /** Whether trials that were cut off begin from nothing, instead of from their checkpoints. */
  readonly restarts?: boolean
  /** Reads the first of these checkpoints that can be read, for a trial. */
  readonly loadCheckpoint: (
    marks: readonly CheckpointMark[],
    trial: number,
  ) => Promise<FoundCheckpoint | undefined>
  /** What becomes of trials that have ended, those that failed apart: `'skip'`, or run once more. Default `'skip'`. */
  readonly finished?: 'skip' | 'resume' | 'restart' | undefined
  readonly errored?: 'skip' | 'resume' | 'restart' | undefined
  /** Whether trials that are called again may do otherwise than before: what they do now counts. Else they fail by it. */
  readonly mayDiffer?: boolean
  /** Whether trials that were cut off are stopped where they are. */
  readonly leavesUnfinished?: boolean
}
