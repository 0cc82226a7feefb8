import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Mode } from '../../src/core/objective.ts'
import { OptionError, TroupeError } from '../../src/errors.ts'
import { type AshaOptions, asha } from '../../src/schedulers/asha.ts'
import { bracketProbabilities } from '../../src/schedulers/rungs.ts'
import type { Decision } from '../../src/schedulers/scheduler.ts'
import { type FixtureCase, readFixture } from '../conformance/fixture.ts'
import { runRayAshaCase } from '../conformance/ray-asha.ts'
import { AshaRun } from './asha-run.ts'
import { obeysSchedulerLaws } from './laws.ts'

const halving: AshaOptions<'stopping'> = { maxT: 8, reductionFactor: 2 }

describe('asha', () => {
  obeysSchedulerLaws(() => asha({ maxT: 9, reductionFactor: 3 }))
  describe('with brackets and no end at maxT', () => {
    obeysSchedulerLaws(() => asha({ ...halving, brackets: 3, stopLastTrials: false }))
  })

  it('lets the first trial at a rung pass: there is nobody to lose against', () => {
    expect(new AshaRun(halving).report(0, 1, -1e9)).toMatchObject({
      kind: 'continue',
      evidence: { rung: 1, cutoff: null, competitors: 0 },
    })
  })

  it('stops the trial that is worse than the median of two before it, and says why', () => {
    const run = new AshaRun(halving)
    run.report(0, 1, 0.5)
    run.report(1, 1, 0.7)
    expect(run.report(2, 1, 0.59)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 0.59 is worse than 0.6, the cutoff of 2 trials at rung 1',
      evidence: { rung: 1, value: 0.59, mode: 'max', cutoff: 0.6, competitors: 2 },
    })
  })

  it('shows the cutoff in the metric’s own sign when small is good', () => {
    const run = new AshaRun(halving, 'min')
    run.report(0, 1, 0.3)
    expect(run.report(1, 1, 0.4)).toMatchObject({
      kind: 'stop',
      evidence: { value: 0.4, cutoff: 0.3, mode: 'min' },
    })
    expect(run.report(2, 1, 0.2)).toMatchObject({ kind: 'continue' })
  })

  it('lets a trial go on that exactly ties with the cutoff', () => {
    const run = new AshaRun(halving)
    run.report(0, 1, 0.1)
    expect(run.report(1, 1, 0.1)).toMatchObject({ kind: 'continue', evidence: { cutoff: 0.1 } })
  })

  it('lets a trial that breaks a constraint pass only where the cutoff is such a trial’s', () => {
    const run = new AshaRun(halving)
    run.report(0, 1, 0.1)
    expect(run.report(1, 1, 0.9, false)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'acc 0.9 (infeasible) is worse than 0.1, the cutoff of 1 trials at rung 1',
      evidence: { rung: 1, value: 0.9, mode: 'max', cutoff: 0.1, competitors: 1, feasible: false },
    })
    run.report(2, 1, 0.8, false)
    expect(run.report(3, 1, 0.7, false)).toMatchObject({ kind: 'continue', evidence: { cutoff: -Infinity } })
    expect(run.report(4, 1, 0)).toMatchObject({ kind: 'continue' })
  })

  it('counts a trial once at each rung, also when it fails and reports again', () => {
    const run = new AshaRun(halving)
    for (const [trial, value] of [0.1, 0.2, 0.9].entries()) run.report(trial, 1, value)
    run.report(2, 2, 0.9)
    expect(run.report(2, 1, 0)).toEqual({ kind: 'continue' })
    expect(run.report(2, 2, 0)).toEqual({ kind: 'continue' })
    expect(run.report(3, 1, 0.15)).toMatchObject({ kind: 'stop', evidence: { cutoff: 0.2, competitors: 3 } })
  })

  it('compares only at rungs, not between them', () => {
    const run = new AshaRun(halving)
    for (const time of [1, 2]) for (const trial of [0, 1]) run.report(trial, time, trial)
    expect(run.report(1, 3, -100)).toEqual({ kind: 'continue' })
  })

  it('takes a time of NaN for no progress', () => {
    expect(new AshaRun(halving).report(0, NaN, 1)).toEqual({ kind: 'continue' })
  })

  it('stops no trial within the grace period', () => {
    const run = new AshaRun({ ...halving, gracePeriod: 4 })
    run.report(0, 4, 1)
    expect(run.report(1, 3, -100)).toEqual({ kind: 'continue' })
    expect(run.report(1, 4, -100)).toMatchObject({ kind: 'stop', evidence: { rung: 4 } })
  })

  it('counts a report that jumps over rungs at the highest one only, then fills those below', () => {
    const run = new AshaRun(halving)
    expect(run.report(0, 5, 1)).toMatchObject({ evidence: { rung: 4 } })
    expect(run.report(0, 6, 1)).toMatchObject({ evidence: { rung: 2 } })
    expect(run.report(0, 7, 1)).toMatchObject({ evidence: { rung: 1 } })
    expect(run.report(0, 7.5, 1)).toEqual({ kind: 'continue' })
  })

  it('ends a trial that has reached its full length as completed', () => {
    expect(new AshaRun(halving).report(0, 8, 1)).toEqual({
      kind: 'stop',
      outcome: 'completed',
      reason: 'training_iteration 8 has reached maxT 8',
      evidence: { time: 8, maxT: 8 },
    })
  })

  it('lets a trial run past maxT when told not to stop the last ones', () => {
    const run = new AshaRun({ ...halving, stopLastTrials: false })
    expect(run.report(0, 8, 1)).toMatchObject({ kind: 'continue', evidence: { rung: 8 } })
    expect(run.report(0, 9, 1)).toEqual({ kind: 'continue' })
  })

  it('counts the last report of a trial that ended at the rung that it had no score at', () => {
    const run = new AshaRun(halving)
    run.report(0, 8, 5)
    run.end(0)
    run.report(1, 3, 1)
    run.end(1, 'pruned')
    const counts = Object.fromEntries((run.state.brackets[0] ?? []).map(({ level, count }) => [level, count]))
    expect(counts).toEqual({ 8: 1, 4: 0, 2: 1, 1: 1 })
  })

  it.each(['failed', 'interrupted'] as const)(
    'keeps the scores of a trial that has %s, and adds none',
    (state) => {
      const run = new AshaRun(halving)
      run.report(0, 2, 5)
      run.end(0, state)
      expect(run.report(1, 2, 1)).toMatchObject({
        kind: 'stop',
        evidence: { rung: 2, cutoff: 5, competitors: 1 },
      })
      expect(run.report(2, 1, 1)).toMatchObject({ evidence: { rung: 1, competitors: 0 } })
    },
  )

  it('forgets a trial when it has ended, but for its scores', () => {
    const run = new AshaRun(halving)
    run.report(0, 1, 1)
    run.end(0)
    expect(run.state.climbers[0]).toBeUndefined()
  })

  it('draws brackets by the softmax of their rungs, from the stream of the trial', () => {
    const run = new AshaRun({ maxT: 9, reductionFactor: 3, brackets: 3 })
    const trials = 4000
    for (let trial = 0; trial < trials; trial++) run.add(trial)
    const drawn = [0, 0, 0]
    const bracketOf = ({ state }: AshaRun, trial: number): number => state.climbers[trial]?.bracket ?? NaN
    for (let trial = 0; trial < trials; trial++) {
      const bracket = bracketOf(run, trial)
      drawn[bracket] = (drawn[bracket] ?? 0) + 1
    }
    const law = bracketProbabilities([3, 2, 1])
    for (const [bracket, count] of drawn.entries()) expect(count / trials).toBeCloseTo(law[bracket] ?? NaN, 1)

    const again = new AshaRun({ maxT: 9, reductionFactor: 3, brackets: 3 })
    for (let trial = trials - 1; trial >= 0; trial--) again.add(trial)
    for (let trial = 0; trial < trials; trial++) expect(bracketOf(again, trial)).toBe(bracketOf(run, trial))
  })

  it('never stops a trial of a bracket without rungs before maxT', () => {
    const run = new AshaRun({ maxT: 2, reductionFactor: 2, brackets: 6 })
    for (let trial = 0; trial < 400; trial++) run.add(trial)
    const free = [...run.state.climbers.keys()].filter(
      (trial) => (run.state.climbers[trial]?.bracket ?? NaN) > 1,
    )
    expect(free.length).toBeGreaterThan(1)
    for (const trial of free) expect(run.report(trial, 1, -trial)).toEqual({ kind: 'continue' })
    expect(run.report(free[0] ?? NaN, 2, 0)).toMatchObject({ kind: 'stop', outcome: 'completed' })
  })

  it('says loudly that it was told of a trial nobody added', () => {
    const scheduler = asha()
    const state = scheduler.init({
      name: 'test',
      resources: {},
      objectives: [{ metric: 'acc', mode: 'max' }],
    })
    const report = { trial: 3, time: 1, score: 1, values: [1], metrics: {}, config: {}, hasCheckpoint: false }
    expect(() => scheduler.onReport(state, report)).toThrow(TroupeError)
  })
})

describe('asha, on numbers that are none', () => {
  it('stops a trial that reports NaN at a rung that is not empty', () => {
    const run = new AshaRun(halving)
    expect(run.report(0, 1, NaN)).toMatchObject({ kind: 'continue', evidence: { cutoff: null } })
    expect(run.report(1, 1, NaN)).toMatchObject({ kind: 'stop', outcome: 'pruned' })
    expect(run.report(2, 1, -1e300)).toMatchObject({ kind: 'continue', evidence: { competitors: 2 } })
  })

  it('counts a NaN among those that lost', () => {
    const run = new AshaRun(halving)
    for (const trial of [0, 1, 2]) run.report(trial, 1, NaN)
    run.report(3, 1, 0.5)
    expect(run.report(4, 1, 0.4)).toMatchObject({ kind: 'continue' })
  })

  it('ranks -Infinity above NaN', () => {
    const run = new AshaRun(halving)
    run.report(0, 1, NaN)
    expect(run.report(1, 1, -Infinity)).toMatchObject({ kind: 'continue' })
  })

  it('stops a diverged loss as it stops a very large one', () => {
    const run = new AshaRun(halving, 'min')
    run.report(0, 1, 0.3)
    expect(run.report(1, 1, Infinity)).toMatchObject({ kind: 'stop', evidence: { cutoff: 0.3 } })
  })

  it('still decides when a rung holds both infinities', () => {
    const run = new AshaRun({ maxT: 4, reductionFactor: 4 })
    run.report(0, 1, Infinity)
    run.report(1, 1, -Infinity)
    expect(run.report(2, 1, 0.5)).toMatchObject({ kind: 'stop', evidence: { cutoff: Infinity } })
    for (const trial of [3, 4, 5, 6, 7]) run.report(trial, 1, 0.5)
    expect(run.report(8, 1, 0.5)).toMatchObject({ kind: 'continue', evidence: { cutoff: 0.5 } })
  })

  it('never has a cutoff of NaN, and stops every NaN that has competitors', () => {
    const values = fc.array(fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity)), {
      minLength: 1,
    })
    fc.assert(
      fc.property(
        values,
        fc.constantFrom<Mode>('min', 'max'),
        fc.constantFrom(1.5, 2, 3, 4),
        (all, mode, factor) => {
          const run = new AshaRun({ maxT: 8, reductionFactor: factor }, mode)
          for (const [trial, value] of all.entries()) {
            const { kind, evidence } = run.report(trial, 1, value) as Decision & { kind: 'continue' | 'stop' }
            expect(evidence?.['cutoff']).not.toBeNaN()
            expect(Number.isNaN(value) && trial > 0 ? 'stop' : kind).toBe(kind)
          }
        },
      ),
    )
  })
})

describe('the fixtures of Ray Tune', () => {
  const fixture = readFixture('test/fixtures/schedulers/ray_asha.json')
  if (typeof fixture === 'string') throw new Error(fixture)
  it.each(fixture.cases as FixtureCase[])('decides as Ray Tune does: $name', (testCase) => {
    expect(runRayAshaCase(testCase, fixture.tolerance)).toBeUndefined()
  })
})

describe('the options of asha', () => {
  it.each([
    [{ maxT: 0 }, 'asha.maxT', /above 0.*Got 0/],
    [{ maxT: Infinity }, 'asha.maxT', /Got Infinity/],
    [{ gracePeriod: 0 }, 'asha.gracePeriod', /above 0/],
    [{ gracePeriod: 200 }, 'asha.gracePeriod', /at most maxT, which is 100/],
    [{ reductionFactor: 1 }, 'asha.reductionFactor', /above 1/],
    [{ reductionFactor: NaN }, 'asha.reductionFactor', /Got NaN/],
    [{ brackets: 0 }, 'asha.brackets', /integer from 1/],
    [{ brackets: 1.5 }, 'asha.brackets', /integer from 1/],
    [
      { reductionFactor: 1.0000001 },
      'asha.reductionFactor',
      /gives 46051705 rungs .*Got 1\.0000001\. Raise it/,
    ],
    [{ gracePeriod: 1e-320 }, 'asha.reductionFactor', /gives Infinity rungs .*raise gracePeriod/],
    [{ brackets: 1e9 }, 'asha.brackets', /at most 1000.*than there are rungs, which are 4/],
    [{ stopLastTrials: 1 }, 'asha.stopLastTrials', /true or false/],
    [{ type: 'promoting' }, 'asha.type', /'stopping', 'promotion'/],
    [{ timeAttr: '' }, 'asha.timeAttr', /name of a metric/],
    [{ metric: ['loss', 'memory'], mode: ['min', 'min'] }, 'asha.metric', /one metric/],
    [{ metric: 'loss', mode: 'least' }, 'asha.mode', /'min', 'max'/],
    [{ mode: 'min' }, 'asha.metric', /mode is given but metric is not/],
    [{ max_t: 81 }, 'asha.max_t', /Did you mean maxT\?/],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => asha(options as AshaOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    const defaults = asha()
    expect(defaults).toMatchObject({ objectives: 'one', timeAttr: 'training_iteration' })
    expect(defaults.line).toBe('Using ASHA: rungs at training_iteration 1, 4, 16, 64; full length 100.')
    const run = new AshaRun({})
    expect(run.state.brackets.map((bracket) => bracket.map(({ level }) => level))).toEqual([[64, 16, 4, 1]])
    expect(run.report(0, 100, 1)).toMatchObject({ kind: 'stop', outcome: 'completed' })
  })

  it('say how many brackets are without rungs, and stop nobody', () => {
    expect(asha({ brackets: 7, maxT: 9, reductionFactor: 3 }).line).toBe(
      'Using ASHA: rungs at training_iteration 1, 3, 9; full length 9; 4 of 7 brackets without rungs stop nobody.',
    )
    expect(asha({ brackets: 3, maxT: 9, reductionFactor: 3 }).line).not.toContain('without')
  })

  it('make a line that stays short, however many rungs there are', () => {
    expect(asha({ reductionFactor: 1.5, maxT: 1000 }).line).toBe(
      'Using ASHA: rungs at training_iteration 1, 1.5, 2.25, 3.375, …, 291.929, 437.894, 656.841, 985.261; full length 1000.',
    )
  })

  it('reach the scheduler that the experiment sees', () => {
    expect(asha({ metric: 'acc', mode: 'max', timeAttr: 'epoch' })).toMatchObject({
      objective: { metric: 'acc', mode: 'max' },
      timeAttr: 'epoch',
    })
  })
})
