/**
 * Kernels on one numeric axis: Gaussians cut to the axis, one an observation.
 *
 * Bandwidths follow from the neighbours (Bergstra et al. 2011, section 4.2; Optuna 5), so the observations are kept in
 * order and a new one changes three of them. Only while the floor under all bandwidths still depends on their number,
 * up to 98 observations, are all computed anew.
 *
 *   mu     // centre, on the scale; by slot
 *   sigma  // bandwidth; by slot
 *   pairs  // mu, and 1 / (sigma √2), so that the exponent is -((t - mu) rate)²; by slot, the two side by side,
 *          // since they are always read together
 *   norm   // logarithm of what the exponential is multiplied with; by slot
 */
import { logGaussMass } from '../../math/normal.ts'
import { truncatedNormalQuantile } from '../../math/truncated-normal.ts'
import type { RandomStream } from '../../random/random.ts'
import { toScale } from '../../space/axis.ts'
import type { NumericAxis } from './axis.ts'
import { DensityFactor, type Factor, MassFactor } from './factors.ts'
import { grown } from './grown.ts'
import { stepEnds } from './step-ends.ts'

/** How bandwidths are chosen. */
export interface BandwidthOptions {
  /** Whether no bandwidth is under the width of the axis / min(100, observations + 2). */
  readonly considerMagicClip: boolean
  /** Whether the ends of the axis count as neighbours of the outermost observations. */
  readonly considerEndpoints: boolean
}

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI)

/** Bandwidths never are 0, even of equal observations. */
const SIGMA_MIN = 1e-12

/** The kernels of one numeric axis, by slot. */
export class NumericKernels {
  readonly axis: NumericAxis
  mu = new Float64Array(0)
  sigma = new Float64Array(0)
  pairs = new Float64Array(0)
  norm = new Float64Array(0)
  readonly #options: BandwidthOptions
  readonly #numberOf: (slot: number) => number
  readonly #onNorm: (slot: number) => void
  // Slots in order of centre; of equal centres the earlier trial comes first.
  #sorted = new Int32Array(0)
  #count = 0
  #floor = Number.NaN
  #isStale = false
  // Kernels of equal centre and bandwidth give the same mass to a step.
  #shapeOf = new Int32Array(0)
  #shapeCount = 0
  #hasShapes = false

  /**
   * @param numberOf - The trial of a slot.
   * @param onNorm - Hears of each slot whose `norm` changed.
   */
  constructor(
    axis: NumericAxis,
    options: BandwidthOptions,
    numberOf: (slot: number) => number,
    onNorm: (slot: number) => void,
  ) {
    this.axis = axis
    this.#options = options
    this.#numberOf = numberOf
    this.#onNorm = onNorm
  }

  /** Makes room for `capacity` kernels. */
  grow(capacity: number): void {
    this.mu = grown(this.mu, capacity)
    this.sigma = grown(this.sigma, capacity)
    this.pairs = grown(this.pairs, 2 * capacity)
    this.norm = grown(this.norm, capacity)
    this.#sorted = grown(this.#sorted, capacity)
    if (this.axis.step !== 0) this.#shapeOf = grown(this.#shapeOf, capacity)
  }

  /** Adds the kernel of an observation. */
  insert(slot: number, value: number): void {
    this.mu[slot] = toScale(this.axis.scale, value)
    this.sigma[slot] = Number.NaN
    const at = this.#placeOf(slot)
    this.#sorted.copyWithin(at + 1, at, this.#count)
    this.#sorted[at] = slot
    this.#count++
    this.#changed(at - 1, at + 1)
  }

  /** Takes a kernel away. Its slot is free afterwards. */
  remove(slot: number): void {
    const at = this.#placeOf(slot)
    this.#sorted.copyWithin(at, at + 1, this.#count)
    this.#count--
    this.#changed(at - 1, at)
  }

  /** Moves a kernel to a free slot, whose trial it is by now. */
  move(from: number, to: number): void {
    this.mu[to] = this.mu[from] as number
    this.sigma[to] = this.sigma[from] as number
    this.pairs[2 * to] = this.pairs[2 * from] as number
    this.pairs[2 * to + 1] = this.pairs[2 * from + 1] as number
    this.norm[to] = this.norm[from] as number
    this.#sorted[this.#placeOf(to)] = to
  }

  /** Brings bandwidths up to date when their floor has moved. Before anything is read. */
  refresh(): void {
    if (!this.#isStale) return
    this.#isStale = false
    this.#floor = this.#floorNow()
    for (let at = 0; at < this.#count; at++) this.#measure(at)
  }

  /** The density of each kernel at a value, without its norm; on a stepped axis the mass of the value's step. */
  at(value: number): Factor {
    const { scale, step } = this.axis
    if (step === 0) return new DensityFactor(toScale(scale, value), this.pairs)
    if (!this.#hasShapes) this.#findShapes()
    return new MassFactor(stepEnds(this.axis, value), this.pairs, this.#shapeOf, this.#shapeCount)
  }

  /** Draws a number on the scale from the kernel of a slot. */
  sample(slot: number, random: RandomStream): number {
    return sampleKernel(this.axis, this.mu[slot] as number, this.sigma[slot] as number, random)
  }

  // Where a slot stands in the order, or would.
  #placeOf(slot: number): number {
    const mu = this.mu[slot] as number
    const number = this.#numberOf(slot)
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = this.#sorted[middle] as number
      const otherMu = this.mu[other] as number
      if (otherMu < mu || (otherMu === mu && this.#numberOf(other) < number)) low = middle + 1
      else high = middle
    }
    return low
  }

  #changed(from: number, to: number): void {
    this.#hasShapes = false
    // All are measured in `refresh` then, and once for many insertions. Not even when the floor comes back to where it was
    // can that be left out: what changed meanwhile was not measured.
    if (this.#isStale || this.#floorNow() !== this.#floor) {
      this.#isStale = true
      return
    }
    for (let at = Math.max(0, from); at <= Math.min(to, this.#count - 1); at++) this.#measure(at)
  }

  #floorNow(): number {
    if (!this.#options.considerMagicClip) return SIGMA_MIN
    return this.axis.width / Math.min(100, this.#count + 2)
  }

  #measure(at: number): void {
    const slot = this.#sorted[at] as number
    const { low, high, width, step } = this.axis
    const mu = this.mu[slot] as number
    const isOpen = !this.#options.considerEndpoints && this.#count > 1
    const isFirst = at === 0
    const isLast = at === this.#count - 1
    const left = mu - (isFirst ? low : (this.mu[this.#sorted[at - 1] as number] as number))
    const right = (isLast ? high : (this.mu[this.#sorted[at + 1] as number] as number)) - mu
    const gap = isOpen && isFirst ? right : isOpen && isLast ? left : Math.max(left, right)
    const sigma = Math.min(Math.max(gap, this.#floor), width)
    if (sigma === this.sigma[slot]) return
    this.#hasShapes = false
    this.sigma[slot] = sigma
    this.pairs[2 * slot] = mu
    this.pairs[2 * slot + 1] = Math.SQRT1_2 / sigma
    const outside = -logGaussMass((low - mu) / sigma, (high - mu) / sigma)
    this.norm[slot] = step === 0 ? outside - Math.log(sigma) - LOG_SQRT_2PI : outside
    this.#onNorm(slot)
  }

  // Equal observations stand side by side, and all but the outer two of them have the same bandwidth.
  #findShapes(): void {
    this.#shapeCount = 0
    let mu = Number.NaN
    let sigma = Number.NaN
    for (let at = 0; at < this.#count; at++) {
      const slot = this.#sorted[at] as number
      if (this.mu[slot] !== mu || this.sigma[slot] !== sigma) {
        mu = this.mu[slot] as number
        sigma = this.sigma[slot] as number
        this.#shapeCount++
      }
      this.#shapeOf[slot] = this.#shapeCount - 1
    }
    this.#hasShapes = true
  }
}

/** Draws a number on the scale of an axis from a Gaussian that is cut to it. */
export function sampleKernel(
  { low, high }: NumericAxis,
  mu: number,
  sigma: number,
  random: RandomStream,
): number {
  const t = mu + sigma * truncatedNormalQuantile(random.next(), (low - mu) / sigma, (high - mu) / sigma)
  return t < low ? low : t > high ? high : t
}
