import { describe, expect, it } from 'vitest'
import { ExperimentError, randint, type Stopper, type Trainable, type Trial } from 'troupe'
import { endOf, FOREVER_MS, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

/** Fails each attempt up to this one, after one report. */
const failsUntil = (attempt: number): Trainable<Config> =>
  async function train(_config, trial) {
    await trial.sleep(10)
    await trial.report({ loss: trial.attempt })
    if (trial.attempt < attempt) throw new Error(`attempt ${trial.attempt} broke`)
  }

function explodeDeepInside(): never {
  throw new RangeError('the learning rate exploded')
}

describe('a trial that throws', () => {
  it('keeps its error with the stack, and the others go on', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        await trial.report({ loss: trial.number })
        if (trial.number === 1) explodeDeepInside()
        await trial.report({ loss: trial.number })
      },
      paramSpace,
      numSamples: 3,
      ...LOSS,
    })
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'failed', 'completed'])
    const error = results.at(1)?.error
    expect(error).toBeInstanceOf(RangeError)
    expect(error?.stack).toContain('explodeDeepInside')
    expect(results.errors).toHaveLength(1)
    expect(results.errors[0]?.cause).toBe(error)
    expect(results.endedBy).toBe('finished')
  })

  it.each([
    ['a text', 'too bad', 'too bad'],
    ['nothing', undefined, 'undefined'],
    ['an object without a prototype', Object.create(null), 'an object'],
  ])('may throw %s', async (_, thrown, text) => {
    const { results } = await simulate({
      trainable: () => {
        throw thrown
      },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'failed', error: { code: 'thrown', cause: thrown } })
    expect(results.at(0)?.error?.message).toContain(text)
  })

  it('frees its slot for the next', async () => {
    const run = await simulate({
      trainable: async (_config: Config, trial) => {
        await trial.sleep(10)
        throw new Error('no')
      },
      paramSpace,
      numSamples: 6,
      maxConcurrentTrials: 2,
      ...LOSS,
    })
    expect([...run.results].map(({ startedAt }) => startedAt)).toEqual([0, 0, 10, 10, 20, 20])
  })

  it('releases what it holds', async () => {
    const released: string[] = []
    const abandoned = { name: 'abandoned' }
    const { results } = await simulate({
      trainable: function* (_config: Config, trial: Trial) {
        try {
          yield { loss: 1 }
          throw new Error(abandoned.name)
        } finally {
          yield trial.sleep(5)
          released.push('a file')
        }
      },
      paramSpace,
      ...LOSS,
    })
    expect(released).toEqual(['a file'])
    expect(results.at(0)).toMatchObject({ state: 'failed', endedAt: 5 })
  })
})

describe('maxFailures', () => {
  it('gives a trial so many attempts more, and the last one counts', async () => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: failsUntil(3),
      paramSpace,
      searcher: spy.searcher,
      failure: { maxFailures: 2 },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({
      state: 'completed',
      status: 'terminated',
      attempt: 3,
      failures: 2,
      values: [3],
      error: undefined,
    })
    expect(spy.told).toMatchObject([{ state: 'completed', values: [3], step: 1 }])
  })

  it('lets it fail when they are used up', async () => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: failsUntil(Infinity),
      paramSpace,
      searcher: spy.searcher,
      failure: { maxFailures: 2 },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'failed', attempt: 3, failures: 3 })
    expect(results.at(0)?.error?.message).toBe('attempt 3 broke')
    expect(spy.told).toMatchObject([{ state: 'failed' }])
  })

  it('counts a trial that was too slow as one that threw', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        if (trial.attempt === 1) await trial.sleep(FOREVER_MS)
        await trial.report({ loss: 1 })
      },
      paramSpace,
      failure: { maxFailures: 1 },
      trialTimeoutMs: 50,
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'completed', attempt: 2, failures: 1, endedAt: 50 })
  })

  it('does not try again a trial that ends without a value', async () => {
    const { results } = await simulate({
      trainable: async () => ({ size: 1 }),
      failure: { maxFailures: 5 },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'noResult' } })
  })

  it('says why the last attempt failed, not why an earlier one did', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        if (trial.attempt === 1) throw new Error('attempt 1 broke')
        await trial.report({ loss: NaN })
      },
      paramSpace,
      failure: { maxFailures: 1 },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'failed', error: { code: 'nanResult' } })
  })

  it('does not rank a trial by what a lost attempt had reported', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        if (trial.attempt > 1) return
        await trial.report({ loss: 0 })
        throw new Error('lost')
      },
      paramSpace,
      failure: { maxFailures: 1 },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'failed', values: undefined, history: [] })
    expect(() => results.getBestResult()).toThrow('all 1 trials failed')
  })

  it('Infinity goes on until a stopper has enough', async () => {
    const enough: Stopper<{ reports: number }> = {
      name: 'enough',
      init: () => ({ reports: 0 }),
      onReport: (state) =>
        ++state.reports < 2000 ? undefined : { scope: 'experiment', reason: 'enough is enough' },
    }
    const run = await simulate({
      trainable: failsUntil(Infinity),
      paramSpace,
      failure: { maxFailures: Infinity },
      stop: enough,
      ...LOSS,
    })
    expect(run.results.endedBy).toBe('stopper')
    expect(run.results.at(0)).toMatchObject({ state: 'interrupted', failures: 1999, attempt: 2000 })
    expect(run.elapsedMs).toBe(20_000)
  })
})

describe('backoffMs', () => {
  it('doubles from one failure to the next, and frees the slot meanwhile', async () => {
    const starts: [number, number][] = []
    const run = await simulate({
      trainable: async (_config: Config, trial) => {
        starts.push([trial.number, trial.attempt])
        await trial.sleep(10)
        if (trial.number === 0 && trial.attempt < 4) throw new Error('again')
        await trial.report({ loss: 1 })
      },
      paramSpace,
      failure: { maxFailures: 3, backoffMs: 100 },
      maxConcurrentTrials: 1,
      numSamples: 2,
      ...LOSS,
    })
    const transitions = [...run.trace].flatMap((record) =>
      record.type === 'trial.transition' && record.trial === 0 ? [[record.at, record.to]] : [],
    )
    expect(transitions).toEqual([
      [0, 'running'],
      [10, 'retrying'],
      [110, 'pending'],
      [110, 'running'],
      [120, 'retrying'],
      [320, 'pending'],
      [320, 'running'],
      [330, 'retrying'],
      [730, 'pending'],
      [730, 'running'],
      [740, 'terminated'],
    ])
    expect(starts).toEqual([
      [0, 1],
      [1, 1],
      [0, 2],
      [0, 3],
      [0, 4],
    ])
    expect(run.results.at(1)).toMatchObject({ startedAt: 10, endedAt: 20 })
  })

  it('ends at a day, however often a trial fails', async () => {
    const run = await simulate({
      trainable: failsUntil(1200),
      paramSpace,
      failure: { maxFailures: Infinity, backoffMs: 1 },
      ...LOSS,
    })
    expect(run.results.at(0)).toMatchObject({ state: 'completed', failures: 1199 })
    expect(run.elapsedMs).toBeLessThan(1200 * 24 * 60 * 60 * 1000)
  })
})

describe('training_iteration after a failure', () => {
  const train = (checkpoints: boolean): Trainable<Config> =>
    async function run(_config, trial) {
      const from = (trial.checkpoint as number | undefined) ?? 0
      for (let step = from + 1; step <= 4; step++) {
        await trial.report({ loss: step }, checkpoints && step % 2 === 0 ? { checkpoint: step } : {})
        if (step === 3 && trial.attempt === 1) throw new Error('lost step 3')
      }
    }

  async function iterations(checkpoints: boolean) {
    const { results, trace } = await simulate({
      trainable: train(checkpoints),
      paramSpace,
      failure: { maxFailures: 1 },
      ...LOSS,
    })
    const reported = [...trace].flatMap((record) =>
      record.type === 'trial.report'
        ? [[record.attempt, record.metrics['training_iteration'], record.metrics['loss']]]
        : [],
    )
    const kept = results.at(0)?.history.map((metrics) => metrics['training_iteration'])
    return { reported, kept, checkpoint: results.at(0)?.checkpointIteration }
  }

  it('goes on from the last checkpoint', async () => {
    expect(await iterations(true)).toEqual({
      reported: [
        [1, 1, 1],
        [1, 2, 2],
        [1, 3, 3],
        [2, 3, 3],
        [2, 4, 4],
      ],
      kept: [1, 2, 3, 4],
      checkpoint: 4,
    })
  })

  it('starts again where there is none', async () => {
    expect(await iterations(false)).toEqual({
      reported: [
        [1, 1, 1],
        [1, 2, 2],
        [1, 3, 3],
        [2, 1, 1],
        [2, 2, 2],
        [2, 3, 3],
        [2, 4, 4],
      ],
      kept: [1, 2, 3, 4],
      checkpoint: undefined,
    })
  })
})

describe('failFast', () => {
  it('interrupts the others, and the error carries what was reached', async () => {
    const spy = spyingSearcher()
    const cleaned: number[] = []
    const { results, error } = await endOf(
      simulate({
        trainable: async (_config: Config, trial) => {
          try {
            await trial.sleep(10 * trial.number)
            await trial.report({ loss: trial.number })
            if (trial.number === 1) explodeDeepInside()
            if (trial.number > 1) await trial.sleep(FOREVER_MS)
          } finally {
            cleaned.push(trial.number)
          }
        },
        paramSpace,
        searcher: spy.searcher,
        failure: { failFast: true },
        numSamples: 100,
        ...LOSS,
      }),
    )
    expect(error).toBeInstanceOf(ExperimentError)
    expect(error).toMatchObject({
      code: 'failFast',
      message: 'Trial 1 failed, and failFast is set: the learning rate exploded',
      cause: expect.any(RangeError),
    })
    expect(results.endedBy).toBe('failFast')
    expect([...results].map(({ state }) => state)).toEqual([
      'completed',
      'failed',
      'interrupted',
      'interrupted',
      'interrupted',
    ])
    expect(results.getBestResult().number).toBe(0)
    expect(cleaned.sort()).toEqual([0, 1, 2, 3, 4])
    expect(spy.suggested).toEqual([0, 1, 2, 3, 4])
    expect(spy.told.map(({ number }) => number).sort()).toEqual([0, 1, 2, 3, 4])
  })

  it('waits until a trial has used up its attempts', async () => {
    const { results, error } = await endOf(
      simulate({
        trainable: failsUntil(Infinity),
        paramSpace,
        failure: { failFast: true, maxFailures: 2 },
        ...LOSS,
      }),
    )
    expect(error?.code).toBe('failFast')
    expect(results.at(0)).toMatchObject({ state: 'failed', failures: 3 })
  })
})
