import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import type { Params } from '../../src/core/trial.ts'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import type { ToldTrial } from '../../src/searchers/searcher.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { tpe, type TpeOptions } from '../../src/searchers/tpe/tpe.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, randn, uniform } from '../../src/space/numbers.ts'
import type { SuggestTrial } from '../../src/space/define-by-run.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { obeysSearcherLaws, session, told } from './laws.ts'

type Loss = (params: Params) => Partial<ToldTrial> | number

function ask(search: SearchSession, number: number, running: readonly TrialAnswer[] = []): TrialAnswer {
  return search.suggest({
    number,
    running: running.map(({ params }, i) => ({ number: number + 1 + i, params })),
  }) as TrialAnswer
}

/** Runs trials one after the other and returns their parameters. */
function play(search: SearchSession, trials: number, loss: Loss, from = 0): Params[] {
  return Array.from({ length: trials }, (_, i) => {
    const answer = ask(search, from + i)
    const outcome = loss(answer.params)
    void search.tell(told(from + i, answer, typeof outcome === 'number' ? { values: [outcome] } : outcome))
    return answer.params
  })
}

function best(trials: readonly Params[], loss: (params: Params) => number): number {
  return Math.min(...trials.map(loss))
}

function share<T>(items: readonly T[], is: (item: T) => boolean): number {
  return items.filter(is).length / items.length
}

const PLANE = { x: uniform(-5, 5), y: uniform(-5, 5) }
const bowl = ({ x, y }: Params): number => ((x as number) - 1) ** 2 + ((y as number) + 2) ** 2

describe('tpe', () => {
  obeysSearcherLaws(() => tpe())
  describe('from the first result on', () => obeysSearcherLaws(() => tpe({ nStartupTrials: 1 })))
  describe('parameter by parameter', () =>
    obeysSearcherLaws(() => tpe({ nStartupTrials: 2, multivariate: false })))
  describe('by groups', () => obeysSearcherLaws(() => tpe({ nStartupTrials: 2, group: true })))

  it('comes much nearer to the best than chance', () => {
    const search = session(tpe(), PLANE, 'bowl')
    expect(best(play(search, 80, bowl), bowl)).toBeLessThan(0.02)
  })

  it('suggests the same for the same seed, and other points for another', () => {
    const run = (seed: number): Params[] => play(session(tpe({ seed }), PLANE, 's'), 20, bowl)
    expect(run(1)).toEqual(run(1))
    expect(run(1)).not.toEqual(run(2))
  })

  it('does not care in which order trials end', () => {
    const trials = Array.from({ length: 30 }, (_, number) => ask(session(tpe(), PLANE, 'order'), number))
    const after = (order: readonly number[]): Params => {
      const search = session(tpe(), PLANE, 'order')
      for (const number of order) {
        const trial = trials[number] as TrialAnswer
        void search.tell(told(number, trial, { values: [bowl(trial.params)] }))
      }
      return ask(search, 30).params
    }
    const numbers = trials.map((_, number) => number)
    const shuffled = after(numbers.toReversed())
    const straight = after(numbers)
    for (const path of ['x', 'y']) expect(shuffled[path]).toBeCloseTo(straight[path] as number, 9)
  })

  it('draws from the prior until enough trials completed or were pruned', () => {
    const search = session(tpe({ nStartupTrials: 3 }), { x: uniform(0, 1) }, 'startup')
    const random = Array.from({ length: 4 }, (_, number) =>
      ask(session(tpe(), { x: uniform(0, 1) }, 'startup'), number),
    )
    for (const [number, state] of (['failed', 'completed', 'pruned'] as const).entries()) {
      const answer = ask(search, number)
      expect(answer.params).toEqual((random[number] as TrialAnswer).params)
      void search.tell(told(number, answer, { state, values: state === 'failed' ? undefined : [0] }))
    }
    expect(ask(search, 3).params).toEqual((random[3] as TrialAnswer).params)
    void search.tell(told(3, ask(search, 3)))
    expect(ask(search, 4).params).not.toEqual(ask(session(tpe(), { x: uniform(0, 1) }, 'startup'), 4).params)
  })

  it('keeps away from trials that run, unless told not to', () => {
    const spread = (options: TpeOptions): number => {
      const search = session(tpe({ ...options, nEiCandidates: 100 }), { x: uniform(0, 1) }, 'liar')
      play(search, 30, ({ x }) => ((x as number) - 0.5) ** 2)
      const running: TrialAnswer[] = []
      for (let i = 0; i < 12; i++) running.push(ask(search, 30 + i, running))
      const values = running.map(({ params }) => params['x'] as number)
      return Math.max(...values) - Math.min(...values)
    }
    expect(spread({})).toBeGreaterThan(2 * spread({ constantLiar: false }))
  })

  it('forgets a running trial that failed', () => {
    const search = session(tpe(), PLANE, 'failed')
    play(search, 15, bowl)
    const alone = ask(search, 15)
    const other = ask(search, 16)
    ask(search, 15, [other])
    void search.tell(told(16, other, { state: 'failed', values: undefined }))
    expect(ask(search, 15).params).toEqual(alone.params)
  })

  it('keeps making progress in many dimensions, and does not settle on the first good trials', () => {
    const space = Object.fromEntries(Array.from({ length: 20 }, (_, j) => [`x${j}`, uniform(0, 1)]))
    const miss = (params: Params): number =>
      Object.values(params).reduce((sum: number, x) => sum + ((x as number) - 0.3) ** 2, 0)
    const results = [1, 2, 3].map((seed) =>
      best(play(session(tpe({ seed }), space, 'many'), 200, miss), miss),
    )
    expect(results.reduce((sum, result) => sum + result) / results.length).toBeLessThan(0.4)
  })

  // The share of suggestions after the first that `where` allows: chance has half of the plane.
  it.each<[string, (params: Params) => boolean, Loss]>([
    [
      'x < y',
      ({ x, y }) => (x as number) < (y as number),
      ({ x, y }) => (x as number) ** 2 + (y as number) ** 2,
    ],
    [
      'x + y < 1',
      ({ x, y }) => (x as number) + (y as number) < 1,
      ({ x, y }) => -(x as number) - (y as number),
    ],
    [
      'x < 0.3',
      ({ x }) => (x as number) < 0.3,
      ({ x, y }) => ((x as number) - 0.5) ** 2 + (y as number) ** 2,
    ],
  ])(
    'finds what `where` allows within some tries, with the best at the border of %s',
    (_, isAllowed, loss) => {
      const search = session(tpe(), { x: uniform(0, 1), y: uniform(0, 1) }, 'where', {
        where: (config) => {
          tries++
          return isAllowed(config as Params)
        },
      })
      let tries = 0
      play(search, 80, (params) => {
        expect(tries).toBeLessThan(80)
        tries = 0
        return loss(params)
      })
    },
  )

  it('keeps away from the points that were turned down, for that trial only', () => {
    const search = tpe({ constantLiar: false }).start({
      parameters: readSpace({ x: uniform(0, 1) }).parameters,
      sample: () => ({}),
      gridSize: 1,
      objectives: [{ metric: 'loss', mode: 'min' }],
      random: randomStream('turned down'),
    })
    for (let number = 0; number < 30; number++) {
      const x = number / 30
      void search.tell(told(number, { params: { x }, domains: {} }, { values: [Math.abs(x - 0.5)] }))
    }
    const suggested = (retry: number, rejected: readonly Params[]): number => {
      const suggestion = search.suggest({ number: 30, index: 30, retry, running: [], rejected })
      return (suggestion as { readonly point: Params }).point['x'] as number
    }
    const retries = Array.from({ length: 40 }, (_, retry) => retry)
    const nearTheBest = (xs: readonly number[]): number => share(xs, (x) => Math.abs(x - 0.5) < 0.05)
    const free = retries.map((retry) => suggested(retry, []))
    const rejected = Array.from({ length: 40 }, (_, i) => ({ x: 0.45 + i / 400 }))
    expect(nearTheBest(free)).toBeGreaterThan(0.8)
    expect(nearTheBest(retries.map((retry) => suggested(retry, rejected)))).toBeLessThan(0.2)
    expect(retries.map((retry) => suggested(retry, []))).toEqual(free)
  })

  // Good where x and y of case a agree, which chance does in 19 of 100 trials; case b is worse everywhere.
  const ridge = ({ act, x, y }: Params): number =>
    act === 'a' ? Math.abs((x as number) - (y as number)) : 2 + ((x as number) - 5.5) ** 2

  const isOnRidge = (params: Params): boolean => ridge(params) < 0.1

  it('models the parameters of a case jointly, from the trials that took it', () => {
    const space = { act: branch({ a: { x: uniform(0, 1), y: uniform(0, 1) }, b: { x: uniform(5, 6) } }) }
    const trials = play(session(tpe(), space, 'branch'), 150, ridge).slice(50)
    const inA = trials.filter(({ act }) => act === 'a')
    expect(inA.length).toBeGreaterThan(70)
    expect(share(inA, isOnRidge)).toBeGreaterThan(0.45)
  })

  it('learns the cases of a define-by-run space', () => {
    const space: SpaceDefinition = (trial: SuggestTrial) => {
      if (trial.suggestCategorical('act', ['a', 'b']) === 'a') {
        trial.suggestFloat('x', 0, 1)
        trial.suggestFloat('y', 0, 1)
      } else trial.suggestFloat('x', 5, 6)
    }
    const trials = play(session(tpe(), space, 'learned'), 150, ridge).slice(50)
    const inA = trials.filter(({ act }) => act === 'a')
    expect(share(inA, isOnRidge)).toBeGreaterThan(0.45)
  })

  it('models jointly, when told to go by groups, what always came together', () => {
    const space: SpaceDefinition = (trial: SuggestTrial) => {
      if (trial.suggestCategorical('act', ['a', 'b']) === 'b') return
      trial.suggestFloat('x', 0, 1)
      trial.suggestFloat('y', 0, 1)
    }
    const loss = (params: Params): number => (params['act'] === 'a' ? ridge(params) : 2)
    const trials = play(session(tpe({ group: true }), space, 'groups'), 150, loss).slice(50)
    const inA = trials.filter(({ act }) => act === 'a')
    expect(share(inA, isOnRidge)).toBeGreaterThan(0.45)
  })

  it('models a parameter whose range moves, from all that had it', () => {
    let run = 0
    const space: SpaceDefinition = (trial: SuggestTrial) => {
      trial.suggestFloat('x', 0, 1 + (run++ % 7) / 10)
    }
    const trials = play(session(tpe(), space, 'moves'), 80, ({ x }) => ((x as number) - 0.3) ** 2)
    expect(share(trials.slice(40), ({ x }) => Math.abs((x as number) - 0.3) < 0.15)).toBeGreaterThan(0.6)
  })

  it('prefers what is feasible, and what breaks its constraints least', () => {
    const search = session(tpe(), { x: uniform(0, 1) }, 'constraints')
    // The lower x the better, but only from 0.7 on is allowed.
    const trials = play(search, 80, ({ x }) => ({
      values: [x as number],
      constraints: { limit: 0.7 - (x as number) },
    }))
    expect(share(trials.slice(40), ({ x }) => (x as number) > 0.65)).toBeGreaterThan(0.6)
    const feasible = trials.map(({ x }) => x as number).filter((x) => x >= 0.7)
    expect(Math.min(...feasible)).toBeLessThan(0.72)
  })

  it('prefers trials that were pruned late to those pruned early', () => {
    const search = session(tpe(), { x: uniform(0, 1) }, 'pruned')
    const trials = play(search, 60, ({ x }) => {
      const step = Math.round(20 * (x as number))
      return { state: 'pruned', values: [1], step, intermediate: [[step, 1]] }
    })
    expect(share(trials.slice(30), ({ x }) => (x as number) > 0.8)).toBeGreaterThan(0.6)
  })

  it('keeps to the best of the completed trials, however many were pruned, when told not to count these', () => {
    // Every tenth completes; those are good only near 0.9. To be pruned or not says nothing of x here.
    const nearTheBest = (options: TpeOptions): number => {
      const search = session(tpe(options), { x: uniform(0, 1) }, 'counted')
      for (let number = 0; number < 200; number++) {
        const x = ((number * 7) % 200) / 200
        const answer = { ...ask(session(tpe(), { x: uniform(0, 1) }, 'counted'), number), params: { x } }
        const values = [Math.abs(x - 0.9)]
        const pruned = { state: 'pruned', values, step: 1, intermediate: [[1, 0.5]] } as const
        void search.tell(told(number, answer, number % 10 === 0 ? { values } : pruned))
      }
      const asked = Array.from({ length: 40 }, (_, i) => ask(search, 200 + i).params['x'] as number)
      return share(asked, (x) => Math.abs(x - 0.9) < 0.15)
    }
    expect(nearTheBest({ countPruned: false })).toBeGreaterThan(0.8)
    expect(nearTheBest({})).toBeLessThan(0.5)
  })

  it('finds a front with several objectives', () => {
    const objectives: Objective[] = [
      { metric: 'cost', mode: 'min' },
      { metric: 'score', mode: 'max' },
    ]
    const space = { x: uniform(0, 1), y: uniform(0, 1), z: uniform(0, 1) }
    // The front has y = z = 0.5, at any x.
    const trials = play(session(tpe(), space, 'front', { objectives }), 120, ({ x, y, z }) => {
      const miss = ((y as number) - 0.5) ** 2 + ((z as number) - 0.5) ** 2
      return { values: [(x as number) + miss, (x as number) - miss] }
    }).slice(60)
    expect(
      share(trials, ({ y, z }) => Math.abs((y as number) - 0.5) + Math.abs((z as number) - 0.5) < 0.3),
    ).toBeGreaterThan(0.5)
    const xs = trials.map(({ x }) => x as number)
    expect(Math.max(...xs) - Math.min(...xs)).toBeGreaterThan(0.6)
  })

  it('hands out no more of the history than the session needs, and saves what can be cloned', () => {
    const search = session(tpe(), { c: choice([{ deep: [1] }, { deep: [2] }]), x: randn(0, 1) }, 'save')
    play(search, 20, ({ x }) => (x as number) ** 2)
    const resumed = session(tpe(), { c: choice([{ deep: [1] }, { deep: [2] }]), x: randn(0, 1) }, 'save', {
      saved: structuredClone(search.save()),
    })
    expect(ask(resumed, 20).params).toEqual(ask(search, 20).params)
  })

  it.each<[string, SpaceDefinition, Loss]>([
    ['a space of one point', { x: uniform(1, 1), c: choice(['only']), steps: 3 }, () => 0],
    ['no parameters', { steps: 3 }, () => 0],
    ['one case only', { b: branch({ only: { x: uniform(0, 1) } }) }, ({ x }) => x as number],
    ['equal values', PLANE, () => 1],
    ['infinite values', PLANE, ({ x }) => ((x as number) > 0 ? Infinity : -Infinity)],
    ['NaN', PLANE, () => NaN],
    ['only failures', PLANE, () => ({ state: 'failed', values: undefined })],
    [
      'only interrupted trials',
      PLANE,
      () => ({ state: 'interrupted', values: undefined, intermediate: [], step: undefined }),
    ],
    ['10,000 categories', { c: choice(Array.from({ length: 10_000 }, (_, i) => i)) }, ({ c }) => c as number],
    [
      '200 parameters',
      Object.fromEntries(
        Array.from({ length: 200 }, (_, i) => [`x${i}`, i % 2 === 0 ? uniform(0, 1) : randint(0, 9)]),
      ),
      ({ x0 }) => x0 as number,
    ],
    ['huge ranges', { x: uniform(-1e300, 1e300), y: loguniform(1e-300, 1e300) }, ({ x }) => x as number],
  ])('survives %s', (_, space, loss) => {
    expect(play(session(tpe(), space, 'survive'), 40, loss)).toHaveLength(40)
  })

  it('survives nine objectives, with trials that are all alike', () => {
    const objectives = Array.from({ length: 9 }, (_, i): Objective => ({
      metric: `f${i}`,
      mode: i % 2 === 0 ? 'min' : 'max',
    }))
    const search = session(tpe(), PLANE, 'nine', { objectives })
    const trials = play(search, 40, ({ x, y }) => ({
      values: objectives.map((_, i) => (i < 3 ? (x as number) * i : (y as number))),
    }))
    expect(trials).toHaveLength(40)
  })

  it.each<[keyof TpeOptions, unknown]>([
    ['nStartupTrials', -1],
    ['nEiCandidates', 0],
    ['multivariate', 'yes'],
    ['priorWeight', -1],
    ['gamma', 'tenth'],
    ['countPruned', 1],
    ['weights', [1, 2]],
  ])('refuses %s: %o', (key, value) => {
    expect(() => tpe({ [key]: value })).toThrow(OptionError)
  })

  it('refuses groups without joint models, and no metric', () => {
    expect(() => tpe({ group: true, multivariate: false })).toThrow(/Leave one of them out/)
    expect(() => session(tpe(), PLANE, 's', { objectives: [] })).toThrow(/needs a metric/)
  })

  it("takes one's own gamma and weights, and refuses what they may not give", () => {
    const run = (options: TpeOptions): Params[] => play(session(tpe(options), PLANE, 'own'), 15, bowl)
    expect(run({ gamma: (n) => Math.min(Math.ceil(0.1 * n), 25) })).toEqual(run({}))
    expect(run({ gamma: 'hyperopt' })).toHaveLength(15)
    expect(run({ weights: (n) => Array<number>(n).fill(1) })).toEqual(run({}))
    expect(() => run({ gamma: () => NaN })).toThrow(/tpe.gamma\(10\) must give/)
    expect(() => run({ weights: (n) => Array<number>(n).fill(-1) })).toThrow(/tpe.weights\(\d+\) must give/)
  })
})
