import { describe, expect, it } from 'vitest'
import {
  asha,
  fifo,
  OptionError,
  randint,
  randomSearch,
  type Scheduler,
  type Searcher,
  SpaceError,
  type Stopper,
  type Suggestion,
  type Trainable,
  Tuner,
} from 'troupe'
import type { SimulateOptions, Trace } from 'troupe/testing'
import { runPlanted } from './planted.ts'
import { endOf, FOREVER_MS, schedulerOf, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

const train: Trainable<Config> = async ({ x }, trial) => {
  for (let step = 1; step <= 4; step++) {
    await trial.sleep(10)
    await trial.report({ loss: (x % 97) / step })
  }
}

const base = { trainable: train, paramSpace, numSamples: 12, maxConcurrentTrials: 3, ...LOSS } as const

/** Throws at these calls, counted over all restarts: what a bug that comes and goes looks like. */
class Tripwire {
  calls = 0
  readonly #at: ReadonlySet<number>
  constructor(...at: readonly number[]) {
    this.#at = new Set(at)
  }
  pass(what: string): void {
    if (this.#at.has(++this.calls)) throw new Error(`${what} tripped at call ${this.calls}`)
  }
}

const always = {
  pass: (what: string): never => {
    throw new Error(`${what} is broken`)
  },
}

type Trips = { pass(what: string): void }
type SearchCall = 'suggest' | 'tell' | 'observe' | 'save'

/** The searcher, in which one of its calls may throw. */
function tripping(searcher: Searcher, call: SearchCall, trips: Trips): Searcher {
  return {
    ...searcher,
    name: 'tripping',
    start(context) {
      const search = searcher.start(context)
      const tripped = { ...search }
      const original = search[call] as ((...args: unknown[]) => unknown) | undefined
      return {
        ...tripped,
        [call]: (...args: unknown[]) => {
          trips.pass(call)
          return original?.(...args)
        },
      }
    },
  }
}

/** A searcher whose proposals depend on all that it was told, so that a wrong history shows. */
const learning: Searcher = {
  name: 'learning',
  start({ random }) {
    const heard: number[] = []
    return {
      suggest({ number, running }) {
        const sum = heard.reduce((total, value) => total + value, 0)
        const x = Math.floor(random.fork(number).next() * 1000) + Math.floor(sum) + running.length
        return { kind: 'point', point: { x } }
      },
      tell: ({ values, number }) => void heard.push((values?.[0] ?? 0) + number),
      observe: ({ values }) => void heard.push(values[0] ?? 0),
    }
  },
}

/** The same with `save`, as plain data. */
const saving: Searcher = {
  ...learning,
  name: 'saving',
  start(context) {
    const heard = (context.saved as number[] | undefined) ?? []
    return {
      suggest: ({ number }) => ({
        kind: 'point',
        point: {
          x: Math.floor(
            context.random.fork(number).next() * 1000 + heard.reduce((sum, value) => sum + value, 0),
          ),
        },
      }),
      tell: ({ values, number }) => void heard.push((values?.[0] ?? 0) + number),
      save: () => heard,
    }
  },
}

/** The trace as if nobody had been restarted: a restart takes time, but changes nothing that anybody decides. */
function untimed(trace: Trace): unknown[] {
  const records: unknown[] = []
  for (const { at: _, ...record } of trace) {
    if (record.type === 'policy.restarted') continue
    const { time_total_s: __, ...metrics } = record.type === 'trial.report' ? record.metrics : {}
    records.push(record.type === 'trial.report' ? { ...record, metrics } : record)
  }
  return records
}

const restarts = (trace: Trace) => [...trace].filter(({ type }) => type === 'policy.restarted')

describe('a searcher that throws', () => {
  it.each([
    ['suggest', learning],
    ['tell', learning],
    ['observe', learning],
    ['suggest', saving],
    ['tell', saving],
    ['suggest', randomSearch()],
  ] as const)(
    'in %s is started again from its history, and proposes what it would have',
    async (call, searcher) => {
      // One trial at a time, so that the pause before a restart cannot change whose turn it is.
      const options = { ...base, maxConcurrentTrials: 1 }
      const calm = await simulate({ ...options, searcher: { ...searcher, name: 'tripping' } })
      for (const at of [1, 5, 12]) {
        const run = await simulate({ ...options, searcher: tripping(searcher, call, new Tripwire(at)) })
        expect(untimed(run.trace)).toEqual(untimed(calm.trace))
        expect(restarts(run.trace)).toEqual([
          {
            at: expect.any(Number),
            type: 'policy.restarted',
            policy: 'searcher',
            error: `${call} tripped at call ${at}`,
          },
        ])
        expect(run.results.warnings).toMatchObject([{ kind: 'policyRestarted' }])
      }
    },
  )

  it('goes on from what it saved, however long its history is', async () => {
    const options = {
      ...base,
      trainable: async ({ x }: Config) => ({ loss: x % 7 }),
      numSamples: 200,
      maxConcurrentTrials: 1,
    }
    const calm = await simulate({ ...options, searcher: { ...saving, name: 'tripping' } })
    const run = await simulate({
      ...options,
      searcher: tripping(saving, 'suggest', new Tripwire(150, 151, 165)),
    })
    expect(untimed(run.trace)).toEqual(untimed(calm.trace))
    // Two of the three restarts threw as well, while they did the calls again.
    expect(restarts(run.trace)).toHaveLength(1)
  })

  it('in save is built again by doing all calls again', async () => {
    const options = {
      ...base,
      trainable: async ({ x }: Config) => ({ loss: x % 7 }),
      numSamples: 100,
      maxConcurrentTrials: 1,
    }
    const calm = await simulate({ ...options, searcher: { ...saving, name: 'tripping' } })
    const broken = tripping(tripping(saving, 'save', always), 'suggest', new Tripwire(90))
    const run = await simulate({ ...options, searcher: broken })
    expect(untimed(run.trace)).toEqual(untimed(calm.trace))
  })

  it('waits 100, 200 and 400 ms before it starts again', async () => {
    const { trace } = await simulate({
      ...base,
      numSamples: 1,
      searcher: tripping(learning, 'suggest', new Tripwire(1, 2, 3)),
    })
    expect(restarts(trace).map(({ at }) => at)).toEqual([100, 300, 700])
  })

  it('at the last result of all is told it after all', async () => {
    const spy = spyingSearcher()
    const { trace } = await simulate({
      ...base,
      numSamples: 2,
      searcher: tripping(spy.searcher, 'tell', new Tripwire(2)),
    })
    // The first was told, and told again by the restart.
    expect(spy.told.map(({ number }) => number)).toEqual([0, 0, 1])
    expect(restarts(trace)).toHaveLength(1)
  })

  it('more than three times in a minute ends the experiment, with what was reached', async () => {
    const working = spyingSearcher()
    const { results, error } = await endOf(
      simulate({
        ...base,
        maxConcurrentTrials: 2,
        searcher: tripping(working.searcher, 'suggest', new Tripwire(4, 5, 6, 7)),
      }),
    )
    expect(error).toMatchObject({
      code: 'searcher',
      message:
        'The searcher tripping threw, was started again 3 times, and threw again: suggest tripped at call 7',
    })
    expect(error?.cause).toMatchObject({ message: 'suggest tripped at call 7' })
    expect(results).toHaveLength(3)
    expect(results.getBestResult().values).toEqual([0])
    expect(results.endedBy).toBe('error')
  })

  it('now and then over hours is started again each time', async () => {
    const tripped = new Set<number>()
    const spy = spyingSearcher({
      answer(number) {
        if (number % 2 === 0 && !tripped.has(number)) {
          tripped.add(number)
          throw new Error(`tripped at trial ${number}`)
        }
        return { kind: 'point', point: { x: number } }
      },
    })
    const run = await simulate({
      ...base,
      trainable: async ({ x }: Config, trial) => {
        await trial.sleep(60_000)
        return { loss: x }
      },
      maxConcurrentTrials: 1,
      searcher: spy.searcher,
    })
    expect(restarts(run.trace)).toHaveLength(6)
    expect(run.results).toHaveLength(12)
  })

  it.each([
    ['an OptionError', () => new OptionError('searcher.x', 'x cannot be used.')],
    ['a SpaceError', () => new SpaceError('x', 'x is not there.')],
  ])('%s is not started again: it would only throw again', async (_, make) => {
    const error = make()
    const broken: Searcher = {
      name: 'broken',
      start: () => ({
        suggest: () => {
          throw error
        },
        tell: () => {},
      }),
    }
    const ended = await endOf(simulate({ ...base, searcher: broken }))
    expect(ended.error).toMatchObject({
      code: 'searcher',
      cause: error,
      message: `The searcher broken threw: ${error.message}`,
    })
    expect(ended.results).toHaveLength(0)
    expect(ended.results.elapsedMs).toBe(0)
  })

  it('and proposes something else when it is started again ends the experiment: it is not repeatable', async () => {
    let starts = 0
    const forgetful: Searcher = {
      name: 'forgetful',
      start() {
        const start = ++starts
        return {
          suggest({ number }) {
            if (number === 2 && start === 1) throw new Error('once')
            return { kind: 'point', point: { x: number + start } }
          },
          tell: () => {},
        }
      },
    }
    const { error } = await endOf(simulate({ ...base, searcher: forgetful }))
    expect(error).toMatchObject({ code: 'searcher', cause: { code: 'divergence' } })
    expect(error?.message).toContain('proposed another configuration for trial 0 than before')
  })

  it('in start throws from where it was given', async () => {
    const broken: Searcher = {
      name: 'broken',
      start() {
        throw new RangeError('no such file')
      },
    }
    expect(() => new Tuner(train, { paramSpace, searcher: broken, ...LOSS })).toThrow(RangeError)
    await expect(simulate({ ...base, searcher: broken })).rejects.toThrow('no such file')
  })
})

describe('a searcher that answers', () => {
  const rubbish: readonly [string, unknown, string][] = [
    ['nothing', undefined, 'answered trial 0 with undefined'],
    ['a point without its kind', { x: 1 }, 'answered trial 0 with an object with the keys x'],
    ['a point that is none', { kind: 'point', point: 7 }, 'answered trial 0 with'],
    ['what is not in the space', { kind: 'point', point: { x: -1 } }, 'what is not in the space'],
    ['an unknown parameter', { kind: 'point', point: { y: 1 } }, 'y'],
  ]
  it.each(rubbish)('%s ends the experiment, saying so', async (_, answer, message) => {
    const { error, results } = await endOf(
      simulate({ ...base, searcher: spyingSearcher({ answer: () => answer as Suggestion }).searcher }),
    )
    expect(error?.code).toBe('searcher')
    expect(error?.message).toContain(message)
    expect(results).toHaveLength(0)
  })

  it('by promise is waited for, while virtual time stands still', async () => {
    const thinking = (searcher: Searcher): Searcher => ({
      ...searcher,
      name: 'thinking',
      start(context) {
        const search = searcher.start(context)
        return {
          async suggest(ask) {
            await new Promise((resolve) => void setImmediate(resolve))
            return search.suggest(ask)
          },
          async tell(trial) {
            await new Promise((resolve) => void setImmediate(resolve))
            await search.tell(trial)
          },
        }
      },
    })
    const silent: Searcher = {
      ...learning,
      start: (context) => ({ ...learning.start(context), observe: undefined as never }),
    }
    const calm = await simulate({ ...base, searcher: { ...silent, name: 'thinking' } })
    const run = await simulate({ ...base, searcher: thinking(silent) })
    const again = await simulate({ ...base, searcher: thinking(silent) })
    expect(run.elapsedMs).toBe(calm.elapsedMs)
    expect(again.hash).toBe(run.hash)
    expect(run.results).toHaveLength(12)
    expect([...run.results].every(({ state }) => state === 'completed')).toBe(true)
  })

  it('by promise is told of every trial, the last one too', async () => {
    const spy = spyingSearcher()
    const slow: Searcher = {
      ...spy.searcher,
      start(context) {
        const search = spy.searcher.start(context)
        return {
          suggest: (ask) => search.suggest(ask),
          async tell(trial) {
            for (let i = 0; i < 5; i++) await new Promise((resolve) => void setImmediate(resolve))
            await search.tell(trial)
          },
        }
      },
    }
    await simulate({ ...base, searcher: slow })
    expect(spy.told).toHaveLength(12)
    await new Tuner(async ({ x }) => ({ loss: x }), {
      paramSpace,
      searcher: slow,
      numSamples: 3,
      ...LOSS,
    }).fit()
    expect(spy.told).toHaveLength(15)
  })

  it('by a promise that rejects has thrown, and is started again', async () => {
    const trips = new Tripwire(3)
    const rejecting: Searcher = {
      name: 'rejecting',
      start(context) {
        const search = learning.start(context)
        return {
          async suggest(ask) {
            await new Promise((resolve) => void setImmediate(resolve))
            trips.pass('suggest')
            return search.suggest(ask)
          },
          tell: (trial) => search.tell(trial),
        }
      },
    }
    const options = { ...base, maxConcurrentTrials: 1 }
    const run = await simulate({ ...options, searcher: rejecting })
    const calm = await simulate({ ...options, searcher: { ...rejecting } })
    expect(restarts(run.trace)).toHaveLength(1)
    expect(untimed(run.trace)).toEqual(untimed(calm.trace))
  })

  it('by a promise that always rejects ends the experiment', async () => {
    const rejecting: Searcher = {
      name: 'rejecting',
      start: () => ({ suggest: () => Promise.reject(new Error('no worker')), tell: () => {} }),
    }
    const { error } = await endOf(simulate({ ...base, searcher: rejecting }))
    expect(error).toMatchObject({ code: 'searcher', cause: { message: 'no worker' } })
  })

  it('by a promise that never comes stalls a simulation, which says at which time', async () => {
    const never: Searcher = {
      name: 'never',
      start: () => ({
        suggest: ({ number }) =>
          number < 2 ? { kind: 'point', point: { x: number } } : new Promise(() => {}),
        tell: () => {},
      }),
    }
    const { error, results } = await endOf(
      simulate({ ...base, maxConcurrentTrials: 1, searcher: never, stallMs: 50 }),
    )
    expect(error?.code).toBe('stalled')
    expect(error?.message).toContain('Virtual time stands at 80 ms')
    expect(error?.message).toContain('the searcher never to propose a configuration')
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
  })

  it('by a promise that never comes lets a real experiment be stopped', async () => {
    const never: Searcher = {
      name: 'never',
      start: () => ({ suggest: () => new Promise(() => {}), tell: () => {} }),
    }
    const tuner = new Tuner(train, { paramSpace, searcher: never, stopGraceMs: 5, ...LOSS })
    const fitting = tuner.fit()
    tuner.on('experiment.start', () => setImmediate(() => void tuner.stop()))
    const results = await fitting
    expect(results).toHaveLength(0)
    expect(results.endedBy).toBe('stop')
    expect(results.warnings).toMatchObject([{ kind: 'abandoned' }])
    expect(tuner.getSnapshot().status).toBe('done')
  })

  it('by a promise that comes when the end is on its way is told what became of its proposal', async () => {
    const spy = spyingSearcher()
    const stopping: { tuner?: Tuner<Config> } = {}
    const slow: Searcher = {
      ...spy.searcher,
      start(context) {
        const search = spy.searcher.start(context)
        return {
          async suggest(ask) {
            void stopping.tuner?.stop()
            await new Promise((resolve) => void setImmediate(resolve))
            return search.suggest(ask)
          },
          tell: (trial) => search.tell(trial),
        }
      },
    }
    const tuner = (stopping.tuner = new Tuner(train, { paramSpace, searcher: slow, numSamples: 3, ...LOSS }))
    const results = await tuner.fit()
    expect([...results].map(({ state, status, startedAt }) => ({ state, status, startedAt }))).toEqual([
      { state: 'interrupted', status: 'paused', startedAt: undefined },
    ])
    expect(spy.suggested).toEqual([0])
    expect(spy.told).toMatchObject([{ number: 0, state: 'interrupted', values: undefined }])
  })

  it('by a promise lets trials that wait go on meanwhile', async () => {
    let answer: (suggestion: Suggestion) => void = () => {}
    const thinking: Searcher = {
      name: 'thinking',
      start: () => ({
        suggest: ({ number }) =>
          number === 0 ? { kind: 'point', point: { x: 0 } } : new Promise((resolve) => (answer = resolve)),
        tell: () => {},
      }),
    }
    const tuner = new Tuner(
      async (_config: Config, trial) => {
        for (let step = 1; step <= 4; step++) await trial.report({ loss: step })
      },
      {
        paramSpace,
        searcher: thinking,
        numSamples: 2,
        maxConcurrentTrials: 2,
        scheduler: schedulerOf({
          init: () => null,
          onReport: () => ({ kind: 'pause', reason: 'takes turns' }),
        }),
        ...LOSS,
      },
    )
    tuner.on('trial.complete', () => answer({ kind: 'finished' }))
    const results = await tuner.fit()
    expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([['completed', 4]])
  })

  it("'wait' while trials run is asked again when one has ended", async () => {
    const spy = spyingSearcher({
      answer: (number) =>
        number > spy.told.length ? { kind: 'wait' } : { kind: 'point', point: { x: number } },
    })
    const { results } = await simulate({ ...base, searcher: spy.searcher })
    expect(results).toHaveLength(12)
    expect(Math.max(...[...results].map(({ startedAt }) => startedAt ?? 0))).toBe(11 * 40)
  })

  it("'wait' when nothing is under way is a deadlock, which says who waits for whom", async () => {
    const spy = spyingSearcher({
      answer: (number) => (number > 1 ? { kind: 'wait' } : { kind: 'point', point: { x: number } }),
    })
    const { error, results } = await endOf(simulate({ ...base, searcher: spy.searcher }))
    expect(error).toMatchObject({ code: 'deadlock', cause: undefined })
    expect(error?.message).toBe(
      "After 40 ms the searcher spying waits for a result, but no trial is under way. A searcher that has nothing more to propose must answer 'finished'.",
    )
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed'])
  })

  it("'finished' ends the experiment when its trials have", async () => {
    const spy = spyingSearcher({
      answer: (number) => (number > 1 ? { kind: 'finished' } : { kind: 'point', point: { x: number } }),
    })
    const { results } = await simulate({ ...base, numSamples: Infinity, searcher: spy.searcher })
    expect(results).toHaveLength(2)
    expect(results.endedBy).toBe('finished')
  })
})

describe('a scheduler that throws', () => {
  type Call = 'onReport' | 'onAdd' | 'onEnd' | 'choose'

  function trippingScheduler(scheduler: Scheduler<never>, call: Call, trips: Trips): Scheduler {
    const original = scheduler[call] as ((...args: unknown[]) => unknown) | undefined
    return {
      ...scheduler,
      [call]: (...args: unknown[]) => {
        // Halfway, so that a state that was half written would show.
        const answer = original?.(...args)
        trips.pass(call)
        return (
          answer ??
          (call === 'choose'
            ? (args[1] as { candidates: { trial: number }[] }).candidates[0]?.trial
            : undefined)
        )
      },
    }
  }

  const halving = () => asha({ maxT: 4, gracePeriod: 1, reductionFactor: 2 }) as Scheduler<never>

  it.each(['onReport', 'onAdd', 'onEnd', 'choose'] as const)(
    'in %s is started again from its history, and decides what it would have',
    async (call) => {
      const options = { ...base, maxConcurrentTrials: 1 }
      const calm = await simulate({
        ...options,
        scheduler: trippingScheduler(halving(), call, new Tripwire()),
      })
      expect([...calm.results].some(({ state }) => state === 'pruned')).toBe(true)
      for (const at of [1, 6, 12]) {
        const run = await simulate({
          ...options,
          scheduler: trippingScheduler(halving(), call, new Tripwire(at)),
        })
        expect(untimed(run.trace)).toEqual(untimed(calm.trace))
        expect(restarts(run.trace)).toEqual([
          {
            at: expect.any(Number),
            type: 'policy.restarted',
            policy: 'scheduler',
            error: `${call} tripped at call ${at}`,
          },
        ])
      }
    },
  )

  it('takes no time of the trials that wait for its decision', async () => {
    const { results, elapsedMs } = await simulate({
      ...base,
      numSamples: 1,
      scheduler: trippingScheduler(halving(), 'onReport', new Tripwire(1, 3)),
      trialTimeoutMs: 50,
      reportTimeoutMs: 20,
    })
    expect(elapsedMs).toBe(340)
    expect(results.at(0)?.state).toBe('completed')
    expect(results.at(0)?.history.map((metrics) => metrics['time_total_s'])).toEqual([0.01, 0.02, 0.03, 0.04])
  })

  it('lets the clocks of those trials run again when it has decided', async () => {
    const { results } = await simulate({
      ...base,
      numSamples: 2,
      scheduler: trippingScheduler(halving(), 'onReport', new Tripwire(1)),
      trainable: async (_config: Config, trial) => {
        await trial.report({ loss: 1 })
        await trial.sleep(FOREVER_MS)
      },
      maxConcurrentTrials: 1,
      trialTimeoutMs: 50,
    })
    expect([...results].map(({ error, endedAt }) => [error?.message.slice(0, 26), endedAt])).toEqual([
      ['Trial 0 has run for 50 ms ', 150],
      ['Trial 1 has run for 50 ms ', 200],
    ])
  })

  it('goes on from a copy of its state, however long its history is', async () => {
    const options = {
      ...base,
      trainable: function* ({ x }: Config) {
        for (let step = 1; step <= 30; step++) yield { loss: (x % 97) / step }
      },
      scheduler: asha({ maxT: 30, gracePeriod: 15 }) as Scheduler,
      maxConcurrentTrials: 1,
      numSamples: 150,
    } satisfies Partial<SimulateOptions<Config>> & { trainable: Trainable<Config> }
    const calm = await simulate(options)
    const reports = [...calm.trace].filter(({ type }) => type === 'trial.report').length
    expect(reports).toBeGreaterThan(1100)
    const trips = new Tripwire(reports - 1)
    const run = await simulate({
      ...options,
      scheduler: trippingScheduler(options.scheduler as never, 'onReport', trips),
    })
    expect(untimed(run.trace)).toEqual(untimed(calm.trace))
    expect(restarts(run.trace)).toHaveLength(1)
  })

  it('more than three times in a minute ends the experiment, with what was reached', async () => {
    const cleaned: number[] = []
    const { results, error } = await endOf(
      simulate({
        ...base,
        trainable: async (_config: Config, trial) => {
          try {
            await trial.report({ loss: trial.number })
            if (trial.number > 0) await trial.report({ loss: trial.number })
          } finally {
            cleaned.push(trial.number)
          }
        },
        scheduler: trippingScheduler(fifo() as Scheduler<never>, 'onReport', new Tripwire(4, 5, 6, 7)),
        maxConcurrentTrials: 3,
      }),
    )
    expect(error).toMatchObject({
      code: 'scheduler',
      message:
        'The scheduler fifo threw, was started again 3 times, and threw again: onReport tripped at call 7',
    })
    expect(results.at(0)?.state).toBe('completed')
    expect([...results].slice(1).every(({ state }) => state === 'interrupted')).toBe(true)
    expect(cleaned.sort()).toEqual([...results].map(({ number }) => number))
  })

  it.each([
    ['nothing', undefined],
    ['an unknown word', { kind: 'later' }],
    ['a stop without an outcome', { kind: 'stop', reason: 'lost' }],
    ['null', null],
  ])('or answers a report with %s, likewise', async (_, answer) => {
    const scheduler = schedulerOf({ init: () => null, onReport: () => answer as never })
    const { error } = await endOf(simulate({ ...base, scheduler }))
    expect(error).toMatchObject({ code: 'scheduler', cause: { code: 'badDecision' } })
  })

  it.each([
    ['no list', 7],
    ['a list of nothing', [undefined]],
    ['a decision that is none', [{ trial: 0, decision: { kind: 'pause' } }]],
  ])('or commands %s, likewise', async (_, commands) => {
    const onReport = () => ({ kind: 'continue' }) as const
    const bad = [
      schedulerOf({ init: () => null, onReport, commands: () => commands as never }),
      schedulerOf({ init: () => null, onReport, onEnd: () => commands as never }),
    ]
    for (const scheduler of bad) {
      const { error } = await endOf(simulate({ ...base, scheduler }))
      expect(error).toMatchObject({ code: 'scheduler', cause: { code: 'badCommand' } })
    }
  })

  it('or chooses a trial that is no candidate, likewise', async () => {
    const scheduler = schedulerOf({ init: () => null, choose: () => 99 })
    const { error } = await endOf(simulate({ ...base, scheduler }))
    expect(error).toMatchObject({ code: 'scheduler', cause: { code: 'badChoice' } })
    expect(error?.message).toContain('chose trial 99, which is not among the candidates 0')
  })

  it.each([
    ['stopped', 'experiment.stopTrial', 'pruned', undefined],
    ['paused', 'experiment.pauseTrial', 'completed', 300],
  ] as const)(
    'before it has chosen does not start a trial that was %s meanwhile',
    async (_, type, state, startedAt) => {
      const trips = new Tripwire(3)
      const scheduler = schedulerOf({
        init: () => null,
        choose: (__, { candidates }) => {
          trips.pass('choose')
          return candidates[0]?.trial
        },
      })
      const after = await runPlanted(
        {
          trainable: async ({ x }: Config, trial) => {
            await trial.sleep(10)
            return { loss: x }
          },
          paramSpace,
          scheduler,
          numSamples: 3,
          maxConcurrentTrials: 2,
          ...LOSS,
        },
        {
          messages: [
            [50, { type, trial: 2 }],
            [300, { type: 'experiment.resumeTrial', trial: 2 }],
          ],
        },
      )
      expect(after.experiment.records[2]).toMatchObject({ state, startedAt })
      expect(after.states.slice(0, 2)).toEqual(['completed', 'completed'])
      expect(after.experiment.snapshot().slots.used).toBe(0)
    },
  )

  it('in init throws from where it was given', () => {
    const scheduler = schedulerOf({
      init: () => {
        throw new RangeError('no such table')
      },
    })
    expect(() => new Tuner(train, { paramSpace, scheduler, ...LOSS })).toThrow('no such table')
  })
})

describe('a scheduler that pauses everything', () => {
  const pauses = (members: Partial<Scheduler<null>>) =>
    schedulerOf({ init: () => null, onReport: () => ({ kind: 'pause', reason: 'waits' }), ...members })

  it('and never chooses is a deadlock, which names the trials that wait', async () => {
    const cleaned: number[] = []
    const { error, results } = await endOf(
      simulate({
        ...base,
        trainable: async (_config: Config, trial) => {
          try {
            await trial.report({ loss: 1 })
          } finally {
            cleaned.push(trial.number)
          }
        },
        numSamples: 7,
        scheduler: pauses({
          choose: (_, { candidates }) => candidates.find(({ status }) => status === 'pending')?.trial,
        }),
      }),
    )
    expect(error).toMatchObject({ code: 'deadlock' })
    expect(error?.message).toBe(
      "After 0 ms nothing runs, and trials 0 (paused), 1 (paused), 2 (paused), 3 (paused), 4 (paused), and 2 more wait for the scheduler scripted, which chooses none of them. A scheduler that is told 'idle' must choose a trial, or have ended those that wait.",
    )
    expect([...results].map(({ state }) => state)).toEqual(Array.from({ length: 7 }, () => 'interrupted'))
    expect(cleaned.sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('is told that it is idle only when nothing else can come', async () => {
    const told: boolean[] = []
    await simulate({
      ...base,
      numSamples: 5,
      maxConcurrentTrials: 2,
      scheduler: pauses({
        choose(_, { candidates, idle }) {
          const pending = candidates.find(({ status }) => status === 'pending')?.trial
          if (pending === undefined) told.push(idle)
          return pending ?? (idle ? candidates[0]?.trial : undefined)
        },
      }),
    })
    expect(told.filter(Boolean)).toHaveLength(20)
    expect(told[0]).toBe(false)
  })

  it('also in batches, and while its searcher waits for a result', async () => {
    const scheduler = pauses({
      choose: (_, { candidates, idle }) =>
        candidates.find(({ status }) => status === 'pending')?.trial ??
        (idle ? candidates[0]?.trial : undefined),
    })
    const inBatches = spyingSearcher({ limit: { max: 3, batch: true } })
    const { results } = await simulate({
      ...base,
      maxConcurrentTrials: 3,
      searcher: inBatches.searcher,
      scheduler,
    })
    expect([...results].every(({ state }) => state === 'completed')).toBe(true)
    const waiting = spyingSearcher({
      answer: (number) =>
        number - waiting.told.length > 1 ? { kind: 'wait' } : { kind: 'point', point: { x: number } },
    })
    const run = await simulate({ ...base, searcher: waiting.searcher, scheduler })
    expect(run.results).toHaveLength(12)
  })

  it('while its searcher waits for a result says both', async () => {
    const spy = spyingSearcher({
      answer: (number) => (number > 0 ? { kind: 'wait' } : { kind: 'point', point: { x: 0 } }),
    })
    const scheduler = pauses({
      choose: (_, { candidates }) => candidates.find(({ status }) => status === 'pending')?.trial,
    })
    const { error } = await endOf(simulate({ ...base, searcher: spy.searcher, scheduler }))
    expect(error?.message).toContain('trial 0 (paused) wait')
    expect(error?.message).toContain('The searcher spying waits for one of them to end.')
  })
})

describe('a stopper that throws', () => {
  const counting = (trips: Trips): Stopper<{ reports: number }> => ({
    name: 'counting',
    init: () => ({ reports: 0 }),
    onReport(state) {
      state.reports++
      trips.pass('onReport')
      return state.reports < 20 ? undefined : { scope: 'experiment', reason: 'twenty are enough' }
    },
  })

  it('is started again from its history, together with the scheduler', async () => {
    const options = { ...base, maxConcurrentTrials: 1 }
    const calm = await simulate({ ...options, stop: counting(new Tripwire()) })
    const run = await simulate({ ...options, stop: counting(new Tripwire(7)) })
    expect(untimed(run.trace)).toEqual(untimed(calm.trace))
    expect(restarts(run.trace)).toMatchObject([{ policy: 'stopper', error: 'onReport tripped at call 7' }])
  })

  it('again and again ends the experiment, and is named', async () => {
    const { error } = await endOf(simulate({ ...base, stop: counting(always) }))
    expect(error).toMatchObject({ code: 'stopper', cause: { message: 'onReport is broken' } })
    expect(error?.message).toContain('The stopper counting threw')
  })

  it('or demands what is no demand, likewise', async () => {
    const stop: Stopper = { name: 'confused', init: () => null, onReport: () => true as never }
    const { error } = await endOf(simulate({ ...base, stop }))
    expect(error).toMatchObject({ code: 'stopper', cause: { code: 'badDemand' } })
  })
})

it('a policy that fails while others still work lets them be told', async () => {
  const spy = spyingSearcher()
  const scheduler = schedulerOf({
    init: () => null,
    onReport: () => {
      throw new Error('no')
    },
  })
  const { error, results } = await endOf(
    simulate({
      ...base,
      trainable: async (_config: Config, trial) => {
        await trial.report({ loss: 1 })
        await trial.sleep(FOREVER_MS)
      },
      searcher: spy.searcher,
      scheduler,
    }),
  )
  expect(error?.code).toBe('scheduler')
  expect(spy.told.map(({ number, state }) => [number, state])).toEqual(
    [...results].map(({ number }) => [number, 'interrupted']),
  )
})
