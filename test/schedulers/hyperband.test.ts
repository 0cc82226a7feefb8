import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError, TroupeError } from '../../src/errors.ts'
import { type HyperbandOptions, type HyperbandState, hyperband } from '../../src/schedulers/hyperband.ts'
import { randomStream } from '../../src/random/random.ts'
import { concurrencyLimiter } from '../../src/searchers/concurrency-limiter.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { type FixtureCase, readFixture } from '../conformance/fixture.ts'
import { runRayHyperbandCase } from '../conformance/ray-hyperband.ts'
import { curve, levels, playRandomly } from './bracket-play.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

// One band: 3 trials to 4; 3 to 2, of which 2 to 4; 4 to 1, of which 2 to 2 and 1 to 4.
const small: HyperbandOptions = { maxT: 4, reductionFactor: 2 }

function runOf(options: HyperbandOptions, mode: 'min' | 'max' = 'max'): SchedulerRun<HyperbandState> {
  return new SchedulerRun(hyperband(options), { modes: [mode] })
}

/** A run with so many trials added, which all have been started. */
function startedRun(count: number, options = small, mode: 'min' | 'max' = 'max') {
  const run = runOf(options, mode)
  for (let trial = 0; trial < count; trial++) run.add(trial)
  for (let trial = 0; trial < count; trial++) run.choose()
  return run
}

describe('hyperband', () => {
  obeysSchedulerLaws(() => hyperband({ maxT: 9 }))
  describe('with no end at maxT', () => {
    obeysSchedulerLaws(() => hyperband({ ...small, stopLastTrials: false }))
  })

  it('fills brackets from few long trials to many short ones, band after band', () => {
    const run = startedRun(11)
    expect(levels(run.state)).toEqual([
      [0, 3, 4],
      [0, 3, 2],
      [0, 4, 1],
      [1, 3, 4],
    ])
  })

  it('halves away those that break a constraint first', () => {
    const run = startedRun(10)
    for (const trial of [6, 7, 8]) run.report(trial, 1, trial, { feasible: trial !== 8 })
    run.report(9, 1, 1)
    // By value alone it would be 6 and 9.
    expect([...run.ended.keys()]).toEqual([8, 9])
  })

  it('fills brackets one after the other with one slot, and with trials that end by themselves', async () => {
    const lengthsWith = async (epochs: number, failing = 0): Promise<number[]> => {
      const { results } = await simulate({
        ...curve({ failing, epochs }),
        scheduler: hyperband({ maxT: 9 }),
        numSamples: 17,
        maxConcurrentTrials: 1,
        seed: 1,
      })
      return [...results].map(({ history }) => history.length)
    }
    const lengths = await lengthsWith(12)
    expect(lengths.slice(0, 3)).toEqual([9, 9, 9])
    expect(lengths.filter((length) => length === 1)).toHaveLength(6)
    expect(lengths.filter((length) => length === 3)).toHaveLength(5)
    // Those of the first bracket end before anybody could end them, and still make way for the second.
    expect((await lengthsWith(8)).filter((length) => length === 1)).toHaveLength(6)
  })

  it('halves the few that there are when no more come before they have ended', async () => {
    const { results } = await simulate({
      ...curve({ failing: 0, epochs: 9 }),
      scheduler: hyperband({ maxT: 9 }),
      searcher: concurrencyLimiter(randomSearch(), { maxConcurrent: 3, batch: true }),
      numSamples: 18,
      seed: 1,
    })
    expect([...results].filter(({ state }) => state === 'pruned').length).toBeGreaterThan(3)
  })

  it('pauses those that reach the milestone first, and says for whom they wait', () => {
    const run = startedRun(10)
    expect(run.report(6, 1, 0.5)).toEqual({
      kind: 'pause',
      reason: 'waits at training_iteration 1 for 3 others of bracket 2',
      evidence: { band: 0, bracket: 2, milestone: 1, behind: 3, missing: 0 },
    })
    expect(run.choose()).toBeUndefined()
  })

  it('ends the worse half when the last one arrives, and lets the others go on', () => {
    const run = startedRun(10)
    for (const trial of [6, 7, 8]) run.report(trial, 1, trial)
    expect(run.report(9, 1, 6.5)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 6.5 is not among the best 2 of 4 at training_iteration 1 of bracket 2, which reach 7',
      evidence: {
        band: 0,
        bracket: 2,
        milestone: 1,
        mode: 'max',
        cutoff: 7,
        competitors: 4,
        kept: 2,
        value: 6.5,
      },
    })
    expect([...run.ended]).toEqual([
      [6, 'pruned'],
      [9, 'pruned'],
    ])
    expect([run.choose(), run.choose(), run.choose()]).toEqual([7, 8, undefined])
  })

  it('shows values in the metric’s own sign when small is good', () => {
    const run = startedRun(6, small, 'min')
    for (const trial of [3, 4]) run.report(trial, 2, trial)
    expect(run.report(5, 2, 9)).toMatchObject({
      kind: 'stop',
      evidence: { cutoff: 4, value: 9, mode: 'min' },
    })
  })

  it('ends a bracket as completed when all that are left have reached maxT', () => {
    const run = startedRun(3)
    run.report(0, 4, 1)
    run.report(1, 4, 2)
    expect(run.report(2, 4, 3)).toMatchObject({
      kind: 'stop',
      outcome: 'completed',
      reason: 'has reached training_iteration 4, the full length of bracket 0',
    })
    expect([...run.ended.values()]).toEqual(['completed', 'completed', 'completed'])
  })

  it('lets trials run past maxT when told not to stop the last ones', () => {
    const run = startedRun(3, { ...small, stopLastTrials: false })
    for (const time of [4, 5, 100]) expect(run.report(0, time, 1)).toEqual({ kind: 'continue' })
  })

  it('takes a time of NaN for no progress', () => {
    expect(startedRun(1).report(0, NaN, 1)).toEqual({ kind: 'continue' })
  })

  it('ranks NaN under -Infinity, and Infinity on top', () => {
    const run = startedRun(10)
    for (const [trial, value] of [NaN, Infinity, -Infinity, NaN].entries()) run.report(trial + 6, 1, value)
    expect([...run.ended.keys()]).toEqual([6, 9])
  })

  it('halves with those it has when trials run out', () => {
    const run = startedRun(5)
    run.report(3, 2, 1)
    expect(run.report(4, 2, 2)).toMatchObject({ kind: 'continue', evidence: { competitors: 2, kept: 2 } })
    expect(run.choose()).toBe(3)
  })

  it('waits for trials that are yet to come, where it knows how many there will be', () => {
    const scheduler = hyperband(small)
    const objectives = [{ metric: 'acc', mode: 'max' as const }]
    const state = scheduler.init({ name: 'x', resources: {}, objectives, budget: 5 })
    const random = randomStream('x')
    const report = (trial: number, time: number) =>
      scheduler.onReport(state, {
        trial,
        time,
        score: trial,
        values: [trial],
        metrics: {},
        config: {},
        hasCheckpoint: false,
      })
    for (const trial of [0, 1, 2, 3]) scheduler.onAdd?.(state, { trial, config: {}, resources: {}, random })
    expect(report(3, 2)).toMatchObject({
      kind: 'pause',
      reason: 'waits at training_iteration 2 for 1 trial yet to come of bracket 1',
    })
    // The last of the five; the bracket's third will never come.
    scheduler.onAdd?.(state, { trial: 4, config: {}, resources: {}, random })
    expect(report(4, 2)).toMatchObject({ kind: 'continue', evidence: { competitors: 2 } })
  })

  it('gives the next slot to the least complete bracket of the first band', () => {
    const run = runOf(small)
    for (let trial = 0; trial < 10; trial++) run.add(trial)
    expect(run.choose()).toBe(0)
    run.report(0, 1, 1)
    expect(run.choose()).toBe(3)
    run.report(3, 1, 1)
    expect(run.choose()).toBe(6)
  })

  it('starts a failed trial anew, and waits for it', () => {
    const scheduler = hyperband(small)
    const run = new SchedulerRun(scheduler)
    for (let trial = 0; trial < 6; trial++) run.add(trial)
    for (let trial = 0; trial < 6; trial++) run.choose()
    run.report(3, 2, 1)
    run.report(4, 2, 2)
    run.report(5, 1, 3)
    const candidates = [3, 4, 5].map((trial) => ({
      trial,
      status: trial === 5 ? ('pending' as const) : ('paused' as const),
    }))
    expect(scheduler.choose?.(run.state, { candidates, idle: true })).toBe(5)
    expect(run.report(5, 1, 3)).toEqual({ kind: 'continue' })
    expect(run.report(5, 2, 3)).toMatchObject({ kind: 'continue', evidence: { kept: 2 } })
  })

  it('passes over a trial that the user holds, and waits for it', () => {
    const scheduler = hyperband(small)
    const run = new SchedulerRun(scheduler)
    for (let trial = 0; trial < 6; trial++) run.add(trial)
    for (const trial of [0, 1, 2, 4, 5]) run.report(trial, trial < 3 ? 1 : 2, 1)
    const candidates = [4, 5].map((trial) => ({ trial, status: 'paused' as const }))
    expect(scheduler.choose?.(run.state, { candidates, idle: true })).toBeUndefined()
    expect(run.choose()).toBe(3)
  })

  it('goes on without a partner that failed', () => {
    const run = startedRun(6)
    run.report(3, 2, 1)
    run.report(4, 2, 2)
    run.end(5, 'failed')
    expect([run.choose(), run.choose()]).toEqual([3, 4])
  })

  it('goes on, once nothing else can run, where a partner failed after a halving', () => {
    const run = startedRun(10)
    for (const trial of [6, 7, 8, 9]) run.report(trial, 1, trial)
    // 8 waits to go on, 9 does.
    run.choose()
    run.report(8, 2, 8)
    run.end(9, 'failed')
    expect(run.choose()).toBeUndefined()
    expect(run.choose(true)).toBe(8)
  })

  it('ends those that are done when the partner that they waited for has failed', () => {
    const run = startedRun(3)
    run.report(0, 4, 1)
    run.report(1, 4, 1)
    run.end(2, 'failed')
    expect(run.choose()).toBeUndefined()
    expect(run.choose(true)).toBe(0)
    expect(run.report(0, 5, 1)).toMatchObject({ kind: 'stop', outcome: 'completed' })
    expect(run.ended.get(1)).toBe('completed')
  })

  it('forgets what has ended', () => {
    const run = startedRun(200)
    for (let trial = 0; trial < 200; trial++) run.end(trial)
    expect(run.state).toMatchObject({ placedCount: 0, running: new Set(), ended: [] })
    expect(run.state.brackets.size).toBe(1)
  })

  it('says loudly that it was told of a trial nobody added', () => {
    const scheduler = hyperband()
    const state = scheduler.init({ name: 'x', resources: {}, objectives: [{ metric: 'acc', mode: 'max' }] })
    const report = { trial: 3, time: 1, score: 1, values: [1], metrics: {}, config: {}, hasCheckpoint: false }
    expect(() => scheduler.onReport(state, report)).toThrow(TroupeError)
  })
})

describe('an experiment with hyperband', () => {
  it('ends, and loses no trial, whatever its size, its limit, and how many trials fail', async () => {
    await fc.assert(
      fc.asyncProperty(playRandomly, async ({ options, failing, retries, ...rest }) => {
        const { results } = await simulate({
          ...rest,
          ...curve({ failing, epochs: (options.maxT ?? NaN) + 1 }),
          failure: { maxFailures: retries },
          scheduler: hyperband(options),
        })
        expect(results.endedBy).not.toBe('deadlock')
        expect(results.length).toBe(rest.numSamples)
        for (const { state } of results) expect(['completed', 'pruned', 'failed']).toContain(state)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  it('fills a bracket of 81 with four slots, on a plain generator, and starts no trial twice', async () => {
    const { results, trace } = await simulate({
      ...curve({ failing: 0, epochs: 200 }),
      scheduler: hyperband(),
      numSamples: 143,
      stepMs: 1000,
      workerSpeeds: [1, 1.1, 0.9, 1.05],
      seed: 1,
    })
    const lengths = [...results].map(({ iteration }) => iteration)
    const countOf = (length: number): number => lengths.filter((iteration) => iteration === length).length
    // 81 to 1, of which 27 to 3, of which 9 to 9, …: the brackets of 34, 15, 8 and 5 likewise.
    expect([1, 3, 9, 27, 81].map(countOf)).toEqual([
      54,
      18 + 22,
      6 + 8 + 10,
      2 + 2 + 3 + 5,
      1 + 2 + 2 + 3 + 5,
    ])
    const attempts = [...trace].map((record) => (record.type === 'trial.transition' ? record.attempt : 1))
    expect(Math.max(...attempts)).toBe(1)
  })
})

describe('the fixtures of Ray Tune', () => {
  const fixture = readFixture('test/fixtures/schedulers/ray_hyperband.json')
  if (typeof fixture === 'string') throw new Error(fixture)
  it.each(fixture.cases as FixtureCase[])('decides as Ray Tune does: $name', (testCase) => {
    expect(runRayHyperbandCase(testCase, fixture.tolerance)).toBeUndefined()
  })
})

describe('the options of hyperband', () => {
  it.each([
    [{ maxT: 0 }, 'hyperband.maxT', /from 1.*Got 0/],
    [{ maxT: Infinity }, 'hyperband.maxT', /Got Infinity/],
    [{ reductionFactor: 1 }, 'hyperband.reductionFactor', /above 1/],
    [{ reductionFactor: NaN }, 'hyperband.reductionFactor', /Got NaN/],
    [{ reductionFactor: 1.0001 }, 'hyperband.reductionFactor', /gives 43948 brackets.*Raise it/],
    [{ stopLastTrials: 1 }, 'hyperband.stopLastTrials', /true or false/],
    [{ timeAttr: '' }, 'hyperband.timeAttr', /name of a metric/],
    [{ metric: ['loss', 'memory'] }, 'hyperband.metric', /one metric/],
    [{ metric: 'loss', mode: 'least' }, 'hyperband.mode', /'min', 'max'/],
    [{ mode: 'min' }, 'hyperband.metric', /mode is given but metric is not/],
    [{ max_t: 81 }, 'hyperband.max_t', /Did you mean maxT\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => hyperband(options as HyperbandOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    const defaults = hyperband()
    expect(defaults).toMatchObject({ objectives: 'one', timeAttr: 'training_iteration' })
    expect(defaults.line).toBe('Using HyperBand: 5 brackets a band; full length 81 training_iteration.')
    const run = runOf({})
    for (let trial = 0; trial < 143; trial++) run.add(trial)
    expect(levels(run.state)).toEqual([
      [0, 5, 81],
      [0, 8, 27],
      [0, 15, 9],
      [0, 34, 3],
      [0, 81, 1],
    ])
    run.add(143)
    expect(levels(run.state).at(-1)).toEqual([1, 5, 81])
  })
})
