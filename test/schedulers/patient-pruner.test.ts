import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { medianPruner } from '../../src/schedulers/median-pruner.ts'
import { type PatientPrunerOptions, patientPruner } from '../../src/schedulers/patient-pruner.ts'
import { CONTINUE, type Command, type Decision, type Scheduler } from '../../src/schedulers/scheduler.ts'
import { successiveHalvingPruner } from '../../src/schedulers/successive-halving-pruner.ts'
import { thresholdPruner } from '../../src/schedulers/threshold-pruner.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { SchedulerRun } from './scheduler-run.ts'

function runOf(options: PatientPrunerOptions, mode: 'min' | 'max' = 'max') {
  return new SchedulerRun(patientPruner(options), { modes: [mode] })
}

function kindsOf(run: ReturnType<typeof runOf>, trial: number, values: readonly number[]): string[] {
  return values.map((value, i) => run.report(trial, i + 1, value).kind)
}

const G = 'continue'

/** A scheduler that decides as it is told, and notes what it hears. */
function listening(decide: () => Decision): Scheduler<{ heard: number[] }> {
  return {
    name: 'listening',
    init: () => ({ heard: [] }),
    onReport({ heard }, { time }) {
      heard.push(time)
      return decide()
    },
  }
}

const stop: Decision = { kind: 'stop', reason: 'lost', outcome: 'pruned' }

describe('patientPruner', () => {
  obeysSchedulerLaws(() => patientPruner({ patience: 1 }))
  describe('around a pruner of Optuna’s', () => {
    obeysSchedulerLaws(() =>
      patientPruner({ wrapped: successiveHalvingPruner({ minResource: 2 }), patience: 0 }),
    )
  })
  describe('around any other scheduler', () => {
    obeysSchedulerLaws(() => patientPruner({ wrapped: asha({ maxT: 20 }), patience: 1, minDelta: 0.5 }))
  })

  it('alone stops a trial that got worse and stayed so, and says why', () => {
    const run = runOf({ patience: 1 })
    expect(kindsOf(run, 0, [1, 3, 2, 3.5, 3])).toEqual([G, G, G, G, G])
    expect(run.report(0, 6, 3.4)).toEqual({
      kind: 'stop',
      outcome: 'pruned',
      reason: 'best acc of the last 2 steps 3.4 is worse than 3.5 before',
      evidence: { before: 3.5, since: 3.4, minDelta: 0, patience: 1 },
    })
  })

  it('shows values in the metric’s own sign when small is good', () => {
    const run = runOf({ patience: 0 }, 'min')
    expect(kindsOf(run, 0, [3, 1, 1])).toEqual([G, G, G])
    expect(run.report(0, 4, 2)).toMatchObject({ kind: 'stop', evidence: { before: 1, since: 2 } })
  })

  it('bears a loss of up to minDelta', () => {
    expect(kindsOf(runOf({ patience: 0, minDelta: 0.5 }), 0, [3, 2.5, 2.4])).toEqual([G, G, 'stop'])
  })

  it('orders by step, and takes the first of two reports of one step', () => {
    const run = runOf({ patience: 0 })
    expect(run.report(0, 5, 3).kind).toBe(G)
    expect(run.report(0, 5, 1).kind).toBe(G)
    expect(run.report(0, 2, 1).kind).toBe(G)
    expect(run.report(0, 3, 4)).toMatchObject({ kind: 'stop', evidence: { before: 4, since: 3 } })
  })

  it('takes NaN for no improvement, and loses no patience while there is nothing else', () => {
    expect(kindsOf(runOf({ patience: 0 }), 0, [NaN, NaN, 1, NaN])).toEqual([G, G, G, G])
    expect(kindsOf(runOf({ patience: 1 }), 0, [5, NaN, NaN, 4])).toEqual([G, G, G, 'stop'])
  })

  it('lets the wrapped pruner take reports down, and judge only when patience is out', () => {
    const run = runOf({ wrapped: medianPruner({ nStartupTrials: 1 }), patience: 0 })
    for (const step of [1, 2, 3]) run.report(0, step, 10 + step)
    run.end(0)
    expect(run.report(1, 1, 5)).toEqual({ kind: 'continue' })
    expect(run.report(1, 2, 6)).toEqual({ kind: 'continue' })
    expect(run.report(1, 3, 5)).toMatchObject({
      kind: 'stop',
      reason: expect.stringMatching(
        /^best acc 6 is worse than 13, the median of 1 .*; best acc of the last 1 step 5/,
      ),
      evidence: { best: 6, cutoff: 13, before: 6, since: 5 },
    })
  })

  it('goes on with a trial that has lost patience but not by the wrapped pruner', () => {
    const run = runOf({ wrapped: thresholdPruner({ lower: 0 }), patience: 0 })
    expect(kindsOf(run, 0, [9, 1, 0.5, -1])).toEqual([G, G, G, 'stop'])
  })

  it('records no rung of a pruner that is not asked', () => {
    const run = runOf({
      wrapped: successiveHalvingPruner({ minResource: 1, reductionFactor: 2 }),
      patience: 0,
    })
    expect(kindsOf(run, 0, [1, 9])).toEqual([G, G])
    // The first that is asked meets empty rungs, though it is worse than trial 0 was.
    run.report(1, 1, 5)
    expect(run.report(1, 2, 3)).toMatchObject({ kind: 'continue', evidence: { rungs: 2, competitors: 1 } })
  })

  it('tells a scheduler that cannot take reports down of every one, and withholds its stops till then', () => {
    const scheduler = listening(() => stop)
    const run = runOf({ wrapped: scheduler, patience: 0 })
    expect(run.report(0, 1, 1)).toEqual({ kind: 'continue', evidence: { withheld: 'lost' } })
    expect(run.report(0, 2, 2)).toMatchObject({ kind: 'continue' })
    expect(run.state.wrapped).toEqual({ heard: [1, 2] })
    expect(run.report(0, 3, 1)).toMatchObject({ kind: 'stop', reason: expect.stringMatching(/^lost; best/) })
  })

  it.each<Decision>([
    { kind: 'stop', reason: 'full length', outcome: 'completed' },
    { kind: 'pause', reason: 'makes room' },
  ])('hands on what is no pruning: $kind', (decision) => {
    expect(runOf({ wrapped: listening(() => decision), patience: 3 }).report(0, 1, 1)).toEqual(decision)
  })

  it('hands on whom the wrapped scheduler chooses and commands', () => {
    const commands: Command[] = [{ trial: 1, decision: { kind: 'stop', reason: 'lost', outcome: 'pruned' } }]
    const wrapped: Scheduler<unknown> = {
      ...listening(() => CONTINUE),
      init: () => ({ heard: [] }),
      choose: (_, { candidates }) => candidates.at(-1)?.trial,
      commands: () => commands,
    }
    const run = runOf({ wrapped, patience: 0 })
    for (const trial of [0, 1, 2]) run.add(trial)
    expect(run.choose()).toBe(2)
    run.report(2, 1, 1)
    expect([...run.ended]).toEqual([[1, 'pruned']])
  })

  it('can be wrapped itself', () => {
    const wrapped = patientPruner({ wrapped: medianPruner({ nStartupTrials: 1 }), patience: 1 })
    const run = runOf({ wrapped, patience: 0 })
    run.report(0, 4, 9)
    run.end(0)
    expect(kindsOf(run, 1, [3, 4, 2, 1])).toEqual([G, G, G, 'stop'])
  })

  it('ranks by the metric and the time of what it wraps', () => {
    const wrapped = medianPruner({ metric: 'loss', mode: 'min', timeAttr: 'epoch' })
    expect(patientPruner({ wrapped, patience: 1 })).toMatchObject({
      objective: { metric: 'loss', mode: 'min' },
      timeAttr: 'epoch',
      line: 'Using patientPruner: a trial can be stopped after 2 steps without an improvement, by medianPruner.',
    })
  })
})

describe('the options of patientPruner', () => {
  it.each([
    [{}, 'patientPruner.patience', /needs patience/],
    [undefined, 'patientPruner', /needs patience.*patience: 3 }\)\.$/],
    [3, 'patientPruner', /needs patience.*Got 3\.$/],
    [{ patience: -1 }, 'patientPruner.patience', /integer from 0/],
    [{ patience: 1, minDelta: -1 }, 'patientPruner.minDelta', /from 0/],
    [{ patience: 1, mode: 'min' }, 'patientPruner.metric', /metric is not/],
    [{ patience: 1, wrapped: medianPruner }, 'patientPruner.wrapped', /Did you mean medianPruner\(\)\?/],
    [
      { patience: 1, wrapped: medianPruner(), timeAttr: 'epoch' },
      'patientPruner.timeAttr',
      /that of the wrapped medianPruner, which is "training_iteration"\. Got "epoch"/,
    ],
    [
      { patience: 1, wrapped: asha({ metric: 'acc', mode: 'max' }), metric: 'loss', mode: 'max' },
      'patientPruner.metric',
      /Give the same to both/,
    ],
    [{ patience: 1, wrappd: null }, 'patientPruner.wrappd', /Did you mean wrapped\?/],
  ])('refuses %o where it is given', (options, option, message) => {
    const build = (): unknown => patientPruner(options as PatientPrunerOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })
})
