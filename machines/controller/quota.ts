import type { ExperimentPlan } from '../plan.ts'
import { InstantCount, TRIALS_MAX, UNRUN_MAX } from './standstill.ts'

/** How many trials may still be made, and whether more of them would be of use. */
export class Quota {
  readonly #plan: ExperimentPlan
  /** The searcher answered that it waits for a result. */
  searcherWaits = false
  /** The searcher answered that there is nothing more. */
  searcherFinished = false
  /** Trials in all; Infinity until the searcher has finished. */
  trialCount: number
  #created = 0
  #batchCount = 0
  #unrunCount = 0
  readonly #createdAtOnce = new InstantCount()

  constructor(plan: ExperimentPlan) {
    this.#plan = plan
    this.trialCount = plan.trialCount
  }

  /** Trials made since one ran last. */
  get unrunCount(): number {
    return this.#unrunCount
  }

  /** A trial ran, so that more of them are of use. */
  ran(): void {
    this.#unrunCount = 0
  }

  /** One more is made. Gives whether so many were made while time stands that there is no end to them. */
  count(now: number): boolean {
    this.#created++
    this.#batchCount++
    this.#unrunCount++
    return this.#createdAtOnce.add(now) === TRIALS_MAX + 1 && this.#plan.isEndless
  }

  /** Whether another trial may come before any of those that are under way has moved. */
  allows(liveCount: number): boolean {
    if (!this.wantsMore || this.searcherWaits || this.isBarren) return false
    if (liveCount === 0) this.#batchCount = 0
    return this.#batchCount < this.#plan.batchSize
  }

  get wantsMore(): boolean {
    return !this.searcherFinished && this.#created < this.trialCount
  }

  /** Whether so many trials have not run that more of them would be no use before one of those that are there has. */
  get isBarren(): boolean {
    return this.#plan.isEndless && this.#unrunCount >= UNRUN_MAX
  }
}
