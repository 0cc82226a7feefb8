import type { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import { eiShares, logEi } from '../log-ei.ts'
import { logSumExp } from '../log-sum-exp.ts'
import type { Acquisition } from './acquisition.ts'

/** Added to variances, so that a point that is known has a deviation to divide by. */
export const STABILIZING_NOISE = 1e-12

/**
 * The log of the expected improvement over `threshold` where more is better: log E[max(0, f(x) - threshold)].
 * Source: Ament et al. 2023, arXiv:2310.20708, equation 8.
 * @param threshold - The best value known.
 */
export function logExpectedImprovement(
  process: GaussianProcess,
  threshold: number,
  stabilizingNoise = STABILIZING_NOISE,
): Acquisition {
  const logEiOf = (mean: number, variance: number): number => {
    const sigma = Math.sqrt(variance + stabilizingNoise)
    return logEi((mean - threshold) / sigma) + Math.log(sigma)
  }
  return {
    value(x) {
      const { mean, variance } = process.at(x)
      return logEiOf(mean, variance)
    },
    valueAndGradient(x, gradient) {
      const { mean, variance } = process.at(x)
      const sigma = Math.sqrt(variance + stabilizingNoise)
      const z = (mean - threshold) / sigma
      const logH = logEi(z)
      const { Phi, phi } = eiShares(z, logH)
      gradient.fill(0)
      process.addGradient(Phi / sigma, phi / (2 * sigma * sigma), gradient)
      return logH + Math.log(sigma)
    },
    values(points, m, out) {
      const variances = new Float64Array(m)
      process.atAll(points, m, out, variances)
      for (let i = 0; i < m; i++) out[i] = logEiOf(out[i] as number, variances[i] as number)
    },
  }
}

/** One way in which the trials that run might end. */
export interface Fantasy {
  /** Weights of the process given their values: `weightsOf`. */
  readonly weights: Float64Array
  /** The best value known, theirs included. */
  readonly threshold: number
}

/**
 * Expected improvement while other points are still being tried: the mean over fantasies of how they end. The variance
 * is the same in all of them, since it does not depend on values.
 * Source: Snoek, Larochelle & Adams 2012, arXiv:1206.2944, section 3.2, in the log form of Ament et al. 2023.
 * @param process - Knows the points that are being tried.
 * @param fantasies - At least one.
 */
export function logFantasizedImprovement(
  process: GaussianProcess,
  fantasies: readonly Fantasy[],
  stabilizingNoise = STABILIZING_NOISE,
): Acquisition {
  const logEis = new Float64Array(fantasies.length)
  const zs = new Float64Array(fantasies.length)
  const mixed = new Float64Array(process.inputs.n)
  const value = (x: Float64Array): { value: number; sigma: number; logSum: number } => {
    const sigma = Math.sqrt(process.at(x).variance + stabilizingNoise)
    fantasies.forEach(({ weights, threshold }, s) => {
      const z = (process.meanFor(weights) - threshold) / sigma
      zs[s] = z
      logEis[s] = logEi(z)
    })
    const logSum = logSumExp(logEis)
    return { value: logSum - Math.log(fantasies.length) + Math.log(sigma), sigma, logSum }
  }
  return {
    value: (x) => value(x).value,
    valueAndGradient(x, gradient) {
      const { value: total, sigma, logSum } = value(x)
      mixed.fill(0)
      let byVariance = 0
      fantasies.forEach(({ weights }, s) => {
        const share = Math.exp((logEis[s] as number) - logSum)
        const { Phi, phi } = eiShares(zs[s] as number, logEis[s] as number)
        byVariance += (share * phi) / (2 * sigma * sigma)
        const byMean = (share * Phi) / sigma
        for (let i = 0; i < mixed.length; i++)
          mixed[i] = (mixed[i] as number) + byMean * (weights[i] as number)
      })
      gradient.fill(0)
      process.addGradient(1, byVariance, gradient, mixed)
      return total
    },
    values(points, m, out) {
      const d = process.inputs.d
      for (let i = 0; i < m; i++) out[i] = value(points.subarray(i * d, (i + 1) * d)).value
    },
  }
}
