import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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
  it('keeps its scores in order while it grows, NaN under all', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 60 }), (scores) => {
        const rung = emptyRung(1)
        for (const score of scores) recordScore(rung, score)
        const expected = scores
          .map((score) => (Number.isNaN(score) ? -Infinity : score + 0))
          .toSorted((x, y) => x - y)
        expect([...rung.scores.subarray(0, rung.count)]).toEqual(expected)
      }),
    )
  })

  it('knows one zero only', () => {
    const rung = emptyRung(1)
    recordScore(rung, -0)
    expect(cutoffOf(rung, 2)).toBe(0)
  })

  it('has no cutoff while it is empty', () => {
    expect(cutoffOf(emptyRung(1), 4)).toBeNull()
  })
})
