import { describe, expect, it } from 'vitest'
import {
  asha,
  type Decision,
  maximumIteration,
  randint,
  type Trainable,
  Tuner,
  type TunerOptions,
} from 'troupe'
import type { SimulateOptions } from 'troupe/testing'
import { endOf, FOREVER_MS, schedulerOf, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

/** Reports the losses, one each 10 ms. */
const reports = (...losses: unknown[]): Trainable<Config> =>
  async function train(_config, trial) {
    for (const loss of losses) {
      await trial.sleep(10)
      await trial.report({ loss })
    }
  }

const forEver: Trainable<Config> = async (_config, trial) => {
  for (let step = 1; ; step++) {
    await trial.sleep(10)
    await trial.report({ loss: 1 / step })
  }
}

const answers = (decision: Decision) => schedulerOf({ init: () => null, onReport: () => decision })

/** How the one trial of an experiment ended, and in which words the searcher was told. */
async function ending(trainable: Trainable<Config>, options: SimulateOptions<Config> = {}) {
  const spy = spyingSearcher()
  const { results } = await endOf(
    simulate({ trainable, paramSpace, searcher: spy.searcher, ...LOSS, ...options }),
  )
  const result = results.at(0)
  expect(results).toHaveLength(1)
  expect(spy.suggested).toEqual([0])
  expect(spy.told).toHaveLength(1)
  const [told] = spy.told
  return {
    status: result?.status,
    state: result?.state,
    told: { state: told?.state, values: told?.values, step: told?.step },
    error: result?.error?.message,
    reason: result?.reason?.text,
    endedBy: results.endedBy,
  }
}

describe('a trial that', () => {
  it('ends by itself is terminated and completed, and its last value is told', async () => {
    expect(await ending(reports(3, 2, 1))).toMatchObject({
      status: 'terminated',
      state: 'completed',
      told: { state: 'completed', values: [1], step: 3 },
      error: undefined,
      reason: undefined,
    })
  })

  it('returns an object has reported it last', async () => {
    const trainable: Trainable<Config> = async (_config, trial) => {
      await trial.report({ loss: 2 })
      return { loss: 1 }
    }
    expect(await ending(trainable)).toMatchObject({ told: { state: 'completed', values: [1], step: 2 } })
  })

  it('reaches maxT is terminated and completed', async () => {
    expect(await ending(forEver, { scheduler: asha({ maxT: 4 }) })).toMatchObject({
      status: 'terminated',
      state: 'completed',
      told: { state: 'completed', values: [0.25], step: 4 },
    })
  })

  it('reaches the bound of a stopper is terminated and completed', async () => {
    const ended = await ending(forEver, { stop: maximumIteration(2) })
    expect(ended).toMatchObject({
      status: 'terminated',
      state: 'completed',
      told: { state: 'completed', values: [0.5], step: 2 },
      reason: 'training_iteration 2 has reached the maximum 2',
    })
    expect(await ending(forEver, { stop: { training_iteration: 2 } })).toMatchObject({
      state: 'completed',
      told: { state: 'completed', values: [0.5], step: 2 },
    })
  })

  it('loses a rung is terminated and pruned, and its last step and value are told', async () => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: async ({ x }: Config, trial) => {
        for (let step = 1; step <= 4; step++) {
          await trial.sleep(10 + x)
          await trial.report({ loss: x })
        }
      },
      paramSpace,
      searcher: spy.searcher,
      scheduler: asha({ maxT: 4, gracePeriod: 2, reductionFactor: 2 }),
      numSamples: 2,
      ...LOSS,
    })
    expect(results.at(1)).toMatchObject({
      status: 'terminated',
      state: 'pruned',
      reason: { by: 'scheduler' },
    })
    expect(spy.told.find(({ number }) => number === 1)).toEqual({
      number: 1,
      state: 'pruned',
      values: [1],
      step: 2,
      intermediate: [
        [1, 1],
        [2, 1],
      ],
    })
  })

  it('is pruned before it has a value is told without one', async () => {
    const stops: Decision = { kind: 'stop', outcome: 'pruned', reason: 'no more' }
    const scheduler = schedulerOf({
      init: () => null,
      objective: { metric: 'steps', mode: 'max' },
      onReport: () => stops,
    })
    const trainable: Trainable<Config> = async (_config, trial) => trial.report({ steps: 1 })
    expect(await ending(trainable, { scheduler })).toMatchObject({
      status: 'terminated',
      state: 'pruned',
      told: { state: 'pruned', values: undefined, step: undefined },
    })
  })

  it('is stopped by the user is terminated and pruned', async () => {
    const spy = spyingSearcher()
    const tuner = new Tuner(forEver, { paramSpace, searcher: spy.searcher, ...LOSS })
    tuner.on('trial.report', ({ trial }) => trial.iteration === 1 && tuner.stopTrial(trial.id))
    const results = await tuner.fit()
    expect(results.at(0)).toMatchObject({ status: 'terminated', state: 'pruned', reason: { by: 'user' } })
    expect(spy.told).toMatchObject([{ number: 0, state: 'pruned', values: [1], step: 1 }])
  })

  it('throws is an error and failed, and told without values', async () => {
    const trainable: Trainable<Config> = async (_config, trial) => {
      await trial.report({ loss: 1 })
      throw new RangeError('the learning rate exploded')
    }
    expect(await ending(trainable)).toMatchObject({
      status: 'error',
      state: 'failed',
      told: { state: 'failed', values: undefined, step: undefined },
      error: 'the learning rate exploded',
    })
  })

  it.each([
    ['trialTimeoutMs', { trialTimeoutMs: 25 }, 'trialTimeout', 2],
    ['reportTimeoutMs', { reportTimeoutMs: 5 }, 'reportTimeout', 0],
  ] as const)('runs out of %s is an error and failed', async (_, limit, code, reported) => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: forEver,
      paramSpace,
      searcher: spy.searcher,
      ...LOSS,
      ...limit,
    })
    expect(results.at(0)).toMatchObject({
      status: 'error',
      state: 'failed',
      iteration: reported,
      error: { code },
    })
    expect(spy.told).toMatchObject([{ state: 'failed', values: undefined, step: undefined }])
  })

  it.each([
    ['is NaN', [1, NaN], 'nanResult', 'Trial 0 ended with loss = NaN: NaN cannot be ranked.'],
    ['is missing', [undefined], 'noResult', 'Trial 0 ended without a report of loss'],
    ['is no number', ['low'], 'noResult', 'Trial 0 ended without a report of loss'],
  ])('ends by itself with a metric that %s is an error and failed', async (_, losses, code, message) => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: reports(...losses),
      paramSpace,
      searcher: spy.searcher,
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ status: 'error', state: 'failed', error: { code } })
    expect(results.at(0)?.error?.message).toContain(message)
    expect(spy.told).toMatchObject([{ state: 'failed', values: undefined }])
  })

  it('reaches its bound with a metric that is NaN is an error and failed as well', async () => {
    expect(await ending(reports(1, NaN, 1), { stop: maximumIteration(2) })).toMatchObject({
      status: 'error',
      state: 'failed',
      told: { state: 'failed', values: undefined },
      reason: 'training_iteration 2 has reached the maximum 2',
    })
    const completes: Decision = { kind: 'stop', outcome: 'completed', reason: 'done' }
    expect(await ending(reports(NaN), { scheduler: answers(completes) })).toMatchObject({ state: 'failed' })
  })

  it('last reports something else ends with the last value that there was', async () => {
    expect(await ending(reports(3, 2, undefined, 'low'))).toMatchObject({
      status: 'terminated',
      state: 'completed',
      told: { state: 'completed', values: [2], step: 2 },
    })
  })

  it('ends at infinity has a value', async () => {
    expect(await ending(reports(Infinity))).toMatchObject({
      state: 'completed',
      told: { values: [Infinity] },
    })
    expect(await ending(reports(-Infinity))).toMatchObject({
      state: 'completed',
      told: { values: [-Infinity] },
    })
  })

  it('needs no value where there is no objective', async () => {
    const { results } = await simulate({ trainable: async () => {}, paramSpace })
    expect(results.at(0)).toMatchObject({ status: 'terminated', state: 'completed', values: undefined })
  })

  it('is cut by timeBudgetMs is paused and interrupted, and its last step and value are told', async () => {
    expect(await ending(forEver, { timeBudgetMs: 25 })).toMatchObject({
      status: 'paused',
      state: 'interrupted',
      told: { state: 'interrupted', values: [0.5], step: 2 },
      endedBy: 'timeBudget',
    })
  })

  it('is cut by its signal is paused and interrupted', async () => {
    const abort = new AbortController()
    const trainable: Trainable<Config> = async (_config, trial) => {
      await trial.report({ loss: 1 })
      abort.abort()
      await trial.sleep(FOREVER_MS)
    }
    expect(await ending(trainable, { signal: abort.signal })).toMatchObject({
      status: 'paused',
      state: 'interrupted',
      told: { state: 'interrupted', values: [1], step: 1 },
      endedBy: 'signal',
    })
  })

  it('is cut by stop() is paused and interrupted', async () => {
    const spy = spyingSearcher()
    const tuner = new Tuner(forEver, { paramSpace, searcher: spy.searcher, ...LOSS })
    tuner.on('trial.report', ({ trial }) => {
      if (trial.iteration === 1) void tuner.stop()
    })
    const results = await tuner.fit()
    expect(results.endedBy).toBe('stop')
    expect(results.at(0)).toMatchObject({ status: 'paused', state: 'interrupted', iteration: 1 })
    expect(spy.told).toMatchObject([{ state: 'interrupted', values: [1], step: 1 }])
  })

  it('is cut by a stopper that ends the experiment is paused and interrupted', async () => {
    const enough = {
      name: 'enough',
      init: () => null,
      onReport: () => ({ scope: 'experiment' as const, reason: 'enough' }),
    }
    expect(await ending(forEver, { stop: enough })).toMatchObject({
      status: 'paused',
      state: 'interrupted',
      told: { state: 'interrupted', values: [1], step: 1 },
      endedBy: 'stopper',
    })
  })

  it('is cut before it ran is interrupted without a value', async () => {
    const spy = spyingSearcher()
    const tuner = new Tuner(forEver, { paramSpace, searcher: spy.searcher, ...LOSS })
    tuner.on('trial.created', () => void tuner.stop())
    const results = await tuner.fit()
    expect([...results].map(({ status, state, startedAt }) => ({ status, state, startedAt }))).toEqual([
      { status: 'paused', state: 'interrupted', startedAt: undefined },
    ])
    expect(spy.told).toMatchObject([{ state: 'interrupted', values: undefined, step: undefined }])
  })

  it('waits paused by its scheduler when it is cut is interrupted where it was', async () => {
    const spy = spyingSearcher()
    const cleaned: number[] = []
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        try {
          await trial.report({ loss: trial.number })
          await trial.sleep(FOREVER_MS)
        } finally {
          cleaned.push(trial.number)
        }
      },
      paramSpace,
      searcher: spy.searcher,
      scheduler: schedulerOf({
        init: () => null,
        onReport: (_, { trial }) => (trial === 0 ? { kind: 'pause', reason: 'later' } : { kind: 'continue' }),
        choose: (_, { candidates }) => candidates.find(({ status }) => status === 'pending')?.trial,
      }),
      maxConcurrentTrials: 1,
      numSamples: 2,
      timeBudgetMs: 50,
      ...LOSS,
    })
    expect([...results].map(({ state, values }) => ({ state, values }))).toEqual([
      { state: 'interrupted', values: [0] },
      { state: 'interrupted', values: [1] },
    ])
    expect(spy.told).toMatchObject([{ state: 'interrupted' }, { state: 'interrupted' }])
    expect(cleaned.sort()).toEqual([0, 1])
  })
})

describe('a graceful stop', () => {
  /** Stops gracefully as soon as trial 0 has reported. */
  async function stopped(options: TunerOptions<Config>, trainable: Trainable<Config>) {
    const tuner = new Tuner(trainable, {
      paramSpace,
      maxConcurrentTrials: 2,
      numSamples: 5,
      ...LOSS,
      ...options,
    })
    tuner.once('trial.report', () => void tuner.stop({ graceful: true }))
    return tuner.fit()
  }

  it('lets trials that run to their ends, and starts no other', async () => {
    const results = await stopped({}, async (_config, trial) => {
      for (let step = 0; step < 3; step++) await trial.report({ loss: step })
    })
    expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([
      ['completed', 3],
      ['completed', 3],
    ])
    expect(results.endedBy).toBe('stop')
  })

  it('does not wait for an attempt that would come later', async () => {
    const results = await stopped(
      { failure: { maxFailures: 3, backoffMs: FOREVER_MS } },
      async (_config, trial) => {
        await trial.report({ loss: 1 })
        throw new Error('again, please')
      },
    )
    expect([...results].map(({ state, attempt }) => [state, attempt])).toEqual([
      ['interrupted', 1],
      ['interrupted', 1],
    ])
  })

  it('does not wait for trials that pause instead, and lets them clean up', async () => {
    const cleaned: number[] = []
    const scheduler = schedulerOf({
      init: () => null,
      onReport: (_, { time }) => (time === 2 ? { kind: 'pause', reason: 'later' } : { kind: 'continue' }),
    })
    const results = await stopped({ scheduler }, async (_config, trial) => {
      try {
        for (let step = 0; step < 3; step++) await trial.report({ loss: step })
      } finally {
        await trial.sleep(1)
        cleaned.push(trial.number)
      }
    })
    expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([
      ['interrupted', 2],
      ['interrupted', 2],
    ])
    expect(cleaned.sort()).toEqual([0, 1])
  })

  it('is cut short by a second stop that is not', async () => {
    const tuner = new Tuner(forEver, { paramSpace, ...LOSS })
    tuner.on('trial.report', ({ trial }) => void tuner.stop({ graceful: trial.iteration < 3 }))
    const results = await tuner.fit()
    expect(results.at(0)).toMatchObject({ state: 'interrupted', iteration: 3 })
  })
})

describe('with several objectives', () => {
  const two = { metric: ['loss', 'size'], mode: ['min', 'min'] } as const

  it('the final value is that of the last report that carries all of them', async () => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        await trial.report({ loss: 3, size: 30 })
        await trial.report({ loss: 2, size: 20 })
        await trial.report({ loss: 1 })
        await trial.report({ size: 10 })
      },
      paramSpace,
      searcher: spy.searcher,
      ...two,
    })
    expect(results.at(0)).toMatchObject({ state: 'completed', values: [2, 20] })
    expect(spy.told).toMatchObject([{ state: 'completed', values: [2, 20], step: 2 }])
  })

  it('a trial that never reports all of them together has failed', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        await trial.report({ loss: 1 })
        await trial.report({ size: 10 })
      },
      paramSpace,
      ...two,
    })
    expect(results.at(0)).toMatchObject({ state: 'failed', error: { code: 'noResult' } })
  })

  it('a trial of which one is NaN at the end has failed', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => trial.report({ loss: 1, size: NaN }),
      paramSpace,
      ...two,
    })
    expect(results.at(0)?.error).toMatchObject({ code: 'nanResult' })
    expect(results.at(0)?.error?.message).toContain('loss, size = 1, NaN')
  })
})

describe('trials that never run', () => {
  it('are told as well: those with known results, repeated ones, and those that need too much', async () => {
    const spy = spyingSearcher({
      options: { pointsToEvaluate: [{ x: 7 }], evaluatedRewards: [0.5] },
      answer: (number) => ({ kind: 'point', point: { x: number === 2 ? 7 : number } }),
    })
    const { results } = await simulate({
      trainable: async ({ x }: Config) => ({ loss: x }),
      paramSpace,
      searcher: spy.searcher,
      duplicates: 'reuse',
      resources: ({ x }) => ({ cpu: x === 3 ? 9 : 1 }),
      totalResources: { cpu: 2 },
      numSamples: 3,
      maxConcurrentTrials: 1,
      ...LOSS,
    })
    const told = spy.told.map(({ number, state }) => [number, state, results.at(number)?.source] as const)
    expect(told.sort(([a], [b]) => a - b)).toEqual([
      [0, 'completed', 'given'],
      [1, 'completed', 'suggested'],
      [2, 'completed', 'reused'],
      [3, 'failed', 'suggested'],
    ])
    expect(results.at(3)?.error?.message).toContain('needs 9 cpu, but there are 2 in all')
  })
})
