import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { randint, type Trainable, type Trial, Tuner, type TunerOptions } from 'troupe'
import { inProcess } from '../../src/executors/in-process.ts'
import { endOf, FOREVER_MS, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

const forEver: Trainable<Config> = async (_config, trial) => {
  for (;;) await trial.report({ loss: 1 })
}

/** Waits for what never comes, and hears of nothing. */
const stuck: Trainable<Config> = async (_config, trial) => {
  await trial.report({ loss: 1 })
  await new Promise(() => {})
}

/** Takes no notice of having to leave. */
const stubborn: Trainable<Config> = async (_config, trial) => {
  for (;;) await trial.sleep(10).catch(() => {})
}

/** Whatever happens, it goes on to report. */
const deaf: Trainable<Config> = async (_config, trial) => {
  for (;;) await trial.report({ loss: 1 }).catch(() => {})
}

/** Cleans up for ever. */
const neverClean: Trainable<Config> = function* () {
  try {
    for (;;) yield { loss: 1 }
  } finally {
    for (;;) yield { loss: 2 }
  }
}

const neverCleanAsync: Trainable<Config> = async function* () {
  try {
    for (;;) yield { loss: 1 }
  } finally {
    for (;;) yield { loss: 2 }
  }
}

describe('in virtual time', () => {
  it('a trainable that waits for what never comes is an error that says when, soon', async () => {
    const spy = spyingSearcher()
    const started = performance.now()
    const { error, results } = await endOf(
      simulate({
        trainable: async (_config: Config, trial) => {
          await trial.sleep(250)
          await (trial.number === 1 ? new Promise(() => {}) : trial.sleep(FOREVER_MS))
        },
        paramSpace,
        searcher: spy.searcher,
        numSamples: 3,
        stallMs: 60,
        ...LOSS,
      }),
    )
    expect(error?.code).toBe('stalled')
    expect(error?.message).toContain('Virtual time stands at 250 ms')
    expect(error?.message).toContain('for 60 ms of real time')
    expect(error?.message).toContain('3 trials to report or end')
    expect(performance.now() - started).toBeLessThan(2000)
    expect([...results].map(({ state, status }) => [state, status])).toEqual([
      ['interrupted', 'paused'],
      ['interrupted', 'paused'],
      ['interrupted', 'paused'],
    ])
    expect(spy.told.map(({ state }) => state)).toEqual(['interrupted', 'interrupted', 'interrupted'])
    expect(results.endedBy).toBe('error')
  })

  it('tells code that is stuck to leave, so that it can let go of what it holds', async () => {
    let signal: AbortSignal | undefined
    let cleaned = false
    await endOf(
      simulate({
        trainable: async (_config: Config, trial) => {
          ;({ signal } = trial)
          try {
            await new Promise((_, reject) =>
              trial.signal.addEventListener('abort', () => reject(new Error('left'))),
            )
          } finally {
            cleaned = true
          }
        },
        paramSpace,
        stallMs: 30,
        ...LOSS,
      }),
    )
    expect(signal?.aborted).toBe(true)
    expect(cleaned).toBe(true)
  })

  it.each([
    ['sleeps on', stubborn],
    ['reports on', deaf],
    ['cleans up for ever', neverClean],
    ['cleans up for ever, asynchronously', neverCleanAsync],
  ])('a trainable that %s after it was told to leave is given up after stopGraceMs', async (_, trainable) => {
    const spy = spyingSearcher()
    const run = await simulate({
      trainable,
      paramSpace,
      searcher: spy.searcher,
      stepMs: 10,
      timeBudgetMs: 100,
      stopGraceMs: 300,
      ...LOSS,
    })
    expect(run.elapsedMs).toBe(400)
    expect(run.results.at(0)).toMatchObject({ state: 'interrupted', status: 'paused', endedAt: 400 })
    expect(run.results.warnings).toMatchObject([
      {
        kind: 'abandoned',
        trial: 0,
        message:
          'Trial 0 did not leave within 300 ms of being stopped. Its slot was freed, but its code may still run.',
      },
    ])
    expect(spy.told).toHaveLength(1)
  })

  it('its slot goes to the next, and what it still says is not heard', async () => {
    const run = await simulate({
      trainable: async (config: Config, trial) => {
        if (trial.number > 0) return { loss: 1 }
        for (;;) {
          await trial.sleep(10).catch(() => {})
          trial.setUserAttr('late', trial.number)
          void trial.report({ loss: -1 })
        }
      },
      paramSpace,
      trialTimeoutMs: 100,
      stopGraceMs: 50,
      numSamples: 2,
      maxConcurrentTrials: 1,
      ...LOSS,
    })
    expect(run.results.at(0)).toMatchObject({
      state: 'failed',
      error: { code: 'trialTimeout' },
      endedAt: 150,
    })
    expect(run.results.at(1)).toMatchObject({ state: 'completed', startedAt: 150, userAttrs: {} })
    expect(run.results.getBestResult().values).toEqual([1])
  })

  it('with no time to leave at all, one that leaves at once has left', async () => {
    const cleaned: number[] = []
    const { results } = await simulate({
      trainable: function* (_config: Config, trial: Trial) {
        try {
          yield trial.sleep(FOREVER_MS)
        } finally {
          cleaned.push(trial.number)
        }
      },
      paramSpace,
      timeBudgetMs: 10,
      stopGraceMs: 0,
      ...LOSS,
    })
    expect(cleaned).toEqual([0])
    expect(results.warnings).toEqual([])
  })

  it('an executor that never closes costs a warning, not the results', async () => {
    const never = () => new Promise<void>(() => {})
    const { results } = await simulate({
      trainable: ({ x }: Config) => ({ loss: x }),
      paramSpace,
      executor: (context) => ({ ...inProcess(context), close: never }),
      stallMs: 30,
      ...LOSS,
    })
    expect(results.at(0)?.state).toBe('completed')
    expect(results.warnings).toMatchObject([{ kind: 'executor' }])
  })
})

describe('in real time, a trainable that', () => {
  const cuts: readonly [string, () => TunerOptions<Config>, string, string][] = [
    ['trialTimeoutMs', () => ({ trialTimeoutMs: 20 }), 'failed', 'finished'],
    ['reportTimeoutMs', () => ({ reportTimeoutMs: 20 }), 'failed', 'finished'],
    ['timeBudgetMs', () => ({ timeBudgetMs: 20 }), 'interrupted', 'timeBudget'],
    ['signal', () => ({ signal: AbortSignal.timeout(20) }), 'interrupted', 'signal'],
    ['stop()', () => ({}), 'interrupted', 'stop'],
  ]

  it.each(cuts)('waits for what never comes is ended by %s', async (how, options, state, endedBy) => {
    const spy = spyingSearcher()
    const tuner = new Tuner(stuck, {
      paramSpace,
      searcher: spy.searcher,
      stopGraceMs: 10,
      ...LOSS,
      ...options(),
    })
    if (how === 'stop()') tuner.on('trial.report', () => void tuner.stop())
    const results = await tuner.fit()
    expect(results.at(0)?.state).toBe(state)
    expect(results.endedBy).toBe(endedBy)
    expect(results.warnings).toMatchObject([{ kind: 'abandoned', trial: 0 }])
    expect(spy.told).toHaveLength(1)
  })

  it('waits for what never comes, but listens to its signal, needs no grace', async () => {
    const tuner = new Tuner(
      async (_config: Config, trial) => {
        await trial.report({ loss: 1 })
        await new Promise((resolve) => trial.signal.addEventListener('abort', resolve))
      },
      { paramSpace, ...LOSS },
    )
    tuner.on('trial.report', () => void tuner.stop())
    const results = await tuner.fit()
    expect(results.at(0)?.state).toBe('interrupted')
    expect(results.warnings).toEqual([])
  })

  it.each([
    [
      'yields for ever, without a wait',
      function* () {
        for (;;) yield { loss: 1 }
      } as Trainable<Config>,
    ],
    [
      'yields for ever, asynchronously',
      async function* () {
        for (;;) yield { loss: 1 }
      } as Trainable<Config>,
    ],
    ['reports for ever', forEver],
    ['reports on after it was told to leave', deaf],
    ['cleans up for ever', neverClean],
    ['cleans up for ever, asynchronously', neverCleanAsync],
  ])('%s is ended by timeBudgetMs', async (_, trainable) => {
    const results = await new Tuner(trainable, {
      paramSpace,
      timeBudgetMs: 30,
      stopGraceMs: 20,
      ...LOSS,
    }).fit()
    expect(results.endedBy).toBe('timeBudget')
    expect(results.at(0)?.state).toBe('interrupted')
    expect(results.elapsedMs).toBeLessThan(2000)
  })

  it('is paused by the user is no deadlock: fit waits, and resuming lets it go on', async () => {
    const tuner = new Tuner(
      async (_config: Config, trial) => {
        for (let step = 1; step <= 3; step++) await trial.report({ loss: step })
      },
      { paramSpace, numSamples: 2, maxConcurrentTrials: 1, ...LOSS },
    )
    const paused: string[] = []
    tuner.on('trial.report', ({ trial }) => trial.iteration === 1 && tuner.pauseTrial(trial.id))
    tuner.on('trial.pause', ({ trial, reason }) => {
      expect(reason?.by).toBe('user')
      paused.push(trial.id)
      if (paused.length < 2) return
      setImmediate(() => {
        expect(tuner.getSnapshot()).toMatchObject({
          status: 'running',
          waitingFor: [`the user to resume ${paused.join(', ')}`],
          slots: { used: 0 },
        })
        for (const id of paused) tuner.resumeTrial(id)
      })
    })
    const results = await tuner.fit()
    expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([
      ['completed', 3],
      ['completed', 3],
    ])
  })

  it('is paused by the user is interrupted by stop(), wherever it waits', async () => {
    const cleaned: number[] = []
    const tuner = new Tuner(
      async (_config: Config, trial) => {
        try {
          for (let step = 1; step <= 3; step++) await trial.report({ loss: step })
        } finally {
          cleaned.push(trial.number)
        }
      },
      { paramSpace, numSamples: 2, maxConcurrentTrials: 1, ...LOSS },
    )
    // One before its start, one at its first report.
    tuner.on('trial.created', ({ trial }) => trial.number === 1 && tuner.pauseTrial(trial.id))
    tuner.on('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
    let count = 0
    tuner.on('trial.pause', () => ++count === 2 && setImmediate(() => void tuner.stop()))
    const results = await tuner.fit()
    expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([
      ['interrupted', 1],
      ['interrupted', 0],
    ])
    expect(cleaned).toEqual([0])
  })
})

it('an experiment that is stopped before it has begun ends at once', async () => {
  const tuner = new Tuner(stuck, { paramSpace, ...LOSS })
  const fitting = tuner.fit()
  await tuner.stop()
  expect(await fitting).toMatchObject({ length: 0, endedBy: 'stop' })
  const aborted = new Tuner(stuck, { paramSpace, signal: AbortSignal.abort(), ...LOSS })
  expect(await aborted.fit()).toMatchObject({ length: 0, endedBy: 'signal' })
  const { results } = await simulate({ trainable: stuck, paramSpace, signal: AbortSignal.abort(), ...LOSS })
  expect(results).toMatchObject({ length: 0, endedBy: 'signal' })
})

it('a program whose only trial is paused by the user lives on until it is resumed, and no longer', async () => {
  const program = fileURLToPath(new URL('held-program.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@troupe/source',
    '--import',
    'tsx',
    program,
  ])
  expect(JSON.parse(stdout)).toEqual({ state: 'completed', timersLeft: 0 })
})
