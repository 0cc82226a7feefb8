import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { obeysSearcherLaws, session } from './laws.ts'

function ask(search: SearchSession, number: number): TrialAnswer {
  return search.suggest({ number, running: [] }) as TrialAnswer
}

describe('randomSearch', () => {
  obeysSearcherLaws(() => randomSearch())
  describe('with a seed of its own', () => obeysSearcherLaws(() => randomSearch({ seed: 7 })))

  it('gives trial 5 the same configuration, whether or not others were asked for before', () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) }
    const inOrder = session(randomSearch(), space, 'seed')
    for (let number = 0; number < 5; number++) ask(inOrder, number)
    expect(ask(inOrder, 5).params).toEqual(ask(session(randomSearch(), space, 'seed'), 5).params)
  })

  it('gives the same with its own seed in experiments with different ones', () => {
    const draw = (seed: number | undefined, experiment: string): unknown =>
      ask(session(randomSearch({ seed }), { x: uniform(0, 1) }, experiment), 0).params
    expect(draw(7, 'one')).toEqual(draw(7, 'two'))
    expect(draw(undefined, 'one')).not.toEqual(draw(undefined, 'two'))
  })

  it('goes through the cross product of gridSearch, the first-named axis fastest, again and again', () => {
    const search = session(
      randomSearch(),
      { a: gridSearch([1, 2]), x: uniform(0, 1), b: gridSearch(['p', 'q', 'r']) },
      's',
    )
    const trials = Array.from(
      { length: 12 },
      (_, number) => ask(search, number).config as { a: number; b: string; x: number },
    )
    const once = ['1p', '2p', '1q', '2q', '1r', '2r']
    expect(trials.map(({ a, b }) => `${a}${b}`)).toEqual([...once, ...once])
    expect(new Set(trials.map(({ x }) => x)).size).toBe(12)
  })

  it('begins the cross product after the points of the user, which are no part of it', () => {
    const points = randomSearch({ pointsToEvaluate: [{ a: 3 }] })
    const search = session(points, { a: gridSearch([1, 2, 3]) }, 'seed')
    expect([0, 1, 2, 3].map((number) => ask(search, number).params['a'])).toEqual([3, 1, 2, 3])
  })

  it('draws another configuration when one was turned down', () => {
    const search = session(randomSearch(), { x: choice([1, 2, 3, 4, 5, 6, 7, 8]) }, 's', {
      where: (config) => (config as { x: number }).x > 6,
    })
    const xs = Array.from({ length: 20 }, (_, number) => (ask(search, number).config as { x: number }).x)
    expect(new Set(xs)).toEqual(new Set([7, 8]))
  })

  it('refuses a seed that is no string or finite number, and names the nearest option to an unknown one', () => {
    expect(() => randomSearch({ seed: Number.NaN })).toThrow(OptionError)
    expect(() => randomSearch({ sead: 1 } as object)).toThrow(/Did you mean seed\?/)
  })
})
