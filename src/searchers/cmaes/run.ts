import type { RandomStream } from '../../random/random.ts'
import type { Box } from './box.ts'
import { strategyConstants } from './constants.ts'
import { type Candidate, Evolution, type SavedEvolution } from './evolution.ts'
import { LearningRates, type SavedLearningRates } from './learning-rates.ts'
import { keepMargin } from './margin.ts'
import { MirroredOrthogonal, normals } from './mirrored-orthogonal.ts'
import type { RunPlan } from './restarts.ts'

/** How runs are made. */
export interface RunOptions {
  readonly isSeparable: boolean
  readonly withMargin: boolean
  readonly lrAdapt: boolean
}

/** Where a run begins. */
export interface RunStart {
  /** Shape (n). */
  readonly mean: Float64Array
  /** Of the covariance, as `Evolution` takes them; the identity when undefined. */
  readonly C?: Float64Array | undefined
}

/** What a run can be gone on with, beside its plan. */
export interface SavedRun {
  readonly evolution: SavedEvolution
  readonly rates: SavedLearningRates | undefined
  readonly bests: readonly number[]
  readonly least: number
  readonly most: number
  readonly trials: number
  readonly generation: number
}

// A distribution wider than the box says nothing; one narrower than that is lost in rounding.
const DEVIATION_MAX = 1
const DEVIATION_MIN = 1e-12

// Converged, for a parameter that is tuned: a millionth of its range.
const CONVERGED = 1e-6

// Of all differences between losses that a run has seen: those of the best of its last generations count as none.
const FLAT = 1e-11

// Squared, the condition number of a covariance whose root is no good any more: 1e14, as the tutorial's termination criteria have it.
const AXIS_RATIO_MAX = 1e7

/**
 * One run of CMA-ES within the box. Of a candidate beyond a bound the nearest point of the box is tried, but the candidate
 * is learned from as it was drawn, and the mean stays in the box. So the distribution is not flattened at a bound, and an
 * optimum in a corner is hit exactly, where drawing anew until all lies inside comes to it ever more slowly.
 */
export class Run {
  readonly plan: RunPlan
  readonly evolution: Evolution
  readonly #box: Box
  readonly #random: RandomStream
  readonly #withMargin: boolean
  readonly #rates: LearningRates | undefined
  readonly #sampler: MirroredOrthogonal
  /** Axes that only the margin holds: those with steps. */
  readonly #free: readonly boolean[]
  /** Best loss of each of the last generations. */
  #bests: number[] = []
  /** Least and largest finite loss so far. */
  #least = Infinity
  #most = -Infinity
  #trials = 0
  /** How many generations were tried, those that taught nothing included. */
  #generation = 0

  constructor(
    box: Box,
    plan: RunPlan,
    start: RunStart,
    options: RunOptions,
    random: RandomStream,
    saved?: SavedRun,
  ) {
    const { n } = box
    const { isSeparable, withMargin, lrAdapt } = options
    const constants = strategyConstants(n, plan.lambda, isSeparable)
    this.plan = plan
    this.#box = box
    this.#random = random
    this.#withMargin = withMargin
    this.#rates = lrAdapt ? new LearningRates(saved?.rates) : undefined
    this.#sampler = new MirroredOrthogonal(n, plan.lambda)
    this.#free = Array.from({ length: n }, (_, j) => withMargin && box.isDiscrete(j))
    const isBounded = this.#free.map((isFree) => !isFree)
    this.evolution = new Evolution({ constants, sigma: plan.sigma, isSeparable, isBounded, ...start })
    if (saved === undefined) this.#keepUseful()
    else this.#restore(saved)
  }

  get generation(): number {
    return this.#generation
  }

  /** How many trials it learned from. */
  get trials(): number {
    return this.#trials
  }

  /**
   * A candidate, as drawn: it may lie outside of the box.
   * @param slot - Its place in the generation.
   * @param random - For a candidate in place of one that was turned down; then `slot` says nothing.
   */
  draw(slot: number, random?: RandomStream): Float64Array {
    return this.evolution.point(
      random === undefined
        ? this.#sampler.vector(this.#random.fork(this.#generation), slot)
        : normals(this.evolution.n, random),
    )
  }

  /** The place in the box that is tried for a candidate. Shape (n). */
  place(x: Float64Array): Float64Array {
    return x.map((value, j) => (this.#free[j] === true ? value : Math.min(1, Math.max(0, value))))
  }

  /** Learns from a generation. One in which every trial failed says nothing. */
  learn(candidates: readonly Candidate[]): void {
    this.#generation++
    this.#trials += candidates.length
    if (candidates.every(({ loss }) => loss === Infinity)) return
    const rates = this.#rates
    this.evolution.update(
      candidates,
      rates === undefined ? undefined : (before) => rates.temper(this.evolution, before),
    )
    this.#keepUseful()
    this.#note(candidates.map(({ loss }) => loss))
  }

  /** Whether it has converged, is on flat ground, has no numbers left to calculate with, or had its trials. */
  get isOver(): boolean {
    if (this.#trials >= this.plan.trialsMax) return true
    const { axes } = this.evolution.covariance
    if (Math.max(...axes) > AXIS_RATIO_MAX * Math.min(...axes)) return true
    // The margin holds axes with steps open for ever.
    const continuous = this.#free.flatMap((isFree, j) => (isFree ? [] : [this.evolution.deviation(j)]))
    if (continuous.length > 0 && Math.max(...continuous) < CONVERGED) return true
    return (
      this.#bests.length === this.#window && Math.max(...this.#bests) - Math.min(...this.#bests) <= this.#flat
    )
  }

  /** How many generations must be alike to be flat: 10 + 30 n / λ, as the tutorial's termination criteria have it. */
  get #window(): number {
    return 10 + Math.ceil((30 * this.evolution.n) / this.plan.lambda)
  }

  get #flat(): number {
    return Math.max(0, FLAT * (this.#most - this.#least))
  }

  #note(losses: readonly number[]): void {
    for (const loss of losses) {
      if (!Number.isFinite(loss)) continue
      this.#least = Math.min(this.#least, loss)
      this.#most = Math.max(this.#most, loss)
    }
    this.#bests.push(Math.min(...losses))
    if (this.#bests.length > this.#window) this.#bests.shift()
  }

  #keepUseful(): void {
    const { evolution } = this
    let widest = 0
    for (let j = 0; j < evolution.n; j++) widest = Math.max(widest, evolution.deviation(j))
    evolution.sigma *= Math.min(DEVIATION_MAX, Math.max(DEVIATION_MIN, widest)) / widest
    if (this.#withMargin) keepMargin(evolution, this.#box)
  }

  save(): SavedRun {
    return {
      evolution: this.evolution.save(),
      rates: this.#rates?.save(),
      bests: [...this.#bests],
      least: this.#least,
      most: this.#most,
      trials: this.#trials,
      generation: this.#generation,
    }
  }

  #restore({ evolution, bests, least, most, trials, generation }: SavedRun): void {
    this.evolution.restore(evolution)
    this.#bests = [...bests]
    this.#least = least
    this.#most = most
    this.#trials = trials
    this.#generation = generation
  }
}
