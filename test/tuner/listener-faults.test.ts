import { describe, expect, it } from 'vitest'
import {
  OptionError,
  randint,
  type Reporter,
  type Results,
  Tuner,
  type TunerOptions,
  type Warning,
} from 'troupe'
import { EVENT_NAMES } from '../../src/core/events.ts'
import { simulate } from 'troupe/testing'
import { endOf, spyingSearcher } from '../runtime/stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }

// Those that the scene below brings about.
const EVENTS = EVENT_NAMES.filter((name) => name !== 'experiment.warning' && name !== 'trial.exploit')

function broken(): never {
  throw new TypeError('a fault of the watcher')
}

async function brokenLater(): Promise<void> {
  await Promise.resolve()
  broken()
}

/** Two trials that complete, one that fails. */
async function watched(
  options: Partial<TunerOptions<Config>>,
  watch: (tuner: Tuner<Config>) => void = () => {},
): Promise<{ results: Results<Config>; warnings: readonly Warning[]; cleaned: readonly number[] }> {
  const cleaned: number[] = []
  const warnings: Warning[] = []
  const tuner = new Tuner(
    async (_config: Config, trial) => {
      try {
        trial.logger.info('hello')
        await trial.report({ loss: trial.number })
        if (trial.number === 1) throw new Error('trial 1 broke')
        await trial.report({ loss: trial.number })
      } finally {
        cleaned.push(trial.number)
      }
    },
    {
      paramSpace,
      metric: 'loss',
      mode: 'min',
      numSamples: 3,
      seed: 1,
      searcher: spyingSearcher().searcher,
      failure: { maxFailures: 0 },
      ...options,
    },
  )
  tuner.on('experiment.warning', (warning) => void warnings.push(warning))
  watch(tuner)
  const results = await tuner.fit()
  // What a promise rejects with comes a turn later.
  await new Promise((resolve) => void setImmediate(resolve))
  expect([...results].map(({ state }) => state)).toEqual(['completed', 'failed', 'completed'])
  expect(results.endedBy).toBe('finished')
  expect(cleaned.sort()).toEqual([0, 1, 2])
  expect(tuner.getSnapshot().slots.used).toBe(0)
  return { results, warnings, cleaned }
}

const kinds = (warnings: readonly Warning[]): string[] => [...new Set(warnings.map(({ kind }) => kind))]

describe('an event listener that', () => {
  it('throws on every event harms nobody, and becomes a warning', async () => {
    const { results, warnings } = await watched({}, (tuner) =>
      EVENTS.forEach((name) => tuner.on(name, broken)),
    )
    expect(kinds(warnings)).toEqual(['listener'])
    expect(warnings[0]).toMatchObject({
      kind: 'listener',
      message: 'A listener of experiment.start threw: a fault of the watcher',
      cause: expect.any(TypeError),
    })
    expect(results.warnings.length).toBeGreaterThan(10)
  })

  it('rejects on every event harms nobody either', async () => {
    const { warnings } = await watched({}, (tuner) => {
      for (const name of EVENTS) {
        tuner.on(name, brokenLater)
        tuner.once(name, async () => brokenLater())
      }
    })
    expect(kinds(warnings)).toEqual(['listener'])
  })

  it('throws what has no text harms nobody either', async () => {
    const { warnings } = await watched({}, (tuner) =>
      tuner.on('trial.report', () => {
        throw Object.create(null)
      }),
    )
    expect(warnings[0]?.message).toContain('an object')
  })

  it('throws does not keep the others from hearing', async () => {
    const heard: number[] = []
    await watched({}, (tuner) => {
      tuner.on('trial.complete', broken)
      tuner.on('trial.complete', ({ trial }) => void heard.push(trial.number))
    })
    expect(heard.sort()).toEqual([0, 2])
  })

  it('throws at a warning is not told of itself for ever', async () => {
    const { warnings } = await watched({}, (tuner) => {
      tuner.on('experiment.warning', broken)
      tuner.on('trial.start', broken)
    })
    expect(warnings).toHaveLength(3)
  })
})

it('a callback that throws harms nobody', async () => {
  const { warnings } = await watched({
    callbacks: [Object.fromEntries(EVENTS.map((name) => [name, broken]))],
  })
  expect(kinds(warnings)).toEqual(['callback'])
})

it('a subscriber that throws, or rejects, harms nobody', async () => {
  const { warnings } = await watched({}, (tuner) => {
    tuner.subscribe(broken)
    tuner.subscribe(brokenLater)
  })
  expect(kinds(warnings)).toEqual(['subscriber'])
  expect(warnings[0]?.message).toBe('A subscriber threw: a fault of the watcher')
})

it('an inspector that throws, or rejects, on every event harms nobody', async () => {
  const { warnings } = await watched({ inspect: broken }, (tuner) => {
    tuner.inspect(broken)
    tuner.inspect({ next: brokenLater, error: broken, complete: broken })
  })
  expect(kinds(warnings)).toEqual(['inspector'])
})

describe('a reporter that', () => {
  const quiet: Reporter = { start() {}, update() {}, end() {} }

  it.each(['start', 'update', 'end'] as const)('throws in %s harms nobody', async (method) => {
    const { warnings } = await watched({ reporter: { ...quiet, [method]: broken } })
    expect(kinds(warnings)).toEqual(['reporter'])
    expect(warnings[0]?.message).toBe('The reporter threw: a fault of the watcher')
  })

  it.each(['start', 'update', 'end'] as const)('rejects in %s harms nobody', async (method) => {
    const { warnings } = await watched({ reporter: { ...quiet, [method]: brokenLater } })
    expect(kinds(warnings)).toEqual(['reporter'])
  })

  it('throws in a listener of its own harms nobody', async () => {
    const { warnings } = await watched({ reporter: { ...quiet, on: { 'trial.start': broken } } })
    expect(kinds(warnings)).toEqual(['reporter'])
  })
})

describe('a user’s function that throws, where', () => {
  const base = {
    trainable: ({ x }: Config) => ({ loss: x }),
    paramSpace,
    metric: 'loss',
    mode: 'min',
  } as const

  it('it is where, ends the experiment with what was thrown', async () => {
    const spy = spyingSearcher()
    const { error, results } = await endOf(
      simulate({
        ...base,
        searcher: spy.searcher,
        where: ({ x }) => (x === 2 ? broken() : true),
        numSamples: 5,
        maxConcurrentTrials: 1,
      }),
    )
    expect(error).toMatchObject({ code: 'searcher', cause: { code: 'where', cause: expect.any(TypeError) } })
    expect(error?.message).toBe('where threw at the configuration of trial 2: a fault of the watcher')
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
  })

  it('it is where, and gives no truth value, ends the experiment', async () => {
    const { error } = await endOf(simulate({ ...base, where: (() => undefined) as never }))
    expect(error).toMatchObject({ code: 'searcher', cause: expect.any(OptionError) })
  })

  it.each([
    ['throws', broken, 'a fault of the watcher'],
    ['gives nothing', () => undefined as never, 'resources'],
    ['gives a negative amount', () => ({ cpu: -1 }), 'resources'],
    ['gives NaN', () => ({ cpu: NaN }), 'resources'],
  ])('it is resources, and %s, fails that trial', async (_, resources, message) => {
    const spy = spyingSearcher()
    const { results, error } = await endOf(
      simulate({
        ...base,
        searcher: spy.searcher,
        resources: ({ x }) => (x === 1 ? resources() : { cpu: 1 }),
        numSamples: 3,
      }),
    )
    expect(error).toBeUndefined()
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'failed', 'completed'])
    expect(results.at(1)?.error?.message).toContain(message)
    expect(spy.told.map(({ number }) => number).sort()).toEqual([0, 1, 2])
  })

  it.each([
    ['throws', broken, 'a fault of the watcher'],
    ['gives NaN', () => NaN, 'stepMs must give milliseconds from 0'],
  ])('it is stepMs, and %s, fails that trial', async (_, stepMs, message) => {
    const { results } = await simulate({
      ...base,
      numSamples: 2,
      stepMs: ({ number }) => (number === 1 ? stepMs() : 5),
    })
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'failed'])
    expect(results.at(1)?.error?.message).toContain(message)
  })

  it('it makes the executor, throws from where it was given', () => {
    expect(() => new Tuner(base.trainable, { paramSpace, executor: broken })).toThrow(TypeError)
    expect(() => new Tuner(base.trainable, { paramSpace, executor: () => ({}) as never })).toThrow(
      OptionError,
    )
  })
})
