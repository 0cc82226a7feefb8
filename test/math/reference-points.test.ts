import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clippedLosses,
  nearestLines,
  normalizedLosses,
  referencePoints,
} from '../../src/math/reference-points.ts'

const finiteRows = fc.integer({ min: 1, max: 5 }).chain((m) =>
  fc.array(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: m, maxLength: m }), {
    minLength: 1,
    maxLength: 12,
  }),
)

describe('reference points', () => {
  it('are all ways to share the units, each once', () => {
    for (const [m, divisions, count] of [
      [1, 5, 1],
      [2, 3, 4],
      [3, 12, 91],
      [9, 3, 165],
    ] as const) {
      const points = referencePoints(m, divisions)
      const rows = Array.from({ length: points.length / m }, (_, i) => [...points.subarray(i * m, i * m + m)])
      expect(new Set(rows.map(String)).size).toBe(count)
      for (const row of rows) expect(row.reduce((sum, x) => sum + x)).toBe(divisions)
    }
  })
})

describe('losses among reference lines', () => {
  it('draws infinities in to three ranges beyond the finite values', () => {
    expect([
      ...clippedLosses(
        [
          [0, -Infinity],
          [2, NaN],
          [Infinity, 5],
          [-Infinity, 4],
        ],
        2,
      ),
    ]).toEqual([0, 1, 2, 8, 8, 5, -6, 4])
    expect([...clippedLosses([[Infinity], [Infinity]], 1)]).toEqual([0, 0])
  })

  it('scales them so that the best is 0 and the extreme points lie at 1', () => {
    const F = Float64Array.of(1, 30, 3, 20, 5, 10)
    expect([...normalizedLosses(F, 2)]).toEqual([0, 1, 0.5, 0.5, 1, 0])
  })

  it('scales them by the largest values where the extreme points span no plane', () => {
    expect([...normalizedLosses(Float64Array.of(1, 7, 3, 7, 5, 7), 2)]).toEqual([0, 0, 0.5, 0, 1, 0])
  })

  it('stays finite whatever the losses', () => {
    fc.assert(
      fc.property(finiteRows, (rows) => {
        const m = (rows[0] as number[]).length
        expect([...normalizedLosses(clippedLosses(rows, m), m)].every(Number.isFinite)).toBe(true)
      }),
    )
  })

  it('finds the nearest line, the first of equals, and the distance at right angles to it', () => {
    const lines = Float64Array.of(1, 0, 0, 1, 1, 1)
    const { closest, distances } = nearestLines(Float64Array.of(3, 0.5, 2, 2, 0, 0), lines, 2)
    expect([...closest]).toEqual([0, 2, 0])
    expect([...distances]).toEqual([0.5, 0, 0])
  })
})
