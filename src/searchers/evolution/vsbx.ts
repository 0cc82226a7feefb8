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
  return {
    parentCount: 2,
    cross([a, b], random) {
      const parents = [a as Float64Array, b as Float64Array] as const
      const first = parents[0].slice()
      const second = parents[1].slice()
      const isFirstNearFirst = random.next() <= 0.5
      const isSecondNearFirst = random.next() <= 0.5
      for (let i = 0; i < first.length; i++) {
        const x = parents[0][i] as number
        const y = parents[1][i] as number
        const u = random.next()
        const beta = (1 / Math.max(2 * u, LEAST)) ** power
        const gamma = (1 / Math.max(2 * (1 - u), LEAST)) ** power
        first[i] = isFirstNearFirst
          ? ((1 + beta) * x + (1 - gamma) * y) / 2
          : ((1 - beta) * x + (1 + gamma) * y) / 2
        second[i] = isSecondNearFirst
          ? ((3 - beta) * x - (1 - gamma) * y) / 2
          : (-(1 - beta) * x + (3 - gamma) * y) / 2
      }
      return oneOfTwo(parents, [first, second], settings, random)
    },
  }
}
