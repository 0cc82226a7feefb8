/**
 * How many kernels are looked at together: few at first, so that there soon is a sum to which others can be compared; then
 * twice as many each time, as long as they stay in the cache.
 */
export const BLOCK_SIZE = { first: 64, largest: 1024 } as const

/** Kernels that may still matter for a density, while it is multiplied up axis by axis. */
export class KernelBlock {
  readonly slots = new Int32Array(BLOCK_SIZE.largest)
  /** Logarithm of each kernel so far: an upper bound, since what is still to come is at most 1. */
  readonly energies = new Float64Array(BLOCK_SIZE.largest)
  count = 0

  /** Begins with the slots from `start` up to, but not with, `end`, each with its `base`. */
  fill(start: number, end: number, base: Float64Array): void {
    this.count = end - start
    for (let i = 0; i < this.count; i++) {
      this.slots[i] = start + i
      this.energies[i] = base[start + i] as number
    }
  }

  /**
   * Begins with slots before `end`, the last first: those for which the sum of two logarithms is not under `floor`, until
   * there are `most` of them.
   * @param most - At most BLOCK_SIZE.largest.
   * @returns Where it came to: the slots before are still to come.
   */
  fillSums(end: number, most: number, one: Float64Array, other: Float64Array, floor: number): number {
    const { slots, energies } = this
    let kept = 0
    let slot = end
    while (slot > 0 && kept < most) {
      slot--
      const energy = (one[slot] as number) + (other[slot] as number)
      // Few are left of many axes, so that a branch is guessed right.
      if (!(energy >= floor)) continue
      slots[kept] = slot
      energies[kept] = energy
      kept++
    }
    this.count = kept
    return slot
  }
}
