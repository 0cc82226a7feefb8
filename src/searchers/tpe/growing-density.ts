import { BLOCK_SIZE, KernelBlock } from './kernel-block.ts'
import type { Factor } from './factors.ts'
import type { KernelSet } from './kernel-set.ts'
import { priorLogPdf } from './prior-kernel.ts'
import { ScaledSum } from './scaled-sum.ts'

const BLOCK = new KernelBlock()

/**
 * The density of a mixture at one point, summed up block of kernels by block. What it has so far is a lower bound, and
 * that is often all that one needs to know.
 */
export class GrowingDensity {
  readonly #kernels: KernelSet
  readonly #factors: readonly Factor[]
  readonly #sum = new ScaledSum()
  // Slots before this one are still to come: late trials come first, since they weigh most and are nearest to what is asked.
  #end: number
  #size: number = BLOCK_SIZE.first
  #log: number

  /** @param values - The point, one an axis. Good until the mixture changes. */
  constructor(kernels: KernelSet, values: ArrayLike<number>) {
    this.#kernels = kernels
    this.#factors = kernels.byCost.map((j) => kernels.factorOf(j, values[j] as number))
    this.#end = kernels.count
    this.#sum.add(
      kernels.priorWeight,
      kernels.axes.reduce((log, axis, j) => log + priorLogPdf(axis, values[j] as number), 0),
    )
    this.#log = this.#sum.log()
  }

  /** Its logarithm so far. */
  get log(): number {
    return this.#log - this.#kernels.logWeightSum
  }

  /** Whether all kernels are in. */
  get isExact(): boolean {
    return this.#end === 0
  }

  /** Adds the next block of kernels. */
  grow(): void {
    const start = Math.max(0, this.#end - this.#size)
    const floor = this.#log + this.#kernels.slack
    this.#factors.forEach((factor, i) => {
      if (i === 0) factor.begin(start, this.#end, this.#kernels.base, BLOCK, floor)
      else factor.multiply(BLOCK, BLOCK, floor)
    })
    this.#end = start
    this.#size = Math.min(2 * this.#size, BLOCK_SIZE.largest)
    if (BLOCK.count === 0) return
    this.#sum.addBlock(BLOCK, this.#kernels.weight)
    this.#log = this.#sum.log()
  }

  /**
   * Adds kernels until all are in, or the density is above `enough`.
   * @param enough - A logarithm. Default Infinity.
   * @returns The logarithm: exact, or a lower bound above `enough`.
   */
  upTo(enough = Infinity): number {
    while (!this.isExact && !(this.log > enough)) this.grow()
    return this.log
  }
}
