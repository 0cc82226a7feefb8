import { asha, defineTrainable, gridSearch, loguniform, pbt, randomSearch, Tuner, uniform } from 'troupe'
import { memoryStore } from 'troupe/stores'
import { simulate } from 'troupe/testing'
import { describe, expect, it } from 'vitest'
import { recordedResults } from '../../../src/results/recorded/read-recorded.ts'
import { expectSameResults } from './same-results.ts'

const climber = defineTrainable({
  setup: (config: { lr: number }) => ({ lr: config.lr, at: 0 }),
  step: (state) => ({ acc: (state.at += state.lr) }),
  save: ({ at }) => at,
  load: (state, at: number) => void (state.at = at),
})

describe('what an experiment came to, read from its log', () => {
  it('is what it gave, with trials that lose a rung', async () => {
    const run = await simulate({
      trainable: async (config, trial) => {
        trial.setUserAttr('greeting', { hello: ['world', config.x] })
        for (let i = 1; i <= 9; i++) {
          await trial.sleep(100 * config.x)
          await trial.report({ loss: config.x / i, val: { deep: [i] } })
        }
        trial.setConstraint('memory', config.x - 1)
      },
      paramSpace: { x: uniform(0, 2), steps: 100 },
      metric: 'loss',
      mode: 'min',
      numSamples: 30,
      scheduler: asha({ maxT: 9, gracePeriod: 1 }),
      seed: 1,
    })
    expect([...run.results].some(({ state }) => state === 'pruned')).toBe(true)
    expectSameResults(run.trace, run.results)
  })

  it('is what it gave, with trials that exploit each other and fail', async () => {
    const run = await simulate({
      trainable: climber,
      paramSpace: { lr: loguniform(1e-3, 1) },
      metric: 'acc',
      mode: 'max',
      numSamples: 8,
      scheduler: pbt({ perturbationInterval: 3, hyperparamMutations: { lr: uniform(0, 1) } }),
      stop: { training_iteration: 20 },
      stepMs: ({ number }) => 10 + number,
      faults: { crash: 0.05 },
      failure: { maxFailures: 2, backoffMs: 50 },
      seed: 3,
    })
    expect([...run.trace].some(({ type }) => type === 'trial.exploited')).toBe(true)
    expect([...run.results].some(({ failures }) => failures > 0)).toBe(true)
    expectSameResults(run.trace, run.results)
  })

  it('is what it gave, with functions that go on from their checkpoints after failing', async () => {
    const run = await simulate({
      trainable: async (_: object, trial) => {
        const from = (trial.checkpoint as number | undefined) ?? 0
        for (let i = from + 1; i <= 6; i++) {
          await trial.sleep(10)
          await trial.report({ loss: 1 / i }, i % 2 === 0 ? { checkpoint: i } : {})
          if (i === 5 && trial.attempt < 3) throw new RangeError('out of luck')
        }
      },
      metric: 'loss',
      mode: 'min',
      numSamples: 3,
      failure: { maxFailures: 2 },
    })
    expect(run.results.at(0)).toMatchObject({ attempt: 3, state: 'completed', iteration: 6 })
    expect(run.results.at(0)?.history.length).toBe(6)
    expectSameResults(run.trace, run.results)
  })

  it('is what it gave, with several objectives, NaN, and values that are missing', async () => {
    const run = await simulate({
      trainable: async ({ x }: { x: number }, trial) => {
        await trial.report({ a: x })
        if (x > 1) await trial.report({ a: 2 * x, b: x > 2 ? NaN : -Infinity })
        if (x > 3) throw new Error('too large')
      },
      paramSpace: { x: gridSearch([0, 1.5, 2.5, 3.5]) },
      metric: ['a', 'b'],
      mode: ['min', 'max'],
    })
    expect(run.results.paretoFront().length).toBeGreaterThan(0)
    expectSameResults(run.trace, run.results)
    expect(
      recordedResults([...run.trace])
        .paretoFront()
        .map(({ number }) => number),
    ).toEqual(run.results.paretoFront().map(({ number }) => number))
  })

  it('is what it gave, with given results, duplicates, refusals and a budget of time', async () => {
    const run = await simulate({
      trainable: async ({ x }: { x: number }, trial) => {
        await trial.sleep(1000)
        return { loss: x }
      },
      paramSpace: { x: gridSearch([1, 2, 3, 4]) },
      metric: 'loss',
      mode: 'min',
      numSamples: 2,
      duplicates: 'reuse',
      searcher: randomSearch({ pointsToEvaluate: [{ x: 1 }, { x: 2 }], evaluatedRewards: [0.5] }),
      resources: ({ x }) => ({ cpu: x === 3 ? 64 : 1 }),
      totalResources: { cpu: 4 },
      maxConcurrentTrials: 1,
      timeBudgetMs: 2500,
    })
    const sources = new Set([...run.results].map(({ source }) => source))
    expect(sources).toEqual(new Set(['given', 'point', 'suggested', 'reused']))
    expect(new Set([...run.results].map(({ state }) => state))).toContain('failed')
    expectSameResults(run.trace, run.results)
  })

  it('is what fit() gave, from a store', async () => {
    const storage = memoryStore()
    const tuner = new Tuner(
      async ({ x }: { x: number }, trial) => {
        for (let i = 1; i <= 3; i++) {
          await trial.report({ loss: x / i })
          if (x > 0.5) throw Object.assign(new Error('too large'), { code: 'E_LARGE' })
        }
      },
      {
        paramSpace: { x: uniform(0, 1) },
        metric: 'loss',
        mode: 'min',
        numSamples: 25,
        storage,
        name: 'demo',
        seed: 2,
      },
    )
    const results = await tuner.fit()
    const records = (await storage.read('demo')) ?? []
    expect(results.errors.length).toBeGreaterThan(0)
    expectSameResults(records, results)
  })
})
