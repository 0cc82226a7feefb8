import { createHash } from 'node:crypto'
import type { Metrics } from '../core/metrics.ts'
import { OptionError, StorageError } from '../errors.ts'
import { checkpointContent, restoredCheckpoint } from './checkpoint-content.ts'
import type { CheckpointStore, KeptContent } from './checkpoint-store.ts'
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
  /**
   * Told of each checkpoint once its content is kept. What it makes superfluous is deleted when this has resolved: not
   * before the log is sure to name the newer one.
   */
  readonly onKept?: (trial: number, attempt: number, checkpoint: KeptCheckpoint) => Promise<void> | void
  /** Told of each checkpoint that `load` has to pass over. */
  readonly onCorrupt?: (corrupt: CorruptCheckpoint) => void
}

interface Retained {
  readonly attempt: number
  readonly checkpoint: KeptCheckpoint
  readonly score: number | undefined
}

// What follows the name of the experiment in its keys. Another's name may begin with this one's and a slash.
const KEY_END = /^trial-\d+\/\d{6,}-\d+$/

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
  readonly #folders = new Map<number, () => Promise<void>>()

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options
    this.#retention = options.retention ?? {}
  }

  /**
   * Keeps a checkpoint, and deletes those of the same trial that retention then lets go of. Those of one trial are kept in
   * the order of the calls. A value is copied now; a `{ directory }` has to stay as it is until this has resolved.
   * @param metrics - Of the report that it came with.
   * @throws {OptionError} (rejects) when it holds what cannot be written.
   * @throws {StorageError} (rejects) when its content could not be kept: then nothing is deleted. Also whatever `onKept` does.
   */
  async keep(
    trial: number,
    attempt: number,
    iteration: number,
    value: unknown,
    metrics: Metrics,
  ): Promise<KeptCheckpoint> {
    const key = `${this.#prefix(trial)}${String(iteration).padStart(6, '0')}-${attempt}`
    const content = checkpointContent(value)
    return this.#inOrder(trial, async () => {
      const kept = await this.#put(key, content)
      const checkpoint = { key, size: kept.size, sha256: kept.sha256, iteration }
      this.#add(trial, attempt, checkpoint, metrics)
      await this.#options.onKept?.(trial, attempt, checkpoint)
      for (const old of this.#letGo(trial)) await this.#delete(old)
      return checkpoint
    })
  }

  /**
   * Takes in a checkpoint that the log names, when an experiment goes on, in the order of the log. Those that retention let go
   * of are forgotten as they were then.
   * @param metrics - Of the report that it came with.
   */
  recall(trial: number, attempt: number, checkpoint: KeptCheckpoint, metrics: Metrics): void {
    this.#add(trial, attempt, checkpoint, metrics)
    this.#letGo(trial)
  }

  /** The checkpoints of a trial that are kept, oldest first: the candidates for `load`. */
  retained(trial: number): readonly KeptCheckpoint[] {
    return this.#retained.get(trial)?.map(({ checkpoint }) => checkpoint) ?? []
  }

  /**
   * After all that the log names was recalled, and before any is kept: deletes what else there is of this experiment, such
   * as a checkpoint that was kept when the process was killed before it was logged.
   */
  async sweep(): Promise<void> {
    const known = new Set([...this.#retained.values()].flat().map(({ checkpoint }) => checkpoint.key))
    for (const key of await this.#keysOf(`${this.#options.name}/`)) {
      if (!known.has(key)) await this.#delete(key)
    }
  }

  /**
   * The newest checkpoint whose content is what it was.
   * @param trial - The one that goes on. A folder that was restored for it before is removed: it belonged to an attempt
   *   that is over.
   * @param candidates - Oldest first; of another trial where one goes on from that.
   * @returns Undefined when none can be used.
   * @throws {StorageError} (rejects) when the store cannot be asked, or a newer version wrote the content.
   */
  async load(trial: number, candidates: readonly KeptCheckpoint[]): Promise<LoadedCheckpoint | undefined> {
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

  /** Deletes all checkpoints of a trial, after those that are under way. */
  async forget(trial: number): Promise<void> {
    await this.#inOrder(trial, async () => {
      this.#retained.delete(trial)
      for (const key of await this.#keysOf(this.#prefix(trial))) await this.#delete(key)
    })
  }

  /** Waits for all that is under way, and removes the folders that were restored. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.values())
    for (const remove of this.#folders.values()) await remove()
    this.#folders.clear()
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
    const keys = await this.#options.store.list(prefix)
    return keys.filter((key) => KEY_END.test(key.slice(this.#options.name.length + 1)))
  }

  #add(trial: number, attempt: number, checkpoint: KeptCheckpoint, metrics: Metrics): void {
    const { key, iteration } = checkpoint
    const others = (this.#retained.get(trial) ?? []).filter((other) => other.checkpoint.key !== key)
    // An experiment that goes on may make one again that is not the newest.
    const isNewer = (other: Retained) =>
      other.attempt > attempt || (other.attempt === attempt && other.checkpoint.iteration > iteration)
    const older = others.filter((other) => !isNewer(other))
    const added = { attempt, checkpoint, score: scoreOf(metrics, this.#retention) }
    this.#retained.set(trial, [...older, added, ...others.slice(older.length)])
  }

  async #put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<KeptContent> {
    try {
      return await this.#options.store.put(key, content)
    } catch (cause) {
      throw ofStorage(cause, `The checkpoint ${key} could not be kept`)
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

  async #delete(key: string): Promise<void> {
    if (this.#leases.has(key)) return
    // What cannot be deleted takes up room, and is swept when the experiment goes on. That is no reason to end a trial.
    await this.#options.store.delete(key).catch(() => {})
  }

  async #newestOf(
    trial: number,
    candidates: readonly KeptCheckpoint[],
  ): Promise<LoadedCheckpoint | undefined> {
    for (const checkpoint of candidates.toReversed()) {
      const content = await this.#content(checkpoint)
      if (typeof content === 'string') {
        // It may not stand in the way of those that can be used, however good its score is.
        this.#strike(checkpoint.key)
        this.#options.onCorrupt?.({ trial, checkpoint, problem: content })
        continue
      }
      const { value, remove } = await restoredCheckpoint(content)
      await this.#folders.get(trial)?.()
      this.#folders.set(trial, remove)
      return { checkpoint, value }
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
    if (content.length !== size) return `it has ${content.length} bytes instead of ${size}`
    const found = createHash('sha256').update(content).digest('hex')
    return found === sha256 ? content : 'its checksum is another'
  }
}

function ofStorage(cause: unknown, what: string): StorageError | OptionError {
  if (cause instanceof StorageError || cause instanceof OptionError) return cause
  const { message } = cause as Error
  return new StorageError(
    'checkpoint',
    `${what}: ${message} See to where checkpoints are kept, and go on from the last one.`,
    { cause },
  )
}
