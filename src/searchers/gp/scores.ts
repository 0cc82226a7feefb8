import type { RandomStream } from '../../random/random.ts'

// A range of zero would divide by zero.
const DEVIATION_MIN = 1e-10

/** Values made comparable with a standard normal: mean 0, deviation 1. */
export interface Standardized {
  readonly y: Float64Array
  readonly mean: number
  readonly deviation: number
}

/**
 * Standardises values; infinite ones count as the largest or smallest finite one, and as 0 when none is finite.
 * Source: Optuna 5, `_standardize_values`.
 */
export function standardized(values: ArrayLike<number>): Standardized {
  const finite = finiteOf(values)
  const n = finite.length
  // The square of a number beyond 1e154 is infinite.
  const unit = Math.max(1, finite.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 1e100)
  let mean = 0
  for (const x of finite) mean += x / unit / n
  let variance = 0
  for (const x of finite) variance += (x / unit - mean) ** 2 / n
  const deviation = Math.max(DEVIATION_MIN / unit, Math.sqrt(variance))
  return {
    y: finite.map((x) => (x / unit - mean) / deviation),
    mean: mean * unit,
    deviation: deviation * unit,
  }
}

/** Values with infinities brought in to the nearest finite value. */
export function finiteOf(values: ArrayLike<number>): Float64Array {
  let low = Infinity
  let high = -Infinity
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number
    if (!Number.isFinite(x)) continue
    low = Math.min(low, x)
    high = Math.max(high, x)
  }
  if (low > high) return new Float64Array(values.length)
  return Float64Array.from({ length: values.length }, (_, i) =>
    Math.min(high, Math.max(low, values[i] as number)),
  )
}

/**
 * Several losses as one, by weights drawn at random: the largest weighted loss, and a little of all of them.
 * Source: Knowles 2006, ParEGO, IEEE Trans. Evol. Comput. 10, equation 2, with ρ = 0.05.
 * @param losses - Finite, one array an objective; each is stretched to [0, 1] first.
 */
export function chebyshev(losses: readonly Float64Array[], random: RandomStream): Float64Array {
  // Exponential numbers over their sum are uniform over all weights.
  const draws = losses.map(() => -Math.log(1 - random.next()))
  const sum = draws.reduce((total, draw) => total + draw, 0)
  const units = losses.map((loss) => {
    const low = loss.reduce((least, x) => Math.min(least, x), Infinity)
    const high = loss.reduce((most, x) => Math.max(most, x), -Infinity)
    // Halves, since the difference of two large numbers may be infinite.
    return loss.map((x) => (high > low ? (x / 2 - low / 2) / (high / 2 - low / 2) : 0))
  })
  return (units[0] as Float64Array).map((_, i) => {
    const weighted = units.map((unit, j) => ((draws[j] as number) / sum) * (unit[i] as number))
    return Math.max(...weighted) + 0.05 * weighted.reduce((total, x) => total + x, 0)
  })
}
