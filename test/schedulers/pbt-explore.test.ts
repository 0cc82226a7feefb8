import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomStream } from '../../src/random/random.ts'
import { type Change, explore } from '../../src/schedulers/pbt/explore.ts'
import { type Mutation, readMutations } from '../../src/schedulers/pbt/mutation.ts'
import { choice, gridSearch, ordinal } from '../../src/space/choices.ts'
import { qrandint, randint } from '../../src/space/integers.ts'
import { loguniform, quniform, qrandn, randn, reverseLoguniform, uniform } from '../../src/space/numbers.ts'

interface Exploring {
  readonly resampleProbability?: number
  readonly perturbationFactors?: readonly number[]
  readonly seed?: number
}

function exploring(config: unknown, mutations: Record<string, Mutation>, options: Exploring = {}) {
  const { resampleProbability = 0, perturbationFactors = [1.2, 0.8], seed = 1 } = options
  const settings = { resampleProbability, perturbationFactors }
  return explore(config, readMutations('test', mutations), settings, randomStream(seed))
}

/** What one value becomes in many explorations, each once. */
function outcomes(value: unknown, mutation: Mutation, options: Exploring = {}): Set<unknown> {
  const seeds = Array.from({ length: 60 }, (_, seed) => seed)
  return new Set(
    seeds.map(
      (seed) => (exploring({ x: value }, { x: mutation }, { ...options, seed }).config as { x: unknown }).x,
    ),
  )
}

describe('exploring from a configuration', () => {
  it('multiplies a number by one of the factors', () => {
    expect(outcomes(0.5, uniform(0, 1))).toEqual(new Set([0.6, 0.4]))
    expect(outcomes(0.01, loguniform(1e-4, 1))).toEqual(new Set([0.012, 0.008]))
    expect(outcomes(-2, randn())).toEqual(new Set([-2.4, -1.6]))
  })

  it('stays within the domain, which Ray Tune leaves', () => {
    expect(outcomes(0.9, uniform(0.8, 1))).toEqual(new Set([1, 0.8]))
    expect(outcomes(7, randint(6, 9))).toEqual(new Set([8, 6]))
  })

  it('keeps integers whole, and moves them by one at least', () => {
    expect(outcomes(3, randint(1, 100))).toEqual(new Set([4, 2]))
    expect(outcomes(2, randint(1, 100))).toEqual(new Set([3, 1]))
    expect(outcomes(50, randint(1, 100))).toEqual(new Set([60, 40]))
  })

  it('goes from step to step in quantised domains', () => {
    expect(outcomes(0.5, quniform(0, 1, 0.25))).toEqual(new Set([0.75, 0.25]))
    expect(outcomes(40, qrandint(0, 100, 20))).toEqual(new Set([60, 20]))
    expect(outcomes(1, qrandn(0, 1, 0.5))).toEqual(new Set([1.5, 0.5]))
  })

  it('goes by the distance from 1 where that is what counts', () => {
    const [up, down] = [...outcomes(0.99, reverseLoguniform(0.9, 0.999))].toSorted() as [number, number]
    expect(up).toBeCloseTo(0.988, 12)
    expect(down).toBeCloseTo(0.992, 12)
  })

  it('goes to a neighbour in a list, and stays at its ends', () => {
    expect(outcomes('b', ['a', 'b', 'c'])).toEqual(new Set(['a', 'c']))
    expect(outcomes('a', ['a', 'b', 'c'])).toEqual(new Set(['a', 'b']))
    expect(outcomes(32, ordinal([16, 32, 64]))).toEqual(new Set([16, 64]))
    expect(outcomes(32, gridSearch([16, 32, 64]))).toEqual(new Set([16, 64]))
    expect(outcomes([3, 3], [[1], [3, 3], [5]])).toEqual(new Set([[1], [5]]))
  })

  it('draws anew where nothing is near: choices without order, values that are in no list, no numbers', () => {
    expect(outcomes('b', choice(['a', 'b', 'c']))).toEqual(new Set(['a', 'b', 'c']))
    expect(outcomes('z', ['a', 'b'])).toEqual(new Set(['a', 'b']))
    const drawn = outcomes('none', uniform(0, 1))
    expect(drawn.size).toBe(60)
  })

  it('draws what the configuration lacks', () => {
    const { config, changes } = exploring({ a: 1 }, { deep: { b: randint(3, 5) } })
    expect(config).toMatchObject({ a: 1, deep: { b: expect.any(Number) } })
    expect(changes).toMatchObject([{ path: 'deep/b', from: undefined, by: 'resample' }])
  })

  it('draws anew as often as it is to', () => {
    const count = (resampleProbability: number): number => {
      const seeds = Array.from({ length: 2000 }, (_, seed) => seed)
      const all = seeds.flatMap(
        (seed) =>
          exploring({ x: 0.5 }, { x: uniform(0, 1) }, { resampleProbability, seed }).changes as Change[],
      )
      return all.filter(({ by }) => by === 'resample').length
    }
    expect(count(0)).toBe(0)
    expect(count(1)).toBe(2000)
    // Five standard deviations about 500.
    expect(Math.abs(count(0.25) - 500)).toBeLessThan(97)
  })

  it('takes a function for a domain: what it draws says whether it is about whole numbers', () => {
    expect(outcomes(10, (random) => random.below(100))).toEqual(new Set([12, 8]))
    expect(outcomes(10, (random) => 100 * random.next())).toEqual(new Set([12, 8]))
    expect(outcomes(1, (random) => random.below(100))).toEqual(new Set([1]))
    expect(outcomes(1, (random) => random.next())).toEqual(new Set([1.2, 0.8]))
    expect(outcomes(10, () => 7, { resampleProbability: 1 })).toEqual(new Set([7]))
  })

  it('changes what is nested, in objects and arrays, and nothing beside it', () => {
    const config = { optimizer: { lr: 0.5, name: 'adam' }, layers: [8, 16], kept: { a: 1 } }
    const { config: explored, changes } = exploring(config, {
      optimizer: { lr: uniform(0, 1) },
      layers: { 1: [8, 16, 32] },
    })
    expect(explored).toMatchObject({ optimizer: { name: 'adam' }, kept: { a: 1 } })
    expect((explored as typeof config).layers[0]).toBe(8)
    expect((explored as typeof config).layers[1]).not.toBe(16)
    expect(changes.map(({ path }) => path)).toEqual(['optimizer/lr', 'layers/1'])
    expect(config).toEqual({ optimizer: { lr: 0.5, name: 'adam' }, layers: [8, 16], kept: { a: 1 } })
  })

  it('gives one value the same chance whatever else is changed', () => {
    const alone = exploring({ a: 0.5, b: 0.5 }, { b: uniform(0, 1) }).config as { b: number }
    const both = exploring({ a: 0.5, b: 0.5 }, { a: uniform(0, 1), b: uniform(0, 1) }).config as { b: number }
    expect(both.b).toBe(alone.b)
  })

  it('says of each change what it was, and gives the configuration that they make', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, resampleProbability) => {
        const { config, changes } = exploring(
          { a: 0.5, b: 4 },
          { a: uniform(0.1, 1), b: randint(1, 9) },
          { seed, resampleProbability },
        )
        expect(config).toEqual(Object.fromEntries(changes.map(({ path, to }) => [path, to])))
        expect(changes.map(({ from }) => from)).toEqual([0.5, 4])
        const { a, b } = config as { a: number; b: number }
        expect([a >= 0.1 && a <= 1, Number.isInteger(b) && b >= 1 && b <= 8]).toEqual([true, true])
      }),
    )
  })
})
