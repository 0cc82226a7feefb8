import { describe, expect, it } from 'vitest'
import { OptionError, randint, type Reported, type Trainable, TrialStopped } from 'troupe'
import { runPlanted } from './planted.ts'
import { FOREVER_MS, schedulerOf, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

/** One trial, what the scheduler saw of it, and what the searcher was told. */
async function outcomeOf(trainable: Trainable<Config>, pauseAt: readonly number[] = []) {
  const spy = spyingSearcher()
  const seen: number[] = []
  const scheduler = schedulerOf({
    init: () => null,
    onReport(_, { time }) {
      seen.push(time)
      return pauseAt.includes(time) ? { kind: 'pause', reason: 'takes turns' } : { kind: 'continue' }
    },
  })
  const run = await simulate({ trainable, paramSpace, searcher: spy.searcher, scheduler, ...LOSS })
  const result = run.results.at(0)
  expect(spy.told).toHaveLength(1)
  return {
    run,
    seen,
    state: result?.state,
    values: result?.values,
    error: result?.error,
    losses: result?.history.map((metrics) => metrics['loss']),
    iterations: result?.history.map((metrics) => metrics['training_iteration']),
    told: spy.told[0],
  }
}

describe('a report', () => {
  it('of NaN is recorded, and fails the trial only when it is the last word', async () => {
    const midway = await outcomeOf(async (_config, trial) => {
      await trial.report({ loss: NaN })
      await trial.report({ loss: 1 })
    })
    expect(midway).toMatchObject({ state: 'completed', values: [1], losses: [NaN, 1], seen: [1, 2] })
    const atLast = await outcomeOf(async (_config, trial) => trial.report({ loss: NaN }))
    expect(atLast).toMatchObject({ state: 'failed', values: [NaN], error: { code: 'nanResult' } })
  })

  it('without the metric is recorded, does not reach the scheduler, and the trial goes on', async () => {
    const { seen, state, values, iterations } = await outcomeOf(async (_config, trial) => {
      await trial.report({ loss: 2 })
      await trial.report({ size: 7 })
      await trial.report({})
      await trial.report({ loss: 1 })
      await trial.report({ size: 8 })
    })
    expect({ seen, state, values, iterations }).toEqual({
      seen: [1, 4],
      state: 'completed',
      values: [1],
      iterations: [1, 2, 3, 4, 5],
    })
  })

  it.each([
    ['a text', '0.5'],
    ['null', null],
    ['a truth value', true],
    ['a list', [0.5]],
  ])('of %s in place of the number counts as one without the metric', async (_, loss) => {
    const { seen, state, error, losses } = await outcomeOf(async (_config, trial) => trial.report({ loss }))
    expect({ seen, state, losses }).toEqual({ seen: [], state: 'failed', losses: [loss] })
    expect(error).toMatchObject({ code: 'noResult' })
  })

  it.each([
    [
      'a circular value',
      () => {
        const metrics: Record<string, unknown> = { loss: 1 }
        metrics['self'] = metrics
        return metrics
      },
      'refers back',
    ],
    ['a function', () => ({ loss: () => 1 }), 'loss is'],
    ['a bigint', () => ({ loss: 1n }), 'loss is 1n'],
    ['an instance of a class', () => ({ loss: 1, at: new Date(0) }), 'at is a Date'],
    ['no object', () => 7 as never, 'an object of metrics'],
  ])(
    'of %s is refused where it is made, and fails the trial unless that is caught',
    async (_, make, message) => {
      const uncaught = await outcomeOf(async (_config, trial) => trial.report(make()))
      expect(uncaught).toMatchObject({ state: 'failed', losses: [], error: expect.any(OptionError) })
      expect(uncaught.error?.message).toContain(message)
      const caught = await outcomeOf(async (_config, trial) => {
        await trial.report(make()).catch(() => {})
        await trial.report({ loss: 1 })
      })
      expect(caught).toMatchObject({ state: 'completed', values: [1], iterations: [1] })
      const unheard = await outcomeOf(async (_config, trial) => {
        void trial.report(make())
        await trial.report({ loss: 1 })
      })
      expect(unheard).toMatchObject({ state: 'failed', error: expect.any(OptionError) })
      const yielded = await outcomeOf(function* () {
        yield make()
      })
      expect(yielded).toMatchObject({ state: 'failed', error: expect.any(OptionError) })
    },
  )

  it('after the end is refused, and changes nothing', async () => {
    let late: Reported | undefined
    let caught: unknown
    const { run } = await outcomeOf(async (_config, trial) => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => Promise.resolve())
        .then(() => {
          late = trial.report({ loss: -1 })
          late.catch((error: unknown) => (caught = error))
        })
      return { loss: 1 }
    })
    await new Promise((resolve) => void setImmediate(resolve))
    expect(late).toBeDefined()
    expect(caught).toBeInstanceOf(TrialStopped)
    expect(run.results.at(0)).toMatchObject({ state: 'completed', values: [1], iteration: 1 })
  })
})

describe('reports that nobody awaits', () => {
  it('arrive all the same, in order', async () => {
    const { state, losses, seen } = await outcomeOf((_config, trial) => {
      for (let loss = 1; loss <= 5; loss++) void trial.report({ loss })
    })
    expect({ state, losses, seen }).toEqual({
      state: 'completed',
      losses: [1, 2, 3, 4, 5],
      seen: [1, 2, 3, 4, 5],
    })
  })

  it('arrive also when the trial is paused between them, and it ends when it may go on', async () => {
    const { state, losses, run } = await outcomeOf(
      async (_config, trial) => {
        for (let loss = 1; loss <= 5; loss++) void trial.report({ loss })
        await trial.sleep(10)
        void trial.report({ loss: 6 })
      },
      [2, 4],
    )
    expect({ state, losses }).toEqual({ state: 'completed', losses: [1, 2, 3, 4, 5, 6] })
    const transitions = [...run.trace].flatMap((record) =>
      record.type === 'trial.transition' ? [record.to] : [],
    )
    expect(transitions).toEqual(['running', 'paused', 'running', 'paused', 'running', 'terminated'])
  })

  it('are let go when the trial is stopped, without a word', async () => {
    const spy = spyingSearcher()
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        for (let loss = 1; loss <= 5; loss++) void trial.report({ loss })
        await trial.sleep(FOREVER_MS)
      },
      paramSpace,
      searcher: spy.searcher,
      stop: { training_iteration: 3 },
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'completed', values: [3], iteration: 3 })
    expect(spy.told).toMatchObject([{ values: [3], step: 3 }])
  })

  it('do not save a trial that throws: what arrived is kept, the next attempt counts anew', async () => {
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        for (let loss = 1; loss <= 3; loss++) void trial.report({ loss: loss * trial.attempt })
        if (trial.attempt === 1) throw new Error('no')
      },
      paramSpace,
      failure: { maxFailures: 1 },
      scheduler: schedulerOf({
        init: () => ({ count: 0 }),
        onReport: (state) =>
          ++state.count === 2 ? { kind: 'pause', reason: 'takes turns' } : { kind: 'continue' },
      }),
      maxConcurrentTrials: 1,
      numSamples: 2,
      ...LOSS,
    })
    expect(
      [...results].map(({ state, values, iteration, attempt }) => ({ state, values, iteration, attempt })),
    ).toEqual([
      { state: 'completed', values: [6], iteration: 3, attempt: 2 },
      { state: 'completed', values: [6], iteration: 3, attempt: 2 },
    ])
  })

  it('of a trial that throws while it is paused let it wait for its next attempt, not for a choice', async () => {
    const after = await runPlanted({
      trainable: async (_config: Config, trial) => {
        if (trial.number === 0 && trial.attempt === 1) {
          void trial.report({ loss: 1 })
          await trial.sleep(5)
          throw new Error('no')
        }
        await trial.sleep(20)
        await trial.report({ loss: 2 })
      },
      paramSpace,
      scheduler: schedulerOf({
        init: () => ({ ended: 0 }),
        onReport: (_, { trial, values }) =>
          trial === 0 && values[0] === 1 ? { kind: 'pause', reason: 'waits' } : { kind: 'continue' },
        onEnd: (state) => void state.ended++,
        choose: (state, { candidates }) =>
          candidates.find(({ status }) => status === 'pending')?.trial ??
          (state.ended > 0 ? candidates[0]?.trial : undefined),
      }),
      failure: { maxFailures: 1, backoffMs: 100 },
      maxConcurrentTrials: 1,
      numSamples: 3,
      ...LOSS,
    })
    const life = after.experiment.records[0]?.life.stays().map(({ status, from }) => [status, from])
    expect(life).toEqual([
      ['pending', 0],
      ['running', 0],
      ['paused', 0],
      ['retrying', 5],
      ['pending', 105],
      ['running', 105],
      ['terminated', 125],
    ])
    expect(after.states).toEqual(['completed', 'completed', 'completed'])
    expect(after.experiment.records.map(({ startedAt }) => startedAt)).toEqual([0, 0, 20])
  })

  it('are not held against the trial while its scheduler takes time to decide', async () => {
    let calls = 0
    const { results } = await simulate({
      trainable: async (_config: Config, trial) => {
        void trial.report({ loss: 2 })
        void trial.report({ loss: 1 })
      },
      paramSpace,
      scheduler: schedulerOf({
        init: () => null,
        onReport() {
          calls++
          if (calls === 1 || calls === 3) throw new Error('once more')
          return { kind: 'continue' }
        },
      }),
      reportTimeoutMs: 50,
      ...LOSS,
    })
    expect(results.at(0)).toMatchObject({ state: 'completed', values: [1], endedAt: 300 })
  })

  it('never become an unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    await outcomeOf(async (_config, trial) => {
      void trial.report({ loss: 1n })
      void trial.report({ loss: 1 })
      void trial.sleep(FOREVER_MS)
    })
    await new Promise((resolve) => void setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
