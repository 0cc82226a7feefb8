import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpaceError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { nextBelow, roundHalfEven } from '../../src/space/axis.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch, ordinal } from '../../src/space/choices.ts'
import { stepsOf } from '../../src/space/decimal.ts'
import { cardinality, contains, encodingOf, valuesOf } from '../../src/space/encoding.ts'
import { lograndint, qlograndint, qrandint, randint } from '../../src/space/integers.ts'
import {
  loguniform,
  qloguniform,
  qrandn,
  quniform,
  randn,
  reverseLoguniform,
  uniform,
} from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { Domain } from '../../src/space/space.ts'
import { sameDomain } from '../../src/space/values.ts'
import { domains } from './arbitraries.ts'

const random = randomStream(7)

describe('encoding', () => {
  it('gives numbers a column, unordered choices one a choice, ordered ones their position', () => {
    const space = readSpace({
      x: uniform(0, 2),
      c: choice(['a', 'b', 'c']),
      o: ordinal([16, 32, 64]),
      g: gridSearch([1, 2]),
      s: sampleFrom(() => 1),
      last: loguniform(1, Math.E),
    })
    const { bounds, columnsOf, dimensionOf, dimensions, encode, decode } = encodingOf(space.parameters)
    expect(dimensions.map(({ path }) => path)).toEqual(['x', 'c', 'o', 'g', 'last'])
    expect(columnsOf).toEqual([[0], [1, 2, 3], [4], [5, 6], [7]])
    expect(dimensionOf).toEqual([0, 1, 1, 1, 2, 3, 3, 4])
    expect(bounds).toEqual([
      [0, 2],
      [0, 1],
      [0, 1],
      [0, 1],
      [-0.5, 2.5],
      [0, 1],
      [0, 1],
      [0, 1],
    ])
    const point = { x: 0.5, c: 'b', o: 64, g: 1, last: Math.sqrt(Math.E) }
    expect([...encode(point)]).toEqual([0.5, 0, 1, 0, 2, 1, 0, expect.closeTo(0.5, 12)])
    expect(decode(encode(point))).toEqual({ ...point, last: expect.closeTo(point.last, 12) })
  })

  it('decodes the first of equally large columns', () => {
    const { decode } = encodingOf([{ path: 'c', domain: choice(['a', 'b', 'c']) }])
    expect(decode([0.2, 0.7, 0.7])).toEqual({ c: 'b' })
  })

  it('widens stepped domains by half a step, before the logarithm', () => {
    const dimensions = [quniform(0, 1, 0.25), lograndint(1, 9), qloguniform(0.5, 2, 0.5)].map(
      (domain, i) => ({
        path: String(i),
        domain,
      }),
    )
    expect(encodingOf(dimensions).bounds).toEqual([
      [-0.125, 1.125],
      [Math.log(0.5), Math.log(8.5)],
      [Math.log(0.25), Math.log(2.25)],
    ])
    expect(encodingOf(dimensions, { step: false, log: false }).bounds).toEqual([
      [0, 1],
      [1, 8],
      [0.5, 2],
    ])
  })

  it('follows the logarithm of the distance to 1', () => {
    const { bounds, encode } = encodingOf([{ path: 'm', domain: reverseLoguniform(0, 0.99) }], { unit: true })
    expect(bounds).toEqual([[0, 1]])
    expect(encode({ m: 0.9 })[0]).toBeCloseTo(0.5, 12)
  })

  it('puts a normal domain between five standard deviations', () => {
    expect(encodingOf([{ path: 'z', domain: randn(1, 2) }]).bounds).toEqual([[-9, 11]])
  })

  it('leaves the columns of a case not taken NaN', () => {
    const space = readSpace({ kind: branch({ a: { x: uniform(0, 1) }, b: { c: choice([1, 2]) } }) })
    const { encode } = encodingOf(space.parameters, { unit: true })
    expect([...encode({ kind: 'a', x: 0.25 })]).toEqual([1, 0, 0.25, NaN, NaN])
  })

  it('refuses a value that is no choice', () => {
    const { encode } = encodingOf([{ path: 'c', domain: choice(['a']) }])
    expect(() => encode({ c: 'b' })).toThrow('c: b cannot be encoded. It must be one of "a".')
    expect(() => encodingOf([{ path: 'x', domain: uniform(0, 1) }]).encode({ x: 'a' })).toThrow(SpaceError)
  })

  it('comes back to the value it began with, and lies within its bounds', () => {
    fc.assert(
      fc.property(
        domains,
        fc.integer(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (domain, seed, log, step, unit) => {
          const value = readSpace({ x: domain }).sample(randomStream(seed))['x']
          const { bounds, encode, decode } = encodingOf([{ path: 'x', domain }], { log, step, unit })
          const row = encode({ x: value })
          row.forEach((number, column) => {
            const [low, high] = bounds[column] as readonly [number, number]
            const slack = 1e-9 * Math.max(1, Math.abs(low), Math.abs(high))
            if (domain.kind === 'normal') return
            expect(number).toBeGreaterThanOrEqual(low - slack)
            expect(number).toBeLessThanOrEqual(high + slack)
          })
          const back = decode(row)['x']
          expect(contains(domain, back)).toBe(true)
          // Optuna cuts logarithmic integers on a linear axis, so those may come back one less.
          const cut = domain.kind === 'int' && domain.scale === 'log' && !log
          if (typeof value !== 'number' || cut) return
          const width = domain.kind === 'float' ? domain.high - domain.low : Math.abs(value)
          expect(Math.abs((back as number) - value)).toBeLessThanOrEqual(
            1e-9 * Math.max(width, Math.abs(value), 1e-300),
          )
        },
      ),
    )
  })

  it('decodes any row within the bounds to a value of the domain', () => {
    fc.assert(
      fc.property(domains, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (domain, u, unit) => {
        const { bounds, decode } = encodingOf([{ path: 'x', domain }], { unit })
        const row = bounds.map(([low, high]) => low + u * (high - low))
        expect(contains(domain, decode(row)['x'])).toBe(true)
      }),
    )
  })
})

describe('listing the values of a domain', () => {
  it.each<[string, Domain, unknown[]]>([
    ['integers', randint(1, 4), [1, 2, 3]],
    ['quantised integers', qrandint(2, 11, 3), [3, 6, 9]],
    [
      'quantised numbers, exact in decimals',
      quniform(0.3, 1.2, 0.1),
      [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2],
    ],
    ['small numbers', quniform(0, 3e-7, 1e-7), [0, 1e-7, 2e-7, 3e-7]],
    ['large numbers', quniform(1e21, 3e21, 1e21), [1e21, 2e21, 3e21]],
    ['quantised logarithms', qlograndint(2, 6, 2), [2, 4, 6]],
    ['one point', uniform(2, 2), [2]],
    ['choices', choice(['b', 'a']), ['b', 'a']],
    ['a grid', gridSearch([null, 1]), [null, 1]],
  ])('gives %s', (_, domain, values) => {
    expect(valuesOf(domain)).toEqual(values)
    expect(cardinality(domain)).toBe(values.length)
    for (const value of values) expect(contains(domain, value)).toBe(true)
  })

  it.each([uniform(0, 1), loguniform(1, 2), randn(), qrandn(0, 1, 0.5), sampleFrom(() => 1)])(
    'refuses those without end',
    (domain) => {
      expect(cardinality(domain)).toBe(Infinity)
      expect(() => valuesOf(domain)).toThrow(SpaceError)
    },
  )

  it('contains what a quantised domain draws, rounding error and all, and nothing between', () => {
    const domain = quniform(0.3, 1.2, 0.1)
    expect(contains(domain, 0.1 * 3)).toBe(true)
    expect(contains(domain, 0.35)).toBe(false)
    expect(contains(domain, 0.2)).toBe(false)
    expect(contains(domain, 1.3)).toBe(false)
    expect(contains(domain, 1.2 + 1e-6)).toBe(false)
  })

  it('contains nothing of another kind', () => {
    for (const domain of [uniform(0, 1), quniform(0, 2, 0.5), randint(0, 2), randn(), qrandn(0, 1, 0.5)]) {
      for (const value of [NaN, Infinity, '1', null, undefined, true, [1]])
        expect(contains(domain, value)).toBe(false)
    }
    expect(contains(randint(0, 3), 1.5)).toBe(false)
    expect(contains(qrandint(0, 9, 3), 4)).toBe(false)
    expect(contains(qrandn(0, 1, 0.5), 0.7)).toBe(false)
    expect(contains(qrandn(0, 1, 0.5), -1.5)).toBe(true)
  })

  it('finds NaN and copies of objects among choices', () => {
    expect(contains(choice([NaN, 1]), NaN)).toBe(true)
    expect(contains(choice([{ a: [1] }]), { a: [1] })).toBe(true)
    expect(contains(choice([{ a: [1] }]), { a: [2] })).toBe(false)
  })
})

describe('sameDomain', () => {
  it('compares content, kind and rule', () => {
    expect(sameDomain(uniform(0, 1), uniform(0, 1))).toBe(true)
    expect(sameDomain(uniform(0, 1), loguniform(0.5, 1))).toBe(false)
    expect(sameDomain(choice([1]), gridSearch([1]))).toBe(false)
    expect(sameDomain(choice([1]), ordinal([1]))).toBe(false)
  })
})

describe('decimal steps', () => {
  it('reach every multiple that an integer count of them reaches', () => {
    const digits = fc.integer({ min: -1e6, max: 1e6 })
    const steps = fc.integer({ min: 1, max: 1e4 })
    fc.assert(
      fc.property(
        digits,
        steps,
        fc.integer({ min: 0, max: 1000 }),
        fc.integer({ min: 0, max: 9 }),
        (low, step, count, places) => {
          const scaled = (n: number) => Number(`${n}e-${places}`)
          const { count: counted, last, at } = stepsOf(scaled(low), scaled(low + step * count), scaled(step))
          expect(counted).toBe(count + 1)
          expect(last).toBe(scaled(low + step * count))
          expect(at(count >> 1)).toBe(scaled(low + step * (count >> 1)))
        },
      ),
    )
  })
})

describe('rounding', () => {
  it('goes from the middle to the even number', () => {
    expect([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999999999999994, 2.4, 2.6].map(roundHalfEven)).toEqual([
      -2, -2, 0, 0, 2, 2, 0, 2, 3,
    ])
  })

  it('finds the next double below', () => {
    expect(nextBelow(1)).toBe(1 - Number.EPSILON / 2)
    expect(nextBelow(-1)).toBe(-1 - Number.EPSILON)
    expect(nextBelow(0)).toBe(-Number.MIN_VALUE)
    expect(nextBelow(random.next() + 1)).toBeLessThan(2)
  })
})
