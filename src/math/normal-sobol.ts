import type { RandomStream } from '../random/random.ts'
import { ndtri } from './normal.ts'
import { SobolSequence } from './sobol.ts'

// Coordinates beyond what Sobol numbers reach are drawn by chance.
const SOBOL_MAX = 400

/**
 * Standard normal draws that are spread more evenly than by chance: scrambled Sobol points through the quantile function,
 * z = Φ⁻¹(u) for u // (count, dimensions).
 * Source: Balandat et al. 2020, arXiv:1910.06403 (randomised quasi-Monte Carlo for acquisition functions).
 * @param dimensions - Numbers a draw, from 1.
 * @param count - How many draws; a power of two is spread most evenly.
 * @returns One row a draw. Shape (dimensions) each.
 */
export function normalSobol(dimensions: number, count: number, random: RandomStream): Float64Array[] {
  const sobol = new SobolSequence(Math.min(dimensions, SOBOL_MAX), { scramble: random.fork('sobol') })
  return Array.from({ length: count }, () => {
    const u = sobol.next()
    return Float64Array.from({ length: dimensions }, (_, j) => {
      // 0 is possible, and has no quantile.
      return j < SOBOL_MAX ? ndtri(Math.max(u[j] as number, 2 ** -33)) : random.normal()
    })
  })
}
