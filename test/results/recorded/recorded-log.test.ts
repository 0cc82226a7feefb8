import { choice, createStudy, uniform } from 'troupe'
import { memoryStore } from 'troupe/stores'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { readRecorded, recordedResults } from '../../../src/results/recorded/read-recorded.ts'

const STARTED: LogRecord = {
  at: 0,
  type: 'experiment.started',
  name: 'train',
  seed: '1',
  objectives: [{ metric: 'loss', mode: 'min' }],
  searcher: 'randomSearch',
  scheduler: 'fifo',
  trialCount: 5,
  startedAt: 1_700_000_000_000,
}

function created(trial: number, at = 0): LogRecord {
  const params = { x: trial }
  return { at, type: 'trial.created', trial, id: `id${trial}`, source: 'suggested', params, config: params }
}

function started(trial: number, at: number, attempt = 1): LogRecord {
  return {
    at,
    type: 'trial.transition',
    trial,
    from: 'pending',
    to: 'running',
    cause: 'trial.start',
    attempt,
  }
}

function reported(trial: number, at: number, iteration: number, checkpoint = false, attempt = 1): LogRecord {
  const metrics = { loss: 1 / iteration, training_iteration: iteration, time_total_s: iteration }
  const told = { at, type: 'trial.report', trial, attempt, seq: iteration, metrics } as const
  return checkpoint ? { ...told, checkpoint } : told
}

describe('a log that was cut off', () => {
  const cut = [
    STARTED,
    created(0),
    started(0, 10),
    reported(0, 20, 1, true),
    reported(0, 30, 2),
    created(1, 40),
  ]

  it('shows the trials as they were', () => {
    const recorded = readRecorded(cut)
    expect(recorded).toMatchObject({ endedBy: undefined, lastAt: 40, trialCount: 5, resumptions: 0 })
    expect(recorded.trials.map(({ status, state }) => [status, state])).toEqual([
      ['running', 'running'],
      ['pending', 'waiting'],
    ])
    expect(recordedResults(cut).getBestResult()).toMatchObject({ number: 0, iteration: 2, values: [0.5] })
  })

  it('has trials in their next attempt once it is resumed, with what they reported', () => {
    const resumed: LogRecord[] = [...cut, { at: 50, type: 'experiment.resumed', trialCount: 9 }]
    const { trials, resumptions, trialCount } = readRecorded(resumed)
    expect([resumptions, trialCount]).toEqual([1, 9])
    expect(trials[0]).toMatchObject({ status: 'running', state: 'running', attempt: 2, iteration: 2 })
    expect(trials[0]?.history.length).toBe(2)
    expect(trials[1]).toMatchObject({ status: 'pending', attempt: 1 })
  })

  it('goes on from what the next attempt reports first', () => {
    const answered: LogRecord[] = [
      ...cut,
      { at: 50, type: 'experiment.resumed', trialCount: 5 },
      reported(0, 70, 3, false, 2),
    ]
    // What was reported before was answered from the log, so the first that is new is the third.
    const [trial] = readRecorded(answered).trials
    expect([...(trial?.history ?? [])].map((metrics) => metrics['training_iteration'])).toEqual([1, 2, 3])
    const again: LogRecord[] = [...answered.slice(0, -1), reported(0, 70, 2, false, 2)]
    expect(readRecorded(again).trials[0]?.history.length).toBe(2)
  })

  it('brings interrupted trials back to where they were, and no others', () => {
    const records: LogRecord[] = [
      ...cut,
      started(1, 45),
      { at: 50, type: 'experiment.stopping', by: 'stop', graceful: true },
      {
        at: 51,
        type: 'trial.transition',
        trial: 1,
        from: 'running',
        to: 'error',
        cause: 'run.failed',
        attempt: 1,
      },
      { at: 51, type: 'trial.ended', trial: 1, state: 'failed', values: undefined, error: 'no room' },
      reported(0, 52, 3),
      { at: 53, type: 'experiment.stopping', by: 'stop', graceful: false },
      {
        at: 53,
        type: 'trial.transition',
        trial: 0,
        from: 'running',
        to: 'stopping',
        cause: 'trial.stop',
        attempt: 1,
      },
      {
        at: 54,
        type: 'trial.transition',
        trial: 0,
        from: 'stopping',
        to: 'paused',
        cause: 'run.left',
        attempt: 1,
      },
      { at: 54, type: 'trial.ended', trial: 0, state: 'interrupted', values: [1 / 3] },
      created(2, 55),
      { at: 55, type: 'trial.ended', trial: 2, state: 'interrupted', values: undefined },
      { at: 60, type: 'experiment.ended', by: 'stop' },
    ]
    const stopped = readRecorded(records)
    expect(stopped.endedBy).toBe('stop')
    expect(stopped.trials.map(({ state }) => state)).toEqual(['interrupted', 'failed', 'interrupted'])
    const resumed = readRecorded([...records, { at: 70, type: 'experiment.resumed', trialCount: 5 }])
    expect(resumed.endedBy).toBeUndefined()
    expect(resumed.trials).toHaveLength(2)
    expect(resumed.trials[0]).toMatchObject({
      state: 'running',
      endedAt: undefined,
      attempt: 2,
      iteration: 3,
    })
    expect(resumed.trials[0]?.life.stays().map(({ status }) => status)).toEqual(['pending', 'running'])
    expect(resumed.trials[1]).toMatchObject({ state: 'failed', attempt: 1, endedAt: 51, failures: 1 })
    expect(resumed.trials[1]?.error?.message).toBe('no room')
  })
})

describe('what others wrote', () => {
  const imported = {
    at: 1_700_000_000_090,
    type: 'trial.imported',
    trial: 1,
    id: 'o1',
    state: 'pruned',
    values: [0.25],
    params: { x: 4 },
    domains: {},
    config: { x: 4 },
    intermediate: [
      [3, 0.5],
      [1, 1],
      [5, 0.25],
    ],
    userAttrs: { by: 'another program' },
    constraints: { memory: 1 },
    startedAt: 1_700_000_000_050,
    endedAt: 1_700_000_000_080,
  } as const satisfies LogRecord

  it('is a trial like any other, on the clock of the experiment', () => {
    const results = recordedResults([STARTED, created(0), imported])
    expect(results.length).toBe(2)
    // When it was read is no moment on that clock.
    expect(readRecorded([STARTED, created(0, 7), imported]).lastAt).toBe(7)
    const trial = results.get(1)
    expect(trial).toMatchObject({
      source: 'imported',
      state: 'pruned',
      startedAt: 50,
      endedAt: 80,
      ranMs: 30,
      iteration: 5,
      feasible: false,
    })
    expect(trial?.history.map(({ loss }) => loss)).toEqual([1, 0.5, 0.25])
    expect(results.getBestResult().number).toBe(1)
  })

  it('while the experiment stood still was then, on its clock too', () => {
    const day = 86_400_000
    const startedAt = 1_700_000_000_000
    const ran = (from: number, to: number, trial: number): LogRecord => ({
      ...{ ...imported, trial, startedAt: startedAt + from, endedAt: startedAt + to },
    })
    const { trials, clock } = readRecorded([
      STARTED,
      reported(0, 100, 1),
      { at: 100, type: 'experiment.resumed', trialCount: 9, resumedAt: startedAt + day },
      ran(50, day - 7, 5),
      ran(day - 10, day + 10, 6),
    ])
    expect(trials.map((trial) => [trial.number, trial.startedAt, trial.endedAt])).toEqual([
      [5, 50, 100],
      [6, 100, 110],
    ])
    expect([clock.wallAt(99), clock.wallAt(101)]).toEqual([startedAt + 99, startedAt + day + 1])
    expect(clock.lastStart).toBe(startedAt + day)
  })

  it('of a trial that the experiment has run changes nothing of what that did', () => {
    const { trials } = readRecorded([STARTED, created(0), started(0, 10), { ...imported, trial: 0 }])
    expect(trials).toMatchObject([{ number: 0, state: 'running', source: 'suggested' }])
  })
})

describe('what a trial failed of', () => {
  it('has its name, its code and its stack', () => {
    const error = {
      name: 'RangeError',
      message: 'too large',
      code: 'E_LARGE',
      stack: 'RangeError: too large\n    at train.ts:3',
    }
    const [trial] = readRecorded([
      STARTED,
      created(0),
      started(0, 1),
      {
        at: 2,
        type: 'trial.transition',
        trial: 0,
        from: 'running',
        to: 'error',
        cause: 'run.failed',
        attempt: 1,
        error,
      },
      { at: 2, type: 'trial.ended', trial: 0, state: 'failed', values: undefined, error: 'too large' },
    ]).trials
    expect(trial?.error).toMatchObject(error)
    expect(trial).toMatchObject({ failures: 1, status: 'error', endedAt: 2 })
  })
})

describe('a study, read from its log', () => {
  it('has its trials as results', async () => {
    const storage = memoryStore()
    const study = await createStudy({
      name: 'demo',
      // One in which the trial that is pruned is not the best.
      seed: 1,
      storage,
      paramSpace: { x: uniform(0, 1), kind: choice(['a', 'b']) },
      directions: ['minimize'],
    })
    for (let i = 0; i < 12; i++) {
      const trial = await study.ask()
      trial.report(1, 10)
      trial.report(2, trial.config.x)
      trial.setUserAttr('i', i)
      if (i === 3) await study.tell(trial, { state: 'failed' })
      else if (i === 4) await study.tell(trial, { state: 'pruned' })
      else await study.tell(trial, trial.config.x / 2)
    }
    await study.ask()
    const records = (await storage.read('demo')) ?? []
    const results = recordedResults<{ x: number; kind: string }>(records)
    expect(
      [...results].map(({ state, values, config, userAttrs }) => ({ state, values, config, userAttrs })),
    ).toEqual(
      study.trials.map(({ state, values, config, userAttrs }) => ({ state, values, config, userAttrs })),
    )
    const best = results.getBestResult()
    expect(best.number).toBe(study.bestTrial.number)
    expect(best.best.value).toBe(study.bestTrial.values?.[0])
    expect(best.history.map((metrics) => metrics['value'])).toEqual([10, best.config.x, best.best.value])
    expect(results.get(12)).toMatchObject({ state: 'running', status: 'running', endedAt: undefined })
    const { startedAt, kind, lastAt } = readRecorded(records)
    expect(kind).toBe('study')
    expect(startedAt).toBe(records[0]?.at)
    expect(lastAt).toBe((records.at(-1)?.at ?? 0) - (records[0]?.at ?? 0))
    // The declared space is kept, and tells what each parameter was drawn from.
    expect(Object.keys(results.endedTrials()[0]?.domains ?? {})).toEqual(['x', 'kind'])
  })

  it('has begun no later than its first trial, whoever wrote that', () => {
    const own = { params: {}, domains: {}, config: {}, intermediate: [], userAttrs: {}, constraints: {} }
    const { startedAt, lastAt, trials } = readRecorded([
      {
        at: 9_000,
        type: 'study.created',
        name: 'theirs',
        seed: '1',
        objectives: [{ metric: 'value', mode: 'min' }],
      },
      {
        at: 9_001,
        type: 'trial.imported',
        trial: 0,
        id: 'o0',
        state: 'completed',
        values: [1],
        startedAt: 1_000,
        endedAt: 3_000,
        ...own,
      },
    ])
    expect([startedAt, lastAt]).toEqual([1_000, 2_000])
    expect(trials[0]).toMatchObject({ startedAt: 0, endedAt: 2_000, ranMs: 2_000 })
  })
})
