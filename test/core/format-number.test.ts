import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatNumber } from '../../src/core/format-number.ts'

describe('formatNumber', () => {
  it.each([
    [6.575_58, '6.57558'],
    [-49.455_412, '-49.4554'],
    [99, '99'],
    [0, '0'],
    [123_456_789_012, '123456789012'],
    [0.5, '0.5'],
    [100_000.25, '100000'],
    [999_998.6, '999999'],
    [999_999.6, '1e+06'],
    [0.000_1, '0.0001'],
    [0.000_099_999_99, '0.0001'],
    [0.000_01, '1e-05'],
    [1.234_567_8e-7, '1.23457e-07'],
    [1e21, '1e+21'],
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ])('writes %d as C does with six digits: %s', (value, text) => {
    expect(formatNumber(value)).toBe(text)
  })

  it('is near the number, and no longer than C’s', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = formatNumber(value)
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 5.1e-6 + 1e-320)
        if (!Number.isInteger(value)) expect(text.length).toBeLessThanOrEqual('-1.23457e-308'.length)
      }),
    )
  })
})
