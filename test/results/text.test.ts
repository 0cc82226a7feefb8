import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatNumber } from '../../src/core/format-number.ts'
import {
  cutText,
  firstLine,
  formatDuration,
  formatElapsed,
  formatValue,
  padText,
  plainText,
  textWidth,
} from '../../src/results/text.ts'

describe('formatNumber', () => {
  it.each([
    [6.575581234, '6.57558'],
    [-49.45541, '-49.4554'],
    [99, '99'],
    [0.00001, '1e-05'],
    [0.0001, '0.0001'],
    [0.00012345678, '0.000123457'],
    [0.000012345678, '1.23457e-05'],
    [123456.7, '123457'],
    [1234567.8, '1.23457e+06'],
    [999999.9, '1e+06'],
    [0.1 + 0.2, '0.3'],
    [9.1295501, '9.12955'],
    [9.9999999, '10'],
    [1_234_567, '1234567'],
    [1e15, '1e+15'],
    [1.5e300, '1.5e+300'],
    [-0, '0'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
  ])('writes %d as %s', (value, text) => expect(formatNumber(value)).toBe(text))

  it('never loses more than the seventh digit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Math.abs(Number(formatNumber(value)) - value)).toBeLessThanOrEqual(Math.abs(value) * 5.1e-6)
      }),
    )
  })
})

describe('formatValue', () => {
  it.each([
    [undefined, ''],
    [null, 'null'],
    [true, 'true'],
    ['a\nb', 'a b'],
    [[1, 2], '[1,2]'],
    [{ a: 'x' }, '{"a":"x"}'],
    [12n, '12'],
    [Symbol('s'), 'Symbol(s)'],
    [function relu() {}, 'relu'],
  ])('writes %o as %s', (value, text) => expect(formatValue(value)).toBe(text))

  it('survives what cannot be written out', () => {
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    expect(formatValue(circular)).toBe('[object Object]')
  })
})

describe('formatElapsed', () => {
  it.each([
    [0, '00:00:00.00'],
    [35_680, '00:00:35.68'],
    [59_999, '00:01:00.00'],
    [3_599_996, '01:00:00.00'],
    [86_400_000 + 3_723_450, '1 day, 01:02:03.45'],
    [3 * 86_400_000, '3 days, 00:00:00.00'],
    [-5, '00:00:00.00'],
  ])('writes %d ms as %s', (ms, text) => expect(formatElapsed(ms)).toBe(text))
})

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [12.3456, '12.3 ms'],
    [1500, '1.5 s'],
    [90_000, '1.5 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 d'],
  ])('writes %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

describe('plainText', () => {
  it.each([
    ['colours', '\u001B[1;31mred\u001B[0m', 'red'],
    ['cursor movements', 'a\u001B[2Jb\u001B[10;10Hc', 'abc'],
    ['titles', '\u001B]0;owned\u0007x', 'x'],
    ['links', '\u001B]8;;http://e.x\u001B\\x\u001B]8;;\u001B\\', 'x'],
    ['unfinished sequences', 'x\u001B]0;never ends', 'x'],
    ['single controls', 'a\u0000b\u0008c\u009Bd\u007F', 'abcd'],
    ['line breaks', 'a\r\nb\tc\u2028d', 'a b c d'],
    ['changes of direction', 'a\u202Eb', 'ab'],
    ['halves of characters', 'a\uD800b', 'a\uFFFDb'],
  ])('takes out %s', (_, text, plain) => expect(plainText(text)).toBe(plain))

  it('leaves letters of all scripts and joined emoji', () => {
    expect(plainText('größe 試行 👩‍🔬')).toBe('größe 試行 👩‍🔬')
  })

  it('never lets a control character through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plainText(text)).not.toMatch(/\p{Cc}/u)
      }),
    )
  })
})

describe('textWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['größe', 5],
    ['e\u0301', 1],
    ['試行', 4],
    ['한글', 4],
    ['ｗｉ', 4],
    ['👩‍🔬', 2],
    ['❤️', 2],
    ['─…█', 3],
  ])('of %s is %d', (text, width) => expect(textWidth(text)).toBe(width))
})

describe('cutText and padText', () => {
  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdefg', 6, 'abcde…'],
    ['試行番号', 7, '試行番…'],
    ['試行番号', 6, '試行…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('cut %s at %d to %s', (text, width, cut) => expect(cutText(text, width)).toBe(cut))

  it('give exactly the width that was asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
        expect(textWidth(padText(cutText(plainText(text), width), width))).toBe(width)
      }),
    )
  })

  it('pad on either side', () => {
    expect(padText('試', 4)).toBe('試  ')
    expect(padText('1', 3, 'left')).toBe('  1')
  })
})

describe('firstLine', () => {
  it('skips empty lines', () => expect(firstLine('\n\n  boom \n at x')).toBe('boom'))
  it('can be empty', () => expect(firstLine('')).toBe(''))
})
