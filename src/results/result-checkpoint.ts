import { type Metrics, metricOf } from '../core/metrics.ts'
import type { TrialRecord } from '../core/trial.ts'
import { CheckpointMark } from '../runtime/restore/checkpoint-mark.ts'
import { copyPlain, sameValue } from '../space/same-value.ts'

/** One of a trial's checkpoints that is kept. */
export interface ResultCheckpoint {
  /** The `training_iteration` of its report. */
  readonly iteration: number
  /** Its report. */
  readonly metrics: Metrics
  /**
   * Its content, as it was given to `report`. From a checkpoint store it is read anew each time, and is what was kept: that of
   * a `{ directory }` is a fresh folder, there until the process ends. Without one it is the value itself.
   * @throws {StorageError} (rejects) with code `'unreadable'` when its content is gone or damaged, others when the checkpoint
   * store cannot be asked.
   */
  load(): Promise<unknown>
}

/** A checkpoint in a checkpoint store. */
export interface StoredCheckpoint {
  /** Its report. */
  readonly metrics: Metrics
  readonly load: () => Promise<unknown>
}

/** What a checkpoint store has of a trial, oldest first. */
export type StoredCheckpointsOf = (trial: number) => readonly StoredCheckpoint[]

/** `load` is inherited, so that a result can be compared and cloned as data. */
class KeptCheckpoint implements ResultCheckpoint {
  readonly iteration: number
  readonly metrics: Metrics
  readonly #load: () => Promise<unknown>

  constructor(iteration: number, { metrics, load }: StoredCheckpoint) {
    this.iteration = iteration
    this.metrics = copyPlain(metrics) as Metrics
    this.#load = load
  }

  load(): Promise<unknown> {
    return this.#load()
  }
}

/**
 * The checkpoints of a trial that are kept, oldest first: of those in a store the ones whose reports count, and the last one,
 * wherever that is.
 */
export function checkpointsOf(
  { number, history, checkpoint }: TrialRecord,
  storedOf: StoredCheckpointsOf | undefined,
): ResultCheckpoint[] {
  const found: KeptCheckpoint[] = []
  let end = history.length
  const rowOf = (iteration: number, isIt: (row: Metrics) => boolean): number => {
    for (let i = end - 1; i >= 0; i--) {
      const row = history.at(i) as Metrics
      if (metricOf(row, 'training_iteration') === iteration && isIt(row)) return i
    }
    return -1
  }
  for (const one of storedOf?.(number).toReversed() ?? []) {
    const iteration = metricOf(one.metrics, 'training_iteration') as number
    // One of an attempt that did not count is kept too, until retention lets go of it.
    const row = rowOf(iteration, (reported) => sameValue(reported, one.metrics))
    if (row < 0) continue
    found.unshift(new KeptCheckpoint(iteration, one))
    end = row
  }
  if (checkpoint === undefined || found.at(-1)?.iteration === checkpoint.iteration) return found
  const { value, iteration, donor } = checkpoint
  // Lost, or that of another trial.
  if (value === undefined || value instanceof CheckpointMark || donor !== undefined) return found
  end = history.length
  const metrics = history.at(rowOf(iteration, () => true))
  return metrics === undefined
    ? found
    : [...found, new KeptCheckpoint(iteration, { metrics, load: () => Promise.resolve(value) })]
}
