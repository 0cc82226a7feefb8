import type { Metrics } from '../core/metrics.ts'
import type { CheckpointMark } from './restore/checkpoint-mark.ts'

/** What keeps the checkpoints of trials beyond the process. */
export interface CheckpointPort {
  /**
   * Keeps what a report brings, before that is passed on; or what belongs to one that was.
   * @param metrics - Of that one.
   * @throws {OptionError} (rejects) when it cannot be kept as it is, which is the trial's own mistake. The experiment has heard
   * of whatever else it rejects with, and ends by it.
   */
  keep(mark: CheckpointMark, value: unknown, metrics?: Metrics): Promise<void>
  /** Nothing is said of it. */
  discard(mark: CheckpointMark): void
  /** One of the past was made again, and may have been lost since. */
  keepAgain(mark: CheckpointMark, metrics: Metrics, value: unknown): void
  /**
   * A checkpoint as an attempt may have it for its own. Undefined when it need not be another: only a `{ directory }` belongs
   * to whoever gave it.
   */
  ownCopy(trial: number, value: unknown): Promise<unknown> | undefined
}
