import type { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import { logNdtr, normalLogPdf } from '../normal.ts'
import type { Acquisition } from './acquisition.ts'
import { STABILIZING_NOISE } from './expected-improvement.ts'

/**
 * The log of the probability that f(x) is at least `threshold`.
 * Source: Gardner et al. 2014, ICML, section 3.2: the factor of a constraint.
 */
export function logProbability(
  process: GaussianProcess,
  threshold: number,
  stabilizingNoise = STABILIZING_NOISE,
): Acquisition {
  const logPiOf = (mean: number, variance: number): number =>
    logNdtr((mean - threshold) / Math.sqrt(variance + stabilizingNoise))
  return {
    value(x) {
      const { mean, variance } = process.at(x)
      return logPiOf(mean, variance)
    },
    valueAndGradient(x, gradient) {
      const { mean, variance } = process.at(x)
      const sigma = Math.sqrt(variance + stabilizingNoise)
      const z = (mean - threshold) / sigma
      const logPhi = logNdtr(z)
      const byZ = Math.exp(normalLogPdf(z) - logPhi)
      gradient.fill(0)
      process.addGradient(byZ / sigma, (-byZ * z) / (2 * sigma * sigma), gradient)
      return logPhi
    },
    values(points, m, out) {
      const variances = new Float64Array(m)
      process.atAll(points, m, out, variances)
      for (let i = 0; i < m; i++) out[i] = logPiOf(out[i] as number, variances[i] as number)
    },
  }
}

/**
 * The bounds of f(x) at √beta standard deviations from its mean.
 * Source: Srinivas et al. 2010, arXiv:0912.3995, equation 6.
 */
export function confidenceBounds(
  { mean, variance }: { readonly mean: number; readonly variance: number },
  beta: number,
): { readonly lower: number; readonly upper: number } {
  const width = Math.sqrt(beta * variance)
  return { lower: mean - width, upper: mean + width }
}
