import { describe, expect, it } from 'vitest'
import type { Objective } from '../../src/core/objective.ts'
import { OptionError } from '../../src/errors.ts'
import { randomStream } from '../../src/random/random.ts'
import type { ToldTrial } from '../../src/searchers/searcher.ts'
import { choice } from '../../src/space/choices.ts'
import { loguniform, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import type { StopDemand } from '../../src/stoppers/stopper.ts'
import { combined } from '../../src/stoppers/combined.ts'
import { maximumIteration } from '../../src/stoppers/maximum-iteration.ts'
import { terminator, type TerminatorOptions } from '../../src/stoppers/terminator/terminator.ts'
import { fixtureFiles, isFixtureCase, readFixture } from '../conformance/fixture.ts'
import { runTerminatorCase } from '../conformance/terminator.ts'

const LOSS: readonly Objective[] = [{ metric: 'loss', mode: 'min' }]

/** Told trials with given values and no parameters. */
function valued(values: readonly number[]): ToldTrial[] {
  return values.map((value, number) => ({
    number,
    params: {},
    domains: {},
    state: 'completed',
    values: [value],
    step: 1,
    intermediate: [[1, value]],
    constraints: {},
  }))
}

/** Random trials of a function. */
function sampled(
  definition: SpaceDefinition,
  count: number,
  lossOf: (params: ToldTrial['params'], number: number) => number,
): ToldTrial[] {
  const space = readSpace(definition)
  return valued(Array.from({ length: count }, () => 0)).map((trial, number) => {
    const random = randomStream('terminator').fork(number)
    const { params, domains } = space.resolve(space.sample(random), random)
    return { ...trial, params, domains, values: [lossOf(params, number)] }
  })
}

interface Play {
  readonly objectives?: readonly Objective[]
  readonly folds?: (number: number) => readonly number[]
}

/** Index of the trial after which the experiment shall end, and what was said; undefined when it goes on. */
function ended(
  options: TerminatorOptions,
  trials: readonly ToldTrial[],
  { objectives = LOSS, folds }: Play = {},
): { readonly after: number; readonly demand: StopDemand } | undefined {
  const stopper = terminator(options)
  let state = stopper.init()
  for (const [after, trial] of trials.entries()) {
    const metrics = { loss: 0, ...(folds === undefined ? {} : { cvScores: folds(trial.number) }) }
    expect(stopper.onReport(state, { trial: trial.number, metrics, elapsedMs: 0 })).toBeUndefined()
    const demand = stopper.onEnd?.(state, { trial, objectives })
    if (demand !== undefined) return { after, demand }
    // Its memory is plain data.
    state = structuredClone(state)
  }
  return undefined
}

const STALE = [5, 4, 3, 2, 1, ...Array.from({ length: 40 }, () => 6)]
const STAGNATION = { improvement: 'bestValueStagnation', maxStagnationTrials: 3, minNTrials: 1 } as const

describe('terminator by stagnation', () => {
  it('ends once more trials than allowed went by without a new best value', () => {
    expect(ended(STAGNATION, valued(STALE))).toMatchObject({
      after: 8,
      demand: { scope: 'experiment', evidence: { improvement: -1, error: 0 } },
    })
  })

  it('waits for the least number of trials', () => {
    expect(ended({ ...STAGNATION, minNTrials: 12 }, valued(STALE))?.after).toBe(11)
  })

  it('does not end by default until 30 trials went by', () => {
    expect(ended({ improvement: 'bestValueStagnation' }, valued(STALE))?.after).toBe(35)
  })

  it('knows that a maximum is wanted', () => {
    const objectives: readonly Objective[] = [{ metric: 'acc', mode: 'max' }]
    const rising = valued(STALE.map((_, i) => i))
    expect(ended(STAGNATION, rising, { objectives })).toBeUndefined()
    expect(ended(STAGNATION, rising)?.after).toBe(4)
  })

  it('passes over trials that did not complete, or have no value', () => {
    const states = ['pruned', 'failed', 'interrupted'] as const
    const trials = valued([1, 2, 3]).concat(
      states.map((state, i) => ({
        ...(valued([0])[0] as ToldTrial),
        number: 3 + i,
        state,
        values: undefined,
      })),
      valued([Number.NaN, Number.NaN]).map((trial, i) => ({ ...trial, number: 6 + i })),
    )
    expect(ended(STAGNATION, trials)).toBeUndefined()
  })
})

const SPACE = { x: uniform(-1, 1), lr: loguniform(1e-4, 1), act: choice(['relu', 'tanh']) }

function bowl({ x, lr, act }: ToldTrial['params']): number {
  return Number(x) ** 2 + (Math.log10(Number(lr)) + 2) ** 2 / 4 + (act === 'relu' ? 0 : 0.5)
}

describe('terminator by a model', () => {
  it.each(['regretBound', 'emmr'] as const)(
    'ends where %s says that little is left to be gained',
    (improvement) => {
      const result = ended({ improvement, error: 0.5 }, sampled(SPACE, 60, bowl))
      expect(result?.after).toBeGreaterThanOrEqual(19)
      expect(result?.demand.reason).toContain(improvement)
    },
  )

  it.each(['regretBound', 'emmr'] as const)('goes on where %s says that much is left', (improvement) => {
    const rough = sampled(SPACE, 30, ({ x }) => Math.sin(300 * Number(x)) * 10)
    expect(ended({ improvement, error: 0.001 }, rough)).toBeUndefined()
  })

  it('says the same again', () => {
    const trials = sampled(SPACE, 25, bowl)
    expect(ended({ error: 100 }, trials)).toEqual(ended({ error: 100 }, trials))
  })

  it('compares with a share of what there was to be gained at first', () => {
    const trials = sampled(SPACE, 40, bowl)
    const options = { improvement: 'emmr', error: 'median', nInitialTrials: 5, warmUpTrials: 5 } as const
    expect(ended({ ...options, thresholdRatio: 50 }, trials)?.after).toBe(19)
    expect(ended({ ...options, thresholdRatio: 1e-9 }, trials)).toBeUndefined()
  })

  it('compares with the error of the folds that the best trial reported', () => {
    const trials = sampled(SPACE, 24, bowl)
    expect(ended({}, trials, { folds: () => [0, 100, 200] })?.after).toBe(19)
    expect(ended({}, trials, { folds: () => [0.1, 0.1, 0.1] })).toBeUndefined()
  })

  it('asks for the folds at the first trial that completes without them', () => {
    expect(() => ended({ minNTrials: 20 }, sampled(SPACE, 1, bowl))).toThrow(/trial 0 reported no "cvScores"/)
    expect(() => ended({ minNTrials: 20, error: 'median' }, sampled(SPACE, 1, bowl))).not.toThrow()
  })

  it('never ends anything without a parameter that all trials have', () => {
    expect(ended({ error: 1e9 }, valued(STALE))).toBeUndefined()
  })

  it.each([
    ['all values are equal', () => 1],
    ['some values are infinite', (_: object, number: number) => (number % 3 === 0 ? Infinity : number)],
    ['all values are infinite', () => -Infinity],
  ])('survives when %s', (_, lossOf) => {
    for (const improvement of ['regretBound', 'emmr'] as const) {
      expect(ended({ improvement, error: -1 }, sampled(SPACE, 24, lossOf))).toBeUndefined()
    }
  })

  it('survives a space of one point', () => {
    const trials = sampled({ only: choice(['a']) }, 24, (_, number) => number)
    expect(ended({ error: -1 }, trials)).toBeUndefined()
  })
})

describe('terminator refuses', () => {
  it('several metrics', () => {
    const objectives: readonly Objective[] = [...LOSS, { metric: 'size', mode: 'min' }]
    expect(() => ended(STAGNATION, valued([1]), { objectives })).toThrow(/loss, size/)
  })

  it('several metrics, or none, before anything runs, also among other stoppers', () => {
    const objectives: readonly Objective[] = [...LOSS, { metric: 'size', mode: 'min' }]
    for (const stopper of [terminator(STAGNATION), combined(maximumIteration(3), terminator(STAGNATION))]) {
      expect(() => stopper.check?.(objectives)).toThrow(OptionError)
      expect(() => stopper.check?.([])).toThrow(/needs a metric/)
      expect(() => stopper.check?.(LOSS)).not.toThrow()
    }
  })

  it.each<[TerminatorOptions, RegExp]>([
    [
      { improvement: 'bestValueStagnation', delta: 0.2 },
      /delta is for improvement: 'regretBound' and 'emmr', but improvement is "bestValueStagnation" here/,
    ],
    [{ maxStagnationTrials: 5 }, /is for improvement: 'bestValueStagnation'/],
    [{ deterministicObjective: true }, /is for improvement: 'emmr'/],
    [{ improvement: 'emmr', topTrialsRatio: 0.5 }, /is for improvement: 'regretBound'/],
    [{ error: 'median', cvScores: 'folds' }, /is for error: 'crossValidation', but error is "median" here/],
    [{ thresholdRatio: 0.5 }, /is for error: 'median'/],
    [{ error: 3, warmUpTrials: 0 }, /is for error: 'median', but error is 3 here/],
  ])('options of another mode: %o', (options, message) => {
    expect(() => terminator(options)).toThrow(message)
  })

  it.each([
    { improvement: 'best' },
    { error: Number.NaN },
    { error: 'mean' },
    { minNTrials: 0 },
    { topTrialsRatio: 0 },
    { maxStagnationTrials: -1 },
    { delta: 1 },
    { nInitialTrials: 0 },
    { thresholdRatio: 0 },
    { minTrials: 3 },
  ])('%o', (options) => {
    expect(() => terminator(options as TerminatorOptions)).toThrow(OptionError)
  })
})

describe('the estimates of terminator', () => {
  for (const file of fixtureFiles('test/fixtures/numerics').filter((name) =>
    name.endsWith('terminator.json'),
  )) {
    const fixture = readFixture(file)
    if (typeof fixture === 'string') throw new Error(fixture)
    it.each(fixture.cases.filter(isFixtureCase))('are those of Optuna: $name', (testCase) => {
      expect(runTerminatorCase(testCase, fixture.tolerance)).toBeUndefined()
    })
  }
})
