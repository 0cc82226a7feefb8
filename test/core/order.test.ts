import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mode } from '../../src/core/objective.ts'
import { compareRanked, compareValues, isFeasible, type Ranked } from '../../src/core/order.ts'

const value = fc.oneof(fc.constantFrom(undefined, Number.NaN, Infinity, -Infinity, 0, -0, 1, -1), fc.double())
const mode = fc.constantFrom<Mode>('min', 'max')
const trials = fc
  .array(fc.record({ value, feasible: fc.boolean() }), { minLength: 1, maxLength: 12 })
  .map((records): Ranked[] => records.map((record, number) => ({ ...record, number })))

describe('compareRanked', () => {
  it('is a total order: any two trials have one, and it does not go round in circles', () => {
    fc.assert(
      fc.property(trials, mode, (all, way) => {
        for (const a of all) {
          expect(compareRanked(a, a, way)).toBe(0)
          for (const b of all) {
            if (a !== b) expect(compareRanked(a, b, way)).not.toBe(0)
            expect(Math.sign(compareRanked(a, b, way))).toBe(-Math.sign(compareRanked(b, a, way)) || 0)
            for (const c of all) {
              if (compareRanked(a, b, way) < 0 && compareRanked(b, c, way) < 0) {
                expect(compareRanked(a, c, way)).toBeLessThan(0)
              }
            }
          }
        }
      }),
    )
  })

  it('sorts the same whatever the order before', () => {
    fc.assert(
      fc.property(
        trials.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        mode,
        ([all, shuffled], way) => {
          const sort = (list: readonly Ranked[]) => list.toSorted((a, b) => compareRanked(a, b, way))
          expect(sort(shuffled)).toEqual(sort(all))
        },
      ),
    )
  })

  const order = (list: readonly [value: number | undefined, feasible: boolean][], way: Mode) =>
    list
      .map(([v, feasible], number): Ranked => ({ number, value: v, feasible }))
      .toSorted((a, b) => compareRanked(a, b, way))
      .map(({ number }) => number)

  it('puts feasible trials first, then better values, then NaN and missing ones, then lower numbers', () => {
    const list: [number | undefined, boolean][] = [
      [-Infinity, false],
      [Number.NaN, true],
      [undefined, true],
      [2, true],
      [Infinity, true],
      [-Infinity, true],
      [2, true],
    ]
    expect(order(list, 'min')).toEqual([5, 3, 6, 4, 1, 2, 0])
    expect(order(list, 'max')).toEqual([4, 3, 6, 5, 1, 2, 0])
  })
})

describe('compareValues', () => {
  it('finds no difference between equal infinities, the two zeros, or two that are missing', () => {
    for (const way of ['min', 'max'] as const) {
      expect(compareValues(Infinity, Infinity, way)).toBe(0)
      expect(compareValues(0, -0, way)).toBe(0)
      expect(compareValues(undefined, Number.NaN, way)).toBe(0)
    }
  })

  it('turns round with the mode', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
        expect(Math.sign(compareValues(a, b, 'min'))).toBe(Math.sign(compareValues(b, a, 'max')))
      }),
    )
  })
})

describe('isFeasible', () => {
  it.each([
    [undefined, true],
    [{}, true],
    [{ memory: 0 }, true],
    [{ memory: -Infinity, time: -1 }, true],
    [{ memory: -1, time: 1e-12 }, false],
    [{ memory: Number.NaN }, false],
  ])('takes %j for %s', (constraints, expected) => expect(isFeasible(constraints)).toBe(expected))
})
