import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { predict, type RegressionTree } from '../../src/math/regression-tree.ts'
import { type ColumnBounds, impurityDecrease, varianceParts } from '../../src/math/tree-importance.ts'

const LEAF = {
  left: [-1],
  right: [-1],
  feature: [-2],
  threshold: [-2],
  value: [3],
  impurity: [0],
  samples: [4],
}

/** A tree over three columns of [0, 1], whose thresholds are eighths. */
const trees: fc.Arbitrary<RegressionTree> = fc
  .array(fc.tuple(fc.nat({ max: 2 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: -9, max: 9 })), {
    minLength: 1,
    maxLength: 9,
  })
  .map((splits) => {
    const left: number[] = []
    const right: number[] = []
    const feature: number[] = []
    const threshold: number[] = []
    const value: number[] = []
    const build = (rest: typeof splits): number => {
      const [first, ...others] = rest
      const id = left.push(-1) - 1
      right.push(-1)
      const [column, eighths, mean] = first ?? [0, 4, 1]
      feature.push(others.length === 0 ? -2 : column)
      threshold.push(others.length === 0 ? -2 : eighths / 8)
      value.push(mean)
      if (others.length > 0) {
        const half = Math.ceil(others.length / 2)
        left[id] = build(others.slice(0, half))
        right[id] = build(others.slice(half))
      }
      return id
    }
    build(splits)
    const rest = { impurity: value.map(() => 0), samples: value.map(() => 1) }
    return { left, right, feature, threshold, value, ...rest }
  })

const UNIT: readonly ColumnBounds[] = [
  [0, 1],
  [0, 1],
  [0, 1],
]

/** The definition, over the middles of all cells of eighths. */
function byCells(tree: RegressionTree, group: readonly number[]): { total: number; marginal: number } {
  const cells = Array.from({ length: 512 }, (_, i) => [i % 8, (i >> 3) % 8, i >> 6].map((k) => (k + 0.5) / 8))
  const values = cells.map((cell) => predict(tree, cell))
  const mean = values.reduce((sum, value) => sum + value, 0) / 512
  const sums = new Map<string, number[]>()
  cells.forEach((cell, i) => {
    const key = group.map((column) => cell[column]).join()
    sums.set(key, [...(sums.get(key) ?? []), values[i] as number])
  })
  const means = [...sums.values()].map((own) => own.reduce((sum, value) => sum + value, 0) / own.length)
  return {
    total: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 512,
    marginal: means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / means.length,
  }
}

describe('varianceParts', () => {
  it('gives the marginal variances of the definition, for single columns and for groups', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        for (const groups of [[[0], [1], [2]], [[0, 1], [2]], [[0, 1, 2]]]) {
          const { total, marginal } = varianceParts(tree, UNIT, groups)
          groups.forEach((group, g) => {
            const expected = byCells(tree, group)
            expect(total).toBeCloseTo(expected.total, 9)
            expect(marginal[g]).toBeCloseTo(expected.marginal, 9)
          })
        }
      }),
    )
  })

  it('weighs by the box, not by the samples', () => {
    const tree = {
      ...LEAF,
      left: [1, -1, -1],
      right: [2, -1, -1],
      feature: [0, -2, -2],
      threshold: [1, -2, -2],
      value: [0, 0, 1],
    }
    expect(varianceParts(tree, [[0, 10]], [[0]])).toEqual({
      total: expect.closeTo(0.09, 12),
      marginal: [expect.closeTo(0.09, 12)],
    })
  })

  it('finds no variance in a single leaf', () => {
    expect(varianceParts(LEAF, UNIT, [[0], [1, 2]])).toEqual({ total: 0, marginal: [0, 0] })
    expect([...impurityDecrease(LEAF, 3)]).toEqual([0, 0, 0])
  })
})
