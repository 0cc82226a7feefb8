import { describe, expect, it } from 'vitest'
import { epsilonNet } from '../../src/math/epsilon-net.ts'

describe('epsilonNet', () => {
  it('begins at the smallest first loss, then takes the point farthest from those it has', () => {
    const front = [
      [2, 2],
      [0, 4],
      [1, 3],
      [4, 0],
    ]
    expect(epsilonNet(front)).toEqual([1, 3, 0, 2])
    expect(epsilonNet(front, 2)).toEqual([1, 3])
  })

  it('does not mind the units of a loss', () => {
    const front = [0, 1, 2, 3.5, 7, 8].map((x) => [x, 8 - x])
    expect(epsilonNet(front.map(([x, y]) => [(x ?? 0) * 2 ** 30, (y ?? 0) / 2 ** 30]))).toEqual(
      epsilonNet(front),
    )
  })

  it('puts infinite losses at the ends, NaN at the worse one, and equal points last', () => {
    expect(
      epsilonNet([
        [0.5, 0.5],
        [-Infinity, NaN],
        [1, 0],
        [0, 1],
        [-Infinity, NaN],
      ]),
    ).toEqual([1, 2, 0, 3, 4])
  })

  it('has no points of none', () => {
    expect(epsilonNet([])).toEqual([])
  })
})
