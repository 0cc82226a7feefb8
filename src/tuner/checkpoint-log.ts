import { type CheckpointPlace, keepCheckpoints } from '#stores'
import type { Beginning } from '../core/beginning.ts'
import type { LogRecord } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { asError, OptionError, StorageError } from '../errors.ts'
import type { CheckpointPort } from '../runtime/checkpoint-port.ts'
import type { CheckpointMark } from '../runtime/restore/checkpoint-mark.ts'
import type { FoundCheckpoint } from '../runtime/restore/restored-run.ts'
import { directoryOf } from '../results/result.ts'
import type { StoredCheckpoint } from '../results/result-checkpoint.ts'
import type { CheckpointRetention } from './options.ts'
import type { StorePatience } from './store-patience.ts'

type Keeper = ReturnType<typeof keepCheckpoints>
type Content = Awaited<ReturnType<Keeper['put']>>
type Release = () => void

// A large one may take long to send to where it is kept. Nobody but its own trial waits for it.
const PATIENCE_MS = 10 * 60_000

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
  readonly patience: StorePatience
  readonly warn: (message: string, cause?: unknown) => void
  /** A checkpoint could not be kept. */
  readonly fail: (error: Error) => void
}

/**
 * Checkpoints of an experiment that is kept: their content in files, and a line of the log for each. A line comes before that
 * of the report, and after the content: whoever reads of a checkpoint, in the log or by word of the trial, can have it.
 */
export class CheckpointLog implements CheckpointPort {
  readonly #options: CheckpointLogOptions
  readonly #keeper: Keeper
  readonly #known = new Map<string, Content>()
  // Content of which something is about to be said, with its report where that was made before: one a trial at most.
  readonly #unnamed = new Map<number, { readonly content: Content; readonly metrics: Metrics | undefined }>()
  // Of values that name a folder.
  readonly #folders = new WeakMap<object, Content>()
  // Checkpoints that other trials go on from, until they have one of their own.
  readonly #leases = new Map<number, Release>()
  // Which checkpoint of which other trial a trial began with.
  readonly #beginnings = new Map<number, Pick<Beginning, 'trial' | 'iteration'>>()
  readonly #pending = new Set<Promise<void>>()

  constructor(options: CheckpointLogOptions) {
    const { place, name, retention, warn } = options
    this.#options = options
    this.#keeper = keepCheckpoints(place, {
      name,
      retention,
      onCorrupt: ({ trial, checkpoint, problem }) =>
        warn(
          `The checkpoint of trial ${trial} at training_iteration ${checkpoint.iteration} cannot be used: ${problem}. The one before is used in its place, where there is one.`,
        ),
    })
  }

  /** Takes in what a log has of checkpoints. */
  async recall(records: readonly LogRecord[]): Promise<void> {
    const reports = reportsOf(records)
    for (const record of records) {
      if (record.type !== 'trial.checkpoint') {
        this.#followOthers(record)
        continue
      }
      const key = keyOf(record.trial, record.attempt, record.iteration)
      const metrics = reports.get(key)
      // The process was cut off between the two: nobody has heard of it.
      if (metrics === undefined) continue
      this.#known.set(key, record)
      this.#keeper.retain(record.trial, record.attempt, record, metrics)
    }
    await this.#options.patience.answer('list', async () => this.#keeper.sweep())
  }

  async keep(
    { trial, attempt, iteration }: CheckpointMark,
    value: unknown,
    metrics?: Metrics,
  ): Promise<void> {
    const content = await this.#put(trial, attempt, iteration, value)
    this.#unnamed.set(trial, { content, metrics })
  }

  discard({ trial }: CheckpointMark): void {
    const unnamed = this.#unnamed.get(trial)
    this.#unnamed.delete(trial)
    if (unnamed !== undefined) this.#await(this.#keeper.discard(trial, unnamed.content))
  }

  keepAgain({ trial, attempt, iteration }: CheckpointMark, metrics: Metrics, value: unknown): void {
    const known = this.#known.get(keyOf(trial, attempt, iteration))
    if (known !== undefined) return this.#remember(value, known)
    const keeping = this.#put(trial, attempt, iteration, value)
    const { now } = this.#options
    this.#await(keeping.then((content) => this.#name(now(), trial, attempt, content, metrics)))
  }

  ownCopy(trial: number, value: unknown): Promise<unknown> | undefined {
    const content = typeof value === 'object' && value !== null ? this.#folders.get(value) : undefined
    if (content === undefined) return undefined
    const copying = this.#patiently('get', () => this.#keeper.copyFor(trial, content))
    return copying.then((copy) => (copy === undefined ? value : copy.value))
  }

  /** Keeps the content. @throws (rejects) after the experiment has heard of it, unless it is the trial's own mistake. */
  async #put(trial: number, attempt: number, iteration: number, value: unknown): Promise<Content> {
    try {
      const content = await this.#patiently('put', () => this.#keeper.put(trial, attempt, iteration, value))
      this.#remember(value, content)
      return content
    } catch (error) {
      if (!(error instanceof OptionError)) this.#options.fail(asError(error))
      throw error
    }
  }

  #remember(value: unknown, content: Content): void {
    if (directoryOf(value) !== undefined) this.#folders.set(value as object, content)
  }

  #patiently<T>(call: string, ask: () => Promise<T>): Promise<T> {
    const tooLate = (waitedMs: number): Error =>
      new StorageError(
        'unresponsive',
        `The checkpoint store has not answered ${call}() for ${waitedMs / 60_000} minutes. See whether where it keeps checkpoints can be reached.`,
      )
    return this.#options.patience.wait(ask, tooLate, undefined, PATIENCE_MS)
  }

  /** Says in the log that there is this checkpoint, and lets go of those that it makes superfluous. */
  #name(at: number, trial: number, attempt: number, content: Content, metrics: Metrics): void {
    const { write, kept } = this.#options
    this.#known.set(keyOf(trial, attempt, content.iteration), content)
    write({ at, type: 'trial.checkpoint', trial, attempt, ...content })
    const forgetOlder = this.#keeper.retain(trial, attempt, content, metrics)
    this.#release(trial)
    // What says that there is one is logged right after this.
    this.#await(Promise.resolve().then(kept).then(forgetOlder))
  }

  /** What goes wrong here has been told, or does no harm. */
  #await(done: Promise<void>): void {
    const settled: Promise<void> = done.then(
      () => void this.#pending.delete(settled),
      () => void this.#pending.delete(settled),
    )
    this.#pending.add(settled)
  }

  /** Hears of a record before it is logged. */
  follow(record: LogRecord): void {
    const isReport = record.type === 'trial.report' && record.checkpoint === true
    if (!isReport && record.type !== 'trial.saved') return this.#followOthers(record)
    const { at, trial, attempt } = record
    const unnamed = this.#unnamed.get(trial)
    this.#unnamed.delete(trial)
    const metrics = isReport ? record.metrics : unnamed?.metrics
    if (unnamed !== undefined && metrics !== undefined)
      this.#name(at, trial, attempt, { ...unnamed.content, iteration: iterationOf(metrics) }, metrics)
  }

  /** Takes note of who goes on from whose checkpoint. */
  #followOthers(record: LogRecord): void {
    if (record.type === 'trial.created' && record.begins !== undefined) {
      const { trial, iteration } = record.begins
      this.#beginnings.set(record.trial, { trial, iteration })
    }
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
      if (known === undefined) continue
      const loaded = await this.#patiently('get', () => this.#keeper.load(trial, [known]))
      if (loaded === undefined) continue
      this.#remember(loaded.value, known)
      return { mark, value: loaded.value }
    }
    return undefined
  }

  /** What is kept of a trial's checkpoints, oldest first. Each can be loaded when all is over, too. */
  readonly storedOf = (trial: number): StoredCheckpoint[] => {
    const own = this.#keeper.reported(trial).map(({ checkpoint, metrics }) => ({
      metrics,
      load: () => this.#keeper.read(checkpoint),
    }))
    const begins = this.#beginnings.get(trial)
    if (begins === undefined) return own
    const isFirst = ({ metrics }: StoredCheckpoint): boolean => iterationOf(metrics) === begins.iteration
    return [...this.storedOf(begins.trial).filter(isFirst).slice(-1), ...own]
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    const { patience, warn } = this.#options
    try {
      await patience.answer('close', async () => {
        await Promise.all(this.#pending)
        await this.#keeper.close()
      })
    } catch (error) {
      warn(`The checkpoint store did not come to its end: ${asError(error).message}`, error)
    }
  }

  #release(trial: number): void {
    this.#leases.get(trial)?.()
    this.#leases.delete(trial)
  }
}

/** The reports that checkpoints belong to, by `keyOf`. */
function reportsOf(records: readonly LogRecord[]): Map<string, Metrics> {
  const reports = new Map<string, Metrics>()
  const last = new Map<number, Metrics>()
  for (const record of records) {
    if (record.type === 'trial.report') {
      const { trial, attempt, metrics } = record
      last.set(trial, metrics)
      if (record.checkpoint === true) reports.set(keyOf(trial, attempt, iterationOf(metrics)), metrics)
    } else if (record.type === 'trial.saved') {
      const metrics = last.get(record.trial)
      if (metrics !== undefined) reports.set(keyOf(record.trial, record.attempt, record.iteration), metrics)
    }
  }
  return reports
}

function iterationOf(metrics: Metrics): number {
  return metrics['training_iteration'] as number
}

function keyOf(trial: number, attempt: number, iteration: number): string {
  return `${trial}/${attempt}/${iteration}`
}
