import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { type MoAshaOptions, moAsha } from '../../src/schedulers/mo-asha.ts'
import type { FrontStrategy } from '../../src/schedulers/non-dominated-place.ts'
import { uniform } from '../../src/space/numbers.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { Driver, steps } from './driver.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

const halving: MoAshaOptions = { maxT: 8, reductionFactor: 2 }

function runOf(options: MoAshaOptions, modes: readonly ('min' | 'max')[] = ['min', 'min']) {
  return new SchedulerRun(moAsha({ ...halving, ...options }), { modes })
}

describe.each(['nonDominatedSorting', 'epsilonNet'] as const)('moAsha by %s', (strategy) => {
  obeysSchedulerLaws(() => moAsha({ maxT: 9, reductionFactor: 3, strategy }))

  it('is asha, decision for decision, with one objective', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (script, stopLastTrials) => {
        const options = { maxT: 9, reductionFactor: 3, brackets: 2, stopLastTrials }
        const [many, one] = [new Driver(moAsha({ ...options, strategy })), new Driver(asha(options))]
        for (const step of script) expect(many.take(step)).toEqual(one.take(step))
      }),
    )
  })

  it('lets the first trial at a rung pass', () => {
    expect(runOf({ strategy }).report(0, 1, [1e9, 1e9])).toMatchObject({
      kind: 'continue',
      evidence: { rung: 1, competitors: 0 },
    })
  })

  it('stops a trial that others dominate, and says why', () => {
    const run = runOf({ strategy }, ['min', 'max'])
    run.report(0, 1, [1, 9])
    expect(run.report(1, 1, [2, 8])).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 2, b 8 is in front 1 of 2 trials at rung 1, behind 1 or more, and 1 may go on',
      evidence: { rung: 1, values: [2, 8], front: 1, better: 1, places: 1, competitors: 1 },
    })
  })

  it('never stops a trial that dominates all others at its rung', () => {
    const value = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), (values) => {
        const run = runOf({ strategy })
        values.forEach((one, trial) => run.report(trial, 1, one))
        expect(run.report(values.length, 1, [0, 0])).toMatchObject({ kind: 'continue' })
      }),
    )
  })

  it('lets a trial pass that equals one that passed', () => {
    const run = runOf({ strategy, reductionFactor: 4 })
    for (let trial = 0; trial < 9; trial++) {
      expect(run.report(trial, 1, [1, 1])).toMatchObject({ kind: 'continue', evidence: { better: 0 } })
    }
  })

  it('takes NaN for the worst value, and ±Infinity in their natural place', () => {
    const run = runOf({ strategy, reductionFactor: 4 })
    run.report(0, 1, [1, 1])
    expect(run.report(1, 1, [1, NaN])).toMatchObject({ kind: 'stop' })
    expect(run.report(2, 1, [1, Infinity])).toMatchObject({ kind: 'stop' })
    expect(run.report(3, 1, [-Infinity, 0])).toMatchObject({ kind: 'continue', evidence: { front: 0 } })
  })

  it('takes a trial that breaks a constraint for the worst', () => {
    const run = runOf({ strategy })
    run.report(0, 1, [5, 5])
    expect(run.report(1, 1, [1, 1], { feasible: false })).toMatchObject({ kind: 'stop' })
    expect(run.report(2, 1, [4, 4])).toMatchObject({ kind: 'continue' })
  })

  it('ends a trial at maxT as completed, and compares only at rungs', () => {
    const run = runOf({ strategy })
    run.report(0, 1, [0, 0])
    expect(run.report(1, 0.5, [9, 9])).toEqual({ kind: 'continue' })
    expect(run.report(0, 3, [0, 0])).toMatchObject({ kind: 'continue', evidence: { rung: 2 } })
    expect(run.report(0, 8, [9, 9])).toMatchObject({ kind: 'stop', outcome: 'completed' })
  })

  it('keeps the whole front of a trade-off alive in an experiment', async () => {
    const { results } = await simulate({
      trainable: function* ({ width, waste }) {
        for (let step = 1; ; step++) yield { loss: 1 - width + waste + 1 / step, ms: width + waste }
      },
      paramSpace: { width: uniform(0, 1), waste: uniform(0, 1) },
      metric: ['loss', 'ms'],
      mode: ['min', 'min'],
      numSamples: 80,
      scheduler: moAsha({ maxT: 27, reductionFactor: 3, strategy }),
      stepMs: 10,
      seed: 5,
    })
    const full = [...results].filter(({ state }) => state === 'completed')
    expect(full.length).toBeGreaterThan(1)
    expect(full.length).toBeLessThan(30)
    const mean = (waste: readonly number[]): number => waste.reduce((sum, x) => sum + x, 0) / waste.length
    expect(mean(full.map(({ config }) => config.waste))).toBeLessThan(0.25)
    const widths = full.map(({ config }) => config.width)
    expect(Math.max(...widths) - Math.min(...widths)).toBeGreaterThan(0.3)
  })
})

describe('the strategies of moAsha', () => {
  it('differ in whom they keep of one front: points beside gaps, or an even cover', () => {
    const front = [0, 4, 5, 6, 10].map((x) => [x, 10 - x])
    const kept = (strategy: FrontStrategy): (number | undefined)[] =>
      front
        .filter((last) => {
          const run = runOf({ strategy })
          front.filter((one) => one !== last).forEach((one, trial) => run.report(trial, 1, one))
          return run.report(4, 1, last).kind === 'continue'
        })
        .map(([x]) => x)
    // Three of five go on.
    expect(kept('epsilonNet')).toEqual([0, 5, 10])
    expect(kept('nonDominatedSorting')).not.toContain(5)
    expect(kept('nonDominatedSorting')).toEqual(expect.arrayContaining([0, 10]))
  })

  it.each([
    [{ strategy: 'nsga' }, 'moAsha.strategy', /'nonDominatedSorting', 'epsilonNet'/],
    [{ metric: ['a', 'b'], mode: ['min'] }, 'moAsha.mode', /2 metrics .* 1 mode/],
    [{ mode: 'min' }, 'moAsha.metric', /mode is given but metric is not/],
    [{ gracePeriod: 200 }, 'moAsha.gracePeriod', /at most maxT/],
    [{ timeAttr: '' }, 'moAsha.timeAttr', /name of a metric/],
    [{ type: 'promotion' }, 'moAsha.type', /has no option type/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => moAsha(options as MoAshaOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    expect(moAsha().line).toBe(
      'Using ASHA for several objectives: rungs at training_iteration 1, 4, 16, 64; full length 100.',
    )
  })
})
