import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { repeater } from '../../src/searchers/repeater.ts'
import type { Ask, Observation, Searcher, Suggestion, ToldTrial } from '../../src/searchers/searcher.ts'
import type { TrialAnswer } from '../../src/searchers/session.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { FINITE_SPACES, obeysSearcherLaws, session, told } from './laws.ts'

/** A searcher that notes what it is asked and told. */
function spy(suggest: (ask: Ask) => Suggestion | Promise<Suggestion>): Searcher & {
  readonly asks: Ask[]
  readonly tells: ToldTrial[]
  readonly observations: Observation[]
} {
  const asks: Ask[] = []
  const tells: ToldTrial[] = []
  const observations: Observation[] = []
  return {
    name: 'spy',
    asks,
    tells,
    observations,
    start: () => ({
      suggest(ask) {
        asks.push(ask)
        return suggest(ask)
      },
      tell: (trial) => void tells.push(trial),
      observe: (observation) => void observations.push(observation),
    }),
  }
}

const counting = ({ number }: Ask): Suggestion => ({ kind: 'point', point: { n: number } })
const space: SpaceDefinition = { n: randint(0, 100) }

describe('repeater', () => {
  obeysSearcherLaws(() => repeater(randomSearch(), { repeat: 2 }))
  describe('around a finite searcher', () =>
    obeysSearcherLaws(() => repeater(gridSearcher(), { repeat: 3 }), {
      spaces: FINITE_SPACES.map((finite) => finite.space),
    }))

  it('gives each configuration to as many trials as it shall run', () => {
    const search = session(repeater(randomSearch(), { repeat: 3 }), { x: uniform(0, 1) }, 's')
    const xs = Array.from(
      { length: 7 },
      (_, number) => (search.suggest({ number, running: [] }) as TrialAnswer).params.x,
    )
    expect(new Set(xs).size).toBe(3)
    expect(xs.slice(0, 3)).toEqual([xs[0], xs[0], xs[0]])
    expect(xs[3]).toBe(xs[5])
  })

  it('says in each configuration which copy it is, when that is wanted', () => {
    const points = randomSearch({ pointsToEvaluate: [{ n: 1 }] })
    const search = session(repeater(points, { repeat: 3, setIndex: true }), space, 's')
    const answers = Array.from(
      { length: 9 },
      (_, number) => search.suggest({ number, running: [] }) as TrialAnswer,
    )
    const indices = answers.map(({ config }) => (config as Record<string, unknown>)['__trial_index__'])
    expect(indices).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2])
    expect(answers[4]?.params).toEqual({ n: answers[3]?.params.n })
    expect(search.complete({ number: 9 }, { n: 5 }).config).toEqual({ n: 5, __trial_index__: 0 })
    const silent = session(repeater(points, { repeat: 3 }), space, 's')
    expect((silent.suggest({ number: 0, running: [] }) as TrialAnswer).config).toEqual({ n: 1 })
  })

  it('asks the inner searcher with numbers as if nothing were repeated, so it covers a gridSearch', () => {
    const search = session(repeater(randomSearch(), { repeat: 2 }), { a: gridSearch([1, 2, 3, 4]) }, 's')
    const values = Array.from(
      { length: 8 },
      (_, number) => (search.suggest({ number, running: [] }) as TrialAnswer).params.a,
    )
    expect(values).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
  })

  it('tells the inner searcher once, when all copies have ended, the mean of those that completed', async () => {
    const inner = spy(counting)
    const search = session(repeater(inner, { repeat: 3 }), space, 's')
    const trials = [0, 1, 2].map((number) => search.suggest({ number, running: [] }) as TrialAnswer)
    await search.tell(
      told(1, trials[1] as TrialAnswer, {
        values: [4],
        intermediate: [
          [1, 2],
          [2, 4],
        ],
        constraints: { memory: 1 },
      }),
    )
    await search.tell(
      told(0, trials[0] as TrialAnswer, {
        state: 'failed',
        values: undefined,
        step: undefined,
        intermediate: [],
      }),
    )
    expect(inner.tells).toEqual([])
    await search.tell(
      told(2, trials[2] as TrialAnswer, { values: [1], intermediate: [[1, 4]], constraints: { memory: -2 } }),
    )
    expect(inner.tells).toEqual([
      expect.objectContaining({
        number: 0,
        params: { n: 0 },
        state: 'completed',
        values: [2.5],
        intermediate: [
          [1, 3],
          [2, 4],
        ],
        constraints: { memory: -0.5 },
      }),
    ])
  })

  const failed = { state: 'failed', values: undefined, step: undefined } as const
  const pruned = (step: number, value: number) => ({ state: 'pruned', values: [value], step }) as const
  it.each([
    ['all failed', [failed, failed], { ...failed }],
    ['pruned at different steps', [pruned(1, 9), pruned(4, 2)], { state: 'pruned', values: [2], step: 4 }],
    ['pruned at the same step', [pruned(4, 1), pruned(4, 2)], { state: 'pruned', values: [1.5], step: 4 }],
    ['one pruned and one failed', [failed, pruned(2, 7)], { state: 'pruned', values: [7], step: 2 }],
    [
      'one interrupted',
      [{ ...pruned(2, 7), state: 'interrupted' as const }, failed],
      { state: 'interrupted', values: [7] },
    ],
    [
      'pruned before any report',
      [{ ...failed, state: 'pruned' as const }, failed],
      { state: 'pruned', values: undefined },
    ],
    ['∞ and -∞, which have no mean', [{ values: [Infinity] }, { values: [-Infinity] }], failed],
  ])('tells of copies that came out as %s', async (_, ends, expected) => {
    const inner = spy(counting)
    const search = session(repeater(inner, { repeat: 2 }), space, 's')
    const trials = [0, 1].map((number) => search.suggest({ number, running: [] }) as TrialAnswer)
    for (const [number, end] of ends.entries())
      await search.tell(told(number, trials[number] as TrialAnswer, end))
    expect(inner.tells).toHaveLength(1)
    expect(inner.tells[0]).toMatchObject(expected)
  })

  it('shows the inner searcher configurations that run, not copies', () => {
    const inner = spy(counting)
    const search = session(repeater(inner, { repeat: 2 }), space, 's')
    const running: { number: number; params: Record<string, unknown> }[] = []
    for (let number = 0; number < 5; number++) {
      const answer = search.suggest({ number, running: [...running] }) as TrialAnswer
      running.push({ number, params: answer.params })
    }
    expect(inner.asks.map(({ number }) => number)).toEqual([0, 1, 2])
    expect(inner.asks[2]?.running).toEqual([
      { number: 0, params: { n: 0 } },
      { number: 1, params: { n: 1 } },
    ])
  })

  it('draws what a suggestion leaves out once for all its copies', () => {
    const inner = spy(() => ({ kind: 'point', point: {} }))
    const search = session(repeater(inner, { repeat: 2 }), { x: uniform(0, 1) }, 's')
    const first = search.suggest({ number: 0, running: [] }) as TrialAnswer
    const second = search.suggest({
      number: 1,
      running: [{ number: 0, params: first.params }],
    }) as TrialAnswer
    expect(second.params).toEqual(first.params)
  })

  it('asks again for a configuration that where rejects, before any copy of it runs', () => {
    const inner = spy(({ number, retry }) => ({ kind: 'point', point: { n: number * 10 + retry } }))
    const search = session(repeater(inner, { repeat: 2 }), space, 's', {
      where: (config) => (config as { n: number }).n % 10 === 3,
    })
    const ns = Array.from(
      { length: 4 },
      (_, number) => (search.suggest({ number, running: [] }) as TrialAnswer).params.n,
    )
    expect(ns).toEqual([3, 3, 13, 13])
  })

  it('repeats pointsToEvaluate, partial ones completed alike, and tells them under numbers of their own', async () => {
    const inner = { ...spy(counting), options: { pointsToEvaluate: [{ a: 1 }] } }
    const search = session(repeater(inner, { repeat: 2 }), { a: choice([1, 2]), n: randint(0, 100) }, 's')
    const [one, two, three] = [0, 1, 2].map(
      (number) => search.suggest({ number, running: [] }) as TrialAnswer,
    )
    expect(one).toMatchObject({ source: 'point', params: { a: 1 } })
    expect(two).toEqual(one)
    expect(three?.source).toBe('suggested')
    await search.tell(told(0, one as TrialAnswer))
    await search.tell(told(1, two as TrialAnswer))
    expect(inner.tells.map(({ number }) => number)).toEqual([1, 2])
  })

  it('passes on wait, finished and promises', async () => {
    const answers: (Suggestion | Promise<Suggestion>)[] = [
      { kind: 'wait' },
      Promise.resolve<Suggestion>({ kind: 'point', point: { n: 5 } }),
      { kind: 'finished' },
    ]
    const search = session(
      repeater(
        spy(() => answers.shift() ?? { kind: 'finished' }),
        { repeat: 2 },
      ),
      space,
      's',
    )
    expect(search.suggest({ number: 0, running: [] })).toEqual({ kind: 'wait' })
    expect(await search.suggest({ number: 0, running: [] })).toMatchObject({ params: { n: 5 } })
    expect(await search.suggest({ number: 1, running: [] })).toMatchObject({ params: { n: 5 } })
    expect(search.suggest({ number: 2, running: [] })).toEqual({ kind: 'finished' })
  })

  it('takes a promise that is none of this realm, as an unwrapped searcher may give one', async () => {
    const point: Suggestion = { kind: 'point', point: { n: 5 } }
    const foreign: unknown = runInNewContext('Promise.resolve(point)', { point })
    expect(foreign).not.toBeInstanceOf(Promise)
    const search = session(
      repeater(
        spy(() => foreign as Promise<Suggestion>),
        { repeat: 2 },
      ),
      space,
      's',
    )
    expect(await search.suggest({ number: 0, running: [] })).toMatchObject({ params: { n: 5 } })
    expect(search.suggest({ number: 1, running: [] })).toMatchObject({ params: { n: 5 } })
  })

  it('lets the inner searcher hear the reports of the first copy', () => {
    const inner = spy(counting)
    const search = session(repeater(inner, { repeat: 2 }), space, 's')
    for (const number of [0, 1, 2]) void search.suggest({ number, running: [] })
    search.observe({ number: 1, step: 1, values: [1] })
    search.observe({ number: 2, step: 1, values: [3] })
    expect(inner.observations).toEqual([{ number: 1, step: 1, values: [3] }])
  })

  it('is saved whatever its configurations hold, and goes on with the same', () => {
    const mixed = { f: choice([Math.sin, Math.cos, new Date(0)]), x: uniform(0, 1) }
    const search = session(repeater(randomSearch(), { repeat: 3 }), mixed, 's')
    const first = search.suggest({ number: 0, running: [] }) as TrialAnswer
    const second = search.suggest({
      number: 1,
      running: [{ number: 0, params: first.params }],
    }) as TrialAnswer
    const saved = structuredClone(search.save())
    const resumed = session(repeater(randomSearch(), { repeat: 3 }), mixed, 's', { saved })
    const running = [first, second].map(({ params }, number) => ({ number, params }))
    const third = resumed.suggest({ number: 2, running }) as TrialAnswer
    expect(third.params).toEqual(first.params)
    expect(third.params.f).toBe(first.params.f)
  })

  it('goes on where a configuration ran in a space of its own, as far as it fits', () => {
    const search = session(
      repeater(randomSearch(), { repeat: 2 }),
      { x: uniform(0, 1), k: randint(0, 9) },
      's',
    )
    const own = readSpace({ x: uniform(5, 6), k: randint(3, 5), z: uniform(0, 1) })
    const first = search.suggest({ number: 0, running: [], space: own }) as TrialAnswer
    const copy = search.suggest({
      number: 1,
      running: [{ number: 0, params: first.params }],
    }) as TrialAnswer
    expect(copy.params.k).toBe(first.params.k)
    expect(copy.params.x).toBeLessThanOrEqual(1)
    expect(Object.keys(copy.params)).toEqual(['x', 'k'])
  })

  it('keeps the limit that it is given or wraps', () => {
    const limited = concurrencyLimiter(randomSearch(), { maxConcurrent: 4 })
    expect(repeater(limited, { repeat: 2 }).limit).toEqual({ max: 4, batch: false })
    expect(concurrencyLimiter(repeater(limited, { repeat: 2 }), { maxConcurrent: 2 })).toMatchObject({
      name: 'repeater(randomSearch)',
      repeat: 2,
      limit: { max: 2 },
    })
  })

  it('refuses what it cannot do', () => {
    expect(() => repeater(randomSearch(), { repeat: 0 })).toThrow(OptionError)
    expect(() => repeater(randomSearch(), {} as never)).toThrow(/needs repeat/)
    expect(() =>
      session(repeater(randomSearch(), { repeat: 2 }), space, 's', { duplicates: 'reuse' }),
    ).toThrow(/runs each configuration 2 times, which duplicates: 'reuse' undoes/)
  })
})
