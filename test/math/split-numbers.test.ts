import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addNumber, largestLow, noNumbers, numberCount, smallestHigh } from '../../src/math/split-numbers.ts'

describe('numbers split in two', () => {
  it('have the neighbours of the split that a sorted array has, wherever the split is', () => {
    const value = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true }))
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.double({ min: 0, max: 1, noNaN: true }))), (pairs) => {
        const split = noNumbers()
        const sorted: number[] = []
        for (const [number, share] of pairs) {
          sorted.push(number)
          sorted.sort((a, b) => a - b)
          const lowCount = Math.round(share * sorted.length)
          addNumber(split, number, lowCount)
          expect(numberCount(split)).toBe(sorted.length)
          // Zeros of either sign are equal.
          expect([largestLow(split), smallestHigh(split)].map(positiveZero)).toEqual(
            [sorted[lowCount - 1], sorted[lowCount]].map(positiveZero),
          )
        }
      }),
    )
  })
})

function positiveZero(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value + 0
}
