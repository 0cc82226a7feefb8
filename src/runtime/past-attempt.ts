import type { Checkpoint } from '../core/trial.ts'
import type { CheckpointMark } from './restore/checkpoint-mark.ts'

/** A report that was made before its process was cut off. */
export interface PastReport {
  readonly seq: number
  readonly metrics: Readonly<Record<string, unknown>>
  /** Its `training_iteration`. */
  readonly iteration: number
  /** How long the trial had run. */
  readonly ranMs: number
  /** Stands for the checkpoint that came with it. */
  readonly mark: CheckpointMark | undefined
  /** When it was decided that the trial goes on, on the experiment's clock; undefined while it is not. */
  answeredAt: number | undefined
  /** Its place in the order in which all trials were led on. */
  ordinal: number | undefined
}

/** What an attempt that is called again did before. */
export interface PastAttempt {
  /** When it was called, or went on from its checkpoint. */
  readonly at: number
  readonly ordinal: number
  /**
   * Number of the report whose checkpoint it goes on from; 0 for none. Below that when it begins before the start of this
   * attempt, by so many reports.
   */
  readonly seq: number
  /** How long it had run there. */
  readonly ranMs: number
  /** Those that it will make again, in order. */
  readonly reports: readonly PastReport[]
  /** Leads user code on as it was led on then. */
  readonly lead: (ordinal: number, at: number, fn: () => void) => void
  /** It is not led on any more. */
  readonly drop: () => void
  /** Whether it may do otherwise than before; else it fails by that. */
  readonly mayDiffer: boolean
  /** The checkpoint that it goes on from. */
  readonly checkpoint: Checkpoint | undefined
  /** It does otherwise: what it had reported beyond this iteration does not count any more. */
  readonly rewind: (iteration: number) => void
  /**
   * Calls back when all that had happened is over, and the trial is not held: what is new comes after that. It is not led
   * on any more.
   */
  readonly whenPresent: (fn: () => void) => void
  /** Whether what is done again takes the time that it took; else the clocks are set by what is known of it. */
  readonly takesTime: boolean
}
