import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import {
  type SuccessiveHalvingPrunerOptions,
  successiveHalvingPruner,
} from '../../src/schedulers/successive-halving-pruner.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

function runOf(options: SuccessiveHalvingPrunerOptions = {}, mode: 'min' | 'max' = 'max') {
  const scheduler = successiveHalvingPruner({ minResource: 1, reductionFactor: 2, ...options })
  return new SchedulerRun(scheduler, { modes: [mode] })
}

describe('successiveHalvingPruner', () => {
  obeysSchedulerLaws(() => successiveHalvingPruner())
  describe('with rungs that are known', () => {
    obeysSchedulerLaws(() =>
      successiveHalvingPruner({
        minResource: 2,
        reductionFactor: 2,
        minEarlyStoppingRate: 1,
        bootstrapCount: 1,
      }),
    )
  })

  it('stops the trial that is not among the best half at a rung, and says why', () => {
    const run = runOf()
    for (const [trial, value] of [5, 6, 7].entries()) run.report(trial, 1, value)
    expect(run.report(3, 1, 5.5)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 5.5 is worse than 6, the least of the best 1 in 2 of 4 trials at rung 1',
      evidence: { rungs: 1, rung: 1, value: 5.5, mode: 'max', cutoff: 6, competitors: 4 },
    })
  })

  it('lets a trial go on that ties with the last of the best', () => {
    const run = runOf({}, 'min')
    for (const [trial, value] of [3, 1, 2].entries()) run.report(trial, 1, value)
    expect(run.report(3, 1, 1)).toMatchObject({ kind: 'continue', evidence: { cutoff: 1, mode: 'min' } })
  })

  it('lets only the best pass while there are fewer than reductionFactor', () => {
    const run = runOf({ reductionFactor: 4 })
    const kinds = [5, 4, 5, 6].map((value, trial) => run.report(trial, 1, value).kind)
    expect(kinds).toEqual(['continue', 'stop', 'continue', 'continue'])
  })

  it('records nothing between rungs, which lie at powers of the factor', () => {
    const run = runOf({ minEarlyStoppingRate: 1 })
    const rungs = [1, 2, 3, 4, 7, 8].map((step) => {
      const { kind, evidence } = run.report(0, step, step) as { kind: string; evidence?: { rungs: number } }
      return [step, kind, evidence?.rungs]
    })
    expect(rungs).toEqual([
      [1, 'continue', undefined],
      [2, 'continue', 1],
      [3, 'continue', undefined],
      [4, 'continue', 2],
      [7, 'continue', undefined],
      [8, 'continue', 3],
    ])
  })

  it('takes a trial that jumps over rungs through all of them, until it loses', () => {
    const run = runOf()
    run.report(0, 1, 1)
    run.report(0, 2, 9)
    expect(run.report(1, 4, 5)).toMatchObject({ kind: 'stop', evidence: { rungs: 2, rung: 2, cutoff: 9 } })
  })

  it('judges by the greatest step, and by the first of two reports there', () => {
    const run = runOf()
    for (const trial of [0, 1]) run.report(trial, 2, 5)
    run.report(2, 0.5, 1)
    run.report(2, 0.7, 9)
    run.report(2, 0.7, 1)
    expect(run.report(2, 0.6, 1)).toEqual({ kind: 'continue' })
    expect(run.report(2, 2, 6)).toMatchObject({ kind: 'continue', evidence: { rungs: 2, value: 6 } })
  })

  it('stops the first bootstrapCount at each rung', () => {
    const run = runOf({ bootstrapCount: 2 })
    expect(run.report(0, 1, 9)).toMatchObject({
      kind: 'stop',
      reason: 'one of the first 2 trials at rung 1, where bootstrapCount lets nobody pass',
    })
    const kinds = [8, 10].map((value, i) => run.report(i + 1, 1, value).kind)
    expect(kinds).toEqual(['stop', 'continue'])
  })

  it('stops a NaN at the next rung and does not count it there', () => {
    const run = runOf({}, 'min')
    expect(run.report(0, 0.5, NaN)).toEqual({ kind: 'continue' })
    expect(run.report(0, 1, NaN)).toMatchObject({ kind: 'stop', reason: 'acc is NaN at rung 1' })
    expect(run.report(1, 1, Infinity)).toMatchObject({ kind: 'continue', evidence: { competitors: 1 } })
    expect(run.report(2, 1, -Infinity)).toMatchObject({ kind: 'continue' })
  })

  it('keeps what failed trials had at their rungs', () => {
    const run = runOf()
    run.report(0, 1, 9)
    run.end(0, 'failed')
    expect(run.report(1, 1, 5)).toMatchObject({ kind: 'stop', evidence: { cutoff: 9 } })
  })

  it('learns where rungs begin from the longest trial that has completed, and stops nobody before', () => {
    const run = runOf({ minResource: 'auto' })
    for (const trial of [0, 1, 2]) run.report(trial, 300 - 50 * trial, 9 - trial)
    expect(run.report(3, 400, 0)).toEqual({ kind: 'continue' })
    run.end(3, 'failed')
    for (const trial of [0, 1]) run.end(trial)
    expect(run.report(4, 2, 0)).toEqual({ kind: 'continue' })
    expect(run.report(4, 3, 0)).toMatchObject({ kind: 'continue', evidence: { rung: 3 } })
    run.report(5, 900, 9)
    run.end(5)
    expect(run.report(6, 3, 5)).toMatchObject({ kind: 'stop', evidence: { rung: 3, competitors: 3 } })
  })

  it('comes to an end with a step that has none', () => {
    expect(runOf().report(0, Infinity, 1)).toMatchObject({ kind: 'continue' })
  })
})

describe('the options of successiveHalvingPruner', () => {
  it.each([
    [{ minResource: 0 }, 'successiveHalvingPruner.minResource', /integer from 1, or 'auto'/],
    [{ minResource: 'all' }, 'successiveHalvingPruner.minResource', /Got "all"/],
    [{ reductionFactor: 1 }, 'successiveHalvingPruner.reductionFactor', /integer from 2/],
    [{ minEarlyStoppingRate: -1 }, 'successiveHalvingPruner.minEarlyStoppingRate', /integer from 0/],
    [{ bootstrapCount: 1 }, 'successiveHalvingPruner.bootstrapCount', /minResource is 'auto'/],
    [{ mode: 'max' }, 'successiveHalvingPruner.metric', /metric is not/],
    [{ minResources: 1 }, 'successiveHalvingPruner.minResources', /Did you mean minResource\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => successiveHalvingPruner(options as SuccessiveHalvingPrunerOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
