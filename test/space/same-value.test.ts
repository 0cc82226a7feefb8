import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { copyPlain, pointKey, sameValue } from '../../src/space/same-value.ts'

describe('sameValue', () => {
  it('takes NaN for itself, 0 for -0, and arrays and objects by content', () => {
    expect(sameValue(NaN, NaN)).toBe(true)
    expect(sameValue(0, -0)).toBe(true)
    expect(sameValue([1, { a: NaN }], [1, { a: NaN }])).toBe(true)
    expect(sameValue([1, 2], [1, 2, 3])).toBe(false)
    expect(sameValue({ a: undefined }, {})).toBe(false)
    expect(sameValue({ a: undefined }, { b: 1 })).toBe(false)
    expect(sameValue({ 0: 1 }, [1])).toBe(false)
    expect(sameValue(new Date(0), new Date(0))).toBe(false)
    expect(sameValue('1', 1)).toBe(false)
    expect(sameValue(null, undefined)).toBe(false)
  })
})

describe('copyPlain', () => {
  it('copies what holds itself into what holds itself', () => {
    const list: unknown[] = [{ a: 1 }]
    list.push(list)
    const copy = copyPlain(list) as unknown[]
    expect(copy).not.toBe(list)
    expect(copy[1]).toBe(copy)
    expect(copy[0]).toEqual({ a: 1 })
    expect(copy[0]).not.toBe(list[0])
  })

  it('copies arrays and objects, and shares the rest', () => {
    const value = { list: [{ x: 1 }], date: new Date(0) }
    const copy = copyPlain(value) as typeof value
    expect(copy).toEqual(value)
    expect(copy.list[0]).not.toBe(value.list[0])
    expect(copy.date).toBe(value.date)
  })
})

describe('pointKey', () => {
  it('is the same for equal points, whatever the order of their paths', () => {
    expect(pointKey({ a: 1, b: NaN })).toBe(pointKey({ b: NaN, a: 1 }))
    expect(pointKey({ a: 0.1 + 0.2 })).toBe(pointKey({ a: 0.3 }))
    expect(pointKey({ a: 0 })).toBe(pointKey({ a: -0 }))
    expect(pointKey({ a: [1, { b: null }] })).toBe(pointKey({ a: [1, { b: null }] }))
  })

  it('tells types, paths and instances apart', () => {
    const values = [
      '1',
      1,
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      NaN,
      'NaN',
      Infinity,
      [],
      {},
      [1],
      ['1'],
      [[1]],
      1.5,
    ]
    const instances = [() => {}, () => {}, new Date(0), new Date(0)]
    const keys = [...values, ...instances].map((a) => pointKey({ a }))
    expect(new Set(keys).size).toBe(keys.length)
    expect(pointKey({ 'a/b': 1 })).not.toBe(pointKey({ a: { b: 1 } }))
    expect(pointKey({ a: 1, b: 2 })).not.toBe(pointKey({ a: 1 }))
  })

  it('agrees with sameValue on data without fractions', () => {
    const values = fc.anything({
      maxDepth: 2,
      values: [fc.integer(), fc.string(), fc.boolean(), fc.constant(null)],
    })
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(pointKey({ a }) === pointKey({ a: b })).toBe(sameValue(a, b))
        expect(pointKey({ a })).toBe(pointKey({ a: copyPlain(a) }))
      }),
    )
  })

  it('tells large integers and neighbouring fractions of 10 digits apart', () => {
    expect(pointKey({ a: 2 ** 53 - 1 })).not.toBe(pointKey({ a: 2 ** 53 - 2 }))
    expect(pointKey({ a: 0.1234567891 })).not.toBe(pointKey({ a: 0.1234567892 }))
    expect(pointKey({ a: 1.7e308 })).not.toBe(pointKey({ a: 1.6e308 }))
  })
})
