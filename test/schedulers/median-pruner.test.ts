import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { type MedianPrunerOptions, medianPruner } from '../../src/schedulers/median-pruner.ts'
import { percentilePruner } from '../../src/schedulers/percentile-pruner.ts'
import type { TrialReport } from '../../src/schedulers/scheduler.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

function runOf(options: MedianPrunerOptions = {}, mode: 'min' | 'max' = 'max') {
  return new SchedulerRun(medianPruner({ nStartupTrials: 1, ...options }), { modes: [mode] })
}

/** Trials 0, 1, … complete, each with one curve from step 1 on. */
function complete(run: ReturnType<typeof runOf>, ...curves: readonly (readonly number[])[]): void {
  for (const [trial, curve] of curves.entries()) {
    run.add(trial)
    for (const [i, value] of curve.entries()) run.report(trial, i + 1, value)
  }
  for (const trial of curves.keys()) run.end(trial)
}

describe('medianPruner', () => {
  obeysSchedulerLaws(() => medianPruner({ nStartupTrials: 1 }))
  describe('in intervals', () => {
    obeysSchedulerLaws(() => medianPruner({ nStartupTrials: 0, intervalSteps: 3, nMinTrials: 2 }))
  })

  it('stops the trial whose best is worse than the median of the completed trials at that step', () => {
    const run = runOf({}, 'min')
    complete(run, [3, 2], [3, 1], [9, 9])
    expect(run.report(3, 1, 4)).toMatchObject({ kind: 'stop', evidence: { cutoff: 3 } })
    expect(run.report(4, 1, 3)).toMatchObject({ kind: 'continue', evidence: { best: 3, cutoff: 3 } })
    expect(run.report(4, 2, 5)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'best acc 3 is worse than 2, the median of 3 completed trials at training_iteration 2',
      evidence: { best: 3, cutoff: 2, mode: 'min', competitors: 3, step: 2 },
    })
  })

  it('judges nobody before nStartupTrials have completed', () => {
    const run = runOf({ nStartupTrials: 2 })
    complete(run, [9])
    expect(run.report(1, 1, 0)).toEqual({ kind: 'continue' })
    run.end(1)
    expect(run.report(2, 1, 0)).toMatchObject({ kind: 'stop' })
  })

  it('does not compare with trials that failed or were stopped', () => {
    const run = runOf()
    complete(run, [1])
    run.report(1, 1, 9)
    run.end(1, 'failed')
    run.report(2, 1, 9)
    run.end(2, 'pruned')
    expect(run.report(3, 1, 1)).toMatchObject({ kind: 'continue', evidence: { competitors: 1, cutoff: 1 } })
  })

  it('needs nMinTrials at the very step', () => {
    const run = runOf({ nMinTrials: 2 })
    complete(run, [9, 9], [9])
    expect(run.report(2, 2, 0)).toMatchObject({
      kind: 'continue',
      evidence: { cutoff: null, competitors: 1 },
    })
    expect(run.report(3, 1, 0)).toMatchObject({ kind: 'stop' })
  })

  it('judges once in each interval, counted from the warm-up on', () => {
    const run = runOf({ nWarmupSteps: 2, intervalSteps: 3 })
    complete(run, [0, 0, 0, 0, 9, 9, 9, 9])
    const kinds = [1, 2, 3, 4, 6].map((step) => run.report(1, step, 1).kind)
    expect(kinds).toEqual(['continue', 'continue', 'continue', 'continue', 'stop'])
    expect(run.report(2, 2, -1)).toMatchObject({ kind: 'stop' })
  })

  it('looks at the greatest step, whatever was reported last, and at the first of two reports of one step', () => {
    const run = runOf()
    complete(run, [5, 5, 5])
    expect(run.report(1, 3, 6)).toMatchObject({ kind: 'continue', evidence: { step: 3 } })
    expect(run.report(1, 3, -9)).toMatchObject({ kind: 'continue', evidence: { best: 6 } })
    expect(run.report(1, 1, -9)).toMatchObject({ kind: 'continue', evidence: { step: 3, best: 6 } })
  })

  it('stops a trial that reports nothing but NaN, and else leaves NaN out', () => {
    const run = runOf()
    complete(run, [NaN, 5], [3, 5], [3, NaN])
    expect(run.report(3, 1, NaN)).toMatchObject({
      kind: 'stop',
      reason: 'acc was NaN in all reports up to training_iteration 1',
    })
    expect(run.report(4, 1, 3)).toMatchObject({ kind: 'continue', evidence: { cutoff: 3, competitors: 3 } })
    expect(run.report(4, 2, NaN)).toMatchObject({ kind: 'stop', evidence: { best: 3, cutoff: 5 } })
  })

  it('compares also with a report that came with a trial’s end', () => {
    const run = runOf()
    const last: TrialReport = {
      trial: 0,
      time: 2,
      score: 7,
      values: [7],
      metrics: {},
      config: {},
      hasCheckpoint: false,
    }
    const scheduler = medianPruner({ nStartupTrials: 1 })
    scheduler.onEnd?.(run.state, { trial: 0, state: 'completed', last })
    expect(run.report(1, 2, 6)).toMatchObject({ kind: 'stop', evidence: { cutoff: 7 } })
  })

  it('goes on judging a trial that reports after it was stopped', () => {
    const scheduler = medianPruner({ nStartupTrials: 1 })
    const run = runOf()
    complete(run, [5, 0])
    const report = (time: number): TrialReport => ({
      trial: 1,
      time,
      score: 1,
      values: [1],
      metrics: {},
      config: {},
      hasCheckpoint: false,
    })
    const decisions = [1, 2].map((time) => scheduler.onReport(run.state, report(time)).kind)
    expect(decisions).toEqual(['stop', 'continue'])
  })

  it('is percentilePruner at 50', () => {
    const other = new SchedulerRun(percentilePruner({ percentile: 50, nStartupTrials: 1 }))
    const run = runOf()
    for (const each of [run, other]) complete(each, [1, 4], [2, 5], [7, 7], [8, 8])
    for (const value of [3, 4, 4.5, 5])
      expect(other.report(value * 10, 1, value).evidence).toEqual(run.report(value * 10, 1, value).evidence)
  })
})

describe('the options of medianPruner', () => {
  it.each([
    [{ nStartupTrials: 1.5 }, 'medianPruner.nStartupTrials', /integer from 0/],
    [{ intervalSteps: 0.5 }, 'medianPruner.intervalSteps', /from 1/],
    [{ nMinTrials: 0 }, 'medianPruner.nMinTrials', /integer from 1/],
    [{ timeAttr: '' }, 'medianPruner.timeAttr', /name of a metric/],
    [{ metric: '' }, 'medianPruner.metric', /one metric/],
    [{ mode: 'min' }, 'medianPruner.metric', /mode is given but metric is not/],
    [{ percentile: 25 }, 'medianPruner.percentile', /no option percentile/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => medianPruner(options as MedianPrunerOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    expect(medianPruner().line).toBe(
      'Using medianPruner: against the median of the completed trials at each training_iteration from 0 on, once 5 trials have completed.',
    )
    const run = new SchedulerRun(medianPruner())
    for (const trial of [0, 1, 2, 3, 4]) {
      expect(run.report(trial, 0, 10 - trial)).toEqual({ kind: 'continue' })
      run.end(trial)
    }
    expect(run.report(5, 0, 7)).toMatchObject({ kind: 'stop', evidence: { cutoff: 8 } })
  })
})
