import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { type PercentilePrunerOptions, percentilePruner } from '../../src/schedulers/percentile-pruner.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

type Options = Partial<PercentilePrunerOptions>

function runOf(options: Options, mode: 'min' | 'max' = 'max') {
  const scheduler = percentilePruner({ percentile: 25, nStartupTrials: 1, ...options })
  return new SchedulerRun(scheduler, { modes: [mode] })
}

describe('percentilePruner', () => {
  obeysSchedulerLaws(() => percentilePruner({ percentile: 25, nStartupTrials: 1 }))
  describe('with other options', () => {
    obeysSchedulerLaws(() =>
      percentilePruner({
        percentile: 80,
        nStartupTrials: 0,
        nWarmupSteps: 2,
        intervalSteps: 3,
        nMinTrials: 2,
      }),
    )
  })

  it.each([
    ['max', [1, 2, 3, 4, 5], 4],
    ['min', [5, 4, 3, 2, 1], 2],
  ] as const)(
    'keeps the best quarter of the completed trials where the mode is %s',
    (mode, values, cutoff) => {
      const run = runOf({}, mode)
      for (const [trial, value] of values.entries()) {
        run.report(trial, 1, value)
        if (!run.ended.has(trial)) run.end(trial)
        else expect(mode).toBe('none is worse than those before it')
      }
      expect(run.report(5, 1, cutoff)).toMatchObject({ kind: 'continue', evidence: { best: cutoff, cutoff } })
      expect(run.report(6, 1, 3)).toEqual({
        kind: 'stop',
        outcome: 'pruned',
        reason: `best acc 3 is worse than ${cutoff}, the best 25 % of 5 completed trials at training_iteration 1`,
        evidence: { best: 3, cutoff, mode, competitors: 5, step: 1 },
      })
    },
  )

  it('decides as the rule does when it is written down naively, whatever order the reports come in', () => {
    const report = fc.record({
      trial: fc.nat({ max: 9 }),
      ahead: fc.constantFrom(1, 1, 1, 2, 5, 0, -1, -2),
      value: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(NaN, Infinity, -Infinity)),
      completes: fc.boolean(),
    })
    const options = fc.record({
      percentile: fc.constantFrom(0, 25, 50, 100),
      nStartupTrials: fc.nat({ max: 2 }),
      nWarmupSteps: fc.nat({ max: 3 }),
      intervalSteps: fc.integer({ min: 1, max: 3 }),
      nMinTrials: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(report, { maxLength: 150 }), options, (reports, settings) => {
        const run = runOf(settings)
        const curves = new Map<number, Map<number, number>>()
        const completed: Map<number, number>[] = []
        const over = new Set<number>()
        for (const { trial, ahead, value, completes } of reports) {
          if (over.has(trial)) continue
          const curve = curves.get(trial) ?? new Map<number, number>()
          curves.set(trial, curve)
          const step = Math.max(0, Math.max(0, ...curve.keys()) + ahead)
          if (!curve.has(step)) curve.set(step, value)
          const { kind } = run.report(trial, step, value)
          expect(kind).toBe(naive(curve, completed, settings) ? 'stop' : 'continue')
          if (kind === 'continue' && completes && step > 3) {
            run.end(trial)
            completed.push(curve)
          }
          if (kind === 'stop' || (completes && step > 3)) over.add(trial)
        }
      }),
    )
  })
})

/** Whether a trial loses, computed anew from all curves; larger is better. */
function naive(
  curve: ReadonlyMap<number, number>,
  completed: readonly ReadonlyMap<number, number>[],
  settings: {
    readonly percentile: number
    readonly nStartupTrials: number
    readonly nWarmupSteps: number
    readonly intervalSteps: number
    readonly nMinTrials: number
  },
): boolean {
  const { percentile, nStartupTrials, nWarmupSteps, intervalSteps, nMinTrials } = settings
  const [last = 0, before = -1] = [...curve.keys()].toSorted((a, b) => b - a)
  if (completed.length === 0 || completed.length < nStartupTrials || last < nWarmupSteps) return false
  const interval = (step: number): number => Math.floor((step - nWarmupSteps) / intervalSteps)
  if (before >= nWarmupSteps && interval(before) === interval(last)) return false
  const own = [...curve.values()].filter((value) => !Number.isNaN(value))
  if (own.length === 0) return true
  const reported = completed.filter((other) => other.has(last)).map((other) => other.get(last) as number)
  const values = reported.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b)
  if (reported.length < nMinTrials || values.length === 0) return false
  const place = ((values.length - 1) * (100 - percentile)) / 100
  const [low, high] = [values[Math.floor(place)] as number, values[Math.ceil(place)] as number]
  const share = place - Math.floor(place)
  const between = low === high ? low : low * (1 - share) + high * share
  // Between infinities of both signs the nearer one, which is the lower in the middle.
  const opposite = share > 0.5 ? high : low
  return Math.max(...own) < (low === -Infinity && high === Infinity ? opposite : between)
}

describe('the options of percentilePruner', () => {
  it.each([
    [{}, 'percentilePruner.percentile', /needs percentile/],
    [undefined, 'percentilePruner', /needs percentile.*to keep the best quarter\.$/],
    [25, 'percentilePruner', /needs percentile.*percentile: 25.*Got 25\.$/],
    [{ percentile: 101 }, 'percentilePruner.percentile', /from 0 to 100.*Got 101/],
    [{ percentile: 25, nStartupTrials: -1 }, 'percentilePruner.nStartupTrials', /integer from 0/],
    [{ percentile: 25, nWarmupSteps: -1 }, 'percentilePruner.nWarmupSteps', /from 0/],
    [{ percentile: 25, intervalSteps: 0 }, 'percentilePruner.intervalSteps', /from 1/],
    [{ percentile: 25, nMinTrials: 0 }, 'percentilePruner.nMinTrials', /integer from 1/],
    [{ percentile: 25, mode: 'min' }, 'percentilePruner.metric', /mode is given but metric is not/],
    [{ percentil: 25 }, 'percentilePruner.percentil', /Did you mean percentile\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => percentilePruner(options as PercentilePrunerOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
