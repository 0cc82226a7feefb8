import { describe, expect, it } from 'vitest'
import { crowding } from '../../src/math/crowding.ts'

describe('crowding distances', () => {
  it('are the sum of the gaps between neighbours in shares of the range, and infinite at the ends', () => {
    const { distances, order } = crowding([
      [0, 10],
      [1, 6],
      [4, 5],
      [10, 0],
    ])
    expect([...distances]).toEqual([Infinity, 4 / 10 + 5 / 10, 9 / 10 + 6 / 10, Infinity])
    expect(order.slice(2)).toEqual([2, 1])
  })

  it('pass over a loss that all share', () => {
    const { distances } = crowding([
      [0, 7],
      [1, 7],
      [4, 7],
    ])
    expect([...distances]).toEqual([Infinity, 1, Infinity])
    expect([...crowding([[7], [7], [7]]).distances]).toEqual([0, 0, 0])
  })

  it('measure by the finite values, and take the gap between two infinities for none', () => {
    expect([...crowding([[0], [1], [2], [Infinity], [Infinity]]).distances]).toEqual([
      Infinity,
      1,
      Infinity,
      Infinity,
      0,
    ])
    expect([...crowding([[-Infinity], [Infinity], [NaN]]).distances].some(Number.isNaN)).toBe(false)
  })

  it('leave a distance only to the outermost of equal points', () => {
    const { distances } = crowding([
      [0, 4],
      [2, 2],
      [2, 2],
      [2, 2],
      [4, 0],
    ])
    expect(distances[2]).toBe(0)
  })

  it('are none of none', () => {
    expect(crowding([])).toEqual({ distances: new Float64Array(), order: [] })
  })
})
