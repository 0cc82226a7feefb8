/**
 * Gaussian process regression for a function that drifts: what was seen long ago says less.
 *
 *   X // (n, d) inputs, row after row    t // (n) their times    y // (n) values, of mean about 0 and deviation about 1
 *   D, T // (n, n) squared distances of inputs, halves of distances of times
 *   K = v exp(-D / l) (1 - ε)^T    W = (K + noise I)⁻¹ - alpha alphaᵀ, by which the likelihood changes with K
 *
 * Source: Bogunovic et al. 2016, Time-Varying Gaussian Process Bandit Optimization, section 3 (the kernel); Parker-Holder
 * et al. 2020, arXiv:2002.02518, section 4; Rasmussen & Williams 2006, equation 5.9 (the slope of the likelihood).
 */
import { cholesky, invertCholesky, solveLower, solveLowerTransposed } from '../cholesky.ts'
import { minimize } from '../lbfgs.ts'

/** Inputs with the time at which each was tried. */
export interface TimedInputs {
  readonly n: number
  readonly d: number
  /** Shape (n, d), row after row. */
  readonly points: Float64Array
  /** Shape (n). */
  readonly times: Float64Array
}

/** What is fitted to the data. */
export interface TimeVaryingParameters {
  /** v: the variance of the function before anything is known. */
  readonly variance: number
  /** l: the square of a length. */
  readonly lengthscale: number
  /** ε: how much is forgotten in two units of time, from 0 to 0.5. */
  readonly forgetting: number
  readonly noise: number
}

const START: TimeVaryingParameters = { variance: 1, lengthscale: 1, forgetting: 0.1, noise: 0.01 }
const LOWER: TimeVaryingParameters = { variance: 1e-5, lengthscale: 1e-5, forgetting: 1e-5, noise: 1e-6 }
const UPPER: TimeVaryingParameters = { variance: 1e5, lengthscale: 1e5, forgetting: 0.5, noise: 1 }

/**
 * The parameters under which the data are most likely, as far as a search from one start finds them.
 * Cost: O(n³) for each of some tens of steps; of some few from a start that was fitted to much the same data.
 * @param start - Where the search begins. Default: what suits values of mean 0 and deviation 1.
 */
export function fitTimeVarying(
  inputs: TimedInputs,
  y: Float64Array,
  start: TimeVaryingParameters = START,
): TimeVaryingParameters {
  const loss = lossOf(inputs, y)
  const bounds = { lower: logsOf(LOWER), upper: logsOf(UPPER) }
  const { x, value } = minimize(loss, logsOf(start), {
    bounds,
    gradientTolerance: 1e-3,
    valueTolerance: 1e-6,
    iterationsMax: 50,
  })
  return Number.isFinite(value) ? parametersOf(x) : start
}

/** The belief at a point and how it changes with the point. */
export class TimeVaryingProcess {
  readonly #inputs: TimedInputs
  readonly #parameters: TimeVaryingParameters
  readonly #L: Float64Array
  readonly #alpha: Float64Array
  readonly #k: Float64Array
  readonly #v: Float64Array

  /** Cost: O(n³). */
  constructor(inputs: TimedInputs, y: Float64Array, parameters: TimeVaryingParameters) {
    const { n } = inputs
    this.#inputs = inputs
    this.#parameters = parameters
    this.#L = factorOf(inputs, parameters)
    this.#alpha = weightsOf(this.#L, y)
    this.#k = new Float64Array(n)
    this.#v = new Float64Array(n)
  }

  /**
   * Mean at a point. Cost: O(n d).
   * @param x - Shape (d).
   * @param byMean - Receives how the mean changes with each coordinate. Shape (d).
   */
  meanAt(x: ArrayLike<number>, time: number, byMean: Float64Array): number {
    const { n, d, points, times } = this.#inputs
    const { lengthscale } = this.#parameters
    let mean = 0
    byMean.fill(0)
    for (let i = 0; i < n; i++) {
      const distance = squaredDistance(points, i, x, 0, d)
      const k = covariance(this.#parameters, distance, 0.5 * Math.abs(time - (times[i] as number)))
      const part = k * (this.#alpha[i] as number)
      mean += part
      for (let j = 0; j < d; j++) {
        const slope = (-2 * ((x[j] as number) - (points[i * d + j] as number))) / lengthscale
        byMean[j] = (byMean[j] as number) + slope * part
      }
    }
    return mean
  }

  /**
   * Mean and variance at a point, without noise. Cost: O(n² + n d).
   * @param x - Shape (d).
   * @param byMean - Receives how the mean changes with each coordinate. Shape (d).
   * @param byVariance - Receives how the variance does. Shape (d).
   */
  at(x: ArrayLike<number>, time: number, byMean: Float64Array, byVariance: Float64Array) {
    const { n, d, points, times } = this.#inputs
    const { variance, lengthscale } = this.#parameters
    const [k, v, alpha] = [this.#k, this.#v, this.#alpha]
    let mean = 0
    for (let i = 0; i < n; i++) {
      const distance = squaredDistance(points, i, x, 0, d)
      k[i] = covariance(this.#parameters, distance, 0.5 * Math.abs(time - (times[i] as number)))
      mean += (k[i] as number) * (alpha[i] as number)
    }
    v.set(k)
    solveLower(this.#L, n, v)
    let explained = 0
    for (let i = 0; i < n; i++) explained += (v[i] as number) ** 2
    solveLowerTransposed(this.#L, n, v)
    for (let j = 0; j < d; j++) {
      let [meanSlope, varianceSlope] = [0, 0]
      for (let i = 0; i < n; i++) {
        const slope =
          ((-2 * ((x[j] as number) - (points[i * d + j] as number))) / lengthscale) * (k[i] as number)
        meanSlope += (alpha[i] as number) * slope
        varianceSlope -= 2 * (v[i] as number) * slope
      }
      byMean[j] = meanSlope
      byVariance[j] = varianceSlope
    }
    return { mean, variance: Math.max(0, variance - explained) }
  }
}

/**
 * Minus the log likelihood of the data, without its constant, as a function of the logarithms of the parameters in the
 * order of `logsOf`; it also writes its slope.
 */
export function lossOf(
  { n, d, points, times }: TimedInputs,
  y: Float64Array,
): (logs: Float64Array, gradient: Float64Array) => number {
  const D = new Float64Array(n * n)
  const T = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) {
      D[i * n + k] = squaredDistance(points, i, points, k, d)
      T[i * n + k] = 0.5 * Math.abs((times[i] as number) - (times[k] as number))
    }
  }
  const [K, L, U, inverse] = Array.from({ length: 4 }, () => new Float64Array(n * n)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  return (logs, gradient) => {
    const parameters = parametersOf(logs)
    const { variance, lengthscale, forgetting, noise } = parameters
    for (let i = 0; i < n; i++) {
      for (let c = i * n; c < i * n + i; c++) {
        K[c] = covariance(parameters, D[c] as number, T[c] as number)
      }
      K[i * n + i] = variance
      L.set(K.subarray(i * n, i * n + i + 1), i * n)
      L[i * n + i] = variance + noise
    }
    gradient.fill(0)
    if (!cholesky(L, n)) return Infinity
    const alpha = weightsOf(L, y)
    invertCholesky(L, n, U, inverse)
    let [loss, byVariance, byLengthscale, byForgetting, byNoise] = [0, 0, 0, 0, 0]
    for (let i = 0; i < n; i++) {
      const a = alpha[i] as number
      for (let k = 0, c = i * n; k < i; k++, c++) {
        // The other triangle is the same: twice a half.
        const slope = ((inverse[c] as number) - a * (alpha[k] as number)) * (K[c] as number)
        byVariance += slope
        byLengthscale += slope * (D[c] as number)
        byForgetting -= slope * (T[c] as number)
      }
      const diagonal = (inverse[i * n + i] as number) - a * a
      byVariance += 0.5 * diagonal * variance
      byNoise += 0.5 * diagonal * noise
      loss += 0.5 * (y[i] as number) * a + Math.log(L[i * n + i] as number)
    }
    gradient.set([
      byVariance,
      byLengthscale / lengthscale,
      (byForgetting * forgetting) / (1 - forgetting),
      byNoise,
    ])
    return loss
  }
}

/** Their logarithms: variance, length scale, forgetting, noise. */
export function logsOf({ variance, lengthscale, forgetting, noise }: TimeVaryingParameters): Float64Array {
  return Float64Array.of(variance, lengthscale, forgetting, noise).map(Math.log)
}

function parametersOf(logs: Float64Array): TimeVaryingParameters {
  const [variance = NaN, lengthscale = NaN, forgetting = NaN, noise = NaN] = logs.map(Math.exp)
  return { variance, lengthscale, forgetting, noise }
}

/** Of row `i` of some points to row `k` of others. */
function squaredDistance(
  points: ArrayLike<number>,
  i: number,
  others: ArrayLike<number>,
  k: number,
  d: number,
): number {
  let sum = 0
  for (let j = 0; j < d; j++) sum += ((points[i * d + j] as number) - (others[k * d + j] as number)) ** 2
  return sum
}

function covariance(
  { variance, lengthscale, forgetting }: TimeVaryingParameters,
  squared: number,
  halfTime: number,
): number {
  return variance * Math.exp(-squared / lengthscale + halfTime * Math.log1p(-forgetting))
}

function weightsOf(L: Float64Array, y: Float64Array): Float64Array {
  const weights = y.slice()
  solveLower(L, y.length, weights)
  solveLowerTransposed(L, y.length, weights)
  return weights
}

function factorOf({ n, d, points, times }: TimedInputs, parameters: TimeVaryingParameters): Float64Array {
  const { variance, noise } = parameters
  const L = new Float64Array(n * n)
  // Points that lie on one another under little noise: more of it makes them apart.
  for (let jitter = 0; ; jitter = Math.max(1e-8 * variance, 10 * jitter)) {
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) {
        const distance = squaredDistance(points, i, points, k, d)
        const halfTime = 0.5 * Math.abs((times[i] as number) - (times[k] as number))
        L[i * n + k] = covariance(parameters, distance, halfTime)
      }
      L[i * n + i] = variance + noise + jitter
    }
    if (cholesky(L, n) || !(jitter < variance)) return L
  }
}
