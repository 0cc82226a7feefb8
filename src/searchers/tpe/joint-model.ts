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
   */
  update(good: Iterable<number>, running: readonly RunningTrial[]): void {
    this.#placeLiars(running)
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
    const best = this.#exchange(candidates, this.argmax(candidates))
    return Object.fromEntries(
      this.parameters.map(({ path, axis }, j) => [path, axis.write(best[j] as number)]),
    )
  }

  /**
   * Position of the candidate where l / g is largest; of equal ones the first.
   * @param candidates - Points, given as the axes read them.
   */
  argmax(candidates: readonly ArrayLike<number>[]): number {
    let best = 0
    let most = Number.NaN
    candidates.forEach((candidate, i) => {
      const l = this.below.logPdf(candidate)
      // A g that is larger than this cannot make it the best, however much larger.
      const acquisition = l - this.above.logPdf(candidate, l - most)
      if (Number.isNaN(most) || acquisition > most + EQUAL) [best, most] = [i, acquisition]
    })
    return best
  }

  /** Both densities at a point, given as the axes read it. */
  logDensities(values: ArrayLike<number>): LogDensities {
    return { l: this.below.logPdf(values), g: this.above.logPdf(values) }
  }

  // Number by number, the value of that candidate which makes the best of them better still (the coordinate exchange of
  // Meyer & Nachtsheim 1995). Of choices there are few, so that the candidates alone see them all; exchanged too, the
  // same points would come again and again.
  #exchange(candidates: readonly Float64Array[], start: number): Float64Array {
    const best = (candidates[start] as Float64Array).slice()
    const numbers = this.parameters.flatMap(({ axis }, j) => (axis.kind === 'numeric' ? [j] : []))
    if (best.length === 1 || numbers.length === 0) return best
    let most = this.below.logPdf(best) - this.above.logPdf(best)
    for (const j of numbers) {
      const values = [...new Set(candidates.map((candidate) => candidate[j] as number))]
      const l = this.below.logPdfsAlong(best, j, values)
      const g = this.above.logPdfsAlong(
        best,
        j,
        values,
        l.map((log) => log - most),
      )
      values.forEach((value, i) => {
        const acquisition = (l[i] as number) - (g[i] as number)
        if (acquisition > most + EQUAL) [best[j], most] = [value, acquisition]
      })
    }
    return best
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
