/**
 * Kernel parameters that the data make likely: the maximum of likelihood times prior (MAP), by L-BFGS.
 *
 *   raw // (d + 2): log l₁ … log l_d, log scale, log(noise - minimum)
 *   W = A⁻¹ - alpha alphaᵀ // (n, n) with A = K + noise I
 *   dloss / dθ = ½ tr(W dA/dθ)
 *
 * Source: Rasmussen & Williams 2006, equation 5.9. The priors are those of Optuna 5: Gamma(2, 1) on the scale,
 * Gamma(1.1, 30) on the noise, and exp(-0.1 / l - 0.1 l) on each l.
 */
import { cholesky, invertCholesky, solveLower, solveLowerTransposed } from '../cholesky.ts'
import { minimize, type SmoothFunction } from '../lbfgs.ts'
import type { Inputs, KernelParameters } from './kernel.ts'
import { squaredDistances } from './kernel.ts'

/** The least variance of the noise: with less, the covariance matrix of near points is singular. */
export const MINIMUM_NOISE = 1e-6

/** How to fit. */
export interface FitOptions {
  /** Where to start. Default: 1 for everything. */
  readonly start?: KernelParameters | undefined
  /** Whether the values have no noise: it then stays at the minimum. Default false. */
  readonly isDeterministic?: boolean
  /** Default 1e-6. */
  readonly minimumNoise?: number
  /** No entry of the gradient of the loss is larger at the end. Default 0.01. */
  readonly gradientTolerance?: number
}

/** The log of the prior density of kernel parameters, without constants. */
export function logPrior({ inverseSquaredLengthscales, scale, noise }: KernelParameters): number {
  let sum = Math.log(scale) - scale + 0.1 * Math.log(noise) - 30 * noise
  for (const l of inverseSquaredLengthscales) sum -= 0.1 / l + 0.1 * l
  return sum
}

/** Kernel parameters as the minimiser moves them. Shape (d + 2). */
export function rawOf(
  { inverseSquaredLengthscales, scale, noise }: KernelParameters,
  minimumNoise = MINIMUM_NOISE,
): Float64Array {
  const d = inverseSquaredLengthscales.length
  const raw = new Float64Array(d + 2)
  for (let j = 0; j < d; j++) raw[j] = Math.log(inverseSquaredLengthscales[j] as number)
  raw[d] = Math.log(scale)
  // Noise that stands at its minimum has to come away from it.
  raw[d + 1] = Math.log(Math.max(noise - minimumNoise, 0.01 * minimumNoise))
  return raw
}

/** What `rawOf` came from. */
export function parametersOf(
  raw: Float64Array,
  minimumNoise: number,
  isDeterministic: boolean,
): KernelParameters {
  const d = raw.length - 2
  return {
    inverseSquaredLengthscales: raw.slice(0, d).map(Math.exp),
    scale: Math.exp(raw[d] as number),
    noise: isDeterministic ? minimumNoise : minimumNoise + Math.exp(raw[d + 1] as number),
  }
}

/**
 * Minus the log of likelihood times prior, with its gradient, of raw kernel parameters. Infinite where the covariance
 * matrix is not positive definite. O(n³ + n² d) a call.
 */
export function lossOf(
  inputs: Inputs,
  y: Float64Array,
  { isDeterministic = false, minimumNoise = MINIMUM_NOISE }: FitOptions = {},
): SmoothFunction {
  const { n, d, columns, isCategorical } = inputs
  const A = new Float64Array(n * n)
  const slopes = new Float64Array(n * n)
  const U = new Float64Array(n * n)
  const inverse = new Float64Array(n * n)
  const alpha = new Float64Array(n)
  return (raw, gradient) => {
    const parameters = parametersOf(raw, minimumNoise, isDeterministic)
    const { inverseSquaredLengthscales, scale, noise } = parameters
    for (let i = 0; i < n; i++) {
      const row = i * n
      squaredDistances(inputs, parameters, columns, i, n, i, A, row)
      for (let c = row; c < row + i; c++) {
        const s = Math.sqrt(5 * (A[c] as number))
        const e = scale * Math.exp(-s)
        A[c] = (1 + s + (s * s) / 3) * e
        slopes[c] = (-5 / 6) * (1 + s) * e
      }
      A[row + i] = scale + noise
    }
    if (!cholesky(A, n)) return Infinity
    alpha.set(y)
    solveLower(A, n, alpha)
    solveLowerTransposed(A, n, alpha)
    invertCholesky(A, n, U, inverse)
    let fit = 0
    let logDeterminant = 0
    let trace = 0
    for (let i = 0; i < n; i++) {
      const weight = alpha[i] as number
      fit += (y[i] as number) * weight
      logDeterminant += Math.log(A[i * n + i] as number)
      trace += (inverse[i * n + i] as number) - weight * weight
    }
    gradient.fill(0)
    // Row by row: the slopes become W ∘ dK/dr², and each dimension adds its part.
    for (let i = 1; i < n; i++) {
      const row = i * n
      const weight = alpha[i] as number
      for (let k = 0; k < i; k++) {
        slopes[row + k] =
          (slopes[row + k] as number) * ((inverse[row + k] as number) - weight * (alpha[k] as number))
      }
      for (let j = 0; j < d; j++) {
        const at = columns[j * n + i] as number
        let sum = 0
        if (isCategorical[j] === 1) {
          for (let k = 0; k < i; k++) if (columns[j * n + k] !== at) sum += slopes[row + k] as number
        } else {
          for (let k = 0, c = j * n; k < i; k++, c++) {
            const gap = at - (columns[c] as number)
            sum += (slopes[row + k] as number) * gap * gap
          }
        }
        gradient[j] = (gradient[j] as number) + sum
      }
    }
    for (let j = 0; j < d; j++) {
      const l = inverseSquaredLengthscales[j] as number
      gradient[j] = l * (gradient[j] as number) - 0.1 / l + 0.1 * l
    }
    // tr(W K) = tr(W A) - noise tr W, and tr(W A) = n - y·alpha: K itself is not needed any more.
    gradient[d] = 0.5 * (n - fit - noise * trace) + scale - 1
    gradient[d + 1] = isDeterministic ? 0 : (noise - minimumNoise) * (0.5 * trace - 0.1 / noise + 30)
    return 0.5 * fit + logDeterminant - logPrior(parameters)
  }
}

/**
 * Fits kernel parameters. Where the fit fails from `start`, it is tried from the default; where that fails too, the
 * default itself comes back.
 * @param y - Of mean 0 and deviation 1, or nearly so: the priors are made for it.
 */
export function fitKernel(inputs: Inputs, y: Float64Array, options: FitOptions = {}): KernelParameters {
  const { start, isDeterministic = false, minimumNoise = MINIMUM_NOISE, gradientTolerance = 0.01 } = options
  const loss = lossOf(inputs, y, options)
  const standard = defaultParameters(inputs.d)
  for (const from of start === undefined ? [standard] : [start, standard]) {
    const { x, value } = minimize(loss, rawOf(from, minimumNoise), {
      gradientTolerance,
      valueTolerance: 0.1 * gradientTolerance ** 2,
    })
    if (Number.isFinite(value)) return parametersOf(x, minimumNoise, isDeterministic)
  }
  return { ...standard, ...(isDeterministic ? { noise: minimumNoise } : {}) }
}

/** 1 for everything: where a fit starts. */
export function defaultParameters(d: number): KernelParameters {
  return { inverseSquaredLengthscales: new Float64Array(d).fill(1), scale: 1, noise: 1 }
}
