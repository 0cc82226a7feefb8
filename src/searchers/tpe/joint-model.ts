import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { RunningTrial } from '../searcher.ts'
import type { Axis } from './axis.ts'
import { weighEqually } from './defaults.ts'
import { ParzenMixture, type ParzenOptions } from './parzen-mixture.ts'

/** A parameter that is modelled. */
export interface ModelledParameter {
  readonly path: string
  readonly axis: Axis
}

/** How a model is fitted and asked. */
export interface ModelOptions extends ParzenOptions {
  /** How many points are drawn from the good trials' density. */
  readonly nEiCandidates: number
  /** Whether good trials all weigh the same: with several objectives, where none is better for being newer. */
  readonly evenBelow: boolean
}

/** Logarithms of the two densities at a point. */
export interface LogDensities {
  /** Of the good trials. */
  readonly l: number
  /** Of the others. */
  readonly g: number
}

// Acquisitions that differ by less are equal, but for the order in which kernels were added up.
const EQUAL = 1e-10

// How many values the best candidate may take over: all of up to 8 numbers, of d more 64 / d. Each brings it closer to the
// middle of a kernel. In few dimensions points drawn lie there too. In many none does: their steps grow with √d, and of all
// numbers exchanged only half of the step was left, so that the search settled early and far from the best.
const EXCHANGED_OF_ALL = 64

// Where points that were turned down stand among trials: they are the newest.
const REJECTED = 2 ** 52

// Blocks of kernels after which candidates are put in order: enough to tell far better ones from far worse ones.
const FIRST_BLOCKS = 3

/**
 * TPE of one group of parameters: the density l of the good trials' values and the density g of the others'. Points are
 * drawn from l, and of these the one is suggested where l / g is largest; of equal ones the first. That is where
 * the expected improvement is largest (Bergstra et al. 2011, section 4.1).
 *
 * Trials move between the two densities one by one, and nothing else is computed anew.
 */
export class JointModel {
  readonly parameters: readonly ModelledParameter[]
  readonly below: ParzenMixture
  readonly above: ParzenMixture
  readonly #options: ModelOptions
  readonly #finished = new Map<number, Float64Array>()
  #unplaced: number[] = []
  #good = new Set<number>()
  #liars = new Set<number>()
  #rejectedCount = 0

  constructor(parameters: readonly ModelledParameter[], options: ModelOptions) {
    this.parameters = parameters
    this.#options = options
    const axes = parameters.map(({ axis }) => axis)
    this.below = new ParzenMixture(axes, options.evenBelow ? { ...options, weigh: weighEqually } : options)
    this.above = new ParzenMixture(axes, options)
  }

  /** Adds a finished trial. One with a value that its axis has no place for is left out. */
  add(number: number, params: Params): void {
    const values = this.#read(params)
    if (values === undefined) return
    this.#finished.set(number, values)
    this.#unplaced.push(number)
  }

  /**
   * Brings both densities up to date.
   * @param good - Numbers of the good ones of all finished trials.
   * @param running - Trials without a result: they count as bad, so that others keep away from them.
   * @param rejected - Points that were turned down: they count as bad until the next `update`.
   */
  update(good: Iterable<number>, running: readonly RunningTrial[], rejected: readonly Params[] = []): void {
    this.#placeLiars(running)
    this.#placeRejected(rejected)
    for (const number of this.#unplaced) this.#place(this.above, number)
    this.#unplaced = []
    const next = new Set<number>()
    for (const number of good) if (this.#finished.has(number)) next.add(number)
    for (const number of this.#good) {
      if (next.has(number)) continue
      this.below.remove(number)
      this.#place(this.above, number)
    }
    for (const number of next) {
      if (this.#good.has(number)) continue
      this.above.remove(number)
      this.#place(this.below, number)
    }
    this.#good = next
  }

  /** Values by path, from the densities of the last `update`. */
  suggest(random: RandomStream): Params {
    const candidates = Array.from({ length: this.#options.nEiCandidates }, () => this.below.sample(random))
    const best = this.#exchange(candidates, random)
    return Object.fromEntries(
      this.parameters.map(({ path, axis }, j) => [path, axis.write(best[j] as number)]),
    )
  }

  /**
   * Position of the candidate where l / g is largest; of equal ones the first.
   * @param candidates - Points, given as the axes read them.
   */
  argmax(candidates: readonly ArrayLike<number>[]): number {
    return this.#best(candidates).index
  }

  /** Both densities at a point, given as the axes read it. */
  logDensities(values: ArrayLike<number>): LogDensities {
    return { l: this.below.logPdf(values), g: this.above.logPdf(values) }
  }

  // A lower bound of g is an upper bound of l / g. Looking first where that bound is highest finds the best soon, and the
  // others need be known no better than that they are worse.
  #best(candidates: readonly ArrayLike<number>[]): { readonly index: number; readonly acquisition: number } {
    const racers = candidates.map((candidate, index) => {
      const l = this.below.logPdf(candidate)
      const g = this.above.density(candidate)
      for (let block = 0; block < FIRST_BLOCKS && !g.isExact; block++) g.grow()
      return { index, l, g, bound: l - g.log, acquisition: Number.NaN }
    })
    let most = -Infinity
    for (const racer of racers.toSorted((a, b) => b.bound - a.bound)) {
      racer.acquisition = racer.l - racer.g.upTo(racer.l - most + 100 * EQUAL)
      most = Math.max(most, racer.acquisition)
    }
    return racers.reduce((best, racer) =>
      Number.isNaN(best.acquisition) || racer.acquisition > best.acquisition + EQUAL ? racer : best,
    )
  }

  // Number by number, the value of that candidate which makes the best of them better still (the coordinate exchange of
  // Meyer & Nachtsheim 1995). Of choices there are few, so that the candidates alone see them all; exchanged too, the
  // same points would come again and again.
  #exchange(candidates: readonly Float64Array[], random: RandomStream): Float64Array {
    const { index, acquisition: start } = this.#best(candidates)
    const best = (candidates[index] as Float64Array).slice()
    const numbers = this.#exchangeable(random)
    if (best.length === 1 || numbers.length === 0) return best
    let most = start
    const below = this.below.scan(best, numbers)
    const above = this.above.scan(best, numbers)
    for (const j of numbers) {
      const values = [...new Set(candidates.map((candidate) => candidate[j] as number))]
      const l = below.logPdfs(values)
      const g = above.logPdfs(
        values,
        l.map((log) => log - most),
      )
      values.forEach((value, i) => {
        const acquisition = (l[i] as number) - (g[i] as number)
        if (acquisition > most + EQUAL) [best[j], most] = [value, acquisition]
      })
      below.pass(best[j] as number)
      above.pass(best[j] as number)
    }
    return best
  }

  #exchangeable(random: RandomStream): readonly number[] {
    const numbers = this.parameters.flatMap(({ axis }, j) => (axis.kind === 'numeric' ? [j] : []))
    const most = Math.max(1, Math.floor(EXCHANGED_OF_ALL / numbers.length))
    return numbers.length <= most ? numbers : random.shuffle(numbers).slice(0, most)
  }

  #place(mixture: ParzenMixture, number: number): void {
    if (!mixture.has(number)) mixture.add(number, this.#finished.get(number) as Float64Array)
  }

  #placeLiars(running: readonly RunningTrial[]): void {
    const liars = new Set<number>()
    for (const { number, params } of running) {
      if (!this.#liars.has(number)) {
        const values = this.#read(params)
        if (values === undefined || this.#finished.has(number)) continue
        this.above.add(number, values)
      }
      liars.add(number)
    }
    // One that ended with a result keeps its place until it is found to be good.
    for (const number of this.#liars) {
      if (!liars.has(number) && !this.#finished.has(number)) this.above.remove(number)
    }
    this.#liars = liars
  }

  #placeRejected(rejected: readonly Params[]): void {
    for (let i = 0; i < this.#rejectedCount; i++) this.above.remove(REJECTED + i)
    this.#rejectedCount = 0
    for (const params of rejected) {
      const values = this.#read(params)
      if (values !== undefined) this.above.add(REJECTED + this.#rejectedCount++, values)
    }
  }

  #read(params: Params): Float64Array | undefined {
    const values = new Float64Array(this.parameters.length)
    for (let j = 0; j < values.length; j++) {
      const { path, axis } = this.parameters[j] as ModelledParameter
      const value = Object.hasOwn(params, path) ? axis.read(params[path]) : Number.NaN
      if (Number.isNaN(value)) return undefined
      values[j] = value
    }
    return values
  }
}
