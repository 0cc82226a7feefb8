import type { Failure } from '../../machines/protocol.ts'
import type { LogRecord } from '../core/log.ts'
import { asError, StorageError } from '../errors.ts'
import type { Kernel } from '../runtime/kernel.ts'
import type { Durability, OpenLog, Store } from '../stores/store.ts'
import type { StorePatience } from './store-patience.ts'

/** How an experiment's log is kept. */
export interface WriterOptions {
  readonly store: Store
  readonly patience: StorePatience
  readonly kernel: Pick<Kernel, 'setTimeout' | 'clearTimeout'>
  readonly durability: Durability
  /** Milliseconds from one write to the next, with `'interval'`. */
  readonly intervalMs: number
  /** Hears of the first failure, once. */
  readonly onFailure: (failure: Failure) => void
}

// How often it is looked for what other programs have written beside the log.
const POLL_MS = 2_000

interface Waiting {
  /** Of the records that were written. */
  readonly count: number
  readonly fn: () => void
  readonly lost: (error: Error) => void
}

/**
 * Carries an experiment's log to its store, in batches: what comes while one batch is being written makes up the next.
 * A store that fails, or does not answer, is not written to again. What other programs write into the same tables is taken
 * in now and then, for the log alone: the experiment goes on as if it were not there.
 */
export class LogWriter {
  readonly #options: WriterOptions
  #log: OpenLog | undefined
  #batch: LogRecord[] = []
  #writing: Promise<void> | undefined
  #timer: unknown
  #pollTimer: unknown
  #polling: Promise<void> | undefined
  #failure: Failure | undefined
  // Who waits for what was written so far, by the count of records.
  #waiting: Waiting[] = []
  #writtenCount = 0
  #keptCount = 0

  constructor(options: WriterOptions) {
    this.#options = options
  }

  get failure(): Failure | undefined {
    return this.#failure
  }

  /** @returns What the log holds already; undefined when it could not be opened. */
  async open(name: string): Promise<readonly LogRecord[] | undefined> {
    const { store, patience, durability } = this.#options
    try {
      this.#log = await patience.answer('open', async () => store.open(name, { durability }), letGo)
      this.#pollLater()
      return this.#log.records
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** What the storage does not keep, in words. */
  get notice(): string | undefined {
    return this.#log?.notice
  }

  write(record: LogRecord): void {
    if (this.#failure !== undefined) return
    this.#batch.push(record)
    this.#writtenCount++
    if (this.#writing !== undefined || this.#timer !== undefined) return
    const { durability, intervalMs, kernel } = this.#options
    if (durability === 'interval') this.#timer = kernel.setTimeout(() => this.#flush(), intervalMs)
    else this.#flush()
  }

  /** Calls back when all that was written so far is kept; `lost` when it cannot be. */
  whenKept(fn: () => void, lost: (error: Error) => void = () => {}): void {
    if (this.#keptCount === this.#writtenCount) fn()
    else if (this.#failure !== undefined) lost(asError(this.#failure.cause))
    else this.#waiting.push({ count: this.#writtenCount, fn, lost })
  }

  /** What is kept cannot be gone on with: nothing more is written. */
  refuse(error: unknown): void {
    this.#fail(error, asError(error).message)
  }

  /** Writes what is left, takes in what others have written, and closes the store. */
  async close(): Promise<Failure | undefined> {
    this.#flush()
    await this.#writing
    const log = this.#log
    if (log === undefined) return this.#failure
    await this.#polling
    if (this.#failure === undefined) await this.#poll(log)
    this.#options.kernel.clearTimeout(this.#pollTimer)
    // One that does not answer need not be waited for twice.
    if (isUnresponsive(this.#failure)) {
      letGo(log)
      return this.#failure
    }
    try {
      await this.#options.patience.answer('close', async () => log.close())
    } catch (error) {
      this.#fail(error)
    }
    return this.#failure
  }

  #pollLater(): void {
    const { kernel } = this.#options
    const log = this.#log
    if (log?.poll === undefined) return
    this.#pollTimer = kernel.setTimeout(() => {
      this.#polling = this.#poll(log).then(() => {
        this.#polling = undefined
        if (this.#failure === undefined) this.#pollLater()
      })
    }, POLL_MS)
  }

  async #poll(log: OpenLog): Promise<void> {
    try {
      await this.#options.patience.answer('poll', async () => log.poll?.())
    } catch {
      // What keeps the store from it keeps it from the next write too, which says so.
    }
  }

  #flush(): void {
    this.#options.kernel.clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#batch.length > 0) this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    // One turn later, so that what one event causes is one batch.
    await Promise.resolve()
    try {
      while (this.#batch.length > 0 && this.#failure === undefined) {
        const batch = this.#batch
        this.#batch = []
        await this.#options.patience.answer('append', async () => this.#log?.append(batch))
        this.#kept(batch.length)
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#writing = undefined
  }

  #kept(count: number): void {
    this.#keptCount += count
    const ready = this.#waiting.filter((one) => one.count <= this.#keptCount)
    this.#waiting = this.#waiting.filter((one) => one.count > this.#keptCount)
    for (const { fn } of ready) fn()
  }

  #fail(
    cause: unknown,
    message = `The store ${this.#options.store.name} failed: ${asError(cause).message}`,
  ): void {
    if (this.#failure !== undefined) return
    this.#failure = { code: 'storage', message, cause }
    this.#options.onFailure(this.#failure)
    const lost = this.#waiting
    this.#waiting = []
    for (const one of lost) one.lost(asError(cause))
  }
}

/** Tells a log that it is no longer needed, whatever comes of that. */
function letGo(log: OpenLog): void {
  void (async () => log.close())().catch(() => {})
}

function isUnresponsive(failure: Failure | undefined): boolean {
  return failure?.cause instanceof StorageError && failure.cause.code === 'unresponsive'
}
