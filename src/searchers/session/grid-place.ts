import type { Space } from '../../space/space.ts'
import type { Searcher } from '../searcher.ts'
import { REJECTED_MAX } from '../where.ts'
import type { Tries } from './tries.ts'

interface Saved {
  readonly suggested: number
  readonly skipped: number
}

/**
 * Where a search stands: how many of its points became trials, and how many combinations of `gridSearch` were left out
 * because `where` forbids them, whatever else is drawn.
 */
export class GridPlace {
  /** Whether the searcher goes through combinations of `gridSearch`. */
  readonly hasGrid: boolean
  /** How often one combination is tried before it is left out. */
  readonly triesMax: number
  readonly #size: number
  readonly #copies: number
  #suggested: number
  #skipped: number

  constructor(searcher: Searcher, { gridSize, parameters }: Space, saved: unknown) {
    const { suggested, skipped } = (saved ?? { suggested: 0, skipped: 0 }) as Saved
    this.hasGrid = searcher.expandsGrid === true && gridSize > 1
    // What has nothing but the grid is the same however often it is asked for.
    this.triesMax = parameters.every(({ domain }) => domain.kind === 'grid') ? 1 : REJECTED_MAX
    this.#size = gridSize
    // A repeater's copies of a combination are left out with it.
    this.#copies = searcher.repeat ?? 1
    this.#suggested = suggested
    this.#skipped = skipped
  }

  /** The place of the next point, as `Ask.index` counts it. */
  get index(): number {
    return this.#suggested + this.#skipped
  }

  /** How many points of the searcher became trials. */
  get suggestedCount(): number {
    return this.#suggested
  }

  /** A point of the searcher became a trial. */
  take(): void {
    this.#suggested++
  }

  /** One that was taken became no trial. */
  giveBack(): void {
    this.#suggested--
  }

  /** Leaves a combination out. @returns Whether there is another one. */
  skip(tries: Tries): boolean {
    this.#skipped += this.#copies
    tries.skip()
    return tries.skipped < this.#size
  }

  /** Whether all trials of the experiment are there, but for those that were left out. */
  isUsedUp(pointsTaken: number, budget: number): boolean {
    return this.#skipped > 0 && pointsTaken + this.index >= budget
  }

  save(): Saved {
    return { suggested: this.#suggested, skipped: this.#skipped }
  }
}
