import { describe, expect, it } from 'vitest'
import { asha } from '../../src/schedulers/asha.ts'
import { hyperband } from '../../src/schedulers/hyperband.ts'
import { medianStopping } from '../../src/schedulers/median-stopping.ts'
import { pbt } from '../../src/schedulers/pbt/pbt.ts'
import type { Scheduler, TrialReport } from '../../src/schedulers/scheduler.ts'
import { gridSearch } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { createStudy } from '../../src/study/create-study.ts'
import { replay } from '../../src/testing/replay/replay.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { schedulerOf } from '../runtime/stage.ts'

// The larger x, the better the value; from 0.6 on a constraint is broken.
function constrained(scheduler: Scheduler<never> | Scheduler) {
  return simulate({
    trainable: async ({ x }: { readonly x: number }, trial) => {
      trial.setConstraint('memory', x - 0.5)
      for (let step = 1; step <= 9; step++) await trial.report({ acc: x * step }, { checkpoint: step })
    },
    paramSpace: { x: gridSearch([0.1, 0.9, 0.3, 0.7, 0.5, 0.8, 0.2, 0.6, 0.4]) },
    metric: 'acc',
    mode: 'max',
    maxConcurrentTrials: 9,
    stepMs: 1000,
    scheduler: scheduler,
  })
}

describe('trials that break a constraint', () => {
  it.each([
    ['asha', asha({ maxT: 9, reductionFactor: 3 })],
    ['asha by promotion', asha({ maxT: 9, reductionFactor: 3, type: 'promotion' })],
    ['hyperband', hyperband({ maxT: 9 })],
    ['medianStopping', medianStopping({ gracePeriod: 1, minSamplesRequired: 3 })],
  ] as const)('lose against those that break none under %s, and do when replayed', async (_, scheduler) => {
    const { results, trace } = await constrained(scheduler)
    const best = [...results].find(({ config }) => config.x === 0.5)
    expect(best).toMatchObject({ state: 'completed', history: { length: 9 } })
    const broken = [...results].filter(({ config }) => config.x > 0.5)
    const lengths = broken.map(({ history }) => history.length)
    expect(lengths.toSorted((a, b) => a - b)[0]).toBeLessThan(9)
    expect(await replay(trace)).toMatchObject({ same: true })
  })

  it('are exploited by nobody while others are there', async () => {
    const { trace } = await constrained(
      pbt({
        perturbationInterval: 2,
        quantileFraction: 0.3,
        hyperparamMutations: { x: uniform(0, 1) },
        resampleProbability: 0,
        perturbationFactors: [1],
      }),
    )
    const configs = [...trace].flatMap((record) => (record.type === 'trial.exploited' ? [record.config] : []))
    expect(configs.length).toBeGreaterThan(0)
    for (const { x } of configs as { readonly x: number }[]) expect(x).toBeLessThanOrEqual(0.5)
  })

  it('lose in a study', async () => {
    const study = await createStudy({
      paramSpace: { x: uniform(0, 1) },
      direction: 'maximize',
      scheduler: asha({ maxT: 4, reductionFactor: 2 }),
    })
    const [good, bad] = [await study.ask(), await study.ask()]
    good.report(1, 0.1)
    bad.setConstraint('memory', 1)
    bad.report(1, 0.9)
    expect([good.shouldPrune(), bad.shouldPrune()]).toEqual([false, true])
  })

  it('are told of as such, with the attempt', async () => {
    const told: Pick<TrialReport, 'time' | 'score' | 'feasible' | 'attempt'>[] = []
    await simulate({
      trainable: async (_, trial) => {
        await trial.report({ acc: 1 })
        trial.setConstraint('memory', 1)
        await trial.report({ acc: 2 })
        if (trial.attempt === 1) throw new Error('once')
      },
      paramSpace: { x: uniform(0, 1) },
      metric: 'acc',
      mode: 'max',
      numSamples: 1,
      failure: { maxFailures: 1 },
      scheduler: schedulerOf({
        init: () => null,
        onReport(_state, { time, score, feasible = true, attempt = 1 }) {
          told.push({ time, score, feasible, attempt })
          return { kind: 'continue' }
        },
      }),
    })
    expect(told).toEqual([
      { time: 1, score: 1, feasible: true, attempt: 1 },
      { time: 2, score: -Infinity, feasible: false, attempt: 1 },
      { time: 1, score: -Infinity, feasible: false, attempt: 2 },
      { time: 2, score: -Infinity, feasible: false, attempt: 2 },
    ])
  })
})
