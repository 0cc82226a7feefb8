import { describe, expect, it } from 'vitest'
import { growForest } from '../../src/math/forest.ts'
import { type Feature, growTree, predict } from '../../src/math/regression-tree.ts'
import { randomStream } from '../../src/random/random.ts'

function numbers(column: number, values: readonly number[]): Feature {
  return { kind: 'number', column, values: Float64Array.from(values) }
}

function grow(features: readonly Feature[], y: readonly number[], maxDepth = 64, weights = y.map(() => 1)) {
  return growTree(features, Float64Array.from(y), Float64Array.from(weights), { maxDepth })
}

describe('growTree', () => {
  it('splits where the least variance is left, half-way between two samples', () => {
    const tree = grow([numbers(0, [1, 2, 3, 10])], [0, 0, 0, 8], 1)
    expect(tree).toMatchObject({ feature: [0, -2, -2], threshold: [6.5, -2, -2], value: [2, 0, 8] })
    expect(tree.samples).toEqual([4, 3, 1])
  })

  it('goes on until it knows every sample by heart, in any order of them', () => {
    const random = randomStream('tree')
    const x = Array.from({ length: 60 }, () => [random.next(), random.next(), random.next()])
    const y = x.map(([a, b]) => Math.sin(9 * (a as number)) + (b as number))
    const tree = grow(
      [0, 1, 2].map((column) =>
        numbers(
          column,
          x.map((row) => row[column] as number),
        ),
      ),
      y,
    )
    x.forEach((row, i) => expect(predict(tree, row)).toBeCloseTo(y[i] as number, 12))
  })

  it('takes a choice as a column of ones and zeros for each', () => {
    const values = Int32Array.of(0, 1, 2, 0, 1, 2)
    const tree = grow(
      [numbers(0, [1, 1, 1, 1, 1, 1]), { kind: 'choice', column: 1, count: 3, values }],
      [0, 9, 1, 0, 9, 1],
    )
    // The choice 1 stands out, then the choices 0 and 2 are told apart.
    expect(tree.feature[0]).toBe(2)
    expect(predict(tree, [1, 1, 0, 0])).toBe(0)
    expect(predict(tree, [1, 0, 1, 0])).toBe(9)
    expect(predict(tree, [1, 0, 0, 1])).toBe(1)
  })

  it('takes a weight for as many copies, and no notice of samples without any', () => {
    const x = [1, 2, 3, 4, 5]
    const y = [3, 1, 4, 1, 5]
    const weighted = grow([numbers(0, x)], y, 2, [2, 0, 1, 3, 1])
    const copied = grow([numbers(0, [1, 1, 3, 4, 4, 4, 5])], [3, 3, 4, 1, 1, 1, 5], 2)
    expect(weighted).toEqual(copied)
  })

  it('is a single leaf when there is nothing to tell apart', () => {
    expect(grow([numbers(0, [1, 2, 3])], [5, 5, 5]).left).toEqual([-1])
    expect(grow([numbers(0, [7, 7, 7])], [1, 2, 3]).value).toEqual([2])
    expect(grow([], [1, 3]).value).toEqual([2])
  })

  it('never puts all samples on one side, however near two numbers are', () => {
    const tree = grow([numbers(0, [1, 1 + Number.EPSILON])], [0, 1])
    expect(tree.value).toEqual([0.5, 0, 1])
    expect(tree.threshold[0]).toBe(1)
  })
})

describe('growForest', () => {
  const features = [numbers(0, [1, 2, 3, 4, 5, 6]), numbers(1, [6, 5, 4, 3, 2, 1])]
  const y = Float64Array.of(1, 2, 3, 4, 5, 6)

  it('grows trees that differ, the same for the same stream', () => {
    const trees = growForest(features, y, { nTrees: 4, maxDepth: 9, random: randomStream('f') })
    expect(trees).toHaveLength(4)
    expect(trees[0]).not.toEqual(trees[1])
    expect(growForest(features, y, { nTrees: 4, maxDepth: 9, random: randomStream('f') })).toEqual(trees)
  })

  it('gives two features that say the same an equal part', () => {
    const trees = growForest(features, y, { nTrees: 400, maxDepth: 1, random: randomStream('f') })
    const first = trees.filter(({ feature }) => feature[0] === 0).length
    expect(first).toBeGreaterThan(150)
    expect(first).toBeLessThan(250)
  })
})
