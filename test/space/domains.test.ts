import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpaceError } from '../../src/errors.ts'
import { type RandomStream, randomStream } from '../../src/random/random.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch, ordinal } from '../../src/space/choices.ts'
import { isDomain } from '../../src/space/domain.ts'
import { drawOf } from '../../src/space/draw.ts'
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
import { contains } from '../../src/space/values.ts'

function draws(domain: Domain, count = 2_000): number[] {
  const random = randomStream(7)
  const draw = drawOf(domain)
  return Array.from({ length: count }, () => draw(random) as number)
}

function drawsAt(domain: Domain, ...uniforms: number[]): unknown[] {
  const draw = drawOf(domain)
  return uniforms.map((u) => draw({ next: () => u, below: (n: number) => Math.floor(u * n) } as RandomStream))
}

const LAST = 1 - Number.EPSILON / 2

describe('numeric domains', () => {
  it('leave the upper bound of integers out, and reach that of quantised ones', () => {
    expect(new Set(draws(randint(1, 4)))).toEqual(new Set([1, 2, 3]))
    expect(Math.max(...draws(lograndint(1, 4)))).toBe(3)
    expect(new Set(draws(qrandint(0, 10, 5)))).toEqual(new Set([0, 5, 10]))
    expect(new Set(draws(quniform(0, 1, 0.5)))).toEqual(new Set([0, 0.5, 1]))
    expect(new Set(draws(qloguniform(0.5, 1.5, 0.5)))).toEqual(new Set([0.5, 1, 1.5]))
    expect(new Set(draws(qlograndint(3, 9, 3)))).toEqual(new Set([3, 6, 9]))
  })

  it('move the bounds of quantised integers inwards to multiples', () => {
    expect(qrandint(2, 11, 3)).toMatchObject({ low: 3, high: 9, step: 3 })
    expect(qlograndint(5, 100, 10)).toMatchObject({ low: 10, high: 100, step: 10, scale: 'log' })
  })

  it('round nothing with a quantum of 1, as Ray Tune does', () => {
    expect(quniform(0, 10, 1)).toEqual(uniform(0, 10))
    expect(qrandn(3, 5, 1)).toEqual(randn(3, 5))
    expect(qrandint(1, 9, 1)).toEqual(randint(1, 9))
    expect(qrandint(1, 9)).toEqual(randint(1, 9))
    expect(qlograndint(1, 9, 1)).toEqual(lograndint(1, 9))
  })

  it('are one point where low is high', () => {
    const points = [
      uniform(2, 2),
      quniform(0.3, 0.3, 0.1),
      loguniform(5, 5),
      qloguniform(0.3, 0.3, 0.1),
      reverseLoguniform(0.9, 0.9),
      qrandint(5, 5),
      qrandint(10, 10, 5),
      lograndint(5, 5),
      qlograndint(6, 6, 3),
    ]
    expect(points.map((domain) => new Set(drawsAt(domain, 0, 0.5, LAST)))).toEqual(
      [2, 0.3, 5, 0.3, 0.9, 5, 10, 5, 6].map((value) => new Set([value])),
    )
  })

  it('draw the logarithm evenly, and of reverseLoguniform that of the distance to 1', () => {
    expect(drawsAt(loguniform(1e-4, 1), 0.5)[0]).toBeCloseTo(1e-2, 12)
    expect(drawsAt(reverseLoguniform(0, 0.9999), 0, 0.5, LAST)).toEqual([
      0,
      expect.closeTo(0.99, 12),
      expect.closeTo(0.9999, 12),
    ])
  })

  it('stay within their bounds at the ends of what chance gives', () => {
    const numbers = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        for (const domain of [uniform(low, high), loguniform(low, high)]) {
          for (const value of drawsAt(domain, 0, 0.5, LAST)) expect(contains(domain, value)).toBe(true)
        }
      }),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 1, max: 99 }),
        (low, width, q) => {
          const domains = [
            lograndint(low, low + width),
            qrandint(low, low + width + q, q),
            qlograndint(low, low + width + q, q),
          ]
          for (const domain of domains) {
            for (const value of drawsAt(domain, 0, 0.5, LAST)) expect(contains(domain, value)).toBe(true)
          }
        },
      ),
    )
  })

  it('give the mean and spread that randn was asked for', () => {
    const values = draws(randn(10, 2), 20_000)
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length
    const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length
    expect(mean).toBeCloseTo(10, 1)
    expect(Math.sqrt(variance)).toBeCloseTo(2, 1)
  })

  it('may miss the upper bound of a fraction by rounding error, as Ray Tune does; points may name it', () => {
    const domain = quniform(0.3, 1.2, 0.1)
    const values = draws(domain)
    expect(Math.max(...values)).toBeCloseTo(1.1, 12)
    expect(values).toContain(0.30000000000000004)
    expect(contains(domain, 1.2)).toBe(true)
  })

  it('are finite however large, where they are normally distributed', () => {
    expect(draws(randn(1e307, 1e306)).every(Number.isFinite)).toBe(true)
  })

  it('never give -0, which would be another value in a table', () => {
    expect(drawsAt(quniform(-3, 3, 0.5), 0.49).map((value) => Object.is(value, 0))).toEqual([true])
  })
})

describe('choices', () => {
  it('give every value, one given twice twice as often', () => {
    const values = draws(choice([1, 2, 2]), 3_000)
    expect(values.filter((value) => value === 2).length).toBeGreaterThan(1_850)
    expect(new Set(draws(ordinal([16, 32])))).toEqual(new Set([16, 32]))
    expect(ordinal([16, 32])).toMatchObject({ kind: 'categorical', ordered: true })
  })

  it('do not follow later changes of the array they were given', () => {
    const values = [1, 2]
    const domain = gridSearch(values)
    values.push(3)
    expect(domain.choices).toEqual([1, 2])
  })
})

describe('a domain', () => {
  it('is plain data that shows nothing but its own fields', () => {
    expect(JSON.parse(JSON.stringify(uniform(0, 1)))).toEqual({
      kind: 'float',
      low: 0,
      high: 1,
      scale: 'linear',
      rule: 'ray',
    })
    expect(Object.isFrozen(uniform(0, 1))).toBe(true)
  })

  it('is told from a constant that looks like one', () => {
    expect(isDomain(uniform(0, 1))).toBe(true)
    expect(isDomain({ ...uniform(0, 1) })).toBe(false)
  })
})

function refusal(act: () => unknown): SpaceError {
  try {
    act()
  } catch (error) {
    if (error instanceof SpaceError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('a space is refused for a bad call in it, with the path', () => {
  const NOT = Number.NaN
  it.each([
    [
      'low above high',
      () => uniform(2, 1),
      'uniform(2, 1): the low bound 2 is above the high bound 1. Swap them.',
    ],
    [
      'NaN',
      () => uniform(NOT, 1),
      'uniform(NaN, 1): the low bound must be a finite number, got NaN. Give a number.',
    ],
    [
      'an infinite bound',
      () => loguniform(1, Infinity),
      /the high bound must be a finite number, got Infinity/,
    ],
    [
      'a missing bound',
      () => (uniform as (low: number) => unknown)(1),
      /the high bound must be a finite number, got undefined/,
    ],
    ['bounds too far apart', () => uniform(-1e308, 1e308), /further apart/],
    ['a text', () => uniform('0' as never, 1), /the low bound must be a finite number, got "0"/],
    [
      'the logarithm of 0',
      () => loguniform(0, 1),
      'loguniform(0, 1) needs a low bound above 0, got 0. Give a small one, or use uniform.',
    ],
    ['the logarithm of a negative number', () => qloguniform(-1, 1, 0.5), /above 0, got -1/],
    ['the logarithm of 0, for integers', () => lograndint(0, 9), /above 0, got 0.*randint/],
    ['the logarithm of 0, for quantised integers', () => qlograndint(0, 9, 3), /above 0, got 0.*qrandint/],
    ['the logarithm of the distance to 1 at 1', () => reverseLoguniform(0.5, 1), /from 0 to below 1/],
    [
      'a quantum of 0',
      () => quniform(0, 1, 0),
      'quniform(0, 1, 0): q must be a number above 0, got 0. Give such a number.',
    ],
    ['a negative quantum', () => qrandn(0, 1, -1), /q must be a number above 0, got -1/],
    [
      'a missing quantum',
      () => (quniform as (low: number, high: number) => unknown)(0, 2),
      /q must be a number above 0, got undefined/,
    ],
    ['an integer quantum of 0', () => qrandint(0, 9, 0), /q must be 1 or more, got 0/],
    [
      'a quantum that is no integer, for integers',
      () => qrandint(0, 9, 0.5),
      /q must be an integer, got 0.5/,
    ],
    ['a bound that is no multiple', () => quniform(0.1, 1, 0.3), /0.1 is no multiple of 0.3. Take 0\./],
    ['no multiple between the bounds', () => qrandint(4, 5, 10), /no multiple of 10 lies from 4 to 5/],
    [
      'an empty range of integers',
      () => randint(3, 3),
      'randint(3, 3) has no values, since its high bound is left out. Use randint(3, 4).',
    ],
    ['an integer bound that is none', () => randint(0, 1.5), /the high bound must be an integer, got 1.5/],
    [
      'a standard deviation of 0',
      () => randn(0, 0),
      /the standard deviation must be a number above 0, got 0/,
    ],
    ['a mean of NaN', () => randn(NOT, 1), /the mean must be a finite number, got NaN/],
    ['an empty choice', () => choice([]), 'choice([]) has nothing to choose from. Give at least one value.'],
    ['an empty grid', () => gridSearch([]), /gridSearch\(\[\]\) has nothing to choose from/],
    ['choices that are no array', () => ordinal('ab' as never), /ordinal takes an array of values, got "ab"/],
    [
      'a domain among the choices',
      () => choice([uniform(0, 1)]),
      /value 0 of its choices is itself a domain.*branch/,
    ],
    ['no cases', () => branch({}), /one property a case, got an object with no keys/],
    ['no object of cases', () => branch(undefined as never), /one property a case, got undefined/],
    [
      'a case that is a domain',
      () => branch({ x: uniform(0, 1) }),
      /the case x must be an object of parameters/,
    ],
    [
      'a case that is an array',
      () => branch({ y: [] }),
      /the case y must be an object of parameters, got an empty array. Write y: \{\} for none/,
    ],
    ['normal numbers beyond the largest one', () => randn(1e308, 1e308), /larger than a number can say/],
    ['a quantum too small for its mean', () => qrandn(1e10, 1, 1e-300), /Give a larger q/],
    ['a quantum too small for its bounds', () => quniform(0, 1e10, 1e-300), /Give a larger q/],
    ['a sampleFrom without a function', () => sampleFrom(5 as never), /sampleFrom takes a function.*got 5/],
  ])('%s', (_, make: () => unknown, message: string | RegExp) => {
    // Nobody knows yet where it will stand.
    const domain = make()
    const refused = refusal(() => readSpace({ optimizer: { lr: domain } }))
    expect(refused.path).toBe('optimizer/lr')
    if (typeof message === 'string') expect(refused.message).toBe(`optimizer/lr: ${message}`)
    else expect(refused.message).toMatch(message)
  })

  it.each([
    ['within a case of a branch', (bad: Domain) => ({ n: { k: branch({ x: { lr: bad } }) } }), 'n/lr'],
    ['within an array', (bad: Domain) => ({ lrs: [1, bad] }), 'lrs/1'],
    ['within a choice', (bad: Domain) => ({ lr: choice([bad]) }), 'lr'],
    ['within a grid', (bad: Domain) => ({ lr: gridSearch([{ a: bad }]) }), 'lr'],
  ])('%s', (_, definition, path) => {
    expect(refusal(() => readSpace(definition(uniform(NOT, 1)))).path).toBe(path)
  })

  it('and the error leads to the line that made the call', () => {
    function myOwnDomains(): Domain {
      return loguniform(0, 1)
    }
    const { cause } = refusal(() => readSpace({ lr: myOwnDomains() }))
    expect((cause as Error).stack).toContain('myOwnDomains')
  })
})
