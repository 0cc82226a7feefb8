import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partitionPoint } from '../../src/core/partition-point.ts'

describe('partitionPoint', () => {
  it('is where a search from the start would stop', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ max: 20, min: 0 })),
        fc.integer({ max: 21, min: -1 }),
        (values, value) => {
          const sorted = values.toSorted((a, b) => a - b)
          const first = sorted.findIndex((other) => other >= value)
          expect(partitionPoint(sorted.length, (i) => (sorted[i] as number) < value)).toBe(
            first < 0 ? sorted.length : first,
          )
        },
      ),
    )
  })

  it('asks little', () => {
    let asked = 0
    partitionPoint(1_000_000, (i) => ++asked > 0 && i < 700_000)
    expect(asked).toBeLessThanOrEqual(20)
  })
})
