import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import { hyperband } from '../../src/schedulers/hyperband.ts'
import { hyperbandForBohb } from '../../src/schedulers/hyperband-for-bohb.ts'
import { type DehbOptions, dehb } from '../../src/searchers/dehb/dehb.ts'
import { childOf, compete, join, type Population } from '../../src/searchers/dehb/populations.ts'
import { entryRungs, seatOf } from '../../src/searchers/dehb/rungs.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Scheduler } from '../../src/schedulers/scheduler.ts'
import type { Searcher } from '../../src/searchers/searcher.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { isTrial, obeysSearcherLaws, session, told } from './laws.ts'

const small = { maxT: 4, reductionFactor: 2 }

describe('dehb', () => {
  obeysSearcherLaws(() => dehb({ maxT: 1 }))
  describe('with several budgets', () => {
    obeysSearcherLaws(() => dehb(small))
  })

  it('has a subpopulation for each milestone that a bracket begins at, of the bracket’s size', () => {
    expect(entryRungs({ maxT: 81, reductionFactor: 3 })).toEqual([
      { budget: 1, size: 81 },
      { budget: 3, size: 34 },
      { budget: 9, size: 15 },
      { budget: 27, size: 8 },
      { budget: 81, size: 5 },
    ])
  })

  it.each(['longestFirst', 'shortestFirst'] as const)(
    'counts trials as the scheduler fills its brackets, %s',
    (order) => {
      const scheduler = order === 'longestFirst' ? hyperband(small) : hyperbandForBohb(small)
      const state = scheduler.init({
        name: 'x',
        resources: {},
        objectives: [{ metric: 'loss', mode: 'min' }],
      })
      const rungs = entryRungs(small)
      for (let trial = 0; trial < 25; trial++) {
        scheduler.onAdd?.(state, { trial, config: {}, resources: {}, random: randomStream('x') })
        const bracket = state.brackets.get(state.places[trial] ?? -1)
        expect(rungs[seatOf(rungs, order, trial).rung]?.budget).toBe(bracket?.milestone)
      }
    },
  )

  it('draws the first band from the prior, and breeds from then on', () => {
    const space = { x: uniform(0, 1), kind: choice(['a', 'b']) }
    const point = (search: SearchSession, number: number): TrialAnswer => {
      const answer = search.suggest({ number, running: [] })
      if (answer instanceof Promise || !isTrial(answer)) throw new Error('expected a trial')
      return answer
    }
    const [prior, search] = [session(dehb(small), space, 'dehb'), session(dehb(small), space, 'dehb')]
    const isBred = Array.from({ length: 30 }, (_, number) => {
      const [drawn, answer] = [point(prior, number), point(search, number)]
      void search.tell(told(number, answer, { values: [number % 7] }))
      return drawn.params['x'] !== answer.params['x']
    })
    expect(isBred.indexOf(true)).toBe(10)
    expect(isBred.lastIndexOf(false)).toBe(9)
  })

  it('finds better configurations than chance with hyperband, for the same epochs', async () => {
    const run = async (make: () => Searcher, scheduler: () => Scheduler): Promise<number> => {
      let regret = 0
      for (let seed = 0; seed < 6; seed++) {
        const { results } = await simulate({
          async *trainable({ a, b, c, d }) {
            const floor = (a - 0.3) ** 2 + (b - 0.7) ** 2 + (c - 0.5) ** 2 + (d - 0.4) ** 2
            for (let epoch = 1; epoch <= 9; epoch++) yield { floor, loss: floor + a / epoch / 10 }
          },
          paramSpace: { a: uniform(0, 1), b: uniform(0, 1), c: uniform(0, 1), d: uniform(0, 1) },
          metric: 'loss',
          mode: 'min',
          searcher: make(),
          scheduler: scheduler(),
          numSamples: 170,
          stepMs: 1000,
          seed,
        })
        const whole = [...results].filter(({ iteration }) => iteration === 9)
        regret += Math.min(...whole.map(({ metrics }) => metrics?.['floor'] as number))
      }
      return regret
    }
    const band = { maxT: 9 }
    const chance = await run(
      () => randomSearch(),
      () => hyperband(band),
    )
    expect(
      await run(
        () => dehb(band),
        () => hyperband(band),
      ),
    ).toBeLessThan(0.6 * chance)
    const inTurn = { ...band, bracketOrder: 'shortestFirst' as const }
    expect(
      await run(
        () => dehb(inTurn),
        () => hyperbandForBohb(band),
      ),
    ).toBeLessThan(0.6 * chance)
  }, 60_000)

  it.each([
    [{ maxT: 0 }, 'dehb.maxT', /from 1/],
    [{ reductionFactor: 1 }, 'dehb.reductionFactor', /above 1/],
    [{ reductionFactor: 1.0001 }, 'dehb.reductionFactor', /gives 43948 brackets/],
    [{ bracketOrder: 'random' }, 'dehb.bracketOrder', /'longestFirst', 'shortestFirst'/],
    [{ mutationFactor: 0 }, 'dehb.mutationFactor', /above 0/],
    [{ crossoverProb: 2 }, 'dehb.crossoverProb', /from 0 to 1/],
    [{ max_t: 81 }, 'dehb.max_t', /Did you mean maxT\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => dehb(options as DehbOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})

describe('a subpopulation', () => {
  const member = (loss: number) => ({ vector: { x: loss }, loss })

  it('gives a place to the child unless it is worse', () => {
    const population: Population = [member(2), undefined]
    compete(population, 0, member(3))
    expect(population[0]).toEqual(member(2))
    compete(population, 0, { vector: { x: 9 }, loss: 2 })
    expect(population[0]?.vector).toEqual({ x: 9 })
    compete(population, 1, member(Infinity))
    expect(population[1]).toEqual(member(Infinity))
  })

  it('takes in those that come from a smaller budget where there is room, or the worst must go', () => {
    const population: Population = [member(2), undefined]
    join(population, member(5))
    join(population, member(7))
    expect(population).toEqual([member(2), member(5)])
    join(population, member(3))
    expect(population).toEqual([member(2), member(3)])
  })

  it('makes children of coordinates from 0 to 1, at least one of them the mutant’s', () => {
    const random = randomStream('children')
    const pool = [
      { x: 0.1, y: 0.9 },
      { x: 0.95, y: 0.5 },
      { x: 0.2, y: 0.1 },
      { x: 0.6, y: 0.3 },
    ]
    const target = { x: 0.123, y: 0.123 }
    for (let i = 0; i < 200; i++) {
      const child = childOf(['x', 'y'], target, pool, { mutationFactor: 0.5, crossoverProb: 0 }, random)
      expect(Object.values(child).every((u) => u >= 0 && u <= 1)).toBe(true)
      expect([child['x'], child['y']].filter((u) => u === 0.123).length).toBe(1)
    }
  })

  it('draws coordinates that no parent has', () => {
    const options = { mutationFactor: 0.5, crossoverProb: 1 }
    const child = childOf(
      ['x', 'z'],
      { x: 0.5 },
      [{ x: 0.5 }, { x: 0.5 }, { x: 0.5 }],
      options,
      randomStream('z'),
    )
    expect(child['x']).toBe(0.5)
    expect(child['z']).toBeGreaterThan(0)
  })
})
