import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPlainObject, metricOf, plainMetrics } from '../../src/core/metrics.ts'
import { OptionError } from '../../src/errors.ts'

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.double(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value')),
  ),
})).value

describe('plainMetrics', () => {
  it('copies plain data as it is, NaN and infinities included', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('x', 'y', 'z'), plain), (metrics) => {
        expect(plainMetrics(metrics)).toEqual(metrics)
      }),
    )
  })

  it('shares nothing with what was reported', () => {
    const reported = { loss: 1, val: { acc: [0.5] } }
    const copy = plainMetrics(reported)
    reported.val.acc[0] = 9
    reported.loss = 9
    expect(copy).toEqual({ loss: 1, val: { acc: [0.5] } })
  })

  it('drops keys without a value, at any depth', () => {
    expect(plainMetrics({ a: undefined, b: { c: undefined, d: 1 } })).toStrictEqual({ b: { d: 1 } })
  })

  it('takes objects without a prototype, and the same object twice', () => {
    const shared = { x: 1 }
    const bare = Object.assign(Object.create(null) as object, { a: shared, b: shared })
    expect(plainMetrics(bare)).toEqual({ a: { x: 1 }, b: { x: 1 } })
  })

  it.each([
    ['a number', 0.3, 'got 0.3'],
    ['nothing', undefined, 'got undefined'],
    ['an array', [1], 'got an array of 1'],
    ['an instance of a class', new Map(), 'got a Map'],
  ])('refuses %s in the place of metrics, and shows how', (_, value, words) => {
    expect(() => plainMetrics(value)).toThrow(OptionError)
    expect(() => plainMetrics(value)).toThrow(/such as \{ loss: 0\.3 \}/)
    expect(() => plainMetrics(value)).toThrow(words)
  })

  it.each([
    ['a function', { val: { f: () => {} } }, 'val/f', /val\/f is the function f/],
    ['a bigint', { n: 3n }, 'n', /n is 3n/],
    ['a symbol', { list: [1, Symbol('s')] }, 'list/1', /list\/1 is Symbol\(s\)/],
    ['a date', { at: new Date(0) }, 'at', /at is a Date/],
    ['a typed array', { w: new Float64Array(2) }, 'w', /w is a Float64Array/],
  ])('refuses %s by its path, and says what can be recorded', (_, metrics, path, words) => {
    expect(() => plainMetrics(metrics)).toThrow(words)
    expect(() => plainMetrics(metrics)).toThrow(/Report numbers, strings/)
    expect(() => plainMetrics(metrics)).toThrow(
      expect.objectContaining({ option: `report.${path}` }) as Error,
    )
  })

  it('refuses an object that holds itself, however deep', () => {
    const loop: Record<string, unknown> = { loss: 1, inner: { list: [] } }
    ;(loop['inner'] as { list: unknown[] }).list.push(loop)
    expect(() => plainMetrics(loop)).toThrow(/inner\/list\/0 refers back/)
    const own: Record<string, unknown> = {}
    own['self'] = own
    expect(() => plainMetrics(own)).toThrow(/self refers back/)
  })
})

describe('metricOf', () => {
  it('reads a metric by its name', () => expect(metricOf({ loss: 0.5 }, 'loss')).toBe(0.5))

  it('reads nested metrics by path, in arrays too', () => {
    expect(metricOf({ val: { loss: 1, top: [3, 4] } }, 'val/loss')).toBe(1)
    expect(metricOf({ val: { loss: 1, top: [3, 4] } }, 'val/top/1')).toBe(4)
  })

  it('prefers a key with a slash in it to the path', () => {
    expect(metricOf({ 'val/loss': 1, val: { loss: 2 } }, 'val/loss')).toBe(1)
    expect(metricOf({ 'val/loss': 'x', val: { loss: 2 } }, 'val/loss')).toBeUndefined()
  })

  it('counts NaN and infinities as numbers', () => {
    expect(metricOf({ loss: Number.NaN }, 'loss')).toBeNaN()
    expect(metricOf({ loss: -Infinity }, 'loss')).toBe(-Infinity)
  })

  it.each([
    ['missing', {}, 'loss'],
    ['a text', { loss: '0.5' }, 'loss'],
    ['null', { loss: null }, 'loss'],
    ['an object', { loss: { x: 1 } }, 'loss'],
    ['behind null', { val: null }, 'val/loss'],
    ['behind a number', { val: 3 }, 'val/loss'],
    ['inherited', {}, 'toString/length'],
    ['a method', {}, 'constructor'],
  ])('has no value where it is %s', (_, metrics, name) => expect(metricOf(metrics, name)).toBeUndefined())
})

describe('isPlainObject', () => {
  it('knows literals from instances', () => {
    expect([{}, Object.create(null)].map(isPlainObject)).toEqual([true, true])
    expect([null, [], new Date(), new Map(), () => {}, 'x'].some(isPlainObject)).toBe(false)
  })
})
