import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { hyperbandForBohb } from '../../src/schedulers/hyperband-for-bohb.ts'
import { type BohbOptions, bohb } from '../../src/searchers/bohb/bohb.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import type { SearchSession, TrialAnswer } from '../../src/searchers/session.ts'
import { branch } from '../../src/space/branch.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { isTrial, obeysSearcherLaws, session, told } from './laws.ts'

const line = { x: uniform(0, 1) }
/** Never from the prior, once there is a model. */
const modelOnly: BohbOptions = { randomFraction: 0 }

function ask(search: SearchSession, number: number): TrialAnswer {
  const answer = search.suggest({ number, running: [] })
  if (answer instanceof Promise || !isTrial(answer)) throw new Error('expected a trial')
  return answer
}

type Outcome = (params: TrialAnswer['params']) => Partial<ToldTrial>

/** Asks for and tells so many trials, and gives the search. */
function learned(
  outcome: Outcome,
  count: number,
  options = modelOnly,
  space: SpaceDefinition = line,
): SearchSession {
  const search = session(bohb(options), space, 'bohb')
  for (let number = 0; number < count; number++) {
    const answer = ask(search, number)
    void search.tell(told(number, answer, outcome(answer.params)))
  }
  return search
}

function reports(...values: readonly (readonly [number, number])[]): Partial<ToldTrial> {
  const [step, value] = values.at(-1) as readonly [number, number]
  return { values: [value], step, intermediate: values }
}

function suggestions(search: SearchSession, from: number, count: number): TrialAnswer['params'][] {
  return Array.from({ length: count }, (_, i) => ask(search, from + i).params)
}

function meanDistance(points: readonly TrialAnswer['params'][], x: number): number {
  return points.reduce((sum, point) => sum + Math.abs((point['x'] as number) - x), 0) / points.length
}

describe('bohb', () => {
  obeysSearcherLaws(() => bohb({ randomFraction: 0.1 }))

  it('suggests near the good trials', () => {
    const search = learned(({ x }) => reports([1, Math.abs((x as number) - 0.3)]), 40)
    expect(meanDistance(suggestions(search, 40, 20), 0.3)).toBeLessThan(0.1)
  })

  it('draws from the prior until there are d + 3 trials', () => {
    const prior = suggestions(session(bohb(modelOnly), line, 'bohb'), 0, 5)
    const search = session(bohb(modelOnly), line, 'bohb')
    const points = prior.map((_, number) => {
      const answer = ask(search, number)
      void search.tell(told(number, answer, reports([1, number])))
      return answer.params
    })
    expect(points.slice(0, 4)).toEqual(prior.slice(0, 4))
    expect(points[4]).not.toEqual(prior[4])
  })

  it('draws a share of the trials from the prior', () => {
    const search = learned(() => reports([1, 0]), 40, { randomFraction: 0.5 })
    const prior = suggestions(session(bohb(modelOnly), line, 'bohb'), 0, 240).slice(40)
    const drawn = suggestions(search, 40, 200).filter(({ x }, i) => x === prior[i]?.['x']).length
    expect(drawn).toBeGreaterThan(70)
    expect(drawn).toBeLessThan(130)
  })

  it('goes by the largest budget that enough trials have reached', () => {
    // Short runs say 0.8, long ones 0.2.
    const outcome: Outcome = ({ x }) =>
      reports([1, Math.abs((x as number) - 0.8)], [9, Math.abs((x as number) - 0.2)])
    const search = learned(outcome, 30)
    const points = suggestions(search, 30, 20)
    expect(meanDistance(points, 0.2)).toBeLessThan(0.15)
    const short: Outcome = ({ x }) => reports([1, Math.abs((x as number) - 0.8)])
    const onlyThree = session(bohb(modelOnly), line, 'bohb')
    for (let number = 0; number < 40; number++) {
      const answer = ask(onlyThree, number)
      void onlyThree.tell(told(number, answer, (number < 3 ? outcome : short)(answer.params)))
    }
    expect(meanDistance(suggestions(onlyThree, 40, 20), 0.8)).toBeLessThan(0.15)
  })

  it('learns from trials that are still running or paused', () => {
    const search = session(bohb(modelOnly), line, 'bohb')
    const running = suggestions(search, 0, 30).map((params, number) => ({ number, params }))
    for (const { number, params } of running)
      search.observe({ number, step: 1, values: [Math.abs((params['x'] as number) - 0.3)] })
    const points = Array.from({ length: 20 }, (_, i) => search.suggest({ number: 30 + i, running }))
    expect(
      meanDistance(
        points.map((answer) => (answer as TrialAnswer).params),
        0.3,
      ),
    ).toBeLessThan(0.15)
  })

  it('keeps away from where trials fail', () => {
    const search = learned(
      ({ x }) =>
        (x as number) < 0.5
          ? { state: 'failed', values: undefined, step: undefined, intermediate: [] }
          : reports([1, 0]),
      60,
    )
    const inside = suggestions(search, 60, 40).filter(({ x }) => (x as number) < 0.5)
    expect(inside.length).toBeLessThan(6)
  })

  it('counts NaN as infinitely bad', () => {
    const search = learned(({ x }) => reports([1, (x as number) < 0.5 ? Number.NaN : 0]), 60)
    expect(suggestions(search, 60, 40).filter(({ x }) => (x as number) < 0.5).length).toBeLessThan(6)
  })

  it('learns choices, and the parameters of each branch', () => {
    const space = {
      kind: branch({ a: { x: uniform(0, 1) }, b: { y: uniform(0, 1), z: choice(['p', 'q']) } }),
    }
    const outcome: Outcome = ({ kind, y, z }) =>
      reports([1, kind === 'a' ? 2 : Math.abs((y as number) - 0.6) + Number(z === 'q')])
    const points = suggestions(learned(outcome, 80, modelOnly, space), 80, 30)
    expect(points.filter(({ kind, z }) => kind === 'b' && z === 'p').length).toBeGreaterThan(20)
    const distances = points.flatMap(({ y }) => (y === undefined ? [] : [Math.abs((y as number) - 0.6)]))
    expect(Math.max(...distances)).toBeLessThan(0.35)
  })

  it('does not mix up parameters of one name in two cases of a branch', () => {
    const space = { kind: branch({ a: { x: uniform(0, 1) }, b: { x: uniform(0, 10) } }) }
    // In a, small is good; in b, 0.8 is, and b is better.
    const outcome: Outcome = ({ kind, x }) =>
      reports([1, kind === 'a' ? 100 + (x as number) : Math.abs((x as number) - 8)])
    const points = suggestions(learned(outcome, 80, modelOnly, space), 80, 30)
    const inB = points.filter(({ kind }) => kind === 'b')
    expect(inB.length).toBeGreaterThan(20)
    expect(meanDistance(inB, 8)).toBeLessThan(1.5)
  })

  it('finds better configurations than chance with its scheduler, for the same epochs', async () => {
    const regretOf = async (make: () => Searcher): Promise<number> => {
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
          scheduler: hyperbandForBohb({ maxT: 9 }),
          numSamples: 102,
          stepMs: 1000,
          seed,
        })
        const whole = [...results].filter(({ iteration }) => iteration === 9)
        regret += Math.min(...whole.map(({ metrics }) => metrics?.['floor'] as number))
      }
      return regret
    }
    expect(await regretOf(() => bohb())).toBeLessThan(0.5 * (await regretOf(() => randomSearch())))
  }, 60_000)

  it.each([
    [{ minPointsInModel: 0 }, 'bohb.minPointsInModel', /integer from 1/],
    [{ topNPercent: 101 }, 'bohb.topNPercent', /from 0 to 100/],
    [{ numSamples: 1.5 }, 'bohb.numSamples', /integer from 1/],
    [{ randomFraction: -0.1 }, 'bohb.randomFraction', /from 0 to 1/],
    [{ bandwidthFactor: 0 }, 'bohb.bandwidthFactor', /above 0/],
    [{ minBandwidth: 0 }, 'bohb.minBandwidth', /above 0/],
    [{ random_fraction: 0 }, 'bohb.random_fraction', /Did you mean randomFraction\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => bohb(options as BohbOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
