import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { hypervolume } from '../../src/math/hypervolume.ts'
import { nsga2, type Nsga2Options } from '../../src/searchers/nsga2.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { obeysSearcherLaws, session, told } from './laws.ts'

const TWO: readonly Objective[] = [
  { metric: 'a', mode: 'min' },
  { metric: 'b', mode: 'min' },
]

/** What a trial came to. */
interface Outcome extends Partial<Pick<ToldTrial, 'state' | 'constraints'>> {
  readonly values: readonly number[]
}

interface Run {
  readonly answers: readonly TrialAnswer[]
  readonly search: SearchSession
}

/** Runs trials, `lag` of them at once; those that run longest end first, but every third after all others. */
function run(
  searcher: Searcher,
  space: SpaceDefinition,
  outcome: (params: Record<string, never>, number: number) => Outcome,
  { count = 100, lag = 0, objectives = 1, seed = 's' } = {},
): Run {
  const search = session(searcher, space, seed, objectives === 2 ? { objectives: TWO } : {})
  const answers: TrialAnswer[] = []
  const running: number[] = []
  for (let number = 0; number < count; number++) {
    const answer = search.suggest({
      number,
      running: running.map((n) => ({ number: n, params: (answers[n] as TrialAnswer).params })),
    }) as TrialAnswer
    answers.push(answer)
    running.push(number)
    if (running.length <= lag) continue
    const ended = (number % 3 === 0 ? running.pop() : running.shift()) as number
    const { params, domains } = answers[ended] as TrialAnswer
    void search.tell(told(ended, { params, domains }, outcome(params as Record<string, never>, ended)))
  }
  return { answers, search }
}

const SQUARE = { x: uniform(-5, 5), y: uniform(-5, 5), k: choice(['p', 'q', 'r']) }

function bowl({ x, y, k }: Record<string, never>): Outcome {
  return { values: [(Number(x) - 2) ** 2 + (Number(y) + 1) ** 2 + (k === 'q' ? 0 : 1)] }
}

function bestOf({ answers }: Run, outcome: (params: Record<string, never>) => Outcome): number {
  return Math.min(
    ...answers.map(({ params }) => outcome(params as Record<string, never>).values[0] as number),
  )
}

describe('nsga2', () => {
  obeysSearcherLaws(() => nsga2())
  describe('with a population that fills at once', () =>
    obeysSearcherLaws(() => nsga2({ populationSize: 4 })))
  describe('with three parents a child', () =>
    obeysSearcherLaws(() => nsga2({ populationSize: 3, crossover: 'undx', mutation: 'uniform' })))

  it.each(['uniform', 'blxAlpha', 'sbx', 'vsbx', 'spx', 'undx'] as const)(
    'comes nearer to one objective’s optimum than random search, by crossover %s',
    (crossover) => {
      const random = bestOf(run(randomSearch(), SQUARE, bowl, { count: 200 }), bowl)
      const best = bestOf(run(nsga2({ crossover }), SQUARE, bowl, { count: 200 }), bowl)
      expect(best).toBeLessThan(random / 2)
    },
  )

  it('spreads over the trade-offs between two objectives better than random search', () => {
    const space = { x: uniform(0, 1), rest: [uniform(0, 1), uniform(0, 1), uniform(0, 1), uniform(0, 1)] }
    const zdt1 = (params: Record<string, never>): Outcome => {
      const x = Number(params['x'])
      const rest = [0, 1, 2, 3].map((i) => Number(params[`rest/${i}`]))
      const g = 1 + (9 * rest.reduce((sum, y) => sum + y, 0)) / 4
      return { values: [x, g * (1 - Math.sqrt(x / g))] }
    }
    const volume = (searcher: Searcher): number => {
      const { answers } = run(searcher, space, zdt1, { count: 200, objectives: 2 })
      const points = answers.map(({ params }) => zdt1(params as Record<string, never>).values)
      return hypervolume(
        points.filter(([a, b]) => (a as number) < 1.1 && (b as number) < 2),
        [1.1, 2],
      )
    }
    expect(volume(nsga2())).toBeGreaterThan(1.3 * volume(randomSearch()))
  })

  it('goes where constraints hold, though the loss is smaller elsewhere', () => {
    const limited = ({ x, y }: Record<string, never>): Outcome => ({
      values: [Number(x) + Number(y)],
      constraints: { sum: 3 - Number(x) - Number(y) },
    })
    const { answers } = run(nsga2({ populationSize: 20 }), SQUARE, limited, { count: 200 })
    const sums = answers.slice(100).map(({ params }) => Number(params['x']) + Number(params['y']))
    const feasible = sums.filter((sum) => sum >= 3)
    expect(feasible.length).toBeGreaterThan(40)
    expect(Math.min(...feasible)).toBeLessThan(3.2)
  })

  it('learns as well while ten trials run and end in any order', () => {
    const best = bestOf(run(nsga2(), SQUARE, bowl, { count: 300, lag: 10 }), bowl)
    expect(best).toBeLessThan(0.05)
  })

  it('learns from the completed trials alone when others fail or are pruned', () => {
    const space = { x: uniform(0, 1) }
    const states = ['completed', 'failed', 'pruned', 'interrupted'] as const
    const { answers } = run(
      nsga2({ populationSize: 5 }),
      space,
      ({ x }, number) => {
        const state = states[number % 4] as ToldTrial['state']
        // Pruned trials look good, but are not at the same step.
        return { state, values: [state === 'completed' ? Number(x) : -Number(x)] }
      },
      { count: 200 },
    )
    const xs = answers.slice(150).map(({ params }) => Number(params['x']))
    expect(xs.toSorted((a, b) => a - b)[25]).toBeLessThan(0.1)
  })

  it('draws from the prior until as many trials have completed as the population holds', () => {
    // What comes after nine trials, of which so many completed, as configurations of a searcher that would only draw.
    const next = (searcher: Searcher, completed: number): unknown => {
      const search = session(searcher, { x: uniform(0, 1) }, 'prior')
      for (let number = 0; number < 9; number++) {
        const answer = search.suggest({ number, running: [] }) as TrialAnswer
        void search.tell(told(number, answer, { state: number < completed ? 'completed' : 'failed' }))
      }
      return (search.suggest({ number: 9, running: [] }) as TrialAnswer).params
    }
    const isDrawn = (completed: number): boolean =>
      JSON.stringify(next(nsga2({ populationSize: 5 }), completed)) ===
      JSON.stringify(next(nsga2(), completed))
    expect(isDrawn(4)).toBe(true)
    expect(isDrawn(5)).toBe(false)
  })

  it('breeds from results that were given to it', () => {
    const points = Array.from({ length: 20 }, (_, i) => ({ x: 0.4 + i / 100, y: 0.5 }))
    const searcher = nsga2({
      populationSize: 20,
      pointsToEvaluate: points,
      evaluatedRewards: points.map(({ x }) => Math.abs(x - 0.5)),
    })
    const search = session(searcher, { x: uniform(0, 1), y: uniform(0, 1) }, 'given')
    search.given().forEach(({ values, ...answer }, number) => {
      void search.tell(told(number, answer, { values }))
    })
    const xs = Array.from({ length: 50 }, (_, i) =>
      Number((search.suggest({ number: 20 + i, running: [] }) as TrialAnswer).params['x']),
    )
    expect(xs.filter((x) => x > 0.35 && x < 0.65).length).toBeGreaterThan(40)
  })

  it('inherits the parameters of a branch from trials in that branch', () => {
    const space = {
      act: branch({
        relu: { width: uniform(0, 1) },
        tanh: { width: uniform(100, 101), slope: uniform(0, 1) },
      }),
    }
    const outcome = ({ act, width, slope }: Record<string, never>): Outcome => ({
      values: [
        act === 'relu'
          ? 5 + Number(width)
          : Math.abs(Number(width) - 100.25) + Math.abs(Number(slope) - 0.75),
      ],
    })
    const { answers } = run(nsga2({ populationSize: 20 }), space, outcome, { count: 200 })
    const late = answers.slice(120).filter(({ params }) => params['act'] === 'tanh')
    expect(late.length).toBeGreaterThan(35)
    const near = late.filter(({ params }) => Math.abs(Number(params['width']) - 100.25) < 0.1)
    expect(near.length).toBeGreaterThan(late.length / 2)
  })

  it('crosses over what it has learned of a define-by-run space', () => {
    const space: SpaceDefinition = (trial) => {
      const kind = trial.suggestCategorical('kind', ['line', 'curve'])
      const x = trial.suggestFloat('x', 0, kind === 'line' ? 1 : 10)
      if (kind === 'curve') trial.suggestFloat('bend', 0, 1)
      return { scale: x }
    }
    const outcome = ({ kind, x, bend }: Record<string, never>): Outcome => ({
      values: [kind === 'line' ? 3 + Number(x) : Math.abs(Number(x) - 7) + Math.abs(Number(bend) - 0.2)],
    })
    const best = bestOf(run(nsga2({ populationSize: 20 }), space, outcome, { count: 200 }), outcome)
    expect(best).toBeLessThan(0.15)
  })

  it('passes over configurations that ran lately or run, while it finds others', () => {
    const space = { a: randint(0, 6), b: randint(0, 6) }
    const { answers } = run(
      nsga2({ populationSize: 10 }),
      space,
      ({ a, b }) => ({ values: [Number(a) + Number(b)] }),
      {
        count: 30,
        lag: 3,
      },
    )
    const keys = answers.map(({ params }) => JSON.stringify(params))
    expect(new Set(keys.slice(13)).size).toBeGreaterThan(14)
  })

  it('depends on the trial’s number and on what was told, not on how often it was asked', () => {
    const space = { x: uniform(0, 1), y: loguniform(1e-3, 1) }
    const ask = (numbers: readonly number[]): unknown => {
      const { search } = run(nsga2({ populationSize: 8 }), space, ({ x }) => ({ values: [Number(x)] }), {
        count: 20,
      })
      return numbers.map((number) => (search.suggest({ number, running: [] }) as TrialAnswer).params).at(-1)
    }
    expect(ask([20, 21, 22])).toEqual(ask([22]))
  })

  it('takes no value from trials of another space that does not fit its own', () => {
    const space = { x: uniform(0, 1), k: choice(['p', 'q']) }
    const domains = { x: uniform(0, 100), k: choice(['z']), other: uniform(0, 1) }
    const search = session(nsga2({ populationSize: 6 }), space, 'foreign')
    for (let number = 0; number < 20; number++) {
      void search.tell(
        told(number, { params: { x: 5 * number, k: 'z', other: 0.5 }, domains }, { values: [number] }),
      )
    }
    const saved = structuredClone(search.save())
    const again = session(nsga2({ populationSize: 6 }), space, 'foreign', { saved })
    for (let number = 20; number < 60; number++) {
      const { params } = search.suggest({ number, running: [] }) as TrialAnswer
      expect(Number(params['x'])).toBeLessThanOrEqual(1)
      expect(again.suggest({ number, running: [] })).toMatchObject({ params })
    }
  })

  it('survives losses that are all equal or infinite', () => {
    for (const value of [1, Infinity, -Infinity]) {
      const { answers } = run(nsga2({ populationSize: 6 }), SQUARE, () => ({ values: [value, value] }), {
        count: 40,
        objectives: 2,
      })
      expect(answers).toHaveLength(40)
    }
  })

  it.each([
    [{ populationSize: 1 }, /integer from 2/],
    [{ populationSize: 2, crossover: 'spx' }, /takes 3 parents/],
    [{ parentShare: 0 }, /above 0/],
    [{ crossover: 'twoPoint' }, /must be one of 'uniform'/],
    [{ crossover: { kind: 'sbx', alpha: 1 } }, /no option alpha for 'sbx'/],
    [{ crossover: { kind: 'sbx', eta: -1 } }, /another eta/],
    [{ mutation: { kind: 'polynomial', etta: 3 } }, /did you mean eta\?/],
    [{ crossoverProb: 2 }, /from 0 to 1/],
    [{ population: 5 }, /Did you mean populationSize\?/],
  ])('refuses %j', (options, text) => {
    expect(() => nsga2(options as Nsga2Options)).toThrow(OptionError)
    expect(() => nsga2(options as Nsga2Options)).toThrow(text)
  })

  it('refuses gridSearch and an experiment without a metric', () => {
    expect(() => session(nsga2(), { x: gridSearch([1, 2]) }, 's')).toThrow(/does not expand gridSearch/)
    expect(() => session(nsga2(), SQUARE, 's', { objectives: [] })).toThrow(/metric/)
  })
})
