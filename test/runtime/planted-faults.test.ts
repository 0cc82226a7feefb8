import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Attempt,
  type AttemptListener,
  type Executor,
  randint,
  type Settled,
  type Trainable,
  TroupeError,
} from 'troupe'
import {
  experimentChart,
  schedulerChart,
  searcherChart,
  trialChart,
  trialsSupervisorOf,
} from 'troupe/machines'
import { inProcess, type InProcessOptions } from '../../src/executors/in-process.ts'
import { type Chart, runPlanted } from './planted.ts'
import { FOREVER_MS, schedulerOf, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

// While it is developed with, XState says so when a message goes to an actor that broke.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

function broken(): never {
  throw new TypeError('a planted fault')
}

/** Four trials of three reports; the second half of them sleeps on, so that they are at work when something breaks. */
function scene() {
  const cleaned: number[] = []
  let began = 0
  const spy = spyingSearcher()
  const trainable: Trainable<Config> = async (_config, trial) => {
    began++
    try {
      for (let step = 1; step <= 3; step++) {
        await trial.sleep(10)
        await trial.report({ loss: trial.number })
      }
      if (trial.number >= 2) await trial.sleep(FOREVER_MS)
    } finally {
      cleaned.push(trial.number)
    }
  }
  return {
    options: {
      trainable,
      paramSpace,
      searcher: spy.searcher,
      numSamples: 4,
      maxConcurrentTrials: 2,
      timeBudgetMs: 500,
      ...LOSS,
    } as const,
    spy,
    cleaned,
    hasCleaned: () => cleaned.length === began,
  }
}

/** Breaks once, for the trial with this number, and works for all others. */
type TrialAction =
  | 'startRun'
  | 'announce'
  | 'passReport'
  | 'answerRun'
  | 'holdRun'
  | 'leaveRun'
  | 'disposeRun'

function withTrialFault(action: TrialAction, number: number): Chart {
  const original = trialChart.implementations.actions[action] as (...args: unknown[]) => unknown
  const faulty = (args: { context: { record: { number: number } } }, params: unknown): unknown => {
    if (args.context.record.number === number) return broken()
    return typeof original === 'function' ? original(args, params) : undefined
  }
  // What XState calls a built-in action is no plain function, and cannot be called from one.
  const machine = trialChart.provide({ actions: { [action]: faulty } })
  return experimentChart.provide({ actors: { trials: trialsSupervisorOf(machine) } })
}

describe('a fault in the actor of a trial', () => {
  it.each(['startRun', 'answerRun', 'disposeRun'] as const)(
    'in %s fails that trial alone, and frees its slot',
    async (action) => {
      const { options, spy, hasCleaned } = scene()
      const after = await runPlanted(options, { chart: withTrialFault(action, 1) })
      expect(after.failure).toBeUndefined()
      expect(after.states).toEqual(['completed', 'failed', 'interrupted', 'interrupted'])
      expect(after.experiment.records[1]).toMatchObject({
        status: 'error',
        error: { code: 'trialActor', message: 'The actor of trial 1 broke: a planted fault' },
      })
      expect(after.experiment.records[1]?.error?.cause).toBeInstanceOf(TypeError)
      expect(spy.told.map(({ number }) => number).sort()).toEqual([0, 1, 2, 3])
      expect(hasCleaned()).toBe(true)
      expect(after.timersLeft).toBe(0)
      expect(after.experiment.snapshot().slots.used).toBe(0)
    },
  )

  it('in leaving fails that trial, and its code is told to leave all the same', async () => {
    const { options, spy, hasCleaned } = scene()
    const after = await runPlanted(options, { chart: withTrialFault('leaveRun', 2) })
    expect(after.states).toEqual(['completed', 'completed', 'failed', 'interrupted'])
    expect(spy.told).toHaveLength(4)
    expect(hasCleaned()).toBe(true)
    expect(after.timersLeft).toBe(0)
  })

  it('in pausing fails that trial, and frees its slot', async () => {
    const { options, spy, hasCleaned } = scene()
    const scheduler = schedulerOf({
      init: () => null,
      onReport: (_, { trial, time }) =>
        trial === 1 && time === 2 ? { kind: 'pause', reason: 'takes turns' } : { kind: 'continue' },
    })
    const after = await runPlanted({ ...options, scheduler }, { chart: withTrialFault('holdRun', 1) })
    expect(after.states).toEqual(['completed', 'failed', 'interrupted', 'interrupted'])
    expect(spy.told).toHaveLength(4)
    expect(hasCleaned()).toBe(true)
    expect(after.timersLeft).toBe(0)
  })

  it('at its very birth fails that trial, of which the scheduler hears both that it came and that it went', async () => {
    const { options, spy } = scene()
    const heard: string[] = []
    const scheduler = schedulerOf({
      init: () => null,
      onAdd: (_, { trial }) => void heard.push(`add ${trial}`),
      onEnd: (_, { trial }) => void heard.push(`end ${trial}`),
    })
    const machine = trialChart.provide({
      actions: {
        announce: ({ context, event, self }: never, { status }: { status: string }) => {
          const { record, experiment } = context as {
            record: { number: number }
            experiment: { send(message: unknown): void }
          }
          if (record.number === 1) broken()
          experiment.send({
            type: 'trial.entered',
            trial: record.number,
            status,
            cause: (event as { type: string }).type,
            error: (self as { error?: Error }).error,
          })
        },
      } as never,
    })
    const chart = experimentChart.provide({ actors: { trials: trialsSupervisorOf(machine) } })
    const after = await runPlanted({ ...options, scheduler }, { chart })
    expect(after.states).toEqual(['completed', 'failed', 'interrupted', 'interrupted'])
    expect(heard.filter((line) => line.endsWith('1'))).toEqual(['add 1', 'end 1'])
    expect(spy.told).toHaveLength(4)
    expect(after.timersLeft).toBe(0)
  })

  it('ends the experiment where failFast is set', async () => {
    const { options, hasCleaned } = scene()
    const after = await runPlanted(
      { ...options, failure: { failFast: true } },
      { chart: withTrialFault('answerRun', 1) },
    )
    expect(after.failure).toMatchObject({ code: 'failFast', cause: { code: 'trialActor' } })
    expect(hasCleaned()).toBe(true)
  })
})

describe('a fault in an actor of the experiment', () => {
  const brokenSupervisor = () => {
    const supervisor = trialsSupervisorOf(trialChart)
    return {
      ...supervisor,
      transition: ((snapshot, event, scope) =>
        event.type === 'trials.spawn' && event.record.number === 2
          ? broken()
          : supervisor.transition(snapshot, event, scope)) as typeof supervisor.transition,
    }
  }
  const afterSome = (count: number) => {
    let calls = 0
    return () => ++calls > count
  }

  const faults: readonly [string, () => Chart, string][] = [
    [
      'searcher',
      () => {
        const isLate = afterSome(2)
        const serve = searcherChart.implementations.actions.serve as (...args: unknown[]) => void
        const machine = searcherChart.provide({
          actions: { serve: (...args: unknown[]) => (isLate() ? broken() : serve(...args)) },
        })
        return experimentChart.provide({ actors: { searcher: machine } })
      },
      'The searcher actor broke: a planted fault',
    ],
    [
      'scheduler',
      () => {
        const isLate = afterSome(5)
        const serve = schedulerChart.implementations.actions.serve as (...args: unknown[]) => void
        const machine = schedulerChart.provide({
          actions: { serve: (...args: unknown[]) => (isLate() ? broken() : serve(...args)) },
        })
        return experimentChart.provide({ actors: { scheduler: machine } })
      },
      'The scheduler actor broke: a planted fault',
    ],
    [
      'trials',
      () => experimentChart.provide({ actors: { trials: brokenSupervisor() } }),
      'The trials actor broke: a planted fault',
    ],
    [
      'experiment itself',
      () => {
        const isLate = afterSome(40)
        const conduct = experimentChart.implementations.actions.conduct as (...args: unknown[]) => void
        return experimentChart.provide({
          actions: { conduct: (...args: unknown[]) => (isLate() ? broken() : conduct(...args)) },
        })
      },
      "The experiment's actor broke: a planted fault",
    ],
    [
      'experiment, before it has begun',
      () => experimentChart.provide({ actions: { begin: broken } }),
      "The experiment's actor broke: a planted fault",
    ],
    [
      'experiment, while it stops',
      () => experimentChart.provide({ actions: { interruptTrials: broken } }),
      "The experiment's actor broke: a planted fault",
    ],
  ]

  it.each(faults)(
    '(%s) ends the experiment with code internal, and everybody cleans up',
    async (_, chart, message) => {
      const { options, hasCleaned } = scene()
      const after = await runPlanted(options, { chart: chart() })
      expect(after.failure).toMatchObject({ code: 'internal', message })
      expect(after.failure?.cause).toBeInstanceOf(TypeError)
      expect(after.experiment.ending?.endedBy).toBe('error')
      expect(hasCleaned()).toBe(true)
      expect(after.timersLeft).toBe(0)
      for (const record of after.experiment.records) {
        expect(record.endedAt).toBeTypeOf('number')
        expect(['terminated', 'error', 'paused']).toContain(record.status)
        expect(['completed', 'interrupted']).toContain(record.state)
      }
      expect(after.experiment.snapshot()).toMatchObject({ status: 'failed', slots: { used: 0 } })
      expect(after.log.at(-1)).toMatchObject({ type: 'experiment.ended', by: 'error' })
    },
  )

  it('still tells the searcher of every trial, unless it is the searcher that is gone', async () => {
    for (const [name, chart] of faults.filter(([who]) => who === 'scheduler' || who === 'trials')) {
      const { options, spy } = scene()
      const { experiment } = await runPlanted(options, { chart: chart() })
      expect([name, spy.told.map(({ number }) => number).sort()]).toEqual([
        name,
        experiment.records.map(({ number }) => number),
      ])
    }
  })
})

describe('a fault in the executor', () => {
  /** In this process, with the attempts and what they say made worse. */
  function worse(
    change: (attempt: Attempt, listener: AttemptListener, trial: number) => Attempt,
    members: Partial<Executor> = {},
  ) {
    return (context: InProcessOptions<never>): Executor => {
      const executor = inProcess(context)
      return {
        ...executor,
        start: (assignment, listener) =>
          change(executor.start(assignment, listener), listener, assignment.trial),
        ...members,
      }
    }
  }

  const whole = ['completed', 'completed', 'interrupted', 'interrupted']

  it('that throws in start has failed that attempt, which may be tried again', async () => {
    let starts = 0
    const faulty = (context: InProcessOptions<never>): Executor => {
      const executor = inProcess(context)
      return {
        ...executor,
        start: (assignment, listener) => (++starts === 2 ? broken() : executor.start(assignment, listener)),
      }
    }
    const once = scene()
    const after = await runPlanted(once.options, { executor: faulty })
    expect(after.states).toEqual(['completed', 'failed', 'interrupted', 'interrupted'])
    expect(after.experiment.records[1]?.error?.message).toBe('a planted fault')
    expect(once.spy.told).toHaveLength(4)
    starts = 0
    const again = await runPlanted({ ...scene().options, failure: { maxFailures: 1 } }, { executor: faulty })
    expect(again.states).toEqual(whole)
    expect(again.experiment.records[1]).toMatchObject({ attempt: 2, failures: 1 })
  })

  it.each(['answer', 'leave', 'abandon'] as const)(
    'that throws in %s has failed, or lost, that attempt',
    async (method) => {
      const { options, spy } = scene()
      const executor = worse((attempt, _, trial) => {
        const odd = trial === 1 || (trial === 3 && method !== 'answer')
        const faulty = { answer: broken, leave: broken, abandon: broken }[method]
        return {
          answer: (seq) => (odd && method === 'answer' ? faulty() : attempt.answer(seq)),
          save: () => attempt.save(),
          leave: (reason) => (odd && method === 'leave' ? faulty() : attempt.leave(reason)),
          abandon: () => (odd && method === 'abandon' ? faulty() : attempt.abandon()),
        }
      })
      const after = await runPlanted(options, { executor })
      expect(after.failure).toBeUndefined()
      expect(after.states).toEqual(
        method === 'answer' ? ['completed', 'failed', 'interrupted', 'interrupted'] : whole,
      )
      expect(spy.told).toHaveLength(4)
      expect(after.timersLeft).toBeLessThanOrEqual(method === 'leave' ? 1 : method === 'answer' ? 0 : 0)
      expect(after.experiment.snapshot().slots.used).toBe(0)
    },
  )

  it('that settles twice, or speaks after it has settled, is not heard', async () => {
    const { options, spy } = scene()
    const executor = (context: InProcessOptions<never>): Executor => {
      const inner = inProcess(context)
      return {
        ...inner,
        start: (assignment, listener) =>
          inner.start(assignment, {
            ...listener,
            settled(outcome) {
              listener.settled(outcome)
              listener.settled({ kind: 'threw', error: new Error('again') })
              listener.report({ seq: 99, metrics: { loss: -1 }, last: false })
              listener.setUserAttr('late', true)
              listener.setConstraint('late', 1)
              listener.log({ level: 'info', message: 'late' })
              context.kernel.setTimeout(
                () => listener.report({ seq: 100, metrics: { loss: -1 }, last: false }),
                5,
              )
              context.kernel.setTimeout(() => listener.settled({ kind: 'returned' }), 6)
            },
          }),
      }
    }
    const after = await runPlanted(options, { executor })
    expect(after.states).toEqual(whole)
    expect(spy.told).toHaveLength(4)
    for (const { history, values, number, userAttrs, constraints } of after.experiment.records) {
      expect(history.length).toBe(3)
      expect(values).toEqual([number])
      expect({ userAttrs, constraints }).toEqual({ userAttrs: {}, constraints: {} })
    }
    // Not even the actor of the trial, which is gone, was spoken to.
    expect(console.warn).not.toHaveBeenCalled()
  })

  it('that says everything before start has returned is heard', async () => {
    const spy = spyingSearcher()
    const silent: Attempt = { answer() {}, save() {}, leave() {}, abandon() {} }
    const eager = (outcome: Settled) => (): Executor => ({
      name: 'eager',
      location: 'here',
      start(_, listener) {
        listener.report({ seq: 1, metrics: { loss: 1 }, last: true })
        listener.settled(outcome)
        return silent
      },
      close: () => Promise.resolve(),
    })
    const options = { trainable: () => {}, paramSpace, numSamples: 3, searcher: spy.searcher, ...LOSS }
    const done = await runPlanted(options, { executor: eager({ kind: 'returned' }) })
    expect(done.states).toEqual(['completed', 'completed', 'completed'])
    const error = new TroupeError('thrown', 'at once')
    const threw = await runPlanted(options, { executor: eager({ kind: 'threw', error }) })
    expect(threw.states).toEqual(['failed', 'failed', 'failed'])
    expect(spy.told).toHaveLength(6)
  })

  it('that never says that a trial has left is not waited for beyond stopGraceMs', async () => {
    const { options, spy } = scene()
    const deaf = worse((attempt) => ({
      ...attempt,
      answer: (seq) => attempt.answer(seq),
      leave() {},
      abandon() {},
    }))
    const after = await runPlanted({ ...options, stopGraceMs: 70 }, { executor: deaf })
    expect(after.states).toEqual(whole)
    expect(after.experiment.elapsedMs).toBe(570)
    expect(after.experiment.warnings).toMatchObject([{ kind: 'abandoned' }, { kind: 'abandoned' }])
    expect(spy.told).toHaveLength(4)
  })

  it.each([
    ['rejects', () => Promise.reject(new Error('the socket is gone')), true],
    [
      'throws',
      () => {
        throw new Error('the socket is gone')
      },
      true,
    ],
    ['answers nothing', () => undefined as never, false],
  ])('whose close %s costs no results', async (_, close, isTold) => {
    const { options } = scene()
    const after = await runPlanted(options, { executor: worse((attempt) => attempt, { close }) })
    expect(after.failure).toBeUndefined()
    expect(after.states).toEqual(whole)
    const messages = after.experiment.warnings
      .filter(({ kind }) => kind === 'executor')
      .map(({ message }) => message)
    expect(messages).toEqual(isTold ? ['The executor did not close: the socket is gone'] : [])
  })
})
