/**
 * The Parzen estimator of TPE: a mixture of one kernel an observation and one for the prior, each a product over the
 * parameters (Bergstra et al. 2011, section 4.2; jointly as in Falkner et al. 2018; both as in Optuna 5).
 *
 * Kernels lie in slots without gaps, in any order, one array a quantity and parameter. For a density the kernels are gone
 * through in blocks, parameter by parameter: those whose product can no longer matter beside the sum so far are left out
 * before any exponential is taken. The prior kernel comes first, so that there is a sum from the start.
 *
 *   n               // observations
 *   base   // (n)   // what is the same at every point: the sum of the norms on all axes, as a logarithm; by slot
 *   weight // (n)   // of the kernel, before all are divided by their sum; by slot
 */
import type { RandomStream } from '../../random/random.ts'
import type { Axis } from './axis.ts'
import { AxisScan, ScanRoom } from './axis-scan.ts'
import { ChoiceKernels } from './choice-kernels.ts'
import type { Weigh } from './defaults.ts'
import { grown } from './grown.ts'
import { GrowingDensity } from './growing-density.ts'
import type { KernelSet } from './kernel-set.ts'
import { type BandwidthOptions, NumericKernels } from './numeric-kernels.ts'
import { samplePrior } from './prior-kernel.ts'

/** How a mixture is made from its observations. */
export interface ParzenOptions extends BandwidthOptions {
  /** Weight of the prior kernel, where an observation has its own. At least 0. */
  readonly priorWeight: number
  /** Gives each observation its weight, by number of its trial. */
  readonly weigh: Weigh
}

// All kernels left out change a density by less than this share, or, at the very edge, by a few times as much.
const LOG_NEGLIGIBLE = Math.log(1e-11)

/** A density of observations, to which they can be added, and from which they can be taken, one by one. */
export class ParzenMixture {
  readonly axes: readonly Axis[]
  readonly #options: ParzenOptions
  readonly #numeric: readonly (NumericKernels | undefined)[]
  readonly #choices: readonly (ChoiceKernels | undefined)[]
  readonly #byCost: readonly number[]
  readonly #slotOf = new Map<number, number>()
  readonly #touched = new Set<number>()
  readonly #room = new ScanRoom()
  #count = 0
  #numbers = new Float64Array(0)
  // Slots in order of their trials' numbers.
  #order = new Int32Array(0)
  #base = new Float64Array(0)
  #weight = new Float64Array(0)
  #weightByRank = new Float64Array(0)
  #priorWeight = 1
  #weightSum = 1
  #weightMax = 1
  #isFresh = false

  constructor(axes: readonly Axis[], options: ParzenOptions) {
    this.axes = axes
    this.#options = options
    const numberOf = (slot: number): number => this.#numbers[slot] as number
    const onNorm = (slot: number): void => void this.#touched.add(slot)
    this.#numeric = axes.map((axis) =>
      axis.kind === 'numeric' ? new NumericKernels(axis, options, numberOf, onNorm) : undefined,
    )
    this.#choices = axes.map((axis) =>
      axis.kind === 'choice' ? new ChoiceKernels(axis, options.priorWeight) : undefined,
    )
    this.#byCost = axes.map((_, j) => j).toSorted((i, j) => costOf(axes[i] as Axis) - costOf(axes[j] as Axis))
  }

  /** How many observations it has. */
  get size(): number {
    return this.#count
  }

  /** Whether it has an observation of the trial. */
  has(number: number): boolean {
    return this.#slotOf.has(number)
  }

  /** Adds a trial's values, one an axis. */
  add(number: number, values: ArrayLike<number>): void {
    const slot = this.#count
    if (slot === this.#numbers.length) this.#grow(Math.max(16, 2 * slot))
    this.#numbers[slot] = number
    this.#slotOf.set(number, slot)
    const rank = this.#rankOf(number)
    this.#order.copyWithin(rank + 1, rank, slot)
    this.#order[rank] = slot
    this.#count++
    for (let j = 0; j < this.axes.length; j++) {
      this.#numeric[j]?.insert(slot, values[j] as number)
      this.#choices[j]?.set(slot, values[j] as number)
    }
    this.#touched.add(slot)
    this.#isFresh = false
  }

  /** Takes a trial's values out, if they are in. */
  remove(number: number): void {
    const slot = this.#slotOf.get(number)
    if (slot === undefined) return
    this.#slotOf.delete(number)
    for (const kernels of this.#numeric) kernels?.remove(slot)
    const rank = this.#rankOf(number)
    this.#order.copyWithin(rank, rank + 1, this.#count)
    this.#count--
    if (slot !== this.#count) this.#move(this.#count, slot)
    this.#touched.delete(this.#count)
    this.#isFresh = false
  }

  /** Draws a point: a kernel by its weight, then a value an axis from that kernel. */
  sample(random: RandomStream): Float64Array {
    this.#refresh()
    const slot = this.#drawSlot(random.next() * this.#weightSum)
    return Float64Array.from(this.axes, (_, j) => this.#sampleAxis(j, slot, random))
  }

  /**
   * Log density of a point: of a stepped axis the mass of the step, of choices the probability.
   * @param values - One an axis, each in its domain.
   */
  logPdf(values: ArrayLike<number>): number {
    return this.density(values).upTo()
  }

  /** The density at a point, with nothing but the prior in it at first. Good until the mixture changes. */
  density(values: ArrayLike<number>): GrowingDensity {
    return new GrowingDensity(this.#kernelSet(), values)
  }

  /**
   * Densities along one axis after another, from a point on. Good until the mixture changes, or is scanned again.
   * @param along - The axes, in order.
   */
  scan(values: ArrayLike<number>, along: readonly number[]): AxisScan {
    return new AxisScan(this.#kernelSet(), values, along, this.#room)
  }

  /** Weights of all kernels, which sum to 1: the trials' by number, then the prior's. Shape (n + 1). */
  weights(): Float64Array {
    this.#refresh()
    const weights = this.#byNumber((slot) => this.#weight[slot] as number, this.#priorWeight)
    return weights.map((weight) => weight / this.#weightSum)
  }

  /** Centres and bandwidths of all kernels on a numeric axis, in the order of `weights`. */
  bandwidths(j: number): { readonly mus: Float64Array; readonly sigmas: Float64Array } {
    this.#refresh()
    const { axis, mu, sigma } = this.#numeric[j] as NumericKernels
    return {
      mus: this.#byNumber((slot) => mu[slot] as number, axis.centre),
      sigmas: this.#byNumber((slot) => sigma[slot] as number, axis.width),
    }
  }

  /** Probabilities that each kernel gives to each choice of an axis, in the order of `weights`. */
  probabilities(j: number): readonly Float64Array[] {
    const kernels = this.#choices[j] as ChoiceKernels
    const slots = Array.from(this.#order.subarray(0, this.#count))
    const ofPrior = new Float64Array(kernels.axis.count).fill(1 / kernels.axis.count)
    return [...slots.map((slot) => kernels.probabilities(slot, this.#count)), ofPrior]
  }

  #byNumber(ofSlot: (slot: number) => number, ofPrior: number): Float64Array {
    const values = new Float64Array(this.#count + 1)
    for (let rank = 0; rank < this.#count; rank++) values[rank] = ofSlot(this.#order[rank] as number)
    values[this.#count] = ofPrior
    return values
  }

  #kernelSet(): KernelSet {
    this.#refresh()
    return {
      axes: this.axes,
      count: this.#count,
      base: this.#base,
      weight: this.#weight,
      priorWeight: this.#priorWeight,
      logWeightSum: Math.log(this.#weightSum),
      slack: LOG_NEGLIGIBLE - Math.log(this.#weightMax * (this.#count + 1)),
      byCost: this.#byCost,
      factorOf: (j, value) =>
        this.#numeric[j]?.at(value) ?? (this.#choices[j] as ChoiceKernels).at(value, this.#count),
    }
  }

  // The slot under a running sum of weights; -1 for the prior.
  #drawSlot(at: number): number {
    let rest = at
    for (let rank = 0; rank < this.#count; rank++) {
      const slot = this.#order[rank] as number
      rest -= this.#weight[slot] as number
      if (rest < 0) return slot
    }
    return -1
  }

  #sampleAxis(j: number, slot: number, random: RandomStream): number {
    const axis = this.axes[j] as Axis
    if (slot < 0) return samplePrior(axis, random)
    if (axis.kind === 'choice') return (this.#choices[j] as ChoiceKernels).sample(slot, this.#count, random)
    return axis.nearest((this.#numeric[j] as NumericKernels).sample(slot, random))
  }

  #grow(capacity: number): void {
    this.#numbers = grown(this.#numbers, capacity)
    this.#order = grown(this.#order, capacity)
    this.#base = grown(this.#base, capacity)
    this.#weight = grown(this.#weight, capacity)
    this.#weightByRank = grown(this.#weightByRank, capacity)
    for (const kernels of this.#numeric) kernels?.grow(capacity)
    for (const kernels of this.#choices) kernels?.grow(capacity)
  }

  #move(from: number, to: number): void {
    const number = this.#numbers[from] as number
    this.#numbers[to] = number
    this.#slotOf.set(number, to)
    this.#order[this.#rankOf(number)] = to
    this.#base[to] = this.#base[from] as number
    for (const kernels of this.#numeric) kernels?.move(from, to)
    for (const kernels of this.#choices) kernels?.move(from, to)
    if (this.#touched.has(from)) this.#touched.add(to)
  }

  // How many trials have a smaller number.
  #rankOf(number: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#numbers[this.#order[middle] as number] as number) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  #refresh(): void {
    if (this.#isFresh) return
    for (const kernels of this.#numeric) kernels?.refresh()
    for (const slot of this.#touched) {
      let base = 0
      for (const kernels of this.#numeric) if (kernels !== undefined) base += kernels.norm[slot] as number
      this.#base[slot] = base
    }
    this.#touched.clear()
    this.#weigh()
    this.#isFresh = true
  }

  #weigh(): void {
    const n = this.#count
    const weights = this.#weightByRank
    this.#options.weigh(n, weights)
    let sum = 0
    let max = 0
    for (let rank = 0; rank < n; rank++) {
      const weight = weights[rank] as number
      this.#weight[this.#order[rank] as number] = weight
      sum += weight
      if (weight > max) max = weight
    }
    // Without observations the prior is all there is, whatever it weighs.
    this.#priorWeight = n === 0 ? 1 : this.#options.priorWeight
    this.#weightSum = sum + this.#priorWeight
    this.#weightMax = Math.max(max, this.#priorWeight)
  }
}

function costOf(axis: Axis): number {
  if (axis.kind === 'choice') return 1
  return axis.step === 0 ? 0 : 2
}
