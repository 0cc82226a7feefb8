import type { Crossover } from './crossover.ts'

/**
 * Draws each number from the interval between two parents, widened on both sides by `alpha` times its length.
 * Source: Eshelman & Schaffer 1992, FOGA 2 (BLX-α).
 * @param alpha - From 0.
 */
export function blxAlpha(alpha: number): Crossover {
  return {
    parentCount: 2,
    cross: ([a, b], random) =>
      (a as Float64Array).map((x, i) => {
        const y = (b as Float64Array)[i] as number
        const low = Math.min(x, y)
        const range = Math.abs(x - y)
        return low - alpha * range + random.next() * (1 + 2 * alpha) * range
      }),
  }
}
