import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nonDominationRanks } from '../../src/math/non-domination.ts'

const value = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(Infinity, -Infinity, -0))
const rows = fc
  .integer({ min: 1, max: 5 })
  .chain((m) => fc.array(fc.array(value, { minLength: m, maxLength: m }), { maxLength: 30 }))

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((x, j) => x <= (b[j] as number)) && a.some((x, j) => x < (b[j] as number))
}

/** Front by front, as the definition says it. */
function peeled(losses: readonly (readonly number[])[]): number[] {
  const ranks = losses.map(() => -1)
  for (let rank = 0; ranks.includes(-1); rank++) {
    const left = losses.map((_, i) => i).filter((i) => ranks[i] === -1)
    const front = left.filter(
      (i) => !left.some((k) => dominates(losses[k] as number[], losses[i] as number[])),
    )
    for (const i of front) ranks[i] = rank
  }
  return ranks
}

describe('non-domination ranks', () => {
  it('are the fronts that are left when those before are taken away', () => {
    fc.assert(
      fc.property(rows, (losses) => {
        expect([...nonDominationRanks(losses)]).toEqual(peeled(losses))
      }),
    )
  })

  it('are exact until the fronts hold as many distinct rows as asked for, and then all the same', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 12 }), (losses, nBelow) => {
        fc.pre((losses[0]?.length ?? 0) > 1)
        const exact = peeled(losses)
        const distinct = new Map(losses.map((row, i) => [row.map((x) => x + 0).join(), exact[i] as number]))
        const sorted = [...distinct.values()].toSorted((a, b) => a - b)
        const last = (sorted[Math.min(nBelow, sorted.length) - 1] ?? 0) + 1
        expect([...nonDominationRanks(losses, { nBelow })]).toEqual(exact.map((rank) => Math.min(rank, last)))
      }),
    )
  })

  it('puts all that break a constraint behind, by how much they do, whatever their losses', () => {
    const losses = [
      [0, 0],
      [5, 5],
      [-9, -9],
      [9, 9],
      [1, 7],
    ]
    const violations = [0, 0, 3, 1, 3]
    expect([...nonDominationRanks(losses, { violations })]).toEqual([0, 1, 3, 2, 3])
    expect([...nonDominationRanks(losses, { violations, nBelow: 1 })]).toEqual([0, 1, 2, 2, 2])
  })

  it('takes NaN for the worst, of losses and of violations', () => {
    expect([
      ...nonDominationRanks([
        [1, NaN],
        [1, 5],
        [NaN, NaN],
      ]),
    ]).toEqual([1, 0, 2])
    expect([...nonDominationRanks([[1], [1], [1]], { violations: [NaN, 2, 0] })]).toEqual([2, 1, 0])
  })

  it('has nothing to say of nothing', () => {
    expect(nonDominationRanks([])).toHaveLength(0)
  })

  it('ranks 3,000 rows of nine losses without recursion', () => {
    const row = (i: number): number[] => Array.from({ length: 9 }, (_, j) => (i * (j + 7)) % 101)
    const losses = Array.from({ length: 3000 }, (_, i) => row(i))
    expect(Math.max(...nonDominationRanks(losses, { nBelow: 100 }))).toBeGreaterThan(0)
  })
})
