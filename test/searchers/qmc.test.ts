import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { centeredDiscrepancy } from '../../src/math/discrepancy.ts'
import { qmc, type QmcOptions } from '../../src/searchers/qmc.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, randn, uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { obeysSearcherLaws, session, told } from './laws.ts'

function ask(search: SearchSession, number: number): TrialAnswer {
  return search.suggest({ number, running: [] }) as TrialAnswer
}

function asked(search: SearchSession, count: number): TrialAnswer[] {
  return Array.from({ length: count }, (_, number) => ask(search, number))
}

const KINDS: readonly QmcOptions[] = [
  {},
  { scramble: true },
  { qmcType: 'halton' },
  { qmcType: 'halton', scramble: true, seed: 7 },
]

describe('qmc', () => {
  describe.each(KINDS)('with %j', (options) => obeysSearcherLaws(() => qmc(options)))

  it('gives every choice, every integer and every part of a range its share of 64 trials', () => {
    const space = { c: choice(['a', 'b', 'c', 'd']), n: randint(0, 8), lr: loguniform(1e-4, 1) }
    for (const options of KINDS.slice(0, 2)) {
      const trials = asked(session(qmc(options), space, 's'), 64).map(
        ({ config }) => config as { c: string; n: number; lr: number },
      )
      const count = (isOne: (trial: (typeof trials)[number]) => boolean): number =>
        trials.filter(isOne).length
      for (const letter of 'abcd') expect(count(({ c }) => c === letter)).toBe(16)
      for (let n = 0; n < 8; n++) expect(count((trial) => trial.n === n)).toBe(8)
      for (let decade = -4; decade < 0; decade++) {
        expect(count(({ lr }) => lr >= 10 ** decade && lr < 10 ** (decade + 1))).toBe(16)
      }
    }
  })

  it('fills five dimensions more evenly than chance does', () => {
    const space = Object.fromEntries('abcde'.split('').map((name) => [name, uniform(0, 1)]))
    for (const options of KINDS) {
      const points = asked(session(qmc(options), space, 's'), 128).map(({ params }) =>
        Object.values(params as Record<string, number>),
      )
      // What 128 random points come to on average: ((5/4)⁵ - (13/12)⁵) / 128.
      expect(centeredDiscrepancy(points)).toBeLessThan(0.0122 / 3)
    }
  })

  it('gives a trial the same point whether or not the others were asked for', () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) }
    for (const options of KINDS) {
      const all = asked(session(qmc(options), space, 's'), 10)
      expect(ask(session(qmc(options), space, 's'), 9).params).toEqual(all[9]?.params)
    }
  })

  it('is changed by its seed only when it is scrambled', () => {
    const first = (options: QmcOptions): unknown =>
      asked(session(qmc(options), { x: uniform(0, 1) }, 's'), 3).map(({ params }) => params)
    expect(first({ seed: 1 })).toEqual(first({ seed: 2 }))
    expect(first({ seed: 1, scramble: true })).not.toEqual(first({ seed: 2, scramble: true }))
  })

  it('goes on to the next points of the sequence when where turns some down', () => {
    const space = { x: uniform(0, 1) }
    const xs = (search: SearchSession, count: number): number[] =>
      asked(search, count).map(({ params }) => params['x'] as number)
    const allowed = (x: number): boolean => x < 0.4
    const all = xs(session(qmc(), space, 's'), 64)
    const some = session(qmc(), space, 's', { where: (config) => allowed((config as { x: number }).x) })
    expect(xs(some, 20)).toEqual(all.filter(allowed).slice(0, 20))
  })

  it('spreads a normal domain by its quantiles', () => {
    const search = session(qmc({ scramble: true }), { x: randn(3, 2) }, 's')
    const xs = asked(search, 128).map(({ params }) => params['x'] as number)
    expect(xs.filter((x) => x < 3)).toHaveLength(64)
    expect(xs.filter((x) => x < 3 - 2 * 0.6744897501960817)).toHaveLength(32)
  })

  it('gives the cases of a branch equal shares, and each its parameters evenly', () => {
    const space = {
      act: branch({
        relu: { width: uniform(0, 20) },
        tanh: { width: uniform(-20, 0), alpha: uniform(0, 1) },
      }),
    }
    const configs = asked(session(qmc({ scramble: true }), space, 's'), 64).map(
      ({ config }) => config as { act: string; width: number; alpha?: number },
    )
    const relu = configs.filter(({ act }) => act === 'relu')
    expect(relu).toHaveLength(32)
    expect(relu.every(({ alpha }) => alpha === undefined)).toBe(true)
    expect(new Set(relu.map(({ width }) => Math.floor(width / 4))).size).toBe(5)
  })

  it('begins its sequence, in a define-by-run space, once a trial has ended', () => {
    const space: SpaceDefinition = (trial) => {
      trial.suggestFloat('x', 0, 1)
      trial.suggestFloat('y', 0, 1)
    }
    const search = session(qmc(), space, 's')
    const [first, second] = asked(search, 2)
    void search.tell(told(1, second as TrialAnswer, { state: 'failed', values: undefined }))
    const rest = [2, 3, 4, 5].map((number) => Object.values(ask(search, number).params))
    expect(first?.params).not.toEqual(second?.params)
    expect(rest).toEqual([
      [0, 0],
      [0.5, 0.5],
      [0.75, 0.25],
      [0.25, 0.75],
    ])
  })

  it('adds a coordinate for a parameter that first comes later', () => {
    const space: SpaceDefinition = (trial) => {
      if (trial.suggestCategorical('more', [false, true])) trial.suggestFloat('z', 0, 1)
    }
    const search = session(qmc(), space, 's')
    const zs: number[] = []
    for (let number = 0; number < 66; number++) {
      const answer = ask(search, number)
      void search.tell(told(number, answer))
      if (number >= 34 && 'z' in answer.params) zs.push(answer.params['z'] as number)
    }
    // Where `more` is true, which is so for half of 32 points in a row, z takes half of the axis' 32 parts.
    expect(zs).toHaveLength(16)
    expect(new Set(zs.map((z) => Math.floor(z * 32))).size).toBe(16)
  })

  it('leaves to chance what Sobol has no dimensions for', () => {
    const space = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`, uniform(0, 1)]))
    const values = Object.values(ask(session(qmc(), space, 's'), 1).params)
    expect(values.slice(0, 481).every((value) => value === 0.5)).toBe(true)
    expect(new Set(values.slice(481)).size).toBe(19)
    const halton = Object.values(ask(session(qmc({ qmcType: 'halton' }), space, 's'), 1).params)
    expect(new Set(halton).size).toBe(500)
  })

  it('copes with 10,000 choices, a single value and a space without parameters', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({ i }))
    const search = session(qmc({ scramble: true }), { c: choice(many), one: uniform(2, 2) }, 's')
    const answers = asked(search, 200)
    expect(new Set(answers.map(({ params }) => params['c'])).size).toBe(200)
    expect(answers.every(({ params }) => params['one'] === 2)).toBe(true)
    expect(ask(session(qmc(), { steps: 100 }, 's'), 0).config).toEqual({ steps: 100 })
  })

  it('refuses a sequence that there is not, and an option that it has not', () => {
    expect(() => qmc({ qmcType: 'faure' as 'sobol' })).toThrow(OptionError)
    expect(() => qmc({ scramble: 1 as never })).toThrow(/scramble: must be true or false/)
    expect(() => qmc({ scrambled: true } as object)).toThrow(/Did you mean scramble\?/)
  })
})
