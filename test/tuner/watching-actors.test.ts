import { describe, expect, it } from 'vitest'
import type { AnyActorRef, InspectionEvent } from 'xstate'
import { asha, type Decision, type Trial, type TrialStatus, Tuner, type TunerOptions, uniform } from 'troupe'

interface Config {
  readonly x: number
}

/** Reports, breaks now and then, and waits a little, so that trials overlap and live in all kinds of ways. */
async function livelyTrainable(config: Config, trial: Trial): Promise<void> {
  for (let step = 1; step <= 6; step++) {
    if (trial.random() < 0.3) await new Promise((resolve) => setImmediate(resolve))
    await trial.report({ loss: config.x / step })
    if (trial.number % 7 === 3 && trial.attempt === 1 && step === 2) throw new Error('breaks once')
    if (trial.number % 11 === 5) throw new Error('breaks always')
  }
}

/** Stops as asha does, and pauses every fifth trial once. */
function pausing(): ReturnType<typeof asha<'stopping'>> {
  const inner = asha({ maxT: 100, gracePeriod: 2, reductionFactor: 2 })
  return {
    ...inner,
    name: 'pausing',
    onReport(state, report): Decision {
      const decision = inner.onReport(state, report)
      if (decision.kind !== 'continue' || report.trial % 5 !== 1 || report.time !== 3) return decision
      return { kind: 'pause', reason: 'takes a break' }
    },
  }
}

function lively(options: TunerOptions<Config> = {}): Tuner<Config> {
  return new Tuner(livelyTrainable, {
    paramSpace: { x: uniform(1, 2) },
    metric: 'loss',
    mode: 'min',
    numSamples: 60,
    maxConcurrentTrials: 8,
    failure: { maxFailures: 2 },
    scheduler: pausing(),
    seed: 9,
    ...options,
  })
}

/** What an inspector sees of trials: the states of each, in order, by number. */
class TrialWatcher {
  readonly states = new Map<number, string[]>()

  readonly next = (event: InspectionEvent): void => {
    if (event.type !== '@xstate.snapshot') return
    const snapshot = event.snapshot as { value?: unknown; context?: { record?: { number: number } } }
    const number = snapshot.context?.record?.number
    if (number === undefined || typeof snapshot.value !== 'string') return
    const seen = this.states.get(number)
    if (seen === undefined) this.states.set(number, [snapshot.value])
    else if (seen.at(-1) !== snapshot.value) seen.push(snapshot.value)
  }
}

describe('the transitions of a trial', () => {
  it('are events, one each, with where from, where to, what led there, and when', async () => {
    const tuner = new Tuner(
      async (config: Config, trial) => {
        await trial.report({ loss: config.x })
        if (trial.attempt === 1) throw new Error('once')
      },
      {
        paramSpace: { x: uniform(1, 2) },
        metric: 'loss',
        mode: 'min',
        failure: { maxFailures: 1 },
      },
    )
    const seen: unknown[] = []
    const times: number[] = []
    tuner.on('trial.transition', ({ trial, from, to, cause, attempt, at }) => {
      seen.push([trial.number, from, to, cause, attempt])
      times.push(at)
    })
    await tuner.fit()
    expect(seen).toEqual([
      [0, 'pending', 'running', 'trial.start', 1],
      [0, 'running', 'retrying', 'run.failed', 1],
      [0, 'retrying', 'pending', 'run.backedOff', 2],
      [0, 'pending', 'running', 'trial.start', 2],
      [0, 'running', 'terminated', 'run.finished', 2],
    ])
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('are those of its machine and those of the timeline, for each trial of a lively experiment', async () => {
    const watcher = new TrialWatcher()
    const tuner = lively({ inspect: watcher })
    const fromEvents = new Map<number, TrialStatus[]>()
    tuner.on('trial.created', ({ trial }) => void fromEvents.set(trial.number, ['pending']))
    tuner.on('trial.transition', ({ trial, from, to }) => {
      const seen = fromEvents.get(trial.number) ?? []
      expect(from).toBe(seen.at(-1))
      seen.push(to)
    })
    const results = await tuner.fit()
    const fromTimeline = new Map(
      results.timeline().lanes.map(({ number, stays }) => [number, stays.map(({ status }) => status)]),
    )
    expect(fromEvents.size).toBe(60)
    expect(fromEvents).toEqual(watcher.states)
    expect(fromTimeline).toEqual(watcher.states)
    // Lively enough to mean something.
    const reached = new Set([...fromEvents.values()].flat())
    expect([...reached].sort()).toEqual(
      ['error', 'paused', 'pending', 'retrying', 'running', 'stopping', 'terminated'].sort(),
    )
  })

  it('have their times and causes in the timeline too', async () => {
    const tuner = lively()
    const events = new Map<number, unknown[]>()
    tuner.on('trial.transition', ({ trial, to, cause, attempt, at }) => {
      const seen = events.get(trial.number) ?? []
      events.set(trial.number, seen)
      seen.push({ status: to, from: at, cause, attempt })
    })
    const results = await tuner.fit()
    for (const { number, stays } of results.timeline().lanes) {
      const [first, ...others] = stays
      expect(first).toMatchObject({ status: 'pending', cause: 'trial.created', attempt: 1 })
      expect(others.map(({ status, from, cause, attempt }) => ({ status, from, cause, attempt }))).toEqual(
        events.get(number),
      )
      for (const [i, { to }] of stays.entries()) if (i + 1 < stays.length) expect(to).toBe(stays[i + 1]?.from)
    }
  })
})

describe('the actor of an experiment', () => {
  it('is idle, runs, and is done, as XState says it', async () => {
    const tuner = lively({ numSamples: 3 })
    const values: unknown[] = [tuner.actor.getSnapshot().value]
    tuner.actor.subscribe({
      next: ({ value }) => void (value === values.at(-1) || values.push(value)),
      complete: () => void values.push('complete'),
      error: () => {},
    })
    await tuner.fit()
    expect(values).toEqual(['idle', 'running', 'done', 'complete'])
    expect(tuner.actor.getSnapshot().status).toBe('done')
  })

  it('goes through stopping when it is stopped', async () => {
    const tuner = lively()
    const values: unknown[] = []
    tuner.actor.subscribe(({ value }) => void (value === values.at(-1) || values.push(value)))
    tuner.once('trial.report', () => void tuner.stop())
    await tuner.fit()
    expect(values).toEqual(['idle', 'running', 'stopping', 'done'])
  })

  it('ends in failed when it cannot go on', async () => {
    const tuner = lively({ failure: { failFast: true } })
    await expect(tuner.fit()).rejects.toMatchObject({ code: 'failFast' })
    expect(tuner.actor.getSnapshot().value).toBe('failed')
  })

  it('lets messages pass that nobody knows', async () => {
    const tuner = lively({ numSamples: 3 })
    tuner.once('trial.report', () => tuner.actor.send({ type: 'hello' } as never))
    expect((await tuner.fit()).length).toBe(3)
  })

  it('takes the experiment with it when it is stopped from outside, and says so', async () => {
    const tuner = lively()
    tuner.once('trial.report', () => tuner.actor.stop())
    await expect(tuner.fit()).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('stopped from outside'),
    })
    expect(tuner.getSnapshot()).toMatchObject({ status: 'failed', slots: { used: 0 } })
  })
})

describe('the actor of a trial', () => {
  it('is there while the trial lives, and says where it is', async () => {
    const tuner = lively({ numSamples: 3, maxConcurrentTrials: 1, scheduler: undefined as never })
    const seen: unknown[] = []
    const look = ({ trial }: { trial: { id: string; number: number } }): void => {
      const actor = tuner.trialActor(trial.id)
      if (trial.number === 1)
        seen.push(actor?.getSnapshot().context.record.number, actor?.getSnapshot().value)
    }
    tuner.on('trial.report', look)
    await tuner.fit()
    expect(seen.slice(0, 4)).toEqual([1, 'running', 1, 'running'])
  })

  it('can be subscribed to, and completes with the trial', async () => {
    const tuner = lively({ numSamples: 2, maxConcurrentTrials: 1, scheduler: undefined as never })
    const values: unknown[] = []
    tuner.once('trial.start', ({ trial }) => {
      tuner.trialActor(trial.id)?.subscribe({
        next: ({ value }) => void (value === values.at(-1) || values.push(value)),
        complete: () => void values.push('complete'),
        error: () => {},
      })
    })
    await tuner.fit()
    expect(values).toEqual(['running', 'terminated', 'complete'])
  })

  it('is not there any more when the trial has ended, nor for an id that no trial has', async () => {
    const tuner = lively({ numSamples: 3 })
    const ids: string[] = []
    tuner.on('trial.created', ({ trial }) => void ids.push(trial.id))
    tuner.on('trial.complete', ({ trial }) => expect(tuner.trialActor(trial.id)).toBeUndefined())
    const results = await tuner.fit()
    expect(results.warnings).toEqual([])
    expect(ids.map((id) => tuner.trialActor(id))).toEqual([undefined, undefined, undefined])
    expect(tuner.trialActor('nobody')).toBeUndefined()
  })
})

describe('an inspector', () => {
  it('that comes in mid-run knows every trial’s state from then on to the end', async () => {
    const tuner = lively()
    const watcher = new TrialWatcher()
    let aliveThen: string[] = []
    let endedBefore = 0
    let count = 0
    tuner.on('trial.report', () => {
      if (++count !== 100) return
      const { trials } = tuner.getSnapshot()
      endedBefore = trials.filter(({ status }) => status === 'terminated' || status === 'error').length
      aliveThen = trials
        .filter(({ id }) => tuner.trialActor(id) !== undefined)
        .map(({ number }) => String(number))
      tuner.inspect(watcher)
      // What it was just told is what holds now.
      for (const number of aliveThen) expect(watcher.states.get(Number(number))).toHaveLength(1)
    })
    const results = await tuner.fit()
    expect(results.warnings).toEqual([])
    expect(aliveThen.length).toBeGreaterThan(2)
    expect(watcher.states.size).toBe(60 - endedBefore)
    for (const [number, states] of watcher.states) {
      expect([number, states.at(-1)]).toEqual([number, results.get(number)?.status])
    }
    // Those that came later are known whole.
    const whole = new Map(
      results.timeline().lanes.map(({ number, stays }) => [number, stays.map(({ status }) => status)]),
    )
    const later = [...watcher.states].filter(([number]) => number >= endedBefore + aliveThen.length)
    expect(later.length).toBeGreaterThan(5)
    for (const [number, states] of later) expect(states).toEqual(whole.get(number))
  })

  it('is told first of the actors that live, root first, each with its snapshot', async () => {
    const tuner = lively({ numSamples: 2, maxConcurrentTrials: 1 })
    const told: string[] = []
    tuner.once('trial.start', () => {
      const detach = tuner.inspect(
        (event) => void told.push(`${event.type} ${(event.actorRef as AnyActorRef).id}`),
      )
      detach()
    })
    await tuner.fit()
    const ids = ['experiment', 'searcher', 'scheduler', 'trials', 'trial-0']
    expect(told).toEqual([
      ...ids.map((id) => `@xstate.actor ${id}`),
      ...ids.map((id) => `@xstate.snapshot ${id}`),
    ])
  })

  it('can come before anything has begun', async () => {
    const tuner = lively({ numSamples: 4 })
    const watcher = new TrialWatcher()
    tuner.inspect(watcher)
    const results = await tuner.fit()
    expect([...watcher.states.keys()].sort()).toEqual([0, 1, 2, 3])
    for (const [number, states] of watcher.states) expect(states.at(-1)).toBe(results.get(number)?.status)
  })

  it('hears nothing more once it is detached, and others go on hearing', async () => {
    const tuner = lively({ numSamples: 4, maxConcurrentTrials: 1 })
    const early = new TrialWatcher()
    const late = new TrialWatcher()
    const detach = tuner.inspect(early)
    tuner.inspect(late)
    tuner.once('trial.complete', detach)
    await tuner.fit()
    expect([...early.states]).toEqual([[0, ['pending', 'running']]])
    expect(late.states.size).toBe(4)
  })

  it('may come after the end', async () => {
    const tuner = lively({ numSamples: 1 })
    await tuner.fit()
    const told: string[] = []
    tuner.inspect((event) => void told.push(event.type))()
    expect(told).toEqual(['@xstate.actor', '@xstate.snapshot'])
  })

  it('sees who sends what to whom', async () => {
    const sent = new Set<string>()
    const tuner = lively({
      inspect: (event) => {
        if (event.type !== '@xstate.event' || event.event.type.startsWith('xstate.')) return
        const from = (event.sourceRef as AnyActorRef | undefined)?.id.replace(/\d+/, 'n') ?? '–'
        sent.add(`${from} → ${(event.actorRef as AnyActorRef).id.replace(/\d+/, 'n')}: ${event.event.type}`)
      },
    })
    await tuner.fit()
    for (const hop of [
      'experiment → searcher: searcher.suggest',
      'searcher → experiment: searcher.answered',
      'experiment → trials: trials.spawn',
      'trials → experiment: trials.spawned',
      'trial-n → experiment: trial.entered',
      'experiment → scheduler: scheduler.add',
      'experiment → scheduler: scheduler.choose',
      'scheduler → experiment: scheduler.chose',
      'experiment → trial-n: trial.start',
      'trial-n → experiment: trial.reported',
      'experiment → scheduler: scheduler.report',
      'scheduler → experiment: scheduler.decided',
      'experiment → trial-n: trial.continue',
      'experiment → trial-n: trial.pause',
      'experiment → trial-n: trial.stop',
      'experiment → scheduler: scheduler.end',
      'experiment → searcher: searcher.tell',
      // The run is no actor: what user code does comes from outside of the system.
      '– → trial-n: run.report',
      '– → trial-n: run.failed',
      '– → trial-n: run.finished',
    ]) {
      expect(sent).toContain(hop)
    }
  })

  it('harms nobody when it throws, wherever it was attached', async () => {
    const broken = (): void => {
      throw new Error('inspector broke')
    }
    const tuner = lively({ numSamples: 3, inspect: broken })
    tuner.inspect({ next: broken })
    const results = await tuner.fit()
    expect(results.length).toBe(3)
    expect(results.warnings[0]).toMatchObject({ kind: 'inspector' })
  })
})
