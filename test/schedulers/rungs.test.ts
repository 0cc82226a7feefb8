import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quantileOfSorted } from '../../src/math/quantile.ts'
import {
  bracketProbabilities,
  cutoffOf,
  emptyRung,
  recordScore,
  rungLevels,
} from '../../src/schedulers/rungs.ts'

describe('the levels of rungs', () => {
  it.each([
    [{ maxT: 81, gracePeriod: 1, reductionFactor: 3 }, 0, [81, 27, 9, 3, 1]],
    [{ maxT: 81, gracePeriod: 1, reductionFactor: 3 }, 2, [81, 27, 9]],
    [{ maxT: 100, gracePeriod: 5, reductionFactor: 2 }, 0, [80, 40, 20, 10, 5]],
    [{ maxT: 2, gracePeriod: 1, reductionFactor: 2 }, 4, []],
    // Where the quotient of the rounded logarithms falls short of the whole number, Ray Tune has a rung less.
    [{ maxT: 243, gracePeriod: 1, reductionFactor: 3 }, 0, [81, 27, 9, 3, 1]],
    [{ maxT: 1000, gracePeriod: 1, reductionFactor: 10 }, 0, [100, 10, 1]],
  ])('of %j in bracket %i are %j', (options, bracket, levels) => {
    expect(rungLevels(options, bracket)).toEqual(levels)
  })
})

describe('the probabilities of brackets', () => {
  it('sum to one and fall by e for each rung less', () => {
    const law = bracketProbabilities([4, 3, 1])
    expect(law.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12)
    expect((law[0] ?? 0) / (law[1] ?? 0)).toBeCloseTo(Math.E, 12)
    expect((law[1] ?? 0) / (law[2] ?? 0)).toBeCloseTo(Math.E ** 2, 12)
  })
})

describe('a rung', () => {
  it('has its cutoff at the quantile of its scores while it grows, NaN under all', () => {
    const factor = fc.oneof(fc.constantFrom(2, 3, 4), fc.double({ min: 1.01, max: 50, noNaN: true }))
    fc.assert(
      fc.property(
        fc.array(fc.double(), { minLength: 1, maxLength: 60 }),
        factor,
        (scores, reductionFactor) => {
          const rung = emptyRung(1)
          scores.forEach((score, i) => {
            recordScore(rung, score, reductionFactor)
            const sorted = scores
              .slice(0, i + 1)
              .map((one) => (Number.isNaN(one) ? -Infinity : one + 0))
              .toSorted((x, y) => (x < y ? -1 : Number(x > y)))
            const q = ((1 - 1 / reductionFactor) * 100) / 100
            expect(rung.count).toBe(i + 1)
            expect(cutoffOf(rung, reductionFactor)).toBe(quantileOfSorted(sorted, i + 1, q))
          })
        },
      ),
    )
  })

  it('knows one zero only', () => {
    const rung = emptyRung(1)
    recordScore(rung, -0, 2)
    expect(cutoffOf(rung, 2)).toBe(0)
  })

  it('has no cutoff while it is empty', () => {
    expect(cutoffOf(emptyRung(1), 4)).toBeNull()
  })
})
