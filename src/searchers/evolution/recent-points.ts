import type { Params } from '../../core/trial.ts'
import { pointKey } from '../../space/encoding.ts'
import type { Portable } from '../portable.ts'

// As many as make a copy unlikely, and few enough to be saved often.
const POINTS_MAX = 1000

/**
 * The points of the trials that ended last, so that children which repeat them can be passed over. Remembered by a
 * number of 32 bits each: that two points share one costs no more than another try.
 */
export class RecentPoints {
  readonly #hashes = new Set<number>()
  readonly #portable: Portable

  /**
   * @param portable - Of the declared space: what `save` gives is for other processes too.
   * @param saved - What `save` gave.
   */
  constructor(portable: Portable, saved: readonly number[] = []) {
    this.#portable = portable
    for (const hash of saved) this.#hashes.add(hash)
  }

  add(params: Params): void {
    const hash = this.#hashOf(params)
    this.#hashes.delete(hash)
    this.#hashes.add(hash)
    if (this.#hashes.size <= POINTS_MAX) return
    const [oldest] = this.#hashes
    this.#hashes.delete(oldest as number)
  }

  has(params: Params): boolean {
    return this.#hashes.has(this.#hashOf(params))
  }

  save(): readonly number[] {
    return [...this.#hashes]
  }

  /** FNV-1a (Fowler, Noll, Vo 1991) of the point's key. */
  #hashOf(params: Params): number {
    const key = pointKey(this.#portable.write(params))
    let hash = 0x811c9dc5
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    return hash >>> 0
  }
}
