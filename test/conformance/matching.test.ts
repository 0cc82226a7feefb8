import { describe, expect, it } from 'vitest'
import { difference, numbersMatch } from './matching.ts'

const tolerance = { abs: 0, rel: 1e-6 }

describe('numbers match', () => {
  it.each([
    [1, 1 + 1e-7, true],
    [1, 1 + 1e-5, false],
    [0, 1e-9, false],
    [NaN, NaN, true],
    [1, NaN, false],
    [NaN, 1, false],
    [Infinity, Infinity, true],
    [Infinity, -Infinity, false],
    [1e308, Infinity, false],
  ])('%d and %d: %s', (actual, expected, matches) => {
    expect(numbersMatch(actual, expected, tolerance)).toBe(matches)
  })
})

describe('a difference', () => {
  it('is none between equal trees, numbers within their tolerance', () => {
    const actual = { a: [1 + 1e-9, { b: NaN }], c: -Infinity, d: 'x', e: null, f: true }
    const expected = { a: [1, { b: 'NaN' }], c: '-Infinity', d: 'x', e: null, f: true }
    expect(difference(actual, expected, tolerance)).toBeUndefined()
  })

  it.each([
    [{ a: [1, 2] }, { a: [1, 3] }, 'a/1: expected 3, got 2'],
    [{ a: [1] }, { a: [1, 3] }, 'a/1: expected 3, got nothing'],
    [{ a: 1, b: 2 }, { a: 1 }, 'b: expected nothing, got 2'],
    [[], {}, 'expected {}, got []'],
    ['1', 1, 'expected 1, got "1"'],
    [NaN, 'Infinity', 'expected "Infinity", got NaN'],
    [null, {}, 'expected {}, got null'],
  ])('between %j and %j is told with its place', (actual, expected, message) => {
    expect(difference(actual, expected, tolerance)).toBe(message)
  })
})
