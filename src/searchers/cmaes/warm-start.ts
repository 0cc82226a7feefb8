import { symmetricEigen } from '../../math/symmetric-eigen.ts'

/** A search distribution: normal around `mean`, with covariance sigma² · C. */
export interface SearchDistribution {
  /** Shape (n). */
  readonly mean: Float64Array
  readonly sigma: number
  /** Of determinant 1. Shape (n, n), row-major. */
  readonly C: Float64Array
}

/** How far results of another task are trusted. */
export interface WarmStartOptions {
  /** Share of the points that are promising. Above 0, at most 1. Default 0.1. */
  readonly gamma?: number
  /** Width of the normal kernel around each of them, in units of the range of a parameter. Default 0.1. */
  readonly alpha?: number
}

/**
 * The normal distribution nearest, in Kullback-Leibler divergence, to a mixture of kernels around the best points of a
 * similar task: mean and covariance of these, wider by α² in every direction.
 * Source: Nomura, Watanabe, Akimoto, Ozaki & Onishi 2021, "Warm Starting CMA-ES for Hyperparameter Optimization", AAAI,
 * arXiv:2012.06932. Ties go to the earlier point.
 * @param points - In the unit box, with their losses; at least one. NaN counts as worst.
 * @returns σ and C such that σ² C is the covariance and C has determinant 1.
 */
export function warmStart(
  points: readonly { readonly x: Float64Array; readonly loss: number }[],
  { gamma = 0.1, alpha = 0.1 }: WarmStartOptions = {},
): SearchDistribution {
  const best = points
    .toSorted((a, b) => byLoss(a.loss, b.loss))
    .slice(0, Math.max(1, Math.floor(gamma * points.length)))
  const n = (best[0] as { readonly x: Float64Array }).x.length
  const mean = new Float64Array(n)
  for (const { x } of best)
    for (let j = 0; j < n; j++) mean[j] = (mean[j] as number) + (x[j] as number) / best.length
  const C = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (const { x } of best)
        sum += ((x[i] as number) - (mean[i] as number)) * ((x[j] as number) - (mean[j] as number))
      C[i * n + j] = sum / best.length + (i === j ? alpha * alpha : 0)
    }
  }
  let logDeterminant = 0
  for (const value of symmetricEigen(C, n).values) logDeterminant += Math.log(value)
  const sigma = Math.exp(logDeterminant / (2 * n))
  return { mean, sigma, C: C.map((entry) => entry / (sigma * sigma)) }
}

function byLoss(a: number, b: number): number {
  if (a === b) return 0
  return a < b || Number.isNaN(b) ? -1 : 1
}
