import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { type CmaesOptions, cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { warmStart } from '../../src/searchers/cmaes/warm-start.ts'
import type { ToldTrial } from '../../src/searchers/searcher.ts'
import type { SearchSession, SearchSessionOptions, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, ordinal } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { loguniform, quniform, uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { obeysSearcherLaws, session, told } from './laws.ts'

/** Read as if every name were a number: the spaces of these tests say what is there. */
type Config = { readonly [name: string]: number } & { readonly x: number; readonly y: number }
type Objective = (config: Config, number: number) => number | Partial<ToldTrial>

const PLANE = { x: uniform(-5, 10), y: uniform(-5, 10) }
const bowl: Objective = ({ x, y }) => (x - 1) ** 2 + (y + 2) ** 2
const TEN = Object.fromEntries(Array.from({ length: 10 }, (_, j) => [`x${j}`, uniform(-5, 5)]))
/** Rosenbrock's: every parameter depends on the one before. */
const valley: Objective = (config) => {
  const x: number[] = Object.values(config)
  return x
    .slice(1)
    .reduce((sum, to, j) => sum + 100 * (to - (x[j] as number) ** 2) ** 2 + (1 - (x[j] as number)) ** 2, 0)
}

const bowlOfTen: Objective = (config) => {
  const x: number[] = Object.values(config)
  return x.reduce((sum, value) => sum + (value - 1.7) ** 2, 0)
}

/** Plays `trials` trials, `concurrency` at a time; the one that ends is drawn. */
class Play {
  readonly search: SearchSession
  readonly answers: TrialAnswer[] = []
  readonly losses: number[] = []
  readonly #running: number[] = []
  readonly #random = randomStream('who ends')

  constructor(
    options: CmaesOptions,
    space: SpaceDefinition,
    { seed = 's', ...more }: Partial<SearchSessionOptions> & { seed?: string } = {},
  ) {
    this.search = session(cmaes(options), space, seed, more)
  }

  run(trials: number, objective: Objective, concurrency = 1): this {
    for (let ended = 0; ended < trials; ended++) {
      while (this.#running.length < concurrency) this.ask()
      const [number] = this.#running.splice(this.#random.below(this.#running.length), 1) as [number]
      this.tell(number, objective((this.answers[number] as TrialAnswer).config as Config, number))
    }
    return this
  }

  ask(): TrialAnswer {
    const number = this.answers.length
    const running = this.#running.map((of) => ({
      number: of,
      params: (this.answers[of] as TrialAnswer).params,
    }))
    const answer = this.search.suggest({ number, running }) as TrialAnswer
    this.answers.push(answer)
    this.#running.push(number)
    return answer
  }

  tell(number: number, result: number | Partial<ToldTrial>): void {
    const more = typeof result === 'number' ? { values: [result] } : result
    this.losses.push(more.values?.[0] ?? Infinity)
    void this.search.tell(told(number, this.answers[number] as TrialAnswer, more))
  }

  get best(): number {
    return Math.min(...this.losses)
  }
}

describe('cmaes', () => {
  obeysSearcherLaws(() => cmaes())
  describe('in small generations with adapted rates', () =>
    obeysSearcherLaws(() => cmaes({ populationSize: 3, lrAdapt: true })))
  describe('separable, without margin, after two from the prior', () =>
    obeysSearcherLaws(() =>
      cmaes({
        populationSize: 2,
        useSeparableCma: true,
        withMargin: false,
        nStartupTrials: 2,
        considerPrunedTrials: true,
      }),
    ))

  it('finds the best of a bowl to six digits within 300 trials, in either mode', () => {
    expect(new Play({}, PLANE).run(300, bowl).best).toBeLessThan(1e-6)
    const upwards = new Play({}, PLANE, { objectives: [{ metric: 'score', mode: 'max' }] })
    expect(Math.max(...upwards.run(300, (config, n) => -(bowl(config, n) as number)).losses)).toBeGreaterThan(
      -1e-6,
    )
  })

  it('goes through a valley of ten parameters that depend on each other', () => {
    expect(new Play({}, TEN).run(3000, valley).best).toBeLessThan(0.1)
  })

  it('gets far with sixteen trials at a time, though results come out of order', () => {
    expect(new Play({}, PLANE).run(1500, valley, 16).best).toBeLessThan(1e-4)
    expect(new Play({}, TEN).run(1500, bowlOfTen, 16).best).toBeLessThan(1e-6)
  })

  it('hits an optimum in a corner of the space exactly', () => {
    const corner: Objective = ({ x, y }) => Math.abs(x - 10) + 3 * Math.abs(y + 5)
    const { answers } = new Play({}, PLANE).run(200, corner)
    expect(answers.some(({ params }) => (params['x'] as number) > 9.999999 && params['y'] === -5)).toBe(true)
  })

  it('finds integers, steps, logarithms and ordered choices, and draws unordered ones', () => {
    const space = {
      depth: randint(1, 30),
      rate: quniform(0, 1, 0.05),
      lr: loguniform(1e-6, 1),
      size: ordinal(['s', 'm', 'l', 'xl', 'xxl']),
      act: choice(['relu', 'tanh', 'gelu']),
    }
    const objective: Objective = ({ depth = 0, rate = 0, lr = 1, size }) =>
      Math.abs(depth - 23) +
      20 * Math.abs(rate - 0.85) +
      Math.abs(Math.log10(lr) + 4) +
      (String(size) === 'xl' ? 0 : 3)
    const { best, answers } = new Play({}, space).run(400, objective)
    expect(best).toBeLessThan(0.01)
    const acts = answers.slice(-60).map(({ params }) => params['act'])
    expect(new Set(acts).size).toBe(3)
  })

  it('keeps trying the neighbours of an integer when all else has converged', () => {
    const space = { n: randint(0, 20), x: uniform(0, 1) }
    const search = new Play({ restart: { kind: 'none' } }, space).run(
      600,
      ({ n = 0, x }) => (n - 7) ** 2 + (x - 0.3) ** 2,
    )
    const last = search.answers.slice(-120).map(({ params }) => params['n'] as number)
    expect(last.filter((n) => n === 7).length).toBeGreaterThan(60)
    expect(last.some((n) => n !== 7)).toBe(true)
  })

  it('starts in the centre, at x0, or at the best of the points that were given', () => {
    const firstOf = (options: CmaesOptions, given = false): number[] => {
      const play = new Play({ ...options, sigma0: 1e-4 }, PLANE)
      for (let i = 0; given && i < 2; i++) play.tell(play.answers.indexOf(play.ask()), [5, 1][i] as number)
      const { params } = play.ask()
      return [params['x'] as number, params['y'] as number]
    }
    const near = ([x, y]: number[], to: readonly [number, number]): void => {
      expect(x).toBeCloseTo(to[0], 1)
      expect(y).toBeCloseTo(to[1], 1)
    }
    near(firstOf({}), [2.5, 2.5])
    near(firstOf({ x0: { x: 7 } }), [7, 2.5])
    const pointsToEvaluate = [
      { x: 0, y: 0 },
      { x: 9, y: -4 },
    ]
    near(firstOf({ pointsToEvaluate }, true), [9, -4])
    near(firstOf({ pointsToEvaluate, x0: { x: 7, y: 7 } }, true), [7, 7])
  })

  it('draws the first trials from the prior where that is wanted, and starts at the best of them', () => {
    const drawn = new Play({ nStartupTrials: 5, sigma0: 1e-4 }, PLANE).run(5, bowl)
    const best = drawn.answers[drawn.losses.indexOf(drawn.best)] as TrialAnswer
    const next = drawn.ask().params
    expect(new Set(drawn.answers.map(({ params }) => params['x'])).size).toBe(6)
    expect(Math.abs((next['x'] as number) - (best.params['x'] as number))).toBeLessThan(0.1)
  })

  it('starts where, and as wide as, the best trials of a similar search lie', () => {
    const sourceTrials = Array.from({ length: 50 }, (_, i) => {
      const random = randomStream(i)
      const config = { x: random.next() * 15 - 5, y: random.next() * 15 - 5 }
      return {
        state: i === 3 ? 'failed' : 'completed',
        values: i === 3 ? undefined : [bowl(config, i) as number],
        config,
      }
    })
    const { answers } = new Play({ sourceTrials }, PLANE).run(6, bowl)
    const mean = (path: string): number =>
      answers.reduce((sum, { params }) => sum + (params[path] as number) / 6, 0)
    expect(Math.hypot(mean('x') - 1, mean('y') + 2)).toBeLessThan(2)
    expect(new Play({ sourceTrials }, PLANE).run(30, bowl).best).toBeLessThan(
      new Play({}, PLANE).run(30, bowl).best,
    )
  })

  it('begins again elsewhere, with more trials a generation, when a run has converged', () => {
    // Two bowls: the centre leads to the wider one, which is not the better one.
    const two: Objective = ({ x, y }) =>
      Math.min(1 + 0.1 * ((x - 2) ** 2 + (y - 2) ** 2), 0.5 * ((x + 4) ** 2 + (y - 9) ** 2))
    const kinds = ['ipop', 'bipop'] as const
    for (const kind of kinds) {
      expect(new Play({ restart: { kind, factor: 3 } }, PLANE).run(4000, two).best).toBeLessThan(0.1)
    }
    expect(new Play({ restart: { kind: 'none' } }, PLANE).run(4000, two).best).toBeGreaterThanOrEqual(1)
  })

  it('stays away from where trials fail, and survives a generation of nothing but failures', () => {
    const failing: Objective = (config, number) =>
      number < 20 || config.x > 2 ? { state: 'failed', values: undefined } : bowl(config, number)
    const { answers, best } = new Play({}, PLANE).run(400, failing)
    expect(best).toBeLessThan(1e-4)
    expect(answers.slice(-50).filter(({ params }) => (params['x'] as number) > 2).length).toBeLessThan(25)
  })

  it('passes over pruned trials, unless it is told to consider them', () => {
    const pruned: Objective = (config, number) => {
      const loss = bowl(config, number) as number
      return loss > 20 ? { state: 'pruned', values: [loss] } : loss
    }
    const both = [false, true].map((considerPrunedTrials) =>
      new Play({ considerPrunedTrials }, PLANE).run(40, pruned),
    )
    expect(both[0]?.answers.at(-1)).not.toEqual(both[1]?.answers.at(-1))
    // What would have come without the pruned ones at all comes with them passed over.
    const never = new Play({}, PLANE).run(40, (config, n) => {
      const loss = bowl(config, n) as number
      return loss > 20 ? { state: 'interrupted', values: [loss] } : loss
    })
    expect(never.answers).toEqual(both[0]?.answers)
  })

  it.each([Infinity, -Infinity, 7])('goes on when every result is %d', (value) => {
    const { answers } = new Play({}, PLANE).run(300, () => value, 3)
    expect(answers.every(({ params }) => Number.isFinite(params['x']))).toBe(true)
  })

  it('learns the parameters of a define-by-run space, and searches those that every trial has', () => {
    const space: SpaceDefinition = (trial) => {
      trial.suggestFloat('x', -5, 10)
      if (trial.suggestCategorical('kind', ['a', 'b']) === 'a') trial.suggestFloat('only', 0, 1)
      trial.suggestFloat('y', -5, 10)
    }
    const { best, answers } = new Play({}, space).run(300, bowl)
    const drawn = answers
      .slice(-50)
      .flatMap(({ params }) => ('only' in params ? [params['only'] as number] : []))
    expect(new Set(drawn).size).toBeGreaterThan(5)
    expect(best).toBeLessThan(1e-4)
  })

  it('learns from a trial that ran with other values than suggested', () => {
    const allowed = new Play({}, PLANE, { where: (config) => (config as { x: number }).x > 5 })
    const { best } = allowed.run(300, ({ x, y }) => (x - 6) ** 2 + y ** 2)
    expect(best).toBeLessThan(1e-3)
  })

  it.each([
    ['has one point', { a: 3 }],
    ['has nothing in order', { a: choice(Array.from({ length: 10_000 }, (_, i) => i)) }],
    ['has branches only', { b: branch({ p: { x: uniform(0, 1) }, q: {} }) }],
    ['has one long order', { size: ordinal(Array.from({ length: 10_000 }, (_, i) => i)) }],
    ['has one number', { x: uniform(0, 1) }],
    ['has 200 numbers', Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, uniform(0, 1)]))],
  ] as const)('survives a space that %s', (_, space) => {
    expect(new Play({}, space).run(60, (_config, number) => number % 7).answers.length).toBe(60)
  })

  it.each<[string, CmaesOptions]>([
    ['populationSize', { populationSize: 1 }],
    ['sigma0', { sigma0: 0 }],
    ['sigma0', { sigma0: 50 }],
    ['nStartupTrials', { nStartupTrials: -1 }],
    ['restart', { restart: { kind: 'ipop', factor: 0.5 } }],
    ['restart', { restart: { kind: 'often' } as never }],
    ['restart', { restart: { kind: 'none', factor: 2 } as never }],
    ['x0', { x0: [1] }],
    ['sourceTrials', { sourceTrials: [] }],
    ['sourceTrials', { sourceTrials: [{ values: [1], config: { x: 1 } }], x0: { x: 1 } }],
    ['sourceTrials', { sourceTrials: [{ values: [1], config: { x: 1 } }], sigma0: 0.1 }],
    ['restart', { restart: 'often' as never }],
    ['restart', { restart: { kind: 'ipop', faktor: 2 } as never }],
  ])('refuses a wrong %s', (option, options) => {
    expect(() => cmaes(options)).toThrow(expect.objectContaining({ option: `cmaes.${option}` }))
  })

  it.each<[unknown, string]>([
    [{ kind: 'often' }, 'its kind is "often"'],
    [{ kind: 'ipop', factor: 0.5 }, 'it is 0.5'],
    ['often', 'Got "often"'],
    [{ kind: 'ipop', faktor: 2 }, 'has no option faktor'],
  ])('says what is wrong with the restart %j', (restart, words) => {
    expect(() => cmaes({ restart: restart as never })).toThrow(words)
  })

  it('takes a restart by its name', () => {
    const best = (restart: 'ipop' | { readonly kind: 'ipop' }): number =>
      new Play({ restart, sigma0: 0.5 }, PLANE).run(300, bowl).best
    expect(best('ipop')).toBe(best({ kind: 'ipop' }))
  })

  it('refuses, where the experiment is made, a start outside of the space and trials of another one', () => {
    const make = (options: CmaesOptions) => () => session(cmaes(options), PLANE, 's')
    expect(make({ x0: { x: 11 } })).toThrow(/x0 has 11 for x/)
    expect(make({ x0: { xx: 1 } })).toThrow(/Did you mean x\?/)
    expect(make({ sourceTrials: [{ values: [1], config: { z: 1 } }] })).toThrow(OptionError)
    expect(make({ sourceTrials: [{ state: 'pruned', values: [1], config: { x: 1, y: 1 } }] })).toThrow(
      OptionError,
    )
  })

  it('needs one metric', () => {
    expect(() => session(cmaes(), PLANE, 's', { objectives: [] })).toThrow(/needs a metric/)
  })
})

describe('a warm start', () => {
  it('is a normal distribution around the best tenth, a tenth of the box wider than they lie', () => {
    const points = Array.from({ length: 20 }, (_, i) => ({
      x: Float64Array.of(i / 20, 0.5),
      loss: i === 1 ? Number.NaN : i,
    }))
    const { mean, sigma, C } = warmStart(points)
    // Points 0 and 2, as 1 has no result.
    expect([...mean]).toEqual([0.05, 0.5])
    expect(sigma ** 2 * (C[0] as number)).toBeCloseTo(0.05 ** 2 + 0.1 ** 2, 12)
    expect(sigma ** 2 * (C[3] as number)).toBeCloseTo(0.1 ** 2, 12)
    expect((C[0] as number) * (C[3] as number)).toBeCloseTo(1, 12)
  })
})
