import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ExperimentSnapshot, type Trial, Tuner, type TunerOptions, uniform } from 'troupe'
import { Broadcast, SNAPSHOT_EVERY_MS } from '../../src/runtime/broadcast.ts'

interface Config {
  readonly x: number
}

async function threeReports(config: Config, trial: Trial): Promise<void> {
  for (let step = 1; step <= 3; step++) await trial.report({ loss: config.x / step })
}

function tunerOf(
  options: TunerOptions<Config> = {},
  trainable: (config: Config, trial: Trial) => Promise<void> = threeReports,
): Tuner<Config> {
  return new Tuner(trainable, {
    paramSpace: { x: uniform(1, 2) },
    metric: 'loss',
    mode: 'min',
    numSamples: 3,
    maxConcurrentTrials: 2,
    totalResources: { cpu: 4, gpu: 1 },
    resources: { cpu: 1, gpu: 0.25 },
    seed: 5,
    name: 'watched',
    ...options,
  })
}

/** The snapshot at the first moment that `when` names. */
async function snapshotAt(
  tuner: Tuner<Config>,
  when: 'trial.start' | 'trial.report' | 'trial.complete',
): Promise<ExperimentSnapshot> {
  let taken: ExperimentSnapshot | undefined
  tuner.once(when, () => void (taken = tuner.getSnapshot()))
  await tuner.fit()
  return taken as ExperimentSnapshot
}

describe('a snapshot', () => {
  it('of an experiment that has not begun says what it will be', () => {
    expect(tunerOf().getSnapshot()).toEqual({
      status: 'idle',
      name: 'watched',
      elapsedMs: 0,
      best: undefined,
      waitingFor: [],
      trials: [],
      scheduler: 'Using FIFO scheduling algorithm.',
      searcher: 'randomSearch',
      resources: { used: { cpu: 0, gpu: 0 }, total: { cpu: 4, gpu: 1 } },
      slots: { used: 0, total: 2 },
    })
  })

  it('in mid-run says who runs, in which slots and with which resources, and what is waited for', async () => {
    const snapshot = await snapshotAt(tunerOf({ maxConcurrentTrials: 1 }), 'trial.report')
    expect(snapshot).toMatchObject({
      status: 'running',
      waitingFor: ['1 trial to report or end'],
      resources: { used: { cpu: 1, gpu: 0.25 } },
      slots: { used: 1, total: 1 },
      trials: [
        {
          number: 0,
          status: 'running',
          state: 'running',
          source: 'suggested',
          location: 'in-process',
          iteration: 1,
          attempt: 1,
          failures: 0,
          feasible: true,
          error: undefined,
          reason: undefined,
        },
      ],
    })
    const [trial] = snapshot.trials
    expect(trial?.name).toBe(`threeReports_${trial?.id}`)
    expect(trial?.config).toEqual(trial?.params)
    const x = trial?.params['x']
    expect(trial?.metrics).toMatchObject({ training_iteration: 1, loss: x })
    expect(trial?.values).toEqual([x])
  })

  it('at the end has all trials in order, the best of them, and nobody in a slot', async () => {
    const tuner = tunerOf()
    const results = await tuner.fit()
    const snapshot = tuner.getSnapshot()
    expect(snapshot).toMatchObject({
      status: 'done',
      elapsedMs: results.elapsedMs,
      waitingFor: [],
      resources: { used: { cpu: 0, gpu: 0 } },
      slots: { used: 0, total: 2 },
    })
    expect(snapshot.trials.map(({ number, status, state }) => [number, status, state])).toEqual(
      [0, 1, 2].map((number) => [number, 'terminated', 'completed']),
    )
    const { number, metrics } = results.getBestResult()
    expect(snapshot.best).toMatchObject({
      number,
      metric: 'loss',
      mode: 'min',
      value: metrics?.['loss'],
      metrics,
    })
  })

  it('of an experiment that is over does not grow older', async () => {
    const tuner = tunerOf()
    await tuner.fit()
    const { elapsedMs } = tuner.getSnapshot()
    for (const now = performance.now(); performance.now() < now + 5;);
    expect(tuner.getSnapshot().elapsedMs).toBe(elapsedMs)
  })

  it('counts its time from fit', async () => {
    const tuner = tunerOf()
    for (const now = performance.now(); performance.now() < now + 50;);
    expect((await snapshotAt(tuner, 'trial.start')).elapsedMs).toBeLessThan(50)
  })

  it('has as best the one with the best last value, and leaves out NaN and failures', async () => {
    const losses = [3, NaN, 1, 2, 0]
    const tuner = tunerOf({ numSamples: 5 }, async (_, trial) => {
      await trial.report({ loss: losses[trial.number] })
      if (trial.number === 4) throw new Error('the best one breaks')
    })
    await tuner.fit()
    expect(tuner.getSnapshot().best).toMatchObject({ number: 2, value: 1 })
    expect(tuner.getSnapshot().trials.map(({ state }) => state)).toEqual([
      'completed',
      'failed',
      'completed',
      'completed',
      'failed',
    ])
  })

  it('says that it waits for the user, and which trial', async () => {
    const tuner = tunerOf({ numSamples: 1 })
    tuner.once('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
    const waited = new Promise<ExperimentSnapshot>((resolve) => {
      tuner.once('trial.pause', ({ trial }) => {
        setImmediate(() => {
          resolve(tuner.getSnapshot())
          tuner.resumeTrial(trial.id)
        })
      })
    })
    await tuner.fit()
    const { waitingFor, trials, slots } = await waited
    expect(waitingFor).toEqual([`the user to resume ${trials[0]?.id}`])
    expect(trials[0]).toMatchObject({ status: 'paused', reason: 'paused by the user' })
    expect(slots.used).toBe(0)
  })

  it('of an experiment that failed says so', async () => {
    const tuner = tunerOf({ failure: { failFast: true } }, async () => {
      throw new Error('no')
    })
    await expect(tuner.fit()).rejects.toMatchObject({ code: 'failFast' })
    expect(tuner.getSnapshot()).toMatchObject({ status: 'failed', slots: { used: 0 } })
    expect(tuner.getSnapshot().trials[0]).toMatchObject({ status: 'error', state: 'failed', error: 'no' })
  })

  it('never changes once it is given', async () => {
    const tuner = tunerOf({ maxConcurrentTrials: 1 })
    const snapshot = await snapshotAt(tuner, 'trial.report')
    expect(snapshot.trials).toHaveLength(1)
    expect(snapshot.trials[0]).toMatchObject({ status: 'running', iteration: 1 })
    expect(snapshot.slots.used).toBe(1)
    expect(snapshot.resources.used).toEqual({ cpu: 1, gpu: 0.25 })
  })

  it('gives trials that did not change as the same objects', async () => {
    const tuner = tunerOf({ maxConcurrentTrials: 1 })
    const taken: ExperimentSnapshot[] = []
    tuner.on('trial.complete', () => void taken.push(tuner.getSnapshot()))
    await tuner.fit()
    expect(taken).toHaveLength(3)
    expect(taken[2]?.trials[0]).toBe(taken[1]?.trials[0])
    expect(taken[1]?.trials[1]).not.toBe(taken[0]?.trials[1])
  })
})

describe('a subscriber', () => {
  it('is given a snapshot at once, few of them while much happens, and the final one last', async () => {
    const tuner = tunerOf({ numSamples: 100 }, async (config, trial) => {
      for (let step = 1; step <= 100; step++) await trial.report({ loss: config.x / step })
    })
    const seen: ExperimentSnapshot[] = []
    tuner.subscribe((snapshot) => void seen.push(snapshot))
    expect(seen.map(({ status }) => status)).toEqual(['idle'])
    const results = await tuner.fit()
    // At once, at the end, and one for each full interval between.
    expect(seen.length).toBeLessThanOrEqual(2 + results.elapsedMs / SNAPSHOT_EVERY_MS)
    expect(seen.at(-1)).toEqual(tuner.getSnapshot())
    expect(seen.at(-1)).toMatchObject({ status: 'done' })
  })

  it('hears nothing more once it has unsubscribed', async () => {
    const tuner = tunerOf()
    let count = 0
    tuner.subscribe(() => void count++)()
    await tuner.fit()
    expect(count).toBe(1)
  })

  it('may subscribe in mid-run and after the end', async () => {
    const tuner = tunerOf()
    const seen: string[] = []
    tuner.once('trial.complete', () => void tuner.subscribe(({ status }) => void seen.push(status)))
    await tuner.fit()
    tuner.subscribe(({ status }) => void seen.push(status))
    expect(seen).toEqual(['running', 'done', 'done'])
  })

  it('harms nobody when it throws: others are served, and a warning says so', async () => {
    const tuner = tunerOf()
    const seen: string[] = []
    tuner.subscribe(() => {
      throw new Error('subscriber broke')
    })
    tuner.subscribe(({ status }) => void seen.push(status))
    const results = await tuner.fit()
    expect(seen).toEqual(['idle', 'done'])
    expect(results.warnings.map(({ kind }) => kind)).toContain('subscriber')
  })
})

describe('what subscribers are given', () => {
  afterEach(() => void vi.useRealTimers())

  function broadcast(): { hub: Broadcast; taken: () => number } {
    let taken = 0
    const hub = new Broadcast()
    hub.follow(
      () => ({ elapsedMs: ++taken }) as ExperimentSnapshot,
      () => {},
    )
    return { hub, taken: () => taken }
  }

  it('comes at most every 100 ms, however much happens', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { hub } = broadcast()
    let count = 0
    hub.subscribe(() => void count++)
    for (let ms = 0; ms < 1000; ms += 10) {
      hub.changed()
      hub.changed()
      vi.advanceTimersByTime(10)
    }
    expect(count).toBe(11)
  })

  it('comes without anything that happens only once: nothing is sent while nothing changes', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { hub } = broadcast()
    let count = 0
    hub.subscribe(() => void count++)
    hub.changed()
    vi.advanceTimersByTime(10_000)
    expect(count).toBe(2)
  })

  it('costs nothing while nobody subscribes', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { hub, taken } = broadcast()
    for (let i = 0; i < 10; i++) hub.changed()
    vi.advanceTimersByTime(1000)
    hub.flush()
    expect(taken()).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no timer behind at the end', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { hub } = broadcast()
    hub.subscribe(() => {})
    hub.changed()
    hub.flush()
    expect(vi.getTimerCount()).toBe(0)
  })
})
