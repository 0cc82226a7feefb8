import type { Crossover } from './crossover.ts'
import { type OneOfTwo, oneOfTwo } from './one-of-two.ts'

/** Options of `sbx` and `vsbx`. */
export interface SbxSettings extends OneOfTwo {
  /** Distribution index, from 0: the larger, the nearer are children to their parents. */
  readonly eta: number
}

// Parents that are equal would be divided by.
const LEAST_DISTANCE = 1e-10

/**
 * Simulated binary crossover: children lie about their parents as far as one-point crossover of bit strings would put
 * them, within the bounds.
 * Source: Deb & Agrawal 1995, Complex Systems 9; bounded as in the authors' NSGA-II.
 */
export function sbx(settings: SbxSettings): Crossover {
  const { eta } = settings
  return oneOfTwo(settings, (random) => (x, y) => {
    const low = Math.min(x, y)
    const high = Math.max(x, y)
    const distance = Math.max(high - low, LEAST_DISTANCE)
    const u = random.next()
    const middle = (low + high) / 2
    return [
      middle - (spread(u, 1 + (2 * low) / distance, eta) * distance) / 2,
      middle + (spread(u, 1 + (2 * (1 - high)) / distance, eta) * distance) / 2,
    ]
  })
}

/** β of equation 3, cut off where the child would pass the bound that is β = `limit` away. */
function spread(u: number, limit: number, eta: number): number {
  const alpha = 2 - limit ** -(eta + 1)
  const power = 1 / (eta + 1)
  return u <= 1 / alpha ? (u * alpha) ** power : (1 / (2 - u * alpha)) ** power
}
