import { describe, expect, it } from 'vitest'
import { nearestLog } from '../../src/math/nearest-log.ts'

describe('the nearest logarithm', () => {
  // Natural logarithms to 60 digits, rounded once to a double.
  it.each([
    [1, 0.0],
    [3, 1.0986122886681098],
    [243, 5.493061443340548],
    [1000, 6.907755278982137],
    [1.1, 0.09531017980432493],
    [2.5, 0.9162907318741551],
    [1.0000000000000002, 2.2204460492503128e-16],
    [0.1, -2.3025850929940455],
    [1e-300, -690.7755278982137],
    [1e300, 690.7755278982137],
  ] as [number, number][])('of %d is %d to the last bit', (x, expected) => {
    expect(nearestLog(x)).toBe(expected)
  })

  it('lies within a bit of what the engine gives', () => {
    for (let x = 0.01; x < 1e6; x *= 1.37) {
      expect(Math.abs(nearestLog(x) - Math.log(x))).toBeLessThanOrEqual(
        2 ** -52 * Math.max(1, Math.abs(Math.log(x))),
      )
    }
  })
})
