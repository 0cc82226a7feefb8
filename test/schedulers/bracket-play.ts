import * as fc from 'fast-check'
import type { HyperbandOptions, HyperbandState } from '../../src/schedulers/hyperband.ts'
import { uniform } from '../../src/space/numbers.ts'

/** Band, size and milestone of each bracket that has trials. */
export function levels({ brackets }: HyperbandState): (readonly [number, number, number])[] {
  return [...brackets.values()].map(({ band, size, milestone }) => [band, size, milestone])
}

/** Trials with a learning curve, some of which fail at each attempt, some at an early one only. */
export function curve({ failing, epochs }: { readonly failing: number; readonly epochs: number }) {
  return {
    async *trainable(
      { level, luck }: { readonly level: number; readonly luck: number },
      { attempt }: { readonly attempt: number },
    ): AsyncGenerator<{ readonly acc: number }> {
      for (let epoch = 1; epoch <= epochs; epoch++) {
        if (luck < failing && epoch > luck * 40 && (attempt === 1 || luck < failing / 2))
          throw new Error('out of luck')
        yield { acc: level * (1 - 1 / (epoch + 1)) }
      }
    },
    paramSpace: { level: uniform(0, 1), luck: uniform(0, 1) },
    metric: 'acc',
    mode: 'max',
  } as const
}

/** Experiments of all sizes. */
export const playRandomly = fc.record({
  options: fc.record<HyperbandOptions>({
    maxT: fc.integer({ min: 1, max: 30 }),
    reductionFactor: fc.constantFrom(1.5, 2, 3, 4),
    stopLastTrials: fc.boolean(),
  }),
  numSamples: fc.integer({ min: 1, max: 60 }),
  maxConcurrentTrials: fc.integer({ min: 1, max: 12 }),
  failing: fc.constantFrom(0, 0.2, 0.7, 1),
  retries: fc.constantFrom(0, 1),
  stepMs: fc.constantFrom(0, 1000),
  seed: fc.nat({ max: 1e6 }),
})
