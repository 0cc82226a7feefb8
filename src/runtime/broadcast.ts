import type { ExperimentSnapshot } from '../core/snapshot.ts'
import { TroupeError } from '../errors.ts'
import { harmless } from './harmless.ts'

/** The shortest time between two snapshots, in real milliseconds. */
export const SNAPSHOT_EVERY_MS = 100

/**
 * Hands snapshots to subscribers: at once when they come, then at most every `SNAPSHOT_EVERY_MS`, however much
 * happens between. None is made while nobody subscribes. In real time also where the experiment's is virtual:
 * it is people who watch.
 */
export class Broadcast {
  #takeSnapshot: () => ExperimentSnapshot = () => {
    throw new TroupeError('internal', 'There is nothing to take a snapshot of.')
  }
  #onThrown: (error: Error) => void = () => {}
  readonly #subscribers = new Set<(snapshot: ExperimentSnapshot) => void>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /**
   * From now on snapshots are taken like this.
   * @param onThrown - Hears of subscribers that throw.
   */
  follow(takeSnapshot: () => ExperimentSnapshot, onThrown: (error: Error) => void): void {
    this.#takeSnapshot = takeSnapshot
    this.#onThrown = onThrown
  }

  get isHeard(): boolean {
    return this.#subscribers.size > 0
  }

  subscribe(subscriber: (snapshot: ExperimentSnapshot) => void): () => void {
    this.#subscribers.add(subscriber)
    this.#give(subscriber, this.#takeSnapshot())
    return () => void this.#subscribers.delete(subscriber)
  }

  /** Something has changed: subscribers hear of it soon. */
  changed(): void {
    if (this.#timer !== undefined || this.#subscribers.size === 0) return
    this.#timer = setTimeout(() => this.flush(), SNAPSHOT_EVERY_MS)
  }

  /** Gives the latest snapshot now. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#subscribers.size === 0) return
    const snapshot = this.#takeSnapshot()
    for (const subscriber of this.#subscribers) this.#give(subscriber, snapshot)
  }

  #give(subscriber: (snapshot: ExperimentSnapshot) => void, snapshot: ExperimentSnapshot): void {
    harmless(() => subscriber(snapshot), this.#onThrown)
  }
}
