import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addScore, indexOf, removeScore, scoreAt, sortedScores } from '../../src/schedulers/sorted-scores.ts'

describe('sorted scores', () => {
  it('are as one sorted array, however many come and go', () => {
    const score = fc.oneof(
      fc.integer({ min: -3, max: 3 }),
      fc.double({ noNaN: true }).map((x) => x + 0),
    )
    const list = fc.array(score, { maxLength: 1500, size: 'max' })
    fc.assert(
      fc.property(list, list, fc.integer({ min: 1, max: 9 }), (first, later, share) => {
        const sorted = sortedScores(first)
        for (const one of later) addScore(sorted, one)
        const all = [...first, ...later]
        const kept = all.filter((_, i) => i % share !== 0)
        all.forEach((one, i) => i % share === 0 && removeScore(sorted, one))
        const expected = kept.toSorted((x, y) => (x < y ? -1 : Number(x > y)))
        expect(sorted.count).toBe(expected.length)
        expect(expected.map((_, i) => scoreAt(sorted, i))).toEqual(expected)
        for (const one of expected) expect(indexOf(sorted, one)).toBe(expected.indexOf(one))
      }),
      { numRuns: 20 },
    )
  })

  it('go into small pieces, so that none is long to move', () => {
    const sorted = sortedScores(Array.from({ length: 1000 }, (_, i) => i))
    for (let i = 0; i < 1000; i++) addScore(sorted, 500)
    expect(Math.max(...sorted.pieces.map(({ count }) => count))).toBeLessThan(256)
  })
})
