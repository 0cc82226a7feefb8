import type { CheckpointPlace } from '#stores'
import type { LogRecord } from '../core/log.ts'
import { StorageError } from '../errors.ts'
import type { Failure } from '../../machines/protocol.ts'
import type { Experiment } from '../runtime/experiment.ts'
import type { Kernel } from '../runtime/kernel.ts'
import { notFound } from '../stores/refusals.ts'
import type { Store } from '../stores/store.ts'
import { CheckpointLog } from './checkpoint-log.ts'
import type { Composition } from './compose.ts'
import { keptRecord } from './kept-record.ts'
import { LogWriter } from './log-writer.ts'
import type { ReadOptions } from './options.ts'
import { SearcherStates } from './searcher-states.ts'
import type { StorePatience } from './store-patience.ts'

// How much may be lost with durability 'interval'.
const INTERVAL_MS = 100

/** What an experiment's storage needs of it. */
export interface KeptExperimentOptions {
  readonly store: Store
  readonly options: Pick<ReadOptions, 'durability' | 'directory' | 'checkpoint'>
  readonly patience: StorePatience
  readonly kernel: Pick<Kernel, 'setTimeout' | 'clearTimeout'>
  /** As it is now: what is taken up from a log is made anew. */
  readonly composition: () => Composition
  readonly experiment: () => Experiment
}

/**
 * An experiment in its storage, from the opening to the end: its log, and the checkpoints beside that. What goes wrong with
 * either ends the experiment.
 */
export class KeptExperiment {
  readonly #given: KeptExperimentOptions
  readonly #writer: LogWriter
  readonly #place: CheckpointPlace | undefined
  #checkpoints: CheckpointLog | undefined
  #hasWarned = false
  #startedAt: number | undefined
  /** Undefined where they are kept nowhere. */
  readonly searcherStates: SearcherStates | undefined

  constructor(given: KeptExperimentOptions) {
    this.#given = given
    const { store, patience, kernel, options } = given
    const { durability } = options
    const isTimed = typeof durability === 'object'
    this.#writer = new LogWriter({
      store,
      patience,
      kernel,
      durability: isTimed ? 'interval' : durability,
      intervalMs: isTimed ? durability.intervalMs : INTERVAL_MS,
      onFailure: (failure) => given.experiment().fail(failure),
    })
    this.#place = placeOf(given)
    this.searcherStates =
      this.#place &&
      new SearcherStates({
        place: this.#place,
        settings: () => given.composition().settings,
        kept: () => this.#kept(),
        patience,
        warn: (message, cause) => given.experiment().warn({ kind: 'storage', message, cause }),
      })
  }

  /** Resolves when what was logged so far is kept. */
  #kept(): Promise<void> {
    return new Promise((resolve, reject) => this.#writer.whenKept(resolve, reject))
  }

  /** Undefined before it is open, and where checkpoints are kept nowhere. */
  get checkpoints(): CheckpointLog | undefined {
    return this.#checkpoints
  }

  get store(): Store {
    return this.#given.store
  }

  /** Milliseconds since 1970 at which the experiment began, in whichever run; undefined before. */
  get startedAt(): number | undefined {
    return this.#startedAt
  }

  /** Calls back when what was logged so far is kept as it was promised; undefined when nothing is. */
  get whenKept(): ((fn: () => void) => void) | undefined {
    const { durability } = this.#given.options
    const isTimed = durability === 'interval' || typeof durability === 'object'
    return isTimed ? undefined : (fn) => this.#writer.whenKept(fn)
  }

  /**
   * Opens the log.
   * @param wanted - Whether there has to be one, and whether there may be.
   * @returns What it holds; undefined when the experiment cannot be, which has then failed.
   */
  async open(
    name: string,
    wanted: { readonly mustExist: boolean; readonly mayExist: boolean },
  ): Promise<readonly LogRecord[] | undefined> {
    if (!(await this.#isAsWanted(name, wanted))) return undefined
    const records = await this.#writer.open(name)
    if (records === undefined) return undefined
    for (const record of records.slice(0, 1)) this.#noteStart(record)
    const { notice: message } = this.#writer
    if (message !== undefined) this.#given.experiment().warn({ kind: 'storage', message, cause: undefined })
    try {
      // Another one has begun it in this moment.
      if (records.length > 0 && !wanted.mayExist) throw nameTaken(name, records[0])
      if (records.length === 0) await this.openCheckpoints(records)
    } catch (error) {
      this.refuse(error)
      return undefined
    }
    return records
  }

  /** Makes ready to keep checkpoints, beside those that the log names. */
  async openCheckpoints(records: readonly LogRecord[]): Promise<void> {
    const { patience, composition, experiment, options } = this.#given
    const place = this.#place
    if (place === undefined) return
    const writer = this.#writer
    this.#checkpoints = new CheckpointLog({
      place,
      name: composition().settings.plan.name,
      retention: options.checkpoint,
      now: () => experiment().elapsedMs,
      write: (record) => writer.write(record),
      kept: () => this.#kept(),
      patience,
      warn: (message, cause) => experiment().warn({ kind: 'checkpoint', message, cause }),
      fail: (cause) =>
        experiment().fail({
          code: 'storage',
          message: `A checkpoint was not kept: ${cause.message}`,
          cause,
        }),
    })
    await this.#checkpoints.recall(records)
  }

  write(record: LogRecord): void {
    if (this.#place === undefined) this.#warnOfCheckpoint(record)
    this.#checkpoints?.follow(record)
    const kept = keptRecord(record, this.#given.composition())
    this.#noteStart(kept)
    this.#writer.write(kept)
  }

  #noteStart(record: LogRecord): void {
    if (record.type === 'experiment.started') this.#startedAt = record.startedAt
  }

  /** Says once that a checkpoint is kept nowhere, unless the storage has said by itself that it keeps none. */
  #warnOfCheckpoint(record: LogRecord): void {
    if (record.type !== 'trial.report' || record.checkpoint !== true || this.#hasWarned) return
    this.#hasWarned = true
    if (this.#writer.notice !== undefined) return
    const { store, experiment } = this.#given
    experiment().warn({
      kind: 'checkpoint',
      message: `Checkpoints are kept in memory alone, since ${store.name} has no place for them: once this process has ended, trials that go on begin anew. Give directory: 'checkpoints', or checkpoint: { store }.`,
      cause: undefined,
    })
  }

  /** It cannot be gone on with: what is told is a failure of the store, and nothing more is written. */
  refuse(error: unknown): void {
    this.#writer.refuse(error)
  }

  /** Writes what is left. @returns What went wrong with the log. */
  async close(): Promise<Failure | undefined> {
    await this.#checkpoints?.close()
    await this.searcherStates?.close()
    return this.#writer.close()
  }

  /** Looks before it opens: what is not there is not made by asking, and what is there is not taken from who has it open. */
  async #isAsWanted(
    name: string,
    { mustExist, mayExist }: { readonly mustExist: boolean; readonly mayExist: boolean },
  ): Promise<boolean> {
    if (!mustExist && mayExist) return true
    const { patience, store } = this.#given
    try {
      const names = await patience.answer('names', async () => store.names())
      if (names.includes(name) === mustExist) return true
      if (mustExist) throw notFound(store, name, 'experiment', names)
      // One that was killed before it began is nobody's.
      const records = await patience.answer('read', async () => store.read(name))
      const [first] = records ?? []
      if (first === undefined) return true
      throw nameTaken(name, first)
    } catch (error) {
      this.refuse(error)
      return false
    }
  }
}

/** Where what is too large for a log is kept. */
function placeOf({ store, options }: KeptExperimentOptions): CheckpointPlace | undefined {
  const { checkpoint, directory } = options
  if (checkpoint.store !== undefined) return { store: checkpoint.store }
  const folder = directory ?? store.folder
  if (folder !== undefined) return { folder }
  return store.checkpoints && { store: store.checkpoints }
}

function nameTaken(name: string, first: LogRecord | undefined): StorageError {
  const found =
    first?.type === 'experiment.started'
      ? `an experiment ${name} in this store already. Go on with it by resume: true, give`
      : `a study ${name} in this store already, which is asked and told. Give`
  return new StorageError('nameTaken', `There is ${found} this one another name, or delete the other.`)
}
