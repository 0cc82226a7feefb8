import fc from 'fast-check'
import { describe as suite, expect, it } from 'vitest'
import { describe, must, nearest, readOptions } from '../../src/core/options.ts'
import { OptionError } from '../../src/errors.ts'

interface Options {
  readonly size?: number
  readonly mode?: 'a' | 'b'
  readonly name?: string | undefined
}

const DEFAULTS = { size: 3, mode: 'a' as const, name: undefined }
const CHECKS = { size: must.integerFrom(1), mode: must.beOneOf('a', 'b') }
const read = (given: object) => readOptions<Options, typeof DEFAULTS>('thing', given, DEFAULTS, CHECKS)

function refusalOf(act: () => unknown): OptionError {
  try {
    act()
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
  throw new Error('Nothing was refused.')
}

suite('readOptions', () => {
  it('fills in what is not given, and counts undefined as not given', () => {
    expect(read({})).toEqual({ size: 3, mode: 'a', name: undefined })
    expect(read({ size: undefined, name: 'x' })).toEqual({ size: 3, mode: 'a', name: 'x' })
  })

  it('changes neither the defaults nor what was given', () => {
    const given = Object.freeze({ size: 5 })
    expect(read(given).size).toBe(5)
    expect(DEFAULTS.size).toBe(3)
  })

  it('says which option is wrong, what it must be, and what it is', () => {
    const error = refusalOf(() => read({ size: 0.5 }))
    expect(error.message).toBe('thing.size: must be an integer from 1. Got 0.5.')
    expect(error).toMatchObject({ code: 'option', option: 'thing.size', received: 0.5 })
  })

  it('refuses an unknown option with the nearest one', () => {
    const error = refusalOf(() => read({ sise: 1 }))
    expect(error.message).toBe('thing has no option sise. Did you mean size?')
    expect(error).toMatchObject({ option: 'thing.sise', received: 1 })
  })

  it.each([
    ['popsize', ['populationSize', 'restart'], 'Did you mean populationSize?'],
    ['sampler', ['searcher', 'samples'], 'Did you mean searcher?'],
    ['popsize', ['alpha', 'omega'], 'Known are alpha, omega.'],
    ['constraintsFunc', ['seed'], 'trial.setConstraint('],
    ['constraints_func', ['seed'], 'trial.setConstraint('],
  ])('knows what the peers call it: %s', (key, known, words) => {
    const defaults = Object.fromEntries(known.map((name) => [name, 1]))
    expect(() => readOptions('owner', { [key]: 3 }, defaults)).toThrow(words)
  })

  it('lists all options when none is near, also for an option that is undefined', () => {
    expect(() => read({ temperature: undefined })).toThrow(
      'thing has no option temperature. Known are size, mode, name.',
    )
  })

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'knows no option %s, which every object inherits',
    (key) => {
      expect(() => read(JSON.parse(`{ "${key}": 1 }`) as object)).toThrow(`thing has no option ${key}`)
    },
  )

  it.each([
    [null, 'null'],
    [5, '5'],
    ['text', '"text"'],
    [[1], 'an array of 1: [1]'],
  ])('refuses %j in the place of options', (given, words) => {
    expect(() => read(given as object)).toThrow(`thing takes one object of options, got ${words}.`)
  })
})

suite('nearest', () => {
  it.each([
    ['reductionfactor', 'reductionFactor'],
    ['max_t', 'maxT'],
    ['graceperiods', 'gracePeriod'],
  ])('finds what %s was meant to be', (word, meant) => {
    expect(nearest(word, ['maxT', 'gracePeriod', 'reductionFactor'])).toBe(meant)
  })

  it('finds nothing where nothing is near', () => {
    expect(nearest('temperature', ['maxT', 'gracePeriod'])).toBeUndefined()
    expect(nearest('x', [])).toBeUndefined()
  })

  it('finds every word with one letter changed, among words far from it', () => {
    const known = ['maxConcurrentTrials', 'timeBudgetMs', 'numSamples', 'scheduler']
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), fc.constantFrom('', 'q', 'qq'), (word, at, put) => {
        const i = at % word.length
        expect(nearest(word.slice(0, i) + put + word.slice(i + 1), known)).toBe(word)
      }),
    )
  })
})

suite('a value in words', () => {
  class Engine {
    readonly power = 1
  }
  it.each<[unknown, string]>([
    ['a', '"a"'],
    ['say "a"', '"say \\"a\\""'],
    [Number.NaN, 'NaN'],
    [10n, '10n'],
    [undefined, 'undefined'],
    [Symbol('x'), 'Symbol(x)'],
    [() => {}, 'a function'],
    [Engine, 'the function Engine'],
    [new Engine(), 'an Engine'],
    [new Map(), 'a Map'],
    [new Error('x'), 'an Error'],
    [[], 'an empty array'],
    [[1, Number.NaN, 'a'], 'an array of 3: [1, NaN, "a"]'],
    [[1, {}], 'an array of 2'],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], 'an array of 9'],
    [{}, 'an object with no keys'],
    [{ a: 1, b: 2 }, 'an object with the keys a, b'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'an object with the keys a, b, c, d, …'],
    [Object.create(null), 'an object with no keys'],
    [{ constructor: { name: 7 } }, 'an object with the keys constructor'],
  ])('says %s in words', (value, words) => expect(describe(value)).toBe(words))

  it('cuts long texts', () => {
    expect(describe('x'.repeat(1000))).toBe(`"${'x'.repeat(57)}..."`)
  })

  it('never throws', () => {
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const trap = {
      get constructor(): never {
        throw new Error('mine')
      },
    }
    expect(describe(revoked.proxy)).toBe('a value of type object')
    expect(describe(trap)).toBe('a value of type object')
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withTypedArray: true, withMap: true }),
        (value) => {
          expect(typeof describe(value)).toBe('string')
        },
      ),
    )
  })
})

suite('must', () => {
  it.each([
    ['integerFrom(1)', must.integerFrom(1), [1, 2, 1e9], [0, 1.5, Number.NaN, Infinity, '1']],
    ['above(0)', must.above(0), [1e-9, 5], [0, -1, Number.NaN, Infinity, '1', null]],
    ['from(0)', must.from(0), [0, 5.5], [-1e-9, Number.NaN, Infinity, '1', null]],
    ['within(0, 1)', must.within(0, 1), [0, 0.5, 1], [-0.1, 1.1, Number.NaN, '0.5']],
    ["beOneOf('a')", must.beOneOf('a'), ['a'], ['b', 1, null]],
    ['beBoolean', must.beBoolean, [true, false], [0, 'true', null]],
    ['beFunction', must.beFunction, [() => {}, OptionError], [{}, null, 'f']],
    ['beSeed', must.beSeed, [7, 'seven', ''], [Number.NaN, Infinity, null, {}, 7n]],
  ] as [string, (value: never) => string | undefined, unknown[], unknown[]][])(
    '%s takes what it should, and nothing else',
    (_, check, good, bad) => {
      expect(good.filter((value) => check(value as never) !== undefined)).toEqual([])
      expect(bad.filter((value) => check(value as never) === undefined)).toEqual([])
    },
  )

  it('says that a number must be finite where it is endless', () => {
    expect(must.above(0)(Infinity)).toBe('must be a number above 0, and finite.')
    expect(must.from(0)(Infinity)).toBe('must be a number from 0, and finite.')
  })
})
