import { createHash } from 'node:crypto'
import type { Metrics } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { asError, OptionError, StorageError } from '../errors.ts'
import { checkpointContent, type RestoredCheckpoint, restoredCheckpoint } from './checkpoint-content.ts'
import type { CheckpointStore, KeptContent } from './checkpoint-store.ts'
import { CHECKPOINT_KEY_END } from './experiment-keys.ts'
import { expendable, type Retention, scoreOf } from './retention.ts'

/** A checkpoint that is kept. */
export interface KeptCheckpoint extends KeptContent {
  readonly key: string
  /** The `training_iteration` of its report. */
  readonly iteration: number
}

/** A checkpoint that cannot be used. */
export interface CorruptCheckpoint {
  readonly trial: number
  readonly checkpoint: KeptCheckpoint
  /** What is wrong with it, in words, such as `'its checksum is another'`. */
  readonly problem: string
}

/** A checkpoint to go on from. */
export interface LoadedCheckpoint {
  readonly checkpoint: KeptCheckpoint
  /** As it was given to `report`; `{ directory }` is a fresh folder with the same content. */
  readonly value: unknown
}

/** What a `CheckpointKeeper` works with. */
export interface CheckpointKeeperOptions {
  readonly store: CheckpointStore
  /** Of the experiment: its keys begin with it. */
  readonly name: string
  readonly retention?: Retention
  /** Told of each checkpoint that `load` has to pass over. */
  readonly onCorrupt?: (corrupt: CorruptCheckpoint) => void
}

type Found = LoadedCheckpoint & RestoredCheckpoint

/** A checkpoint with the report that it came with. */
export interface ReportedCheckpoint {
  readonly checkpoint: KeptCheckpoint
  readonly metrics: Metrics
}

interface Retained extends ReportedCheckpoint {
  readonly attempt: number
  readonly score: number | undefined
}

/**
 * Keeps the checkpoints of an experiment's trials, and finds the one to go on from. When to keep one is decided elsewhere.
 */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions
  readonly #retention: Retention
  // Oldest first.
  readonly #retained = new Map<number, Retained[]>()
  readonly #queues = new Map<number, Promise<unknown>>()
  readonly #leases = new Map<string, number>()
  // What removes the folder that a trial was given of its own.
  readonly #copies = new Map<number, () => Promise<void>>()

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options
    this.#retention = options.retention ?? {}
  }

  /**
   * Keeps the content of a checkpoint. Those of one trial are kept in the order of the calls. A value is copied now; a
   * `{ directory }` has to stay as it is until this has resolved.
   * @throws {OptionError} (rejects) when it holds what cannot be written, or its folder cannot be read.
   * @throws {StorageError} (rejects) when its content could not be kept.
   */
  async put(trial: number, attempt: number, iteration: number, value: unknown): Promise<KeptCheckpoint> {
    const key = `${this.#prefix(trial)}${String(iteration).padStart(6, '0')}-${attempt}`
    const content = checkpointContent(value)
    return this.#inOrder(trial, async () => {
      const { size, sha256 } = await this.#put(key, content)
      return { key, size, sha256, iteration }
    })
  }

  /**
   * Counts one whose content is kept among the checkpoints of its trial, in the order of the log that names them. Those that
   * retention then lets go of are forgotten.
   * @param metrics - Of the report that it came with.
   * @returns What deletes these, once the log is sure to name the newer one.
   */
  retain(trial: number, attempt: number, checkpoint: KeptCheckpoint, metrics: Metrics): () => Promise<void> {
    this.#add(trial, attempt, checkpoint, metrics)
    const keys = this.#letGo(trial)
    return () => this.#inOrder(trial, () => this.#deleteAll(keys))
  }

  /** Deletes one that was put, and then not reported. */
  discard(trial: number, { key }: KeptCheckpoint): Promise<void> {
    return this.#inOrder(trial, () => this.#delete(key))
  }

  /** The checkpoints of a trial that are kept, oldest first: the candidates for `load`. */
  retained(trial: number): readonly KeptCheckpoint[] {
    return this.#retained.get(trial)?.map(({ checkpoint }) => checkpoint) ?? []
  }

  /** The same, each with its report. */
  reported(trial: number): readonly ReportedCheckpoint[] {
    return this.#retained.get(trial) ?? []
  }

  /**
   * After all that the log names was retained, and before any is put: deletes what else there is of this experiment, such
   * as a checkpoint that was kept when the process was killed before it was logged.
   */
  async sweep(): Promise<void> {
    const known = new Set([...this.#retained.values()].flat().map(({ checkpoint }) => checkpoint.key))
    for (const key of await this.#keysOf(`${this.#options.name}/`)) {
      if (!known.has(key)) await this.#delete(key)
    }
  }

  /**
   * The newest checkpoint whose content is what it was. The folder of a `{ directory }` is there until the process ends.
   * @param trial - The one that goes on, for messages.
   * @param candidates - Oldest first; of another trial where one goes on from that.
   * @returns Undefined when none can be used.
   * @throws {StorageError} (rejects) when the store cannot be asked, or a newer version wrote the content.
   */
  async load(trial: number, candidates: readonly KeptCheckpoint[]): Promise<LoadedCheckpoint | undefined> {
    const found = await this.#leased(trial, candidates)
    return found && { checkpoint: found.checkpoint, value: found.value }
  }

  /**
   * A `{ directory }` once more, in a folder of its own, which an attempt of this trial may write to. It is removed when the
   * next one is made for the trial, and in the end.
   * @returns Undefined when its content cannot be used.
   * @throws {StorageError} (rejects) as `load` does.
   */
  async copyFor(trial: number, checkpoint: KeptCheckpoint): Promise<LoadedCheckpoint | undefined> {
    const found = await this.#leased(trial, [checkpoint])
    if (found === undefined) return undefined
    await this.#copies.get(trial)?.()
    this.#copies.set(trial, found.remove)
    return { checkpoint, value: found.value }
  }

  /**
   * The value of one. The folder of a `{ directory }` is there until the process ends.
   * @throws {StorageError} (rejects) with code `'unreadable'` when its content cannot be used, others as `load` does.
   */
  async read(checkpoint: KeptCheckpoint): Promise<unknown> {
    const release = this.lease(checkpoint.key)
    try {
      const content = await this.#content(checkpoint)
      if (typeof content !== 'string') return (await restoredCheckpoint(content)).value
      throw new StorageError(
        'unreadable',
        `The checkpoint ${checkpoint.key} cannot be used: ${content}. Load another one of its trial, or bring back what was there.`,
      )
    } finally {
      release()
    }
  }

  async #leased(trial: number, candidates: readonly KeptCheckpoint[]): Promise<Found | undefined> {
    const releases = candidates.map(({ key }) => this.lease(key))
    try {
      return await this.#newestOf(trial, candidates)
    } finally {
      for (const release of releases) release()
    }
  }

  /**
   * Keeps one from being deleted, as long as another trial may still have to go on from it.
   * @returns What ends that. It may be called twice.
   */
  lease(key: string): () => void {
    this.#leases.set(key, (this.#leases.get(key) ?? 0) + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      const count = (this.#leases.get(key) ?? 1) - 1
      if (count === 0) this.#leases.delete(key)
      else this.#leases.set(key, count)
    }
  }

  /** Waits for all that is under way, and removes the folders that attempts were given of their own. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.values())
    for (const remove of this.#copies.values()) await remove()
    this.#copies.clear()
  }

  #prefix(trial: number): string {
    return `${this.#options.name}/trial-${trial}/`
  }

  #inOrder<T>(trial: number, action: () => Promise<T>): Promise<T> {
    const done = (this.#queues.get(trial) ?? Promise.resolve()).then(action)
    const settled: Promise<void> = done.then(
      () => {},
      () => {},
    )
    this.#queues.set(trial, settled)
    void settled.then(() => {
      if (this.#queues.get(trial) === settled) this.#queues.delete(trial)
    })
    return done
  }

  async #keysOf(prefix: string): Promise<readonly string[]> {
    let keys: readonly string[]
    try {
      keys = [...(await this.#options.store.list(prefix))]
    } catch (cause) {
      throw ofStorage(cause, `The checkpoints under ${prefix} could not be listed`)
    }
    return keys.filter((key) => CHECKPOINT_KEY_END.test(key.slice(this.#options.name.length + 1)))
  }

  #add(trial: number, attempt: number, checkpoint: KeptCheckpoint, metrics: Metrics): void {
    const { key, iteration } = checkpoint
    const others = (this.#retained.get(trial) ?? []).filter((other) => other.checkpoint.key !== key)
    // An experiment that goes on may make one again that is not the newest.
    const isNewer = (other: Retained) =>
      other.attempt > attempt || (other.attempt === attempt && other.checkpoint.iteration > iteration)
    const older = others.filter((other) => !isNewer(other))
    const added = { attempt, checkpoint, metrics, score: scoreOf(metrics, this.#retention) }
    this.#retained.set(trial, [...older, added, ...others.slice(older.length)])
  }

  async #put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<KeptContent> {
    // Of the folder that was given; a store may make another error of it.
    let mistake: unknown
    try {
      const watched = content instanceof Uint8Array ? content : watch(content, (thrown) => (mistake = thrown))
      return checked(await this.#options.store.put(key, watched))
    } catch (cause) {
      throw ofStorage(mistake ?? cause, `The checkpoint ${key} could not be kept`)
    }
  }

  /** The keys that retention lets go of. One that is leased is looked at again when there is a newer one. */
  #letGo(trial: number): readonly string[] {
    const retained = this.#retained.get(trial) ?? []
    const going = new Set(
      expendable(retained, this.#retention).filter(({ checkpoint }) => !this.#leases.has(checkpoint.key)),
    )
    this.#retained.set(
      trial,
      retained.filter((one) => !going.has(one)),
    )
    return [...going].map(({ checkpoint }) => checkpoint.key)
  }

  #strike(key: string): void {
    for (const [trial, retained] of this.#retained) {
      const others = retained.filter(({ checkpoint }) => checkpoint.key !== key)
      if (others.length < retained.length) this.#retained.set(trial, others)
    }
  }

  async #deleteAll(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.#delete(key)
  }

  async #delete(key: string): Promise<void> {
    if (this.#leases.has(key)) return
    // What cannot be deleted takes up room, and is swept when the experiment goes on. That is no reason to end a trial.
    await this.#options.store.delete(key).catch(() => {})
  }

  async #newestOf(trial: number, candidates: readonly KeptCheckpoint[]): Promise<Found | undefined> {
    for (const checkpoint of candidates.toReversed()) {
      const content = await this.#content(checkpoint)
      if (typeof content === 'string') {
        // It may not stand in the way of those that can be used, however good its score is.
        this.#strike(checkpoint.key)
        this.#options.onCorrupt?.({ trial, checkpoint, problem: content })
        continue
      }
      return { checkpoint, ...(await restoredCheckpoint(content)) }
    }
    return undefined
  }

  /** The content, or what is wrong with it. */
  async #content({ key, size, sha256 }: KeptCheckpoint): Promise<Uint8Array | string> {
    let content: Uint8Array
    try {
      content = await this.#options.store.get(key)
    } catch (cause) {
      const error = ofStorage(cause, `The checkpoint ${key} could not be read`)
      if (error.code === 'notFound') return 'it is not there'
      if (error.code === 'unreadable') return `it cannot be read: ${error.message}`
      throw error
    }
    if (!(content instanceof Uint8Array)) return `its store gave ${describe(content)} in place of its bytes`
    if (content.length !== size) return `it has ${content.length} bytes instead of ${size}`
    const found = createHash('sha256').update(content).digest('hex')
    return found === sha256 ? content : 'its checksum is another'
  }
}

async function* watch(
  content: AsyncIterable<Uint8Array>,
  onThrown: (thrown: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* content
  } catch (thrown) {
    onThrown(thrown)
    throw thrown
  }
}

/** What `put` has to give, for it is all that tells later whether the content is what it was. */
function checked(kept: unknown): KeptContent {
  const { size, sha256 } = (kept ?? {}) as Partial<KeptContent>
  if (typeof size === 'number' && typeof sha256 === 'string') return { size, sha256 }
  throw new TypeError(`put must give { size, sha256 } of what it has kept, and gave ${describe(kept)}.`)
}

function ofStorage(cause: unknown, what: string): StorageError | OptionError {
  if (cause instanceof StorageError || cause instanceof OptionError) return cause
  const { message } = asError(cause)
  const end = /[.!?]$/.test(message) ? '' : '.'
  return new StorageError(
    'checkpoint',
    `${what}: ${message}${end} See to where checkpoints are kept, and go on from the last one.`,
    { cause },
  )
}
