import { type CheckpointPlace, keepCheckpoints } from '#stores'
import type { LogRecord } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { TrialRecord } from '../core/trial.ts'
import { asError } from '../errors.ts'
import type { CheckpointMark } from '../runtime/restore/checkpoint-mark.ts'
import type { FoundCheckpoint } from '../runtime/restore/restored-run.ts'
import { directoryOf } from '../results/result.ts'
import type { CheckpointRetention } from './options.ts'

type Kept = LogRecord & { readonly type: 'trial.checkpoint' }
type Release = () => void

/** Folders of one trial that are being read, and who waits for that. */
interface Copying {
  readonly keys: Set<string>
  readonly waiting: (() => void)[]
}

/** What the checkpoints of an experiment need of it. */
export interface CheckpointLogOptions {
  readonly place: CheckpointPlace
  readonly name: string
  readonly retention: CheckpointRetention
  /** Milliseconds on the experiment's clock. */
  readonly now: () => number
  readonly write: (record: LogRecord) => void
  /** Resolves when what was written so far is kept. */
  readonly kept: () => Promise<void>
  readonly warn: (message: string, cause?: unknown) => void
  /** A checkpoint could not be kept. */
  readonly fail: (error: Error) => void
}

/** Checkpoints of an experiment that is kept: their content in files, and a line of the log for each. */
export class CheckpointLog {
  readonly #options: CheckpointLogOptions
  readonly #keeper: ReturnType<typeof keepCheckpoints>
  readonly #known = new Map<string, Kept>()
  // Checkpoints that other trials go on from, until they have one of their own.
  readonly #leases = new Map<number, Release>()
  readonly #pending = new Set<Promise<void>>()
  readonly #copying = new Map<number, Copying>()

  constructor(options: CheckpointLogOptions) {
    const { place, name, retention, kept, write, now, warn } = options
    this.#options = options
    this.#keeper = keepCheckpoints(place, {
      name,
      retention,
      onKept: async (trial, attempt, checkpoint) => {
        write({ at: now(), type: 'trial.checkpoint', trial, attempt, ...checkpoint })
        this.#endCopying(trial, keyOf(trial, attempt, checkpoint.iteration))
        await kept()
      },
      onCorrupt: ({ trial, checkpoint, problem }) =>
        warn(
          `The checkpoint of trial ${trial} at training_iteration ${checkpoint.iteration} cannot be used: ${problem}. The one before is used in its place.`,
        ),
    })
  }

  /** Takes in what a log has of checkpoints. */
  async recall(records: readonly LogRecord[]): Promise<void> {
    const metrics = new Map<string, Metrics>()
    for (const record of records) {
      if (record.type === 'trial.report' && record.checkpoint === true)
        metrics.set(
          keyOf(record.trial, record.attempt, record.metrics['training_iteration'] as number),
          record.metrics,
        )
      else if (record.type === 'trial.checkpoint') {
        const key = keyOf(record.trial, record.attempt, record.iteration)
        this.#known.set(key, record)
        this.#keeper.recall(record.trial, record.attempt, record, metrics.get(key) ?? {})
      } else this.follow(record)
    }
    await this.#keeper.sweep()
  }

  /** Keeps what a report came with, in its own time. */
  keep({ number, attempt, iteration }: TrialRecord, metrics: Metrics, value: unknown): void {
    this.#keep(number, attempt, iteration, metrics, value)
  }

  /** One of the past that was made again: it may have been lost before it was kept. */
  keepAgain({ trial, attempt, iteration }: CheckpointMark, value: unknown): void {
    if (!this.#known.has(keyOf(trial, attempt, iteration))) this.#keep(trial, attempt, iteration, {}, value)
  }

  #keep(trial: number, attempt: number, iteration: number, metrics: Metrics, value: unknown): void {
    const key = keyOf(trial, attempt, iteration)
    if (directoryOf(value) !== undefined) this.#beginCopying(trial, key)
    const keeping = this.#keeper.keep(trial, attempt, iteration, value, metrics).then(
      () => this.#release(trial),
      (error: unknown) => {
        this.#endCopying(trial, key)
        this.#options.fail(asError(error))
      },
    )
    this.#pending.add(keeping)
    void keeping.then(() => this.#pending.delete(keeping))
  }

  /** Calls back when the folders that a trial gave have been read; at once when there are none. */
  whenCopied(trial: number, fn: () => void): void {
    const copying = this.#copying.get(trial)
    if (copying === undefined) fn()
    else copying.waiting.push(fn)
  }

  #beginCopying(trial: number, key: string): void {
    const copying = this.#copying.get(trial) ?? { keys: new Set(), waiting: [] }
    copying.keys.add(key)
    this.#copying.set(trial, copying)
  }

  #endCopying(trial: number, key: string): void {
    const copying = this.#copying.get(trial)
    copying?.keys.delete(key)
    if (copying === undefined || copying.keys.size > 0) return
    this.#copying.delete(trial)
    for (const fn of copying.waiting) fn()
  }

  /** Takes note of what the log says: who goes on from whose checkpoint. */
  follow(record: LogRecord): void {
    if (record.type === 'trial.ended') return this.#release(record.trial)
    if (record.type !== 'trial.exploited') return
    const newest = this.#keeper.retained(record.donor).at(-1)
    this.#release(record.trial)
    if (newest !== undefined) this.#leases.set(record.trial, this.#keeper.lease(newest.key))
  }

  /** The first of these that can be read, for the trial that goes on from it. */
  async load(marks: readonly CheckpointMark[], trial: number): Promise<FoundCheckpoint | undefined> {
    for (const mark of marks) {
      const known = this.#known.get(keyOf(mark.trial, mark.attempt, mark.iteration))
      const loaded = known && (await this.#keeper.load(trial, [known]))
      if (loaded !== undefined) return { mark, value: loaded.value }
    }
    return undefined
  }

  async close(): Promise<void> {
    await Promise.all(this.#pending)
    await this.#keeper.close()
  }

  #release(trial: number): void {
    this.#leases.get(trial)?.()
    this.#leases.delete(trial)
  }
}

function keyOf(trial: number, attempt: number, iteration: number): string {
  return `${trial}/${attempt}/${iteration}`
}
