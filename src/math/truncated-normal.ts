import { logGaussMass, logNdtr, ndtriExp, normalLogPdf } from './normal.ts'

/**
 * Log density at `x` of the standard normal distribution cut to [a, b]: log φ(x) - log(Φ(b) - Φ(a)).
 * Source: Johnson, Kotz & Balakrishnan 1994, Continuous Univariate Distributions 1, section 10.1 of chapter 13.
 * @returns -Infinity outside of [a, b]; NaN when `a` equals `b`.
 */
export function truncatedNormalLogPdf(x: number, a: number, b: number): number {
  if (a === b) return Number.NaN
  return x < a || x > b ? -Infinity : normalLogPdf(x) - logGaussMass(a, b)
}

/**
 * The number below which a share `q` of the standard normal distribution cut to [a, b] lies: Φ⁻¹(Φ(a) + q (Φ(b) - Φ(a))).
 * Works with logarithms, so that an interval may lie in the far tails, as `scipy.stats.truncnorm` does.
 * @param q - From 0, which gives `a`, to 1, which gives `b`.
 * @returns A number from `a` to `b`; NaN when they are equal.
 */
export function truncatedNormalQuantile(q: number, a: number, b: number): number {
  if (a === b) return Number.NaN
  if (q <= 0) return a
  if (q >= 1) return b
  const logMass = logGaussMass(a, b)
  // Each side is computed from its own tail, where probabilities keep their digits.
  const x =
    a < 0
      ? ndtriExp(logSum(logNdtr(a), Math.log(q) + logMass))
      : -ndtriExp(logSum(logNdtr(-b), Math.log1p(-q) + logMass))
  return x < a ? a : x > b ? b : x
}

/** log(exp(a) + exp(b)), at most 0: a probability. */
function logSum(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a]
  // The difference of two -Infinity would be NaN.
  return large === -Infinity ? large : Math.min(0, large + Math.log1p(Math.exp(small - large)))
}
