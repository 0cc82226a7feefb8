import type { Crossover } from './crossover.ts'
import { oneOfTwo } from './one-of-two.ts'
import type { SbxSettings } from './sbx.ts'

// A uniform draw of 0 would be divided by.
const LEAST = 1e-10

/**
 * Simulated binary crossover that leaves no part of the space out, so that several optima survive beside each other.
 * Source: Ballester & Carter 2003, GECCO, section 3.2 (vSBX).
 */
export function vsbx(settings: SbxSettings): Crossover {
  const power = 1 / (settings.eta + 1)
  return oneOfTwo(settings, (random) => {
    const isFirstNearFirst = random.next() <= 0.5
    const isSecondNearFirst = random.next() <= 0.5
    return (x, y) => {
      const u = random.next()
      const beta = (1 / Math.max(2 * u, LEAST)) ** power
      const gamma = (1 / Math.max(2 * (1 - u), LEAST)) ** power
      return [
        isFirstNearFirst ? ((1 + beta) * x + (1 - gamma) * y) / 2 : ((1 - beta) * x + (1 + gamma) * y) / 2,
        isSecondNearFirst ? ((3 - beta) * x - (1 - gamma) * y) / 2 : (-(1 - beta) * x + (3 - gamma) * y) / 2,
      ]
    }
  })
}
