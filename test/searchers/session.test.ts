import { deserialize, serialize } from 'node:v8'
import { describe, expect, it } from 'vitest'
import type { Params } from '../../src/core/trial.ts'
import { OptionError, SpaceError, TroupeError } from '../../src/errors.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { repeater } from '../../src/searchers/repeater.ts'
import type { Ask, Searcher, Suggestion, ToldTrial } from '../../src/searchers/searcher.ts'
import type { Answer, SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { session, told } from './laws.ts'

const ask = (search: SearchSession, number: number): Answer => {
  const answer = search.suggest({ number, running: [] })
  if (answer instanceof Promise) throw new TypeError('a promise from a synchronous searcher')
  return answer
}
const trial = (search: SearchSession, number: number): TrialAnswer => ask(search, number) as TrialAnswer

/** A user's searcher, as short as can be. */
const searcher = (
  suggest: (ask: Ask) => unknown,
  more: Partial<Searcher> = {},
): Searcher & { tells: ToldTrial[] } => {
  const tells: ToldTrial[] = []
  return {
    name: 'mine',
    tells,
    start: () => ({
      suggest: (request) => suggest(request) as Suggestion,
      tell: (ended) => void tells.push(ended),
    }),
    ...more,
  }
}
const point = (values: Record<string, unknown>): Suggestion => ({ kind: 'point', point: values })

const nested: SpaceDefinition = {
  steps: 100,
  lr: loguniform(1e-4, 1),
  net: { depth: randint(1, 9), act: choice(['relu', 'tanh']) },
}

describe('pointsToEvaluate', () => {
  const points = (...list: object[]): Searcher => randomSearch({ pointsToEvaluate: list })

  it('come first, in order, before what the searcher suggests', () => {
    const search = session(
      points({ lr: 0.1, net: { depth: 2, act: 'relu' } }, { lr: 0.2, net: { depth: 3, act: 'tanh' } }),
      nested,
      's',
    )
    expect([trial(search, 0), trial(search, 1), trial(search, 2)]).toMatchObject([
      { source: 'point', config: { steps: 100, lr: 0.1, net: { depth: 2, act: 'relu' } } },
      { source: 'point', config: { steps: 100, lr: 0.2, net: { depth: 3, act: 'tanh' } } },
      { source: 'suggested' },
    ])
  })

  it('are honoured when nested or flat, and completed when partial', () => {
    const search = session(points({ net: { depth: 7 } }, { 'net/depth': 8 }), nested, 's')
    const [one, two] = [trial(search, 0), trial(search, 1)]
    expect(one.config).toMatchObject({ steps: 100, net: { depth: 7 } })
    expect(two.config).toMatchObject({ steps: 100, net: { depth: 8 } })
    expect(Object.keys(one.params).toSorted()).toEqual(['lr', 'net/act', 'net/depth'])
    expect(one.params.lr).not.toBe(two.params.lr)
  })

  it('are honoured on a searcher of a user, and through wrappers', () => {
    const mine = searcher(() => point({ x: 1 }), { options: { pointsToEvaluate: [{ x: 2 }] } })
    const search = session(concurrencyLimiter(mine, { maxConcurrent: 1 }), { x: choice([1, 2]) }, 's')
    expect([trial(search, 0).params.x, trial(search, 1).params.x]).toEqual([2, 1])
  })

  it('run once for each combination of gridSearch that they leave out, the rest drawn anew', () => {
    const space = { a: gridSearch([1, 2, 3]), x: uniform(0, 1), b: gridSearch(['p', 'q']) }
    const search = session(points({ x: 0.5, b: 'q' }, { a: 2, b: 'p' }, {}), space, 's')
    const trials = Array.from({ length: 10 }, (_, number) => trial(search, number))
    expect(trials.every(({ source }) => source === 'point')).toBe(true)
    expect(trials.map(({ params }) => `${String(params.a)}${String(params.b)}`)).toEqual([
      ...['1q', '2q', '3q'],
      '2p',
      ...['1p', '2p', '3p', '1q', '2q', '3q'],
    ])
    expect(trials.slice(0, 3).map(({ params }) => params.x)).toEqual([0.5, 0.5, 0.5])
    expect(new Set(trials.slice(3).map(({ params }) => params.x)).size).toBe(7)
    // What is drawn after them begins with the first combination.
    expect(trial(search, 10)).toMatchObject({ source: 'suggested', params: { a: 1, b: 'p' } })
  })

  it('get the combinations within a case only where they say that it is taken', () => {
    const space = { kind: branch({ a: { g: gridSearch([1, 2]) }, b: {} }), h: gridSearch([5, 6]) }
    const search = session(points({ kind: 'a' }, { kind: 'b' }, { h: 5 }), space, 's')
    const configs = Array.from({ length: 7 }, (_, number) => trial(search, number).config)
    expect(configs.slice(0, 6)).toEqual([
      { kind: 'a', g: 1, h: 5 },
      { kind: 'a', g: 2, h: 5 },
      { kind: 'a', g: 1, h: 6 },
      { kind: 'a', g: 2, h: 6 },
      { kind: 'b', h: 5 },
      { kind: 'b', h: 6 },
    ])
    expect(configs[6]).toMatchObject({ h: 5 })
    expect(trial(search, 7).source).toBe('suggested')
  })

  it('take a case by one of its parameters alone', () => {
    const space = { act: branch({ relu: { width: uniform(0, 1) }, tanh: { alpha: uniform(0, 1) } }) }
    expect(trial(session(points({ alpha: 0.5 }), space, 's'), 0).config).toEqual({ act: 'tanh', alpha: 0.5 })
  })

  it.each([
    [{ lr: 0.1, net: { dept: 2 } }, 'net/dept', /pointsToEvaluate\[1\]/],
    [{ lr: 7 }, 'lr', /7 is out of range.*pointsToEvaluate\[1\]/],
    [{ steps: 99 }, 'steps', /pointsToEvaluate\[1\]/],
  ])('are refused at construction where they do not fit: %j', (bad, path, message) => {
    const refused = (): unknown => session(points({}, bad), nested, 's')
    expect(refused).toThrow(message)
    expect(refused).toThrow(expect.objectContaining({ name: 'SpaceError', path }))
  })

  it('are refused in a define-by-run space before their trial, not before', () => {
    const space: SpaceDefinition = (t) => void t.suggestFloat('x', 0, 1)
    const search = session(points({ x: 0.5 }, { x: 2 }, { y: 1 }), space, 's')
    expect(trial(search, 0).config).toEqual({ x: 0.5 })
    expect(() => ask(search, 1)).toThrow(/^x: 2 is out of range.*pointsToEvaluate\[1\]/)
    // Asked again it is the same point that is refused, since it was not used up.
    expect(() => ask(search, 1)).toThrow(SpaceError)
  })

  it('are refused when they are no configurations, or where forbids them', () => {
    expect(() => session(randomSearch({ pointsToEvaluate: { lr: 1 } as never }), nested, 's')).toThrow(
      OptionError,
    )
    expect(() => session(points(5 as never), nested, 's')).toThrow(
      /pointsToEvaluate\[0\] must be a configuration/,
    )
    const where = (config: unknown): boolean => (config as { x: number }).x === 2
    const forbidden = (): unknown =>
      session(points({ x: 2 }, { x: 1 }), { x: choice([1, 2]) }, 's', { where })
    expect(forbidden).toThrow(SpaceError)
    expect(forbidden).toThrow(/where rejects pointsToEvaluate\[1\]/)
    const byRunning = session(points({ x: 1 }), (t) => void t.suggestCategorical('x', [1, 2]), 's', { where })
    expect(() => ask(byRunning, 0)).toThrow(/where rejects pointsToEvaluate\[0\]/)
  })

  it('may leave out what objects inherit', () => {
    const search = session(points({ x: 1 }), { constructor: uniform(0, 1), x: choice([1]) }, 's')
    expect(Object.keys(trial(search, 0).params)).toEqual(['constructor', 'x'])
    const incomplete = randomSearch({ pointsToEvaluate: [{ x: 1 }], evaluatedRewards: [1] })
    expect(() => session(incomplete, { constructor: uniform(0, 1), x: choice([1]) }, 's')).toThrow(
      /no value for constructor/,
    )
  })
})

describe('evaluatedRewards', () => {
  const complete = { lr: 0.1, net: { depth: 2, act: 'relu' } }

  it('make completed trials of the first points, which then do not run', () => {
    const search = session(
      randomSearch({ pointsToEvaluate: [complete, { lr: 0.2 }], evaluatedRewards: [0.25] }),
      nested,
      's',
    )
    expect(search.given()).toMatchObject([
      {
        config: { steps: 100, ...complete },
        params: { lr: 0.1, 'net/depth': 2, 'net/act': 'relu' },
        values: [0.25],
        metrics: { loss: 0.25 },
      },
    ])
    expect(trial(search, 1)).toMatchObject({ source: 'point', config: { lr: 0.2 } })
    expect(trial(search, 2).source).toBe('suggested')
  })

  it('hold one value for each of several objectives', () => {
    const objectives = [
      { metric: 'loss', mode: 'min' },
      { metric: 'gain', mode: 'max' },
    ] as const
    const make = (reward: number | number[]): SearchSession =>
      session(randomSearch({ pointsToEvaluate: [complete], evaluatedRewards: [reward] }), nested, 's', {
        objectives,
      })
    expect(make([0.5, Infinity]).given()[0]).toMatchObject({
      values: [0.5, Infinity],
      metrics: { loss: 0.5, gain: Infinity },
    })
    expect(() => make([1])).toThrow(/evaluatedRewards\[0\] must hold 2 numbers \(loss, gain\)/)
    expect(() => make(1)).toThrow(OptionError)
  })

  it('work for complete points of a define-by-run space', () => {
    const space: SpaceDefinition = (t) => {
      t.suggestFloat('x', 0, 1)
      return { steps: 3 }
    }
    const search = session(
      randomSearch({ pointsToEvaluate: [{ x: 0.5 }], evaluatedRewards: [1] }),
      space,
      's',
    )
    expect(search.given()).toMatchObject([{ config: { x: 0.5, steps: 3 }, values: [1] }])
  })

  it.each([
    ['more rewards than points', [complete], [1, 2], /of which there are 1/],
    ['an incomplete point', [{ lr: 0.1 }], [1], /no value for net\/depth, net\/act/],
    ['NaN', [complete], [Number.NaN], /must be a number, got NaN/],
    ['a text', [complete], ['1'], /must be a number/],
    ['no array', [complete], 1, /stands beside pointsToEvaluate/],
  ])('are refused at construction: %s', (_, pointsToEvaluate, evaluatedRewards, message) => {
    const make = (): unknown =>
      session(randomSearch({ pointsToEvaluate, evaluatedRewards: evaluatedRewards as number[] }), nested, 's')
    expect(make).toThrow(OptionError)
    expect(make).toThrow(message)
  })

  it('need no value for what sampleFrom computes', () => {
    const space = {
      width: randint(1, 9),
      hidden: sampleFrom((config: { width: number }) => 4 * config.width),
    }
    const search = session(
      randomSearch({ pointsToEvaluate: [{ width: 2 }], evaluatedRewards: [1] }),
      space,
      's',
    )
    expect(search.given()).toMatchObject([{ config: { width: 2, hidden: 8 }, params: { hidden: 8 } }])
  })

  it('need a metric', () => {
    const made = randomSearch({ pointsToEvaluate: [complete], evaluatedRewards: [1] })
    expect(() => session(made, nested, 's', { objectives: [] })).toThrow(/value of no metric/)
  })
})

describe('where', () => {
  it('sees whole configurations, and rejects until one is allowed', () => {
    const seen: unknown[] = []
    const search = session(randomSearch(), { fixed: 'c', n: randint(0, 10) }, 's', {
      where: (config) => seen.push(config) > 3,
    })
    ask(search, 0)
    expect(seen).toHaveLength(4)
    expect(seen[0]).toEqual({ fixed: 'c', n: expect.any(Number) as number })
  })

  it('gets a copy: what it writes does not reach the trainable', () => {
    const search = session(randomSearch(), { n: randint(0, 10), net: { layers: [1, 2] } }, 's', {
      where: (config) => {
        const written = config as { n: number; net: { layers: number[] } }
        written.n = 99
        written.net.layers.push(3)
        return true
      },
    })
    const { config, params } = trial(search, 0)
    expect(config).toEqual({ n: params.n, net: { layers: [1, 2] } })
  })

  it('that rejects 1,100 in a row is an error that says so', () => {
    const search = session(randomSearch(), { x: uniform(0, 1) }, 's', { where: () => false })
    expect(() => ask(search, 4)).toThrow(/where rejected 1100 configurations in a row for trial 4/)
    expect(() => ask(search, 4)).toThrow(SpaceError)
  })

  it('has a point drawn from the prior where a searcher keeps to what it forbids', () => {
    let asked = 0
    const stubborn = searcher(() => {
      asked++
      return point({ x: 0.9, y: 0.5 })
    })
    const where = (config: unknown): boolean => (config as { x: number }).x < 0.02
    const search = session(stubborn, { x: uniform(0, 1), y: uniform(0, 1) }, 's', { where })
    const first = trial(search, 0)
    expect(first.source).toBe('suggested')
    expect(first.params.x).toBeLessThan(0.02)
    expect(asked).toBe(100)
    expect(trial(session(stubborn, { x: uniform(0, 1), y: uniform(0, 1) }, 's', { where }), 0)).toEqual(first)
  })

  it('finds the one point of a finite space that it allows', () => {
    const stubborn = searcher(() => point({ n: 0 }))
    const where = (config: unknown): boolean => (config as { n: number }).n === 77_777
    const search = session(stubborn, { n: randint(0, 100_000) }, 's', { where })
    expect(trial(search, 0).params).toEqual({ n: 77_777 })
  })

  it('shows the searcher which points it turned down for this trial', () => {
    const shown: (readonly Params[] | undefined)[] = []
    const listening = searcher(({ retry, rejected }) => {
      shown.push(rejected)
      return point({ n: retry })
    })
    const where = (config: unknown): boolean => (config as { n: number }).n === 2
    const search = session(listening, { n: randint(0, 9) }, 's', { where })
    trial(search, 0)
    trial(search, 1)
    const turns = [undefined, [{ n: 0 }], [{ n: 0 }, { n: 1 }]]
    expect(shown).toEqual([...turns, ...turns])
  })

  it('completes a partial point until it is allowed', () => {
    const search = session(
      randomSearch({ pointsToEvaluate: [{ a: 1 }] }),
      { a: randint(0, 9), b: randint(0, 9) },
      's',
      {
        where: (config) => (config as { b: number }).b === 8,
      },
    )
    expect(trial(search, 0).config).toEqual({ a: 1, b: 8 })
  })

  it('that throws keeps its error as the cause, and one without a return is told of', () => {
    const broken = new RangeError('boom')
    const throwing = session(randomSearch(), { x: uniform(0, 1) }, 's', {
      where: () => {
        throw broken
      },
    })
    expect(() => ask(throwing, 0)).toThrow(expect.objectContaining({ code: 'where', cause: broken }))
    const silent = session(randomSearch(), { x: uniform(0, 1) }, 's', { where: (() => {}) as never })
    expect(() => ask(silent, 0)).toThrow(/got undefined. Is a return missing\?/)
  })
})

describe('where, in a grid', () => {
  const grid = { a: gridSearch([1, 2, 3]) }
  const as = (search: SearchSession, count: number): unknown[] =>
    Array.from({ length: count }, (_, number) => {
      const answer = ask(search, number)
      return answer.kind === 'trial' ? answer.params.a : answer.kind
    })

  it('leaves out the combinations that it forbids, of which there are then fewer trials', () => {
    const where = (config: unknown): boolean => (config as { a: number }).a !== 2
    expect(as(session(randomSearch(), grid, 's', { where, budget: 6 }), 5)).toEqual([1, 3, 1, 3, 'finished'])
    const last = (config: unknown): boolean => (config as { a: number }).a !== 3
    expect(as(session(randomSearch(), grid, 's', { where: last, budget: 3 }), 3)).toEqual([1, 2, 'finished'])
  })

  it('draws the rest anew before it gives a combination up', () => {
    const where = (config: unknown): boolean => {
      const { a, x } = config as { a: number; x: number }
      return a === 1 || (a === 2 && x < 0.2)
    }
    const search = session(randomSearch(), { ...grid, x: uniform(0, 1) }, 's', { where, budget: 3 })
    expect(as(search, 3)).toEqual([1, 2, 'finished'])
  })

  it('is an error only when it rejects every combination', () => {
    const search = session(randomSearch(), grid, 's', { where: () => false, budget: 3 })
    expect(() => ask(search, 0)).toThrow(/where rejected 3 configurations in a row for trial 0/)
  })

  it('asks the function of the user once for each combination that it forbids', () => {
    let count = 0
    const where = (config: unknown): boolean => ++count > 0 && (config as { a: number }).a === 3
    expect(as(session(randomSearch(), grid, 's', { where }), 1)).toEqual([3])
    expect(count).toBe(3)
  })

  it('goes on where it was after a restart', () => {
    const where = (config: unknown): boolean => (config as { a: number }).a !== 2
    const before = session(randomSearch(), grid, 's', { where, budget: 6 })
    expect(as(before, 2)).toEqual([1, 3])
    const saved = structuredClone(before.save())
    const after = session(randomSearch(), grid, 's', { where, budget: 6, saved })
    expect([2, 3, 4].map((number) => ask(after, number))).toMatchObject([
      { params: { a: 1 } },
      { params: { a: 3 } },
      { kind: 'finished' },
    ])
  })

  it('of a repeater leaves out all copies of a combination', () => {
    const where = (config: unknown): boolean => (config as { a: number }).a !== 2
    const repeated = repeater(randomSearch(), { repeat: 2 })
    expect(as(session(repeated, grid, 's', { where, budget: 6 }), 5)).toEqual([1, 1, 3, 3, 'finished'])
  })
})

describe('a searcher that goes through many points that where forbids', () => {
  const wide = { a: randint(0, 100_000), b: randint(0, 100_000) }
  const where = (config: unknown): boolean => {
    const { a, b } = config as { a: number; b: number }
    return a + b > 199_990
  }

  it('lets others have their turn', async () => {
    let turns = 0
    const search = session(gridSearcher(), { n: randint(0, 5_001) }, 's', {
      where: (config) => (config as { n: number }).n === 5_000,
      breathe: () => Promise.resolve(++turns > 0),
    })
    expect(await search.suggest({ number: 0, running: [] })).toMatchObject({ params: { n: 5_000 } })
    expect(turns).toBe(5)
  })

  it('stops looking when nobody wants a trial any more', async () => {
    const search = session(gridSearcher(), wide, 's', { where, breathe: () => Promise.resolve(false) })
    expect(await search.suggest({ number: 0, running: [] })).toEqual({ kind: 'finished' })
  })

  it('is given up after a million of them in a row', () => {
    expect(() => ask(session(gridSearcher(), wide, 's', { where }), 0)).toThrow(
      /gridSearcher was turned down 1000000 configurations in a row for trial 0/,
    )
  })
})

describe('duplicates', () => {
  const stuck = searcher(() => point({ n: 3 }))
  const space = { n: randint(0, 5) }
  const ns = (search: SearchSession, count: number): unknown[] =>
    Array.from({ length: count }, (_, number) => {
      const answer = ask(search, number)
      return answer.kind === 'trial' ? answer.params.n : answer.kind
    })

  it('run again unless asked otherwise', () => {
    expect(ns(session(stuck, space, 's'), 3)).toEqual([3, 3, 3])
  })

  it('are resampled, also around a searcher that is stuck, until a finite space is used up', () => {
    const found = ns(session(stuck, space, 's', { duplicates: 'resample' }), 7)
    expect(found.slice(0, 5).toSorted()).toEqual([0, 1, 2, 3, 4])
    expect(found.slice(5)).toEqual(['finished', 'finished'])
  })

  it('come to an end where `where` leaves only some points', () => {
    const search = session(randomSearch(), { n: randint(0, 1000) }, 's', {
      duplicates: 'resample',
      where: (config) => (config as { n: number }).n % 250 === 0,
    })
    const found = ns(search, 5)
    expect(found.slice(0, 4).toSorted()).toEqual([0, 250, 500, 750])
    expect(found[4]).toBe('finished')
  })

  it('of a stuck searcher give way to fresh points in an infinite space', () => {
    const search = session(
      searcher(() => point({ x: 0.5 })),
      { x: uniform(0, 1) },
      's',
      { duplicates: 'resample' },
    )
    expect(new Set(Array.from({ length: 4 }, (_, n) => trial(search, n).params.x)).size).toBe(4)
  })

  it('in a space known only by running it are allowed when no other is found', () => {
    const search = session(randomSearch(), (t) => void t.suggestInt('n', 1, 1), 's', {
      duplicates: 'resample',
    })
    expect(ns(search, 2)).toEqual([1, 1])
  })

  it('are told the searcher as turned down, with the count of retries', () => {
    const retries: number[] = []
    const counting = searcher(({ retry }) => {
      retries.push(retry)
      return point({ n: retry })
    })
    expect(ns(session(counting, space, 's', { duplicates: 'resample' }), 3)).toEqual([0, 1, 2])
    expect(retries).toEqual([0, 0, 1, 0, 1, 2])
  })

  it('are reused once a trial has completed with the same parameters', async () => {
    const search = session(stuck, space, 's', { duplicates: 'reuse' })
    const first = trial(search, 0)
    expect(trial(search, 1)).toMatchObject({ source: 'suggested' })
    await search.tell(told(1, first, { state: 'failed', values: undefined }))
    expect(trial(search, 2)).toMatchObject({ source: 'suggested' })
    await search.tell(told(0, first))
    expect(trial(search, 3)).toMatchObject({ source: 'reused', duplicateOf: 0, params: { n: 3 } })
  })

  it('know of points given, enqueued and of an earlier process', async () => {
    const given = randomSearch({ pointsToEvaluate: [{ n: 0 }], evaluatedRewards: [1] })
    const search = session(given, space, 's', { duplicates: 'resample' })
    for (const one of search.given()) await search.tell(told(0, one))
    expect(search.complete({ number: 1 }, { n: 1 })).toMatchObject({ source: 'enqueued', params: { n: 1 } })
    await search.recall({ number: 2, running: [], source: 'suggested', params: { n: 2 } })
    expect(ns(search, 3).toSorted()).toEqual([3, 4, 'finished'])
  })

  it('refuse a policy that does not exist', () => {
    expect(() => session(stuck, space, 's', { duplicates: 'skip' as never })).toThrow(
      /'allow', 'resample' or 'reuse', got "skip"/,
    )
  })
})

describe('a searcher that cannot work here', () => {
  const objectives = [
    { metric: 'loss', mode: 'min' },
    { metric: 'gain', mode: 'max' },
  ] as const

  it('is refused for gridSearch axes that it does not expand, with the ways out', () => {
    const make = (): unknown =>
      session(
        searcher(() => point({})),
        { lr: gridSearch([1, 2]), d: gridSearch([1]) },
        's',
      )
    expect(make).toThrow(OptionError)
    expect(make).toThrow(
      /mine does not expand gridSearch \(lr, d\)\. Write choice.*randomSearch\(\) or gridSearcher\(\)/,
    )
  })

  it('is refused for more, or fewer, objectives than it can have', () => {
    const one = searcher(() => point({}), { objectives: 'one' })
    expect(() => session(one, { x: uniform(0, 1) }, 's', { objectives })).toThrow(
      /optimises one metric, but 2 are given \(loss, gain\)/,
    )
    expect(() => session(one, { x: uniform(0, 1) }, 's', { objectives: [] })).toThrow(/needs a metric/)
    expect(session(one, { x: uniform(0, 1) }, 's')).toBeDefined()
  })

  it.each([
    ['no object', 5, /must be a searcher/],
    ['a factory that was not called', randomSearch, /Did you mean randomSearch\(\)\?/],
    ['one without start', { name: 'x' }, /needs name and start/],
    [
      'one with a bad seed',
      searcher(() => point({}), { options: { seed: Infinity } }),
      /mine\.seed: must be a string/,
    ],
    ['one whose start gives nothing', { name: 'x', start: () => undefined }, /x\.start returned undefined/],
  ])('is refused: %s', (_, wrong, message) => {
    expect(() => session(wrong as Searcher, { x: uniform(0, 1) }, 's')).toThrow(message)
  })

  it.each([
    ['nothing', undefined, /answered trial 3 with undefined, which is no suggestion/],
    ['a bare configuration', { x: 1 }, /answered trial 3 with an object with the keys x/],
    ['a point without values', { kind: 'point' }, /no suggestion/],
    [
      'a path that is not in the space',
      point({ y: 1 }),
      /mine suggested for trial 3 what is not in the space: y/,
    ],
    ['a value out of range', point({ x: 2 }), /mine suggested for trial 3 what is not in the space: x: 2/],
  ])('is told of clearly when it suggests %s', (_, wrong, message) => {
    const search = session(
      searcher(() => wrong),
      { x: uniform(0, 1) },
      's',
    )
    expect(() => ask(search, 3)).toThrow(message)
    expect(() => ask(search, 3)).toThrow(expect.objectContaining({ code: 'searcher' }))
  })

  it('may know a define-by-run space only roughly: what does not fit is drawn', () => {
    const search = session(
      searcher(() => point({ x: 5, other: 1, y: 0.25 })),
      (t) => {
        t.suggestFloat('x', 0, 1)
        t.suggestFloat('y', 0, 1)
      },
      's',
    )
    const { params } = trial(search, 0)
    expect(params.y).toBe(0.25)
    expect(params.x).toBeLessThanOrEqual(1)
    expect(Object.keys(params)).toEqual(['x', 'y'])
  })
})

describe('a searcher that thinks', () => {
  it('answers by promise, and is asked again by promise', async () => {
    const values = [9, 9, 1]
    const search = session(
      searcher(async () => point({ n: values.shift() })),
      { n: randint(0, 10) },
      's',
      {
        where: (config) => (config as { n: number }).n < 5,
      },
    )
    const answer = search.suggest({ number: 0, running: [] })
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toMatchObject({ params: { n: 1 } })
  })

  it('may tell of its failure by rejecting, to suggest and to tell', async () => {
    const failing: Searcher = {
      name: 'failing',
      start: () => ({
        suggest: () => Promise.reject(new TroupeError('x', 'no')),
        tell: () => Promise.reject(new TroupeError('y', 'no')),
      }),
    }
    const search = session(failing, { x: uniform(0, 1) }, 's')
    await expect(search.suggest({ number: 0, running: [] })).rejects.toThrow('no')
    await expect(search.tell(told(0, { params: {}, domains: {} }))).rejects.toThrow('no')
  })
})

describe('a search of an earlier process', () => {
  it('has had its points, and goes on with the next', async () => {
    const made = randomSearch({ pointsToEvaluate: [{ n: 1 }, { n: 2 }, { n: 3 }], evaluatedRewards: [0.5] })
    const search = session(made, { n: randint(0, 100) }, 's')
    await search.recall({ number: 0, running: [], source: 'given', params: { n: 1 } })
    await search.tell(told(0, { params: { n: 1 }, domains: {} }))
    await search.recall({ number: 1, running: [], source: 'point', params: { n: 2 } })
    expect(search.given()).toEqual([])
    expect(trial(search, 2)).toMatchObject({ source: 'point', params: { n: 3 } })
  })

  it('is asked again for what it gave, unless tells alone bring it there', async () => {
    for (const isRebuiltByTells of [false, true]) {
      const asked: number[] = []
      const counting: Searcher = {
        ...searcher(({ number }) => {
          asked.push(number)
          return point({ n: number })
        }),
        isRebuiltByTells,
      }
      const search = session(counting, { n: randint(0, 100) }, 's')
      for (const number of [0, 1])
        await search.recall({ number, running: [], source: 'suggested', params: { n: number } })
      await search.recall({ number: 2, running: [], source: 'enqueued', params: { n: 9 } })
      expect(asked).toEqual(isRebuiltByTells ? [] : [0, 1])
    }
  })

  it('goes on where another `where` would refuse what it gave', async () => {
    const search = session(randomSearch(), { n: randint(0, 100) }, 's', { where: () => false })
    await search.recall({ number: 0, running: [], source: 'suggested', params: { n: 1 } })
    const stuck = session({ ...searcher(() => point({ n: 1 })) }, { n: randint(0, 100) }, 's', {
      where: () => false,
    })
    await stuck.recall({ number: 0, running: [], source: 'suggested', params: { n: 1 } })
    expect(() => ask(stuck, 1)).toThrow(/where rejected/)
  })

  it('is not saved when its searcher cannot be', () => {
    expect(
      session(
        searcher(() => point({})),
        {},
        's',
      ).save(),
    ).toBeUndefined()
    expect(session(gridSearcher(), {}, 's').save()).toBeDefined()
  })
})

describe('a space for one trial alone', () => {
  it('takes what fits it from the suggestion, and draws the rest', () => {
    const space = readSpace({ x: uniform(0, 1), z: uniform(5, 6) })
    const search = session(
      searcher(() => point({ x: 0.5, y: 0.5 })),
      { x: uniform(0, 1), y: uniform(0, 1) },
      's',
    )
    const answer = search.suggest({ number: 0, running: [], space }) as TrialAnswer
    expect(answer.params.x).toBe(0.5)
    expect(Object.keys(answer.params)).toEqual(['x', 'z'])
    expect(trial(search, 1).params).toEqual({ x: 0.5, y: 0.5 })
  })
})

describe('a session that is kept for another process', () => {
  const acts = [Math.sin, Math.cos, Math.tan]
  /** What another process would read. */
  const kept = (search: SearchSession): unknown => deserialize(serialize(search.save()))

  it('goes on with choices that are functions, and with domains that are computed', () => {
    const space = { f: choice([...acts, { act: Math.tanh }]), y: sampleFrom(() => 1) }
    const remembering: Searcher = {
      name: 'remembering',
      start: ({ saved }) => {
        const trials = [...((saved as ToldTrial[] | undefined) ?? [])]
        return {
          suggest: () => point(trials[0]?.params ?? {}),
          tell: (ended) => void trials.push(ended),
          save: () => trials,
        }
      },
    }
    const search = session(remembering, space, 's')
    const first = trial(search, 0)
    void search.tell(told(0, first))
    const resumed = session(remembering, space, 's', { saved: kept(search) })
    expect(trial(resumed, 1).params).toEqual(first.params)
    expect(trial(resumed, 1).params.f).toBe(first.params.f)
  })

  it('knows which of them it has seen, whatever else that process did', () => {
    const space = { f: choice(acts) }
    const search = session(randomSearch(), space, 's', { duplicates: 'resample' })
    const seen = [trial(search, 0).params.f, trial(search, 1).params.f]
    const saved = kept(search)
    // The same place in the space, and another function, as it is where the code is loaded anew.
    const [sin, cos, tan] = acts.map((act) => (x: number) => act(x)) as [() => 0, () => 0, () => 0]
    const resumed = session(randomSearch(), { f: choice([sin, cos, tan]) }, 's', {
      duplicates: 'resample',
      saved,
    })
    const last = acts.findIndex((act) => !seen.includes(act))
    expect(trial(resumed, 2).params.f).toBe([sin, cos, tan][last])
    expect(resumed.suggest({ number: 3, running: [] })).toEqual({ kind: 'finished' })
  })

  it('is not saved where such choices have no place: when a function suggests them, or a value is computed', () => {
    const byRunning = session(
      tpe({ nStartupTrials: 1 }),
      (asked) => void asked.suggestCategorical('f', acts),
      's',
    )
    expect(byRunning.save()).toBeDefined()
    void byRunning.tell(told(0, trial(byRunning, 0)))
    expect(byRunning.save()).toBeUndefined()
    const computed = session(tpe(), { x: uniform(0, 1), y: sampleFrom(() => () => 1) }, 's')
    void computed.tell(told(0, trial(computed, 0)))
    expect(computed.save()).toBeUndefined()
  })
})
