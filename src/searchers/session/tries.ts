import type { Params } from '../../core/trial.ts'

// How many of the points that were forbidden a searcher is shown.
const SHOWN_MAX = 100

/** Why a point was turned down: `where` forbids it, or it was there before. */
export type Refusal = 'rejected' | 'duplicates'

/** How often suggestions for one trial were turned down. */
export class Tries {
  /** In all. */
  count = 0
  /** By `where`, since the last combination of `gridSearch` was given up. */
  rejected = 0
  duplicates = 0
  /** How many combinations of `gridSearch` were given up. */
  skipped = 0
  readonly #forbidden: Params[] = []

  get hasForbidden(): boolean {
    return this.#forbidden.length > 0
  }

  /** The last points that `where` forbade, oldest first. */
  get forbidden(): readonly Params[] {
    return [...this.#forbidden]
  }

  add(why: Refusal, params: Params): void {
    this.count++
    this[why]++
    if (why === 'duplicates') return
    this.#forbidden.push(params)
    if (this.#forbidden.length > SHOWN_MAX) this.#forbidden.shift()
  }

  /** Goes on to the next combination of `gridSearch`. */
  skip(): void {
    this.skipped++
    this.rejected = 0
  }
}
