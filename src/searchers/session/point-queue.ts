import type { TrialSource } from '../../core/trial.ts'
import type { GivenPoints, GivenTrial, QueuedPoint } from '../given-points.ts'

interface Saved {
  readonly taken: number
}

/** The user's own points, in order: those that run, and those whose result is known. */
export class PointQueue {
  readonly #queue: readonly QueuedPoint[]
  readonly #given: readonly GivenTrial[]
  readonly #copies: number
  #taken: number
  #givenTaken: number

  /** @param copies - How many there are of each point that runs, one after another. */
  constructor({ queue, given }: GivenPoints, copies: number, saved: unknown) {
    this.#queue = queue
    this.#copies = copies
    this.#given = given
    this.#taken = (saved as Saved | undefined)?.taken ?? 0
    // Results are told before anything is suggested, and so before anything is saved.
    this.#givenTaken = saved === undefined ? 0 : given.length
  }

  /** Which copy of its point the next one is, from 0. */
  get nextCopy(): number {
    return this.#taken % this.#copies
  }

  /** How many of those that run became trials. */
  get takenCount(): number {
    return this.#taken
  }

  /** The next one that runs. */
  get next(): QueuedPoint | undefined {
    return this.#queue[this.#taken]
  }

  take(): void {
    this.#taken++
  }

  /** One that was taken became no trial. */
  giveBack(): void {
    this.#taken--
  }

  /** Those with a result whose trials are not made yet. */
  get given(): readonly GivenTrial[] {
    return this.#given.slice(this.#givenTaken)
  }

  /** An earlier process made a trial of this origin. */
  recall(source: TrialSource): void {
    if (source === 'point') this.#taken++
    else if (source === 'given') this.#givenTaken++
  }

  save(): Saved {
    return { taken: this.#taken }
  }
}
