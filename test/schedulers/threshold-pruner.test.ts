import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { type ThresholdPrunerOptions, thresholdPruner } from '../../src/schedulers/threshold-pruner.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

function runOf(options: ThresholdPrunerOptions, mode: 'min' | 'max' = 'max') {
  return new SchedulerRun(thresholdPruner(options), { modes: [mode] })
}

describe('thresholdPruner', () => {
  obeysSchedulerLaws(() => thresholdPruner({ lower: -1, upper: 2 }))
  describe('in intervals', () => {
    obeysSchedulerLaws(() => thresholdPruner({ upper: 0, nWarmupSteps: 2, intervalSteps: 3 }))
  })

  it.each(['min', 'max'] as const)('stops what is out of bounds, where the mode is %s too', (mode) => {
    const run = runOf({ lower: -1, upper: 2 }, mode)
    const kinds = [-1, 2, 0, -1.1, 2.1, Infinity, -Infinity].map((value, i) => run.report(i, 1, value).kind)
    expect(kinds).toEqual(['continue', 'continue', 'continue', 'stop', 'stop', 'stop', 'stop'])
  })

  it('says which bound was passed, and where', () => {
    const run = runOf({ upper: 2 })
    expect(run.report(0, 3, 2.5)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 2.5 is above 2 at training_iteration 3',
      evidence: { value: 2.5, lower: null, upper: 2, step: 3 },
    })
    expect(runOf({ lower: 0 }).report(0, 1, -3)).toMatchObject({
      reason: 'acc -3 is below 0 at training_iteration 1',
    })
    expect(run.report(1, 1, NaN)).toMatchObject({
      kind: 'stop',
      reason: 'acc NaN is no value at training_iteration 1',
    })
  })

  it('judges once in each interval, at the greatest step, by its first report', () => {
    const run = runOf({ upper: 2, nWarmupSteps: 1, intervalSteps: 2 })
    expect(run.report(0, 0, 9).kind).toBe('continue')
    expect(run.report(0, 1, 1).kind).toBe('continue')
    expect(run.report(0, 2, 9).kind).toBe('continue')
    expect(run.report(0, 4, 1).kind).toBe('continue')
    expect(run.report(0, 4, 9).kind).toBe('continue')
    expect(run.report(0, 3, 9).kind).toBe('continue')
    expect(run.report(0, 5, 9).kind).toBe('stop')
  })

  it('judges what comes late, before the greatest step, by the value at that step', () => {
    const run = runOf({ upper: 2, intervalSteps: 2 })
    run.report(0, 4, 1)
    expect(run.report(0, 2, 9).kind).toBe('continue')
  })

  it('takes an infinite bound for one that infinite values keep to', () => {
    const run = runOf({ upper: Infinity })
    expect(run.report(0, 1, Infinity).kind).toBe('continue')
    expect(run.report(0, 2, NaN).kind).toBe('stop')
  })
})

describe('the options of thresholdPruner', () => {
  it.each([
    [{}, 'thresholdPruner', /needs a bound/],
    [undefined, 'thresholdPruner', /needs a bound.*thresholdPruner\({ upper: 10 }\)\.$/],
    [{ lower: 2, upper: 1 }, 'thresholdPruner.lower', /must not be above upper, which is 1/],
    [{ upper: NaN }, 'thresholdPruner.upper', /Got NaN/],
    [{ upper: 1, intervalSteps: 0 }, 'thresholdPruner.intervalSteps', /from 1/],
    [{ upper: 1, nWarmupSteps: -1 }, 'thresholdPruner.nWarmupSteps', /from 0/],
    [{ upper: 1, mode: 'max' }, 'thresholdPruner.metric', /metric is not/],
    [{ uper: 1 }, 'thresholdPruner.uper', /Did you mean upper\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => thresholdPruner(options as ThresholdPrunerOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('appear in its line', () => {
    expect(thresholdPruner({ lower: 0, upper: 1 }).line).toMatch(/values from 0 to 1 are in order/)
    expect(thresholdPruner({ lower: 0 }).line).toMatch(/values from 0 on are/)
    expect(thresholdPruner({ upper: 1 }).line).toMatch(/values up to 1 are/)
  })
})
