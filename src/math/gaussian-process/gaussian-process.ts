/**
 * Gaussian process regression: what is believed of a function at any point, given its values at some.
 *
 *   X // (n, d) inputs, by column       y // (n) values, of mean about 0 and deviation about 1
 *   L // (n, n) Cholesky factor of K + noise I      alpha = (K + noise I)⁻¹ y // (n)
 *   x // (d) a point      k // (n) its covariances with X      v = (K + noise I)⁻¹ k // (n)
 *   mean = k·alpha, variance = scale - k·v
 *
 * Source: Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, algorithm 2.1. The prior mean is 0.
 */
import { cholesky, solveLower, solveLowerFour, solveLowerTransposed } from '../cholesky.ts'
import { matern52 } from '../matern.ts'
import {
  covarianceMatrix,
  covariances,
  type Inputs,
  inputsOf,
  type KernelParameters,
  pointOf,
  squaredDistances,
} from './kernel.ts'

/** What is believed of the function's value at a point. */
export interface Belief {
  readonly mean: number
  /** Of the function itself, without noise. At least 0. */
  readonly variance: number
}

/**
 * A Gaussian process with fixed kernel parameters. Making one costs O(n³), a point O(n² + n d).
 * The methods share room to work in: one process serves one caller at a time.
 */
export class GaussianProcess {
  readonly inputs: Inputs
  readonly y: Float64Array
  readonly parameters: KernelParameters
  readonly alpha: Float64Array
  readonly #L: Float64Array
  // Of the point that `at` was last asked about.
  readonly #k: Float64Array
  readonly #v: Float64Array
  readonly #slopes: Float64Array
  readonly #x: Float64Array

  /**
   * @param known - A factor whose first `known.n` rows hold for these inputs too.
   */
  constructor(
    inputs: Inputs,
    y: Float64Array,
    parameters: KernelParameters,
    known?: { readonly L: Float64Array; readonly n: number },
  ) {
    const { n, d } = inputs
    this.inputs = inputs
    this.y = y
    this.parameters = parameters
    this.#L = factorOf(inputs, parameters, known)
    this.alpha = this.weightsOf(y)
    this.#k = new Float64Array(n)
    this.#v = new Float64Array(n)
    this.#slopes = new Float64Array(n)
    this.#x = new Float64Array(d)
  }

  /** The weights alpha that other values at the same inputs would have. Shape (n). */
  weightsOf(y: Float64Array): Float64Array {
    const weights = y.slice()
    solveLower(this.#L, this.inputs.n, weights)
    solveLowerTransposed(this.#L, this.inputs.n, weights)
    return weights
  }

  /** log p(y | X) without the constant -n/2 log 2π (algorithm 2.1, line 7). */
  logLikelihood(): number {
    const { n } = this.inputs
    let sum = 0
    for (let i = 0; i < n; i++) {
      sum -= 0.5 * (this.y[i] as number) * (this.alpha[i] as number) + Math.log(this.#L[i * n + i] as number)
    }
    return sum
  }

  /** The belief at one point. Remembers it for `addGradient` and `meanFor`. */
  at(x: Float64Array): Belief {
    const { inputs, parameters, alpha } = this
    const { n } = inputs
    const [k, v, slopes] = [this.#k, this.#v, this.#slopes]
    this.#x.set(x)
    squaredDistances(inputs, parameters, x, 0, 1, n, k, 0)
    let mean = 0
    for (let i = 0; i < n; i++) {
      // The kernel and its slope with one exponential.
      const s = Math.sqrt(5 * (k[i] as number))
      const e = parameters.scale * Math.exp(-s)
      const covariance = (1 + s + (s * s) / 3) * e
      slopes[i] = (-5 / 6) * (1 + s) * e
      k[i] = covariance
      v[i] = covariance
      mean += covariance * (alpha[i] as number)
    }
    solveLower(this.#L, n, v)
    let explained = 0
    for (let i = 0; i < n; i++) explained += (v[i] as number) * (v[i] as number)
    return { mean, variance: Math.max(0, parameters.scale - explained) }
  }

  /** What the mean at the point of `at` would be with other weights, those of `weightsOf`. */
  meanFor(weights: Float64Array): number {
    const k = this.#k
    let mean = 0
    for (let i = 0; i < k.length; i++) mean += (k[i] as number) * (weights[i] as number)
    return mean
  }

  /**
   * Adds to `gradient` how a function of the belief at the point of the last `at` changes with the point.
   * @param byMean - Its derivative by the mean.
   * @param byVariance - Its derivative by the variance.
   * @param gradient - Shape (d). Categorical dimensions get nothing.
   * @param weights - Those that the mean was made with. Default alpha.
   */
  addGradient(byMean: number, byVariance: number, gradient: Float64Array, weights = this.alpha): void {
    const { n, d, columns, isCategorical } = this.inputs
    const { inverseSquaredLengthscales } = this.parameters
    const [k, v, slopes, x] = [this.#k, this.#v, this.#slopes, this.#x]
    // `at` left L⁻¹ k in v. The room of k is free from here on.
    k.set(v)
    if (byVariance !== 0) solveLowerTransposed(this.#L, n, k)
    for (let i = 0; i < n; i++) {
      const byCovariance = byMean * (weights[i] as number) - 2 * byVariance * (k[i] as number)
      k[i] = 2 * byCovariance * (slopes[i] as number)
    }
    for (let j = 0; j < d; j++) {
      if (isCategorical[j] === 1) continue
      const at = x[j] as number
      let sum = 0
      for (let i = 0, c = j * n; i < n; i++, c++) sum += (k[i] as number) * (at - (columns[c] as number))
      gradient[j] = (gradient[j] as number) + (inverseSquaredLengthscales[j] as number) * sum
    }
  }

  /**
   * The beliefs at many points, four at a time.
   * @param points - Shape (m, d), row after row.
   * @param means - Receives them. Shape (m).
   * @param variances - Receives them. Shape (m).
   */
  atAll(points: Float64Array, m: number, means: Float64Array, variances: Float64Array): void {
    const { inputs, parameters, alpha } = this
    const { n, d } = inputs
    const distances = new Float64Array(n)
    const K = new Float64Array(4 * n)
    for (let first = 0; first < m; first += 4) {
      const sides = Math.min(4, m - first)
      if (sides < 4) K.fill(0)
      for (let side = 0; side < sides; side++) {
        squaredDistances(inputs, parameters, points, (first + side) * d, 1, n, distances, 0)
        let mean = 0
        for (let i = 0; i < n; i++) {
          const covariance = parameters.scale * matern52(distances[i] as number)
          K[4 * i + side] = covariance
          mean += covariance * (alpha[i] as number)
        }
        means[first + side] = mean
      }
      solveLowerFour(this.#L, n, K)
      for (let side = 0; side < sides; side++) {
        let explained = 0
        for (let c = side; c < 4 * n; c += 4) explained += (K[c] as number) * (K[c] as number)
        variances[first + side] = Math.max(0, parameters.scale - explained)
      }
    }
  }

  /**
   * The covariance matrix of the function's values at some points; its diagonal is at least 0.
   * @param points - Shape (m, d), row after row.
   * @returns Shape (m, m), whole.
   */
  jointCovariance(points: Float64Array, m: number): Float64Array {
    const { inputs, parameters } = this
    const { n, d, isCategorical } = inputs
    const among = inputsOf(points, m, isCategorical)
    const out = new Float64Array(m * m)
    covarianceMatrix(among, parameters, out, 0)
    const V = Array.from({ length: m }, (_, i) => {
      const v = new Float64Array(n)
      covariances(inputs, parameters, points.subarray(i * d, (i + 1) * d), v)
      solveLower(this.#L, n, v)
      return v
    })
    for (let i = 0; i < m; i++) {
      for (let j = 0; j <= i; j++) {
        let explained = 0
        for (let c = 0; c < n; c++)
          explained += ((V[i] as Float64Array)[c] as number) * ((V[j] as Float64Array)[c] as number)
        const covariance = (out[i * m + j] as number) - explained
        out[i * m + j] = i === j ? Math.max(0, covariance) : covariance
        out[j * m + i] = out[i * m + j] as number
      }
    }
    return out
  }

  /**
   * The same process once values at more points are known; its kernel parameters stay. O(n²) a point.
   * @param points - Shape (m, d), row after row.
   */
  given(points: Float64Array, values: ArrayLike<number>): GaussianProcess {
    const { d, n, isCategorical } = this.inputs
    const m = values.length
    const rows = new Float64Array((n + m) * d)
    for (let i = 0; i < n; i++) rows.set(pointOf(this.inputs, i), i * d)
    rows.set(points.subarray(0, m * d), n * d)
    const y = new Float64Array(n + m)
    y.set(this.y)
    y.set(Array.from(values), n)
    return new GaussianProcess(inputsOf(rows, n + m, isCategorical), y, this.parameters, { L: this.#L, n })
  }
}

function factorOf(
  inputs: Inputs,
  parameters: KernelParameters,
  known?: { readonly L: Float64Array; readonly n: number },
): Float64Array {
  const { n } = inputs
  const L = new Float64Array(n * n)
  const from = known?.n ?? 0
  for (let i = 0; i < from; i++)
    L.set((known as { L: Float64Array }).L.subarray(i * from, i * from + i + 1), i * n)
  covarianceMatrix(inputs, parameters, L, parameters.noise, from)
  if (cholesky(L, n, from)) return L
  // Points that lie on one another under little noise: more of it makes them apart.
  for (let jitter = 1e-10 * parameters.scale; ; jitter *= 10) {
    covarianceMatrix(inputs, parameters, L, parameters.noise + jitter)
    if (cholesky(L, n)) return L
    if (!(jitter < 1e10 * parameters.scale)) return identity(L, n)
  }
}

/** For kernel parameters that no noise can help, such as NaN: a factor that knows nothing. */
function identity(L: Float64Array, n: number): Float64Array {
  L.fill(0)
  for (let i = 0; i < n; i++) L[i * n + i] = 1
  return L
}
