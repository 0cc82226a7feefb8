/**
 * One run of CMA-ES: a normal distribution that learns from ranked candidates.
 *
 * Source: Hansen 2016, "The CMA Evolution Strategy: A Tutorial", arXiv:1604.00772, appendix A up to eq. 47, with its
 * negative weights and the mean's learning rate 1. Candidates that were not drawn from the distribution are pulled
 * towards the mean first (Hansen 2011, "Injecting external solutions into CMA-ES", arXiv:1110.4181).
 *
 * Letters, all in the unit box: m `mean` (n), σ `sigma`, C `covariance` (n, n), p_σ `pSigma` (n), p_c `pC` (n),
 * A `widths` (n), the diagonal that CMA-ES with margin keeps apart from C. A candidate is x = m + σ A y, y ~ N(0, C).
 */
import type { StrategyConstants } from './constants.ts'
import { type Covariance, diagonalCovariance, fullCovariance } from './covariance.ts'

/** A point with its result. */
export interface Candidate {
  /** Shape (n). */
  readonly x: Float64Array
  /** Smaller is better; NaN and Infinity are worst. */
  readonly loss: number
  /** Decides between equal losses: the lower first. */
  readonly number: number
  /** Whether it came from elsewhere than the present distribution. Default false. */
  readonly isInjected?: boolean
}

/** What a run starts from. */
export interface EvolutionStart {
  readonly constants: StrategyConstants
  /** Shape (n). */
  readonly mean: Float64Array
  readonly sigma: number
  /** Entries of the start's covariance; the identity by default. Shape (n, n), or (n) when separable. */
  readonly C?: Float64Array | undefined
  /** Whether the covariance stays diagonal. Default false. */
  readonly isSeparable?: boolean
  /** On which axes the mean stays between 0 and 1. Default none. Shape (n). */
  readonly isBounded?: readonly boolean[]
}

/** The distribution before an update, as far as an update changes it. */
export interface Before {
  readonly mean: Float64Array
  readonly sigma: number
  /** Entries of the covariance. */
  readonly C: Float64Array
}

/** What a run can be gone on with, beside its start. */
export interface SavedEvolution {
  readonly mean: Float64Array
  readonly sigma: number
  readonly C: Float64Array
  readonly widths: Float64Array
  readonly pSigma: Float64Array
  readonly pC: Float64Array
  readonly freedom: number
  readonly generation: number
}

/** A normal distribution that learns from ranked candidates. */
export class Evolution {
  readonly n: number
  readonly constants: StrategyConstants
  readonly mean: Float64Array
  sigma: number
  readonly covariance: Covariance
  readonly widths: Float64Array
  readonly pSigma: Float64Array
  readonly pC: Float64Array
  /** In how many directions the mean could move, averaged as p_σ is. */
  freedom: number
  /** How many times it learned. */
  generation = 0
  /** Whether the path of the covariance was let grow in the last update. */
  hsig = true
  readonly #isBounded: readonly boolean[]

  constructor({ constants, mean, sigma, C, isSeparable = false, isBounded = [] }: EvolutionStart) {
    const n = mean.length
    this.n = n
    this.constants = constants
    this.mean = mean.slice()
    this.sigma = sigma
    this.covariance = isSeparable ? diagonalCovariance(n, C?.slice()) : fullCovariance(n, C?.slice())
    this.widths = new Float64Array(n).fill(1)
    this.pSigma = new Float64Array(n)
    this.pC = new Float64Array(n)
    this.#isBounded = isBounded
    this.freedom = n
  }

  /** The point that a standard normal vector stands for. */
  point(z: Float64Array): Float64Array {
    const x = new Float64Array(this.n)
    this.covariance.stretch(z, x)
    for (let j = 0; j < this.n; j++) {
      x[j] = (this.mean[j] as number) + this.sigma * (this.widths[j] as number) * (x[j] as number)
    }
    return x
  }

  /** Standard deviation of coordinate j. */
  deviation(j: number): number {
    return this.sigma * (this.widths[j] as number) * Math.sqrt(this.covariance.variance(j))
  }

  /**
   * Learns from one generation: mean, step size, then covariance. O(n³ + λ n²).
   * @param candidates - λ of them, in any order.
   * @param temper - Called when mean, σ and the entries of the covariance are updated, before its root is.
   */
  update(candidates: readonly Candidate[], temper?: (before: Before) => void): void {
    const { mu, weights } = this.constants
    const before = temper === undefined ? undefined : this.#copy()
    const steps = candidates.toSorted(byRank).map((candidate) => this.#stepTo(candidate))
    const yw = new Float64Array(this.n)
    for (let i = 0; i < mu; i++) addTo(yw, weights[i] as number, (steps[i] as Step).y)
    this.generation++
    const freedom = this.#moveMean(yw)
    this.#adaptStepSize(yw, freedom)
    this.#adaptCovariance(yw, steps)
    if (before !== undefined) temper?.(before)
    this.covariance.decompose()
  }

  /** Makes of `yw` the step that was made: a bound may stop it. Returns on how many axes none did. */
  #moveMean(yw: Float64Array): number {
    let freedom = this.n
    for (let j = 0; j < this.n; j++) {
      const scale = this.sigma * (this.widths[j] as number)
      const from = this.mean[j] as number
      const to = from + scale * (yw[j] as number)
      const bounded = this.#isBounded[j] === true ? Math.min(1, Math.max(0, to)) : to
      this.mean[j] = bounded
      if (bounded === to) continue
      yw[j] = (bounded - from) / scale
      freedom--
    }
    return freedom
  }

  #copy(): Before {
    return { mean: this.mean.slice(), sigma: this.sigma, C: this.covariance.entries.slice() }
  }

  #adaptCovariance(yw: Float64Array, steps: readonly Step[]): void {
    const { n, covariance } = this
    const { weights, mueff, c1, cmu, cc } = this.constants
    decay(this.pC, 1 - cc)
    if (this.hsig) addTo(this.pC, Math.sqrt(cc * (2 - cc) * mueff), yw)
    let sum = 0
    for (const w of weights) sum += w
    // Makes up for the variance that a path which is held back does not bring (at eq. 47).
    const heldBack = this.hsig ? 0 : cc * (2 - cc)
    covariance.scale(1 + c1 * heldBack - c1 - cmu * sum)
    covariance.addOuter(c1, this.pC)
    for (let i = 0; i < weights.length; i++) {
      const { y, length } = steps[i] as Step
      const w = weights[i] as number
      // A bad candidate takes away no more than one of average length adds (eq. 46).
      covariance.addOuter(cmu * (w >= 0 ? w : (w * n) / (length * length + 1e-8)), y)
    }
  }

  /** y and |C^-½ y| of a candidate. */
  #stepTo({ x, isInjected = false }: Candidate): Step {
    const { n } = this
    const y = new Float64Array(n)
    for (let j = 0; j < n; j++) {
      y[j] = ((x[j] as number) - (this.mean[j] as number)) / (this.sigma * (this.widths[j] as number))
    }
    const white = new Float64Array(n)
    this.covariance.whiten(y, white)
    const length = norm(white)
    const longest = Math.sqrt(n) + (2 * n) / (n + 2)
    if (!isInjected || length <= longest) return { y, length }
    decay(y, longest / length)
    return { y, length: longest }
  }

  #adaptStepSize(yw: Float64Array, freedom: number): void {
    const { n } = this
    const { mueff, cs, damps, chiN } = this.constants
    const white = new Float64Array(n)
    this.covariance.whiten(yw, white)
    decay(this.pSigma, 1 - cs)
    addTo(this.pSigma, Math.sqrt(cs * (2 - cs) * mueff), white)
    // A mean that bounds hold in some directions makes shorter steps: without this, σ would shrink in all the others.
    this.freedom = (1 - cs) ** 2 * this.freedom + cs * (2 - cs) * freedom
    const length = norm(this.pSigma) / Math.sqrt(Math.max(1, this.freedom) / n)
    // The path starts at 0 and needs time to get its length: this is counted out.
    const started = Math.sqrt(1 - (1 - cs) ** (2 * this.generation))
    this.hsig = length / started < (1.4 + 2 / (n + 1)) * chiN
    this.sigma *= Math.exp((cs / damps) * (length / chiN - 1))
  }

  save(): SavedEvolution {
    return {
      mean: this.mean.slice(),
      sigma: this.sigma,
      C: this.covariance.entries.slice(),
      widths: this.widths.slice(),
      pSigma: this.pSigma.slice(),
      pC: this.pC.slice(),
      freedom: this.freedom,
      generation: this.generation,
    }
  }

  restore({ mean, sigma, C, widths, pSigma, pC, freedom, generation }: SavedEvolution): void {
    this.mean.set(mean)
    this.sigma = sigma
    this.covariance.entries.set(C)
    this.covariance.decompose()
    this.widths.set(widths)
    this.pSigma.set(pSigma)
    this.pC.set(pC)
    this.freedom = freedom
    this.generation = generation
  }
}

interface Step {
  readonly y: Float64Array
  /** Of y where the distribution is round. */
  readonly length: number
}

/** Best first; NaN with the worst. */
function byRank(a: Candidate, b: Candidate): number {
  const [left, right] = [rankable(a.loss), rankable(b.loss)]
  return left === right ? a.number - b.number : left < right ? -1 : 1
}

function rankable(loss: number): number {
  return Number.isNaN(loss) ? Infinity : loss
}

function addTo(target: Float64Array, weight: number, y: Float64Array): void {
  for (let j = 0; j < target.length; j++) target[j] = (target[j] as number) + weight * (y[j] as number)
}

function decay(target: Float64Array, factor: number): void {
  for (let j = 0; j < target.length; j++) target[j] = (target[j] as number) * factor
}

function norm(y: Float64Array): number {
  let sum = 0
  for (const value of y) sum += value * value
  return Math.sqrt(sum)
}
