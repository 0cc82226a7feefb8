import { partitionPoint } from '../../src/core/partition-point.ts'
import type { ResourcePool } from '../../src/core/resources.ts'
import type { Resources } from '../../src/core/trial.ts'
import type { Candidate } from '../../src/schedulers/scheduler.ts'
import type { LiveTrial } from './live-trial.ts'

/**
 * The trials that wait, by number. A scheduler that pauses may have thousands of them and chooses among them for each
 * free slot, so the list of candidates is kept up to date instead of being made for each question.
 */
export class WaitingList {
  // Two lists in step: the trials, and what a scheduler is shown of each.
  readonly #trials: LiveTrial[] = []
  readonly #candidates: Candidate[] = []
  /** How many of them need what, by identity: most experiments know one need. */
  readonly #needs = new Map<Resources, number>()

  #heldCount = 0

  /** How many of them the user holds. */
  get heldCount(): number {
    return this.#heldCount
  }

  /** How many wait that the user does not hold. */
  get freeCount(): number {
    return this.#trials.length - this.#heldCount
  }

  has(trial: LiveTrial): boolean {
    return this.#trials[this.#indexOf(trial.record.number)] === trial
  }

  [Symbol.iterator](): IterableIterator<LiveTrial> {
    return this.#trials.values()
  }

  /** Takes it in, or takes note that it waits for something else now. */
  add(trial: LiveTrial): void {
    this.delete(trial)
    const { number, resources } = trial.record
    const index = this.#indexOf(number)
    this.#trials.splice(index, 0, trial)
    this.#candidates.splice(index, 0, {
      trial: number,
      status: trial.pausedBy === 'scheduler' ? 'paused' : 'pending',
    })
    this.#needs.set(resources, (this.#needs.get(resources) ?? 0) + 1)
    if (trial.held) this.#heldCount++
  }

  delete(trial: LiveTrial): void {
    const { number, resources } = trial.record
    const index = this.#indexOf(number)
    if (this.#trials[index] !== trial) return
    this.#trials.splice(index, 1)
    this.#candidates.splice(index, 1)
    if (trial.held) this.#heldCount--
    const left = (this.#needs.get(resources) ?? 1) - 1
    if (left === 0) this.#needs.delete(resources)
    else this.#needs.set(resources, left)
  }

  /** Those that there is room for and that the user does not hold, by number. */
  candidates(pool: ResourcePool): Candidate[] {
    const needs = [...this.#needs.keys()]
    const fitting = new Set(needs.filter((need) => pool.fits(need)))
    if (fitting.size === 0) return []
    if (fitting.size === needs.length && this.#heldCount === 0) return this.#candidates.slice()
    return this.#candidates.filter((_, i) => {
      const { held, record } = this.#trials[i] as LiveTrial
      return !held && fitting.has(record.resources)
    })
  }

  /** Where the number is, or would be. */
  #indexOf(number: number): number {
    return partitionPoint(this.#trials.length, (i) => (this.#trials[i] as LiveTrial).record.number < number)
  }
}
