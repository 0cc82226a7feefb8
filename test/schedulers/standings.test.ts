import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareValues } from '../../src/core/order.ts'
import { bestFirst, emptyStandings, enter, leave, rankOf } from '../../src/schedulers/standings.ts'

describe('standings', () => {
  it('keep any number of trials in the one order, and know the rank of each', () => {
    const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(NaN, Infinity, -Infinity, -0))
    fc.assert(
      fc.property(fc.array(score, { maxLength: 1500, size: 'max' }), fc.nat(), (scores, modulus) => {
        const standings = emptyStandings()
        scores.forEach((value, trial) => enter(standings, trial, value))
        const isKept = (trial: number): boolean => trial % ((modulus % 5) + 2) !== 0
        scores.forEach((value, trial) => isKept(trial) || leave(standings, trial, value))
        const expected = scores
          .map((value, trial) => ({ trial, score: value }))
          .filter(({ trial }) => isKept(trial))
          .toSorted((a, b) => compareValues(a.score, b.score, 'max') || a.trial - b.trial)
        expect([...bestFirst(standings)].map(({ trial }) => trial)).toEqual(
          expected.map(({ trial }) => trial),
        )
        expect(standings.count).toBe(expected.length)
        expected.forEach((one, rank) => expect(rankOf(standings, one.trial, one.score)).toBe(rank))
      }),
      { numRuns: 20 },
    )
  })

  it('leave alone a trial that is not there', () => {
    const standings = emptyStandings()
    enter(standings, 1, 5)
    leave(standings, 2, 5)
    leave(standings, 1, 4)
    expect([...bestFirst(standings)]).toEqual([{ trial: 1, score: 5 }])
  })
})
