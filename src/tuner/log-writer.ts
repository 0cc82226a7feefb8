import type { Failure } from '../../machines/protocol.ts'
import type { LogRecord } from '../core/log.ts'
import { asError, StorageError } from '../errors.ts'
import type { OpenLog, Store } from '../stores/store.ts'
import type { StorePatience } from './store-patience.ts'

/**
 * Carries an experiment's log to its store, in batches: what comes while one batch is being written makes up the next.
 * A store that fails, or does not answer, is not written to again.
 */
export class LogWriter {
  readonly #store: Store
  readonly #patience: StorePatience
  readonly #onFailure: (failure: Failure) => void
  #log: OpenLog | undefined
  #batch: LogRecord[] = []
  #writing: Promise<void> | undefined
  #failure: Failure | undefined

  /** @param onFailure - Hears of the first failure, once. */
  constructor(store: Store, patience: StorePatience, onFailure: (failure: Failure) => void) {
    this.#store = store
    this.#patience = patience
    this.#onFailure = onFailure
  }

  async open(name: string): Promise<void> {
    try {
      this.#log = await this.#patience.answer('open', async () => this.#store.open(name), letGo)
      if (this.#log.records.length > 0) throw nameTaken(name)
    } catch (error) {
      this.#fail(error)
    }
  }

  write(record: LogRecord): void {
    if (this.#failure !== undefined) return
    this.#batch.push(record)
    this.#writing ??= this.#writeAll()
  }

  /** Writes what is left, and closes the store. */
  async close(): Promise<Failure | undefined> {
    await this.#writing
    const log = this.#log
    if (log === undefined) return this.#failure
    // One that does not answer need not be waited for twice.
    if (isUnresponsive(this.#failure)) {
      letGo(log)
      return this.#failure
    }
    try {
      await this.#patience.answer('close', async () => log.close())
    } catch (error) {
      this.#fail(error)
    }
    return this.#failure
  }

  async #writeAll(): Promise<void> {
    // One turn later, so that what one event causes is one batch.
    await Promise.resolve()
    try {
      while (this.#batch.length > 0 && this.#failure === undefined) {
        const batch = this.#batch
        this.#batch = []
        await this.#patience.answer('append', async () => this.#log?.append(batch))
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#writing = undefined
  }

  #fail(cause: unknown): void {
    const message = `The store ${this.#store.name} failed: ${asError(cause).message}`
    if (this.#failure !== undefined) return
    this.#failure = { code: 'storage', message, cause }
    this.#onFailure(this.#failure)
  }
}

/** Tells a log that it is no longer needed, whatever comes of that. */
function letGo(log: OpenLog): void {
  void (async () => log.close())().catch(() => {})
}

function isUnresponsive(failure: Failure | undefined): boolean {
  return failure?.cause instanceof StorageError && failure.cause.code === 'unresponsive'
}

function nameTaken(name: string): StorageError {
  return new StorageError(
    'nameTaken',
    `There is an experiment ${name} in this store already. Give this one another name, or delete the other.`,
  )
}
