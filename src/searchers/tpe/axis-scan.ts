/**
 * Densities of a mixture along one axis after another, through a point that takes over a new value on each axis passed.
 *
 * What all other axes leave of each kernel is the product of two parts: of the axes passed, which grows axis by axis, and
 * of those to come, which are known from the start. So a step from axis to axis costs two additions a kernel, however
 * many axes there are.
 *
 *   m                // axes that are scanned, in order
 *   passed // (n)    // logarithms of the product over the axes passed; by slot
 *   rest   // (m, n) // the same over the axes after the k-th, over those that are not scanned, and `base`; row by row
 */
import type { Axis } from './axis.ts'
import type { Factor } from './factors.ts'
import { BLOCK_SIZE, KernelBlock } from './kernel-block.ts'
import type { KernelSet } from './kernel-set.ts'
import { priorLogPdf } from './prior-kernel.ts'
import { ScaledSum } from './scaled-sum.ts'

const OTHERS = new KernelBlock()
const PRODUCT = new KernelBlock()

/** Room for a scan, kept from one to the next: to ask for it anew takes as long as to fill it. */
export class ScanRoom {
  passed = new Float64Array(0)
  rest = new Float64Array(0)

  /** Makes room for `count` kernels on `axes` axes. What was in it is lost. */
  reserve(count: number, axes: number): void {
    if (this.passed.length < count) this.passed = new Float64Array(2 * count)
    if (this.rest.length < count * axes) this.rest = new Float64Array(2 * count * axes)
  }
}

/** One way through the axes of a mixture. Good until the mixture changes, or is scanned again. */
export class AxisScan {
  readonly #kernels: KernelSet
  readonly #along: readonly number[]
  readonly #point: Float64Array
  readonly #passed: Float64Array
  readonly #rest: Float64Array
  #at = 0

  /**
   * @param values - Where it starts, one an axis.
   * @param along - The axes to scan, in order.
   */
  constructor(kernels: KernelSet, values: ArrayLike<number>, along: readonly number[], room: ScanRoom) {
    const { axes, count, base } = kernels
    this.#kernels = kernels
    this.#along = along
    this.#point = Float64Array.from(values)
    room.reserve(count, along.length)
    this.#passed = room.passed.fill(0, 0, count)
    this.#rest = room.rest
    let row: Float64Array = base
    const last = this.#rowOf(along.length - 1)
    axes.forEach((_, j) => {
      if (along.includes(j)) return
      kernels.factorOf(j, this.#point[j] as number).addTo(row, last, count)
      row = last
    })
    if (row === base) last.set(base.subarray(0, count))
    for (let k = along.length - 1; k > 0; k--) {
      this.#factorAt(k, this.#valueAt(k)).addTo(this.#rowOf(k), this.#rowOf(k - 1), count)
    }
  }

  /**
   * Log densities of the points that differ on the axis it stands at.
   * @param alternatives - The values there.
   * @param enough - Where a density need not be exact any more: when it is above, a lower bound that is above too will do.
   *   One an alternative. Default: all exact.
   */
  logPdfs(alternatives: readonly number[], enough?: ArrayLike<number>): Float64Array {
    const { count, weight, logWeightSum, slack } = this.#kernels
    const rest = this.#rowOf(this.#at)
    const factors = alternatives.map((value) => this.#factorAt(this.#at, value))
    const sums = this.#priorSums(alternatives)
    const logs = Float64Array.from(sums, (sum) => sum.log())
    const isOpen = (i: number): boolean =>
      enough === undefined || !((logs[i] as number) - logWeightSum > (enough[i] as number))
    let open = alternatives.map((_, i) => i).filter(isOpen)
    let end = count
    let size: number = BLOCK_SIZE.first
    // Late trials first: they weigh most, and more of them are near to what is asked.
    while (end > 0 && open.length > 0) {
      end = OTHERS.fillSums(end, size, this.#passed, rest, least(logs, open) + slack)
      size = Math.min(2 * size, BLOCK_SIZE.largest)
      if (OTHERS.count === 0) continue
      for (const i of open) {
        ;(factors[i] as Factor).multiply(OTHERS, PRODUCT, (logs[i] as number) + slack)
        if (PRODUCT.count === 0) continue
        ;(sums[i] as ScaledSum).addBlock(PRODUCT, weight)
        logs[i] = (sums[i] as ScaledSum).log()
      }
      open = open.filter(isOpen)
    }
    return logs.map((log) => log - logWeightSum)
  }

  /** Goes on to the next axis, and leaves the point with a value on this one. */
  pass(value: number): void {
    this.#point[this.#along[this.#at] as number] = value
    const isLast = this.#at === this.#along.length - 1
    if (!isLast) this.#factorAt(this.#at, value).addTo(this.#passed, this.#passed, this.#kernels.count)
    this.#at++
  }

  #rowOf(k: number): Float64Array {
    const { count } = this.#kernels
    return this.#rest.subarray(k * count, (k + 1) * count)
  }

  #valueAt(k: number): number {
    return this.#point[this.#along[k] as number] as number
  }

  #factorAt(k: number, value: number): Factor {
    return this.#kernels.factorOf(this.#along[k] as number, value)
  }

  #priorSums(alternatives: readonly number[]): ScaledSum[] {
    const { axes, priorWeight } = this.#kernels
    const along = this.#along[this.#at] as number
    let others = 0
    for (let j = 0; j < axes.length; j++) {
      if (j !== along) others += priorLogPdf(axes[j] as Axis, this.#point[j] as number)
    }
    return alternatives.map((value) => {
      const sum = new ScaledSum()
      sum.add(priorWeight, others + priorLogPdf(axes[along] as Axis, value))
      return sum
    })
  }
}

function least(logs: Float64Array, places: readonly number[]): number {
  let min = Infinity
  for (const i of places) min = Math.min(min, logs[i] as number)
  return min
}
