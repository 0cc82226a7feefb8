import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import type { RunningTrial, Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import type { SearchSessionOptions, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { fixtureFiles, isFixtureCase, readFixture } from '../conformance/fixture.ts'
import { runGpCase } from '../conformance/gp.ts'
import { isTrial, obeysSearcherLaws, session, told } from './laws.ts'

type Values = number | readonly number[] | Partial<ToldTrial>
type Params = ToldTrial['params']

interface Play extends Partial<SearchSessionOptions> {
  readonly searcher?: Searcher
  readonly trials?: number
  readonly seed?: string
  /** Trials at once. */
  readonly width?: number
}

/** Plays trials, `width` at a time; gives the points that were suggested. */
async function play(
  space: SpaceDefinition,
  outcomeOf: (params: Params, number: number) => Values,
  options: Play = {},
): Promise<Params[]> {
  const { searcher = gp(), trials = 30, seed = 'play', width = 1, ...more } = options
  const search = session(searcher, space, seed, more)
  const points: Params[] = []
  while (points.length < trials) {
    const running: (RunningTrial & { answer: TrialAnswer })[] = []
    while (running.length < width && points.length < trials) {
      const number = points.length
      const answer = await search.suggest({ number, running })
      if (!isTrial(answer)) return points
      points.push(answer.params)
      running.push({ number, params: answer.params, answer })
    }
    for (const { number, answer } of running) {
      const outcome = outcomeOf(answer.params, number)
      await search.tell(told(number, answer, readOutcome(outcome)))
    }
  }
  return points
}

function readOutcome(outcome: Values): Partial<ToldTrial> {
  if (typeof outcome === 'number') return { values: [outcome] }
  return 'map' in outcome ? { values: outcome } : outcome
}

function least(points: readonly Params[], lossOf: (params: Params) => number): number {
  return Math.min(...points.map(lossOf))
}

function objectives(count: number): Objective[] {
  return Array.from({ length: count }, (_, i) => ({ metric: `f${i}`, mode: 'min' }))
}

const bowl = ({ x, y }: Params): number => (Number(x) - 0.3) ** 2 + (Number(y) + 0.2) ** 2
const SQUARE = { x: uniform(-1, 1), y: uniform(-1, 1) }

describe('gp', () => {
  obeysSearcherLaws(() => gp({ nStartupTrials: 3 }))

  it('finds the bottom of a bowl to four digits in thirty trials', async () => {
    expect(least(await play(SQUARE, bowl), bowl)).toBeLessThan(1e-4)
  })

  it('knows that a maximum is wanted', async () => {
    const points = await play(SQUARE, (params) => 7 - bowl(params), {
      objectives: [{ metric: 'acc', mode: 'max' }],
    })
    expect(least(points, bowl)).toBeLessThan(1e-4)
  })

  it('finds its way through numbers on scales, steps and choices at once', async () => {
    const space = {
      x: uniform(-5, 5),
      lr: loguniform(1e-5, 1),
      n: randint(1, 65),
      q: quniform(0, 1, 0.1),
      act: choice(['a', 'b', 'c']),
    }
    const lossOf = ({ x, lr, n, q, act }: Params): number =>
      (Number(x) - 2) ** 2 / 10 +
      (Math.log10(Number(lr)) + 3) ** 2 +
      ((Number(n) - 24) / 16) ** 2 +
      (Number(q) - 0.3) ** 2 +
      (act === 'b' ? 0 : 1)
    expect(least(await play(space, lossOf, { trials: 60 }), lossOf)).toBeLessThan(0.05)
  })

  it.each<[string, SpaceDefinition]>([
    [
      'a branch',
      {
        act: branch({
          relu: { width: uniform(0, 20) },
          tanh: { width: uniform(0, 21), tilt: uniform(-1, 1) },
        }),
      },
    ],
    [
      'a running function',
      (trial) => {
        if (trial.suggestCategorical('act', ['relu', 'tanh']) === 'relu') trial.suggestFloat('width', 0, 20)
        else {
          trial.suggestFloat('width', 0, 21)
          trial.suggestFloat('tilt', -1, 1)
        }
      },
    ],
  ])('models the parameters of each case of %s', async (_, space) => {
    const lossOf = ({ act, width, tilt }: Params): number =>
      act === 'relu' ? 3 + (Number(width) - 5) ** 2 / 50 : (Number(width) - 15) ** 2 / 50 + Number(tilt) ** 2
    expect(least(await play(space, lossOf, { trials: 50 }), lossOf)).toBeLessThan(0.01)
  })

  it('keeps to constraints, also where it has to find a feasible point first', async () => {
    const space = { x: uniform(0, 1), y: uniform(0, 1) }
    const sum = ({ x, y }: Params): number => Number(x) + Number(y)
    // Feasible is a small disc around (0.8, 0.7).
    const slack = ({ x, y }: Params): number => (Number(x) - 0.8) ** 2 + (Number(y) - 0.7) ** 2 - 0.01
    const points = await play(
      space,
      (params) => ({ values: [sum(params)], constraints: { disc: slack(params) } }),
      { trials: 40 },
    )
    const best = least(
      points.filter((params) => slack(params) <= 0),
      sum,
    )
    expect(best).toBeGreaterThan(1.5 - Math.SQRT2 * 0.1 - 1e-9)
    expect(best).toBeLessThan(1.5 - Math.SQRT2 * 0.1 + 0.01)
  })

  it('spreads over the front of two objectives', async () => {
    const two = ({ x, y }: Params): number[] => [
      Number(x) ** 2 + Number(y) ** 2,
      (Number(x) - 0.5) ** 2 + Number(y) ** 2,
    ]
    const points = await play(SQUARE, two, { trials: 40, objectives: objectives(2) })
    // The front is the line from (0, 0) to (0.5, 0).
    const near = points.filter(
      ({ x, y }) => Math.abs(Number(y)) < 0.05 && Number(x) > -0.05 && Number(x) < 0.55,
    )
    expect(new Set(near.map(({ x }) => Math.floor(Number(x) * 10))).size).toBeGreaterThanOrEqual(5)
  })

  it('gives trials that run at once points of their own', async () => {
    const points = await play(SQUARE, bowl, { width: 6, trials: 36 })
    const batch = points.slice(12, 18).map(({ x, y }) => [Number(x), Number(y)] as const)
    const gaps = batch.flatMap(([x, y], i) => batch.slice(i + 1).map(([u, v]) => Math.hypot(x - u, y - v)))
    expect(Math.min(...gaps)).toBeGreaterThan(1e-3)
    expect(least(points, bowl)).toBeLessThan(1e-3)
  })

  it('does the same for several objectives, and under a constraint', async () => {
    const outcome = (params: Params): Partial<ToldTrial> => ({
      values: [bowl(params), Number(params['x'])],
      constraints: { right: 0.1 - Number(params['x']) },
    })
    const points = await play(SQUARE, outcome, { width: 4, trials: 24, objectives: objectives(2) })
    expect(new Set(points.map(({ x, y }) => `${String(x)}/${String(y)}`)).size).toBe(24)
  })

  it('turns away from where trials fail', async () => {
    const points = await play(
      SQUARE,
      (params) => (Number(params['x']) > 0 ? { state: 'failed', values: undefined } : bowl(params)),
      { trials: 50 },
    )
    const later = points.slice(20)
    expect(later.filter(({ x }) => Number(x) > 0.02).length).toBeLessThan(later.length * 0.8)
    expect(new Set(later.map(({ x, y }) => `${Number(x).toFixed(4)}/${Number(y).toFixed(4)}`)).size).toBe(
      later.length,
    )
  })

  it('does not end up in the corners where it sees nothing but noise', async () => {
    const random = randomStream('noise')
    const points = await play(SQUARE, () => random.normal(), { trials: 60 })
    const inner = points
      .slice(30)
      .filter(({ x, y }) => Math.abs(Number(x)) < 0.95 && Math.abs(Number(y)) < 0.95)
    expect(inner.length).toBeGreaterThan(10)
  })

  it('comes down a valley between slopes that are a thousand times as high', async () => {
    const space = { x: uniform(-5, 10), y: uniform(-5, 10) }
    const lossOf = ({ x, y }: Params): number =>
      100 * (Number(y) - Number(x) ** 2) ** 2 + (1 - Number(x)) ** 2
    expect(least(await play(space, lossOf, { trials: 50 }), lossOf)).toBeLessThan(1)
  })

  it('goes on the same when saved between any two trials, with what it saved copied', async () => {
    const whole = await play(SQUARE, bowl, { trials: 16 })
    const points: Params[] = []
    let saved: unknown
    for (let number = 0; number < 16; number++) {
      const search = session(gp(), SQUARE, 'play', saved === undefined ? {} : { saved })
      const answer = await search.suggest({ number, running: [] })
      if (!isTrial(answer)) throw new Error(answer.kind)
      points.push(answer.params)
      await search.tell(told(number, answer, { values: [bowl(answer.params)] }))
      saved = structuredClone(search.save())
    }
    expect(points).toEqual(whole)
  })

  it('takes results that were given before the first trial', async () => {
    const given = Array.from({ length: 16 }, (_, i) => ({
      x: (i % 4) / 2 - 0.75,
      y: Math.floor(i / 4) / 2 - 0.75,
    }))
    const search = session(
      gp({ pointsToEvaluate: given, evaluatedRewards: given.map(bowl) }),
      SQUARE,
      'given',
    )
    for (const [number, trial] of search.given().entries())
      await search.tell(told(number, trial, { values: [bowl(trial.params)] }))
    const answer = await search.suggest({ number: 16, running: [] })
    if (!isTrial(answer)) throw new Error(answer.kind)
    expect(bowl(answer.params)).toBeLessThan(0.01)
  })

  it('draws nothing from its stream in turn: the order in which trials ask does not matter', async () => {
    const search = session(gp(), SQUARE, 'order')
    const first = await search.suggest({ number: 1, running: [] })
    await search.suggest({ number: 0, running: [] })
    const other = session(gp(), SQUARE, 'order')
    expect(await other.suggest({ number: 1, running: [] })).toEqual(first)
  })
})

describe('gp survives', () => {
  const wild = (_: Params, number: number): number =>
    [Infinity, -Infinity, 1e308, -1e308, 1e-320, 0, Number.NaN][number % 7] as number

  it.each<[string, SpaceDefinition, (params: Params, number: number) => Values]>([
    [
      'a space of one point',
      { steps: 100, only: choice(['a']), q: quniform(2, 2, 1) },
      (_, number) => number,
    ],
    ['no parameters', { steps: 100 }, (_, number) => number],
    ['nothing but failures', SQUARE, () => ({ state: 'failed', values: undefined })],
    ['values that are all equal', SQUARE, () => 1],
    ['infinite, huge and missing values', SQUARE, wild],
    [
      '10,000 categories',
      { big: choice(Array.from({ length: 10_000 }, (_, i) => `c${i}`)), x: uniform(0, 1) },
      bowl,
    ],
    [
      'choices that are objects',
      { shape: choice([{ k: 1 }, { k: 2 }, [3]]), x: randn(0, 1) },
      (_, number) => number,
    ],
    [
      'a parameter that appears in few trials',
      (trial) => {
        if (trial.suggestFloat('x', 0, 1) > 0.8) trial.suggestFloat('rare', 0, 1)
      },
      (_, number) => -number,
    ],
    [
      'a range that moves',
      (trial) => {
        trial.suggestFloat('y', 0, 1 + trial.suggestFloat('x', 0, 1))
      },
      (_, number) => number,
    ],
  ])('%s', async (_, space, outcomeOf) => {
    const points = await play(space, outcomeOf, { searcher: gp({ nStartupTrials: 4 }), trials: 24 })
    expect(points).toHaveLength(24)
  })

  it('200 parameters', async () => {
    const space = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, uniform(0, 1)]))
    expect(
      await play(space, (_, number) => number, { searcher: gp({ nStartupTrials: 4 }), trials: 7 }),
    ).toHaveLength(7)
  })

  it.each([2, 3, 9])('%i objectives, some infinite', async (count) => {
    const many = ({ x, y }: Params, number: number): number[] =>
      Array.from({ length: count }, (_, j) =>
        number === 5 && j === 1 ? Infinity : Math.hypot(Number(x) - j / 9, Number(y)),
      )
    const points = await play(SQUARE, many, { trials: 20, objectives: objectives(count), width: 2 })
    expect(points).toHaveLength(20)
  })

  it('constraints that no trial keeps, that some trials lack, and that are no numbers', async () => {
    const outcome = (params: Params, number: number): Partial<ToldTrial> => ({
      values: [bowl(params)],
      constraints: {
        a: 1,
        ...(number % 2 === 0 ? { b: Number(params['x']) } : {}),
        ...(number % 5 === 0 ? { c: Number.NaN } : {}),
      },
    })
    expect(await play(SQUARE, outcome, { width: 3, trials: 24 })).toHaveLength(24)
  })

  it('a thousand trials, of which it models five hundred', async () => {
    const search = session(gp(), SQUARE, 'many')
    const random = randomStream('many')
    const point = () => ({ x: random.next() * 2 - 1, y: random.next() * 2 - 1 })
    for (let number = 0; number < 1000; number++) {
      const answer = search.complete({ number }, point())
      await search.tell(told(number, answer, { values: [bowl(answer.params)] }))
    }
    const answer = await search.suggest({ number: 1000, running: [] })
    expect(isTrial(answer) && bowl(answer.params)).toBeLessThan(0.01)
  })
})

describe('gp refuses', () => {
  it.each([{ nStartupTrials: 0 }, { deterministicObjective: 1 }, { nStartupTrial: 3 }])('%o', (options) => {
    expect(() => gp(options as object)).toThrow(OptionError)
  })

  it('to search without a metric', () => {
    expect(() => session(gp(), SQUARE, 'none', { objectives: [] })).toThrow(/needs a metric/)
  })
})

describe('the process of gp', () => {
  for (const file of fixtureFiles('test/fixtures/numerics').filter((name) => name.endsWith('/gp.json'))) {
    const fixture = readFixture(file)
    if (typeof fixture === 'string') throw new Error(fixture)
    it.each(fixture.cases.filter(isFixtureCase))('computes as Optuna does: $name', (testCase) => {
      expect(runGpCase(testCase, fixture.tolerance)).toBeUndefined()
    })
  }
})
