import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { type HyperbandOptions, type HyperbandState } from '../../src/schedulers/hyperband.ts'
import { hyperbandForBohb } from '../../src/schedulers/hyperband-for-bohb.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { curve, levels, playRandomly } from './bracket-play.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

// One band: 4 trials to 1, of which 2 to 2 and 1 to 4; 3 to 2, of which 2 to 4; 3 to 4.
const small: HyperbandOptions = { maxT: 4, reductionFactor: 2 }

/** A run with so many trials added, which all have been started. */
function startedRun(count: number, options = small): SchedulerRun<HyperbandState> {
  const run = new SchedulerRun(hyperbandForBohb(options))
  for (let trial = 0; trial < count; trial++) run.add(trial)
  for (let trial = 0; trial < count; trial++) run.choose()
  return run
}

describe('hyperbandForBohb', () => {
  obeysSchedulerLaws(() => hyperbandForBohb({ maxT: 9 }))
  describe('with no end at maxT', () => {
    obeysSchedulerLaws(() => hyperbandForBohb({ ...small, stopLastTrials: false }))
  })

  it('fills brackets from many short trials to few long ones, band after band', () => {
    expect(levels(startedRun(11).state)).toEqual([
      [0, 4, 1],
      [0, 3, 2],
      [0, 3, 4],
      [1, 4, 1],
    ])
  })

  it('does not halve a bracket that is not full, however few there are', () => {
    const run = startedRun(3)
    for (const trial of [0, 1, 2]) {
      expect(run.report(trial, 1, trial)).toMatchObject({ kind: 'pause', evidence: { missing: 1 } })
    }
    run.add(3)
    run.choose()
    expect(run.report(3, 1, 3)).toMatchObject({ kind: 'continue', evidence: { competitors: 4, kept: 2 } })
    expect([...run.ended]).toEqual([
      [0, 'pruned'],
      [1, 'pruned'],
    ])
  })

  it('halves it once nothing else can run and no trial is to come', () => {
    const run = startedRun(3)
    for (const trial of [0, 1, 2]) run.report(trial, 1, trial)
    expect(run.choose()).toBeUndefined()
    expect(run.choose(true)).toBe(1)
  })

  it('lets a winner of an earlier bracket go before a trial of a later one', () => {
    const run = new SchedulerRun(hyperbandForBohb(small))
    for (let trial = 0; trial < 7; trial++) run.add(trial)
    for (const trial of [0, 1, 2, 3]) expect(run.choose()).toBe(trial)
    for (const trial of [3, 2, 1, 0]) run.report(trial, 1, trial)
    expect([run.choose(), run.choose(), run.choose()]).toEqual([2, 3, 4])
  })

  it('makes up for a trial that failed before the first halving', () => {
    const run = startedRun(4)
    for (const trial of [0, 1, 2]) run.report(trial, 1, trial)
    run.end(3, 'failed')
    expect(run.choose()).toBeUndefined()
    run.add(4)
    expect(levels(run.state)).toEqual([[0, 4, 1]])
  })

  it('goes on without a trial that failed after it', () => {
    const run = startedRun(4)
    for (const trial of [0, 1, 2, 3]) run.report(trial, 1, trial)
    run.choose()
    run.report(2, 2, 2)
    run.end(3, 'failed')
    expect(run.choose()).toBe(2)
  })

  it('ends a trial at its full length at once, and fills its place with none', () => {
    const run = startedRun(8)
    expect(run.report(7, 4, 1)).toMatchObject({ kind: 'stop', outcome: 'completed' })
    for (const trial of [8, 9, 10]) run.add(trial)
    expect(levels(run.state).at(-1)).toEqual([1, 4, 1])
  })

  it('goes through several halvings at once when those who won have passed the next milestone', () => {
    const run = startedRun(4)
    for (const trial of [0, 1, 2]) run.report(trial, 3, trial)
    expect(run.report(3, 3, 3)).toMatchObject({ kind: 'continue', evidence: { milestone: 2, kept: 1 } })
    expect([...run.ended.keys()]).toEqual([0, 1, 2])
  })

  it('ranks NaN under -Infinity', () => {
    const run = startedRun(4)
    for (const [trial, value] of [NaN, Infinity, -Infinity, NaN].entries()) run.report(trial, 1, value)
    expect([...run.ended.keys()]).toEqual([0, 3])
  })

  it('ends every experiment, and loses no trial, whatever its size, its limit, and how many trials fail', async () => {
    await fc.assert(
      fc.asyncProperty(playRandomly, async ({ options, failing, retries, ...rest }) => {
        const { results } = await simulate({
          ...rest,
          ...curve({ failing, epochs: (options.maxT ?? NaN) + 1 }),
          failure: { maxFailures: retries },
          scheduler: hyperbandForBohb(options),
        })
        expect(results.length).toBe(rest.numSamples)
        for (const { state } of results) expect(['completed', 'pruned', 'failed']).toContain(state)
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  it.each([
    [{ maxT: 0 }, 'hyperbandForBohb.maxT', /from 1.*Got 0/],
    [{ reductionFactor: 1 }, 'hyperbandForBohb.reductionFactor', /above 1/],
    [{ mode: 'min' }, 'hyperbandForBohb.metric', /mode is given but metric is not/],
    [{ max_t: 81 }, 'hyperbandForBohb.max_t', /Did you mean maxT\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => hyperbandForBohb(options as HyperbandOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
