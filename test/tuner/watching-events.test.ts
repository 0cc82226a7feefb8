import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type Decision,
  type ExperimentEvent,
  OptionError,
  type Scheduler,
  type TrialInfo,
  Tuner,
  uniform,
} from 'troupe'
import { EVENT_NAMES } from '../../src/core/events.ts'

/** Decides by a table of trial and time, and lets all else go on. */
function scripted(decisions: Record<string, Decision>): Scheduler<null> {
  return {
    name: 'scripted',
    objectives: 'one',
    objective: {},
    timeAttr: 'training_iteration',
    line: 'Scripted.',
    init: () => null,
    onReport: (_, { trial, time }) => decisions[`${trial}@${time}`] ?? { kind: 'continue' },
  }
}

const LOST: Decision = {
  kind: 'stop',
  outcome: 'pruned',
  reason: 'lost rung 1',
  evidence: { rung: 1, cutoff: 0.5, competitors: 3 },
}
const WAITS: Decision = { kind: 'pause', reason: 'waits for the others', evidence: { bracket: 0 } }

/** Trial 0 completes, 1 is stopped, 2 is paused and goes on, 3 fails, tries again and fails for good. */
function smallExperiment(): Tuner<{ x: number }> {
  return new Tuner(
    async (_config: { x: number }, trial) => {
      for (let step = 1; step <= 2; step++) {
        await trial.report({ loss: trial.number + step / 10 })
        if (trial.number === 3) throw new Error(`attempt ${trial.attempt} broke`)
      }
    },
    {
      paramSpace: { x: uniform(0, 1) },
      metric: 'loss',
      mode: 'min',
      numSamples: 4,
      maxConcurrentTrials: 1,
      failure: { maxFailures: 1 },
      scheduler: scripted({ '1@1': LOST, '2@1': WAITS }),
      seed: 1,
      name: 'small',
    },
  )
}

/** Every event of a tuner, in order, as one line each. */
function linesOf(tuner: Tuner<{ x: number }>): string[] {
  const lines: string[] = []
  const of = (trial: TrialInfo): string => `${trial.number}`
  tuner
    .on('experiment.start', ({ name, seed }) => void lines.push(`start ${name} ${seed}`))
    .on('experiment.end', ({ endedBy }) => void lines.push(`end ${endedBy}`))
    .on('trial.created', ({ trial }) => void lines.push(`created ${of(trial)}`))
    .on('trial.start', ({ trial, attempt }) => void lines.push(`start ${of(trial)} attempt ${attempt}`))
    .on('trial.report', ({ trial, metrics, decision }) => {
      lines.push(`report ${of(trial)} ${String(metrics['loss'])} ${decision.kind}`)
    })
    .on('trial.pause', ({ trial, reason }) => void lines.push(`pause ${of(trial)}: ${reason?.text}`))
    .on('trial.resume', ({ trial }) => void lines.push(`resume ${of(trial)}`))
    .on('trial.stop', ({ trial, reason }) => void lines.push(`stop ${of(trial)}: ${reason?.text}`))
    .on('trial.complete', ({ trial }) => void lines.push(`complete ${of(trial)}`))
    .on('trial.retry', ({ trial, error, attempt }) => {
      lines.push(`retry ${of(trial)} as attempt ${attempt}: ${error.message}`)
    })
    .on('trial.error', ({ trial, error }) => void lines.push(`error ${of(trial)}: ${error.message}`))
  return lines
}

describe('the events of an experiment', () => {
  it('come in the order in which things happen, each with what it is about', async () => {
    const tuner = smallExperiment()
    const lines = linesOf(tuner)
    await tuner.fit()
    expect(lines).toEqual([
      'start small 1',
      'created 0',
      'start 0 attempt 1',
      'report 0 0.1 continue',
      'report 0 0.2 continue',
      'complete 0',
      'created 1',
      'start 1 attempt 1',
      'report 1 1.1 stop',
      'stop 1: lost rung 1',
      'created 2',
      'start 2 attempt 1',
      'report 2 2.1 pause',
      'pause 2: waits for the others',
      'resume 2',
      'report 2 2.2 continue',
      'complete 2',
      'created 3',
      'start 3 attempt 1',
      'report 3 3.1 continue',
      'retry 3 as attempt 2: attempt 1 broke',
      'start 3 attempt 2',
      'report 3 3.1 continue',
      'error 3: attempt 2 broke',
      'end finished',
    ])
  })

  it('carry the decision about a report with its reason and its evidence', async () => {
    const tuner = smallExperiment()
    const decisions: unknown[] = []
    tuner.on('trial.report', ({ trial, decision }) => {
      if (trial.number === 1 || trial.number === 2) decisions.push(decision)
    })
    const results = await tuner.fit()
    expect(decisions).toEqual([
      { kind: 'stop', by: 'scheduler', reason: 'lost rung 1', evidence: LOST.evidence },
      { kind: 'pause', by: 'scheduler', reason: 'waits for the others', evidence: WAITS.evidence },
      { kind: 'continue', by: 'scheduler', reason: undefined, evidence: undefined },
    ])
    expect(results.get(1)).toMatchObject({ state: 'pruned', status: 'terminated' })
  })

  it('carry the evidence of a scheduler that lets a trial go on', async () => {
    const tuner = new Tuner(() => ({ loss: 1 }), {
      metric: 'loss',
      mode: 'min',
      scheduler: scripted({ '0@1': { kind: 'continue', evidence: { rung: 1, cutoff: 2 } } }),
    })
    const seen: unknown[] = []
    tuner.on('trial.report', ({ decision }) => void seen.push(decision.evidence))
    await tuner.fit()
    // What a trainable returns is its last report, about which nothing is left to decide.
    expect(seen).toEqual([undefined])
  })

  it('say of a bound that a stopper ended the trial', async () => {
    const tuner = new Tuner(
      async (_, trial) => {
        for (let i = 0; i < 9; i++) await trial.report({ loss: i })
      },
      { metric: 'loss', mode: 'min', stop: { training_iteration: 2 } },
    )
    const decisions: string[] = []
    tuner.on('trial.report', ({ decision }) => void decisions.push(`${decision.kind} by ${decision.by}`))
    const results = await tuner.fit()
    expect(decisions).toEqual(['continue by scheduler', 'stop by stopper'])
    expect(results.get(0)).toMatchObject({ state: 'completed' })
  })

  it('have times that never go back, from 0 at the start', async () => {
    const tuner = smallExperiment()
    const times: number[] = []
    for (const name of EVENT_NAMES) tuner.on(name, ({ at }) => void times.push(at))
    const results = await tuner.fit()
    expect(times[0]).toBeLessThan(5)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBe(results.elapsedMs)
  })

  it('count their time from fit, not from the making of the tuner', async () => {
    const tuner = smallExperiment()
    const made = performance.now()
    while (performance.now() < made + 20);
    let startedAt = NaN
    tuner.on('experiment.start', ({ at }) => void (startedAt = at))
    await tuner.fit()
    expect(startedAt).toBeLessThan(20)
  })

  it('carry the live trial, whose state is that of the event', async () => {
    const tuner = smallExperiment()
    const seen: string[] = []
    for (const name of ['trial.start', 'trial.pause', 'trial.resume', 'trial.complete'] as const) {
      tuner.on(name, ({ trial }) => {
        if (trial.number === 2) seen.push(`${name}: ${trial.status} ${trial.state} ${trial.iteration}`)
      })
    }
    await tuner.fit()
    expect(seen).toEqual([
      'trial.start: running running 0',
      'trial.pause: paused paused 1',
      'trial.resume: running running 1',
      'trial.complete: terminated completed 2',
    ])
  })

  it('carry what user code logs', async () => {
    const tuner = new Tuner(
      (_, trial) => {
        trial.logger.warn('nearly full', { freeMb: 3 })
        return { loss: 1 }
      },
      { metric: 'loss', mode: 'min' },
    )
    const logged: unknown[] = []
    tuner.on('trial.log', ({ trial, level, message, fields }) => {
      logged.push([trial.number, level, message, fields])
    })
    await tuner.fit()
    expect(logged).toEqual([[0, 'warn', 'nearly full', { freeMb: 3 }]])
  })

  it('are typed by their names', () => {
    const tuner = smallExperiment()
    tuner.on('trial.report', (event) => {
      expectTypeOf(event.metrics['loss']).toBeUnknown()
      expectTypeOf(event.decision.kind).toEqualTypeOf<'continue' | 'pause' | 'stop' | 'exploit'>()
    })
    tuner.on('trial.transition', ({ from, to }) => expectTypeOf(from).toEqualTypeOf(to))
    tuner.on('trial.error', ({ error }) => expectTypeOf(error).toEqualTypeOf<Error>())
  })
})

describe('listening', () => {
  it('ends with off, on the listener that was given', async () => {
    const tuner = smallExperiment()
    let count = 0
    const listener = (): void => void count++
    tuner.on('trial.created', listener).on('trial.complete', listener).off('trial.complete', listener)
    await tuner.fit()
    expect(count).toBe(4)
  })

  it('is done with once after the first event', async () => {
    const tuner = smallExperiment()
    const seen: number[] = []
    tuner.once('trial.created', ({ trial }) => void seen.push(trial.number))
    await tuner.fit()
    expect(seen).toEqual([0])
  })

  it('ends with off also for what listened once', async () => {
    const tuner = smallExperiment()
    let count = 0
    const listener = (): void => void count++
    tuner.once('trial.created', listener).off('trial.created', listener)
    await tuner.fit()
    expect(count).toBe(0)
  })

  it('can end from within a listener, without the others missing anything', async () => {
    const tuner = smallExperiment()
    const seen: string[] = []
    const first = (): void => {
      seen.push('first')
      tuner.off('trial.created', first)
    }
    tuner
      .on('trial.created', first)
      .on('trial.created', ({ trial }) => void seen.push(`second ${trial.number}`))
    await tuner.fit()
    expect(seen).toEqual(['first', 'second 0', 'second 1', 'second 2', 'second 3'])
  })

  it('does nothing when off is told what never listened', () => {
    const tuner = smallExperiment()
    expect(() => tuner.off('trial.created', () => {})).not.toThrow()
  })

  it.each(['on', 'once', 'off'] as const)(
    'refuses an event that is not there, and names the nearest: %s',
    (method) => {
      const tuner = smallExperiment()
      // @ts-expect-error -- the compiler knows it too
      const act = (): unknown => tuner[method]('trial.reported', () => {})
      expect(act).toThrow(OptionError)
      expect(act).toThrow('There is no event trial.reported. Did you mean trial.report?')
    },
  )

  it('lists the events when none is near', () => {
    const tuner = smallExperiment()
    // @ts-expect-error -- the compiler knows it too
    expect(() => tuner.on('zzz', () => {})).toThrow(/Known are experiment\.start, .*trial\.transition/)
  })

  it('refuses such a name in callbacks too', () => {
    expect(() => new Tuner(() => {}, { callbacks: [{ 'trial.begin': () => {} } as never] })).toThrow(
      /trial\.begin/,
    )
  })

  it('calls callbacks as it calls listeners', async () => {
    const seen: number[] = []
    const tuner = new Tuner(() => ({ loss: 1 }), {
      metric: 'loss',
      mode: 'min',
      numSamples: 3,
      callbacks: [{ 'trial.complete': ({ trial }) => void seen.push(trial.number) }],
    })
    await tuner.fit()
    expect(seen.sort()).toEqual([0, 1, 2])
  })

  it('harms nobody when a listener throws or rejects: the run goes on, and a warning says so', async () => {
    const tuner = smallExperiment()
    const heard: number[] = []
    tuner.on('trial.created', () => {
      throw new Error('listener broke')
    })
    tuner.once('trial.complete', async () => {
      await null
      throw new Error('listener rejected')
    })
    tuner.on('trial.created', ({ trial }) => void heard.push(trial.number))
    const results = await tuner.fit()
    expect(heard).toEqual([0, 1, 2, 3])
    const warnings = results.warnings.map(({ kind, message }) => `${kind}: ${message}`)
    expect(warnings.sort()).toEqual([
      'listener: A listener of trial.complete threw: listener rejected',
      ...Array.from({ length: 4 }, () => 'listener: A listener of trial.created threw: listener broke'),
    ])
  })
})

describe('the events of a tuner as one stream', () => {
  it('are those that listeners hear, by name and in order, and end with the experiment', async () => {
    const tuner = smallExperiment()
    const heard: string[] = []
    for (const name of EVENT_NAMES) tuner.on(name, () => void heard.push(name))
    const stream = tuner.events()
    const done = tuner.fit()
    const read: string[] = []
    for await (const event of stream) read.push(event.type)
    await done
    expect(read).toEqual(heard)
    expect(read.at(-1)).toBe('experiment.end')
  })

  it('carries each event whole', async () => {
    const tuner = smallExperiment()
    const stream = tuner.events()
    await tuner.fit()
    const created: unknown[] = []
    for await (const event of stream) if (event.type === 'trial.created') created.push(event.trial.number)
    expect(created).toEqual([0, 1, 2, 3])
  })

  it('begins with the call, in whatever moment', async () => {
    const tuner = smallExperiment()
    let read: Promise<string[]> | undefined
    tuner.once('trial.complete', () => {
      read = (async () => {
        const types: string[] = []
        for await (const event of tuner.events()) types.push(event.type)
        return types
      })()
    })
    await tuner.fit()
    const types = await read
    expect(types).toContain('trial.created')
    expect(types).not.toContain('experiment.start')
    expect(types?.at(-1)).toBe('experiment.end')
  })

  it('is over at once when the experiment is', async () => {
    const tuner = smallExperiment()
    await tuner.fit()
    expect(await tuner.events().next()).toEqual({ done: true, value: undefined })
  })

  it('ends early for a reader that breaks off, and the experiment goes on', async () => {
    const tuner = smallExperiment()
    const stream = tuner.events()
    const done = tuner.fit()
    let first: ExperimentEvent['type'] | 'events.dropped' | undefined
    for await (const event of stream) {
      first = event.type
      break
    }
    expect(first).toBe('experiment.start')
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect((await done).length).toBe(4)
  })

  it('serves a reader that asks several times at once', async () => {
    const tuner = smallExperiment()
    const stream = tuner.events()
    const asked = Promise.all(Array.from({ length: 100 }, () => stream.next()))
    await tuner.fit()
    const answers = await asked
    const types = answers.map(({ value }) => value?.type)
    expect(types.slice(0, 2)).toEqual(['experiment.start', 'trial.created'])
    expect(types.filter((type) => type === 'experiment.end')).toHaveLength(1)
    expect(answers.at(-1)?.done).toBe(true)
  })

  it('serves several readers, each with all events', async () => {
    const tuner = smallExperiment()
    const streams = [tuner.events(), tuner.events()]
    const done = tuner.fit()
    const counts = await Promise.all(
      streams.map(async (stream) => {
        let count = 0
        for await (const _ of stream) count++
        return count
      }),
    )
    await done
    expect(counts[0]).toBe(counts[1])
  })

  it('drops the oldest for a reader that is too slow, and says how many', async () => {
    const reports = 70_000
    const tuner = new Tuner(
      function* () {
        for (let i = 1; i <= reports; i++) yield { loss: i }
      },
      { metric: 'loss', mode: 'min' },
    )
    const stream = tuner.events()
    await tuner.fit()
    const first = await stream.next()
    const read: (ExperimentEvent | { readonly type: 'events.dropped' })[] = []
    for await (const event of stream) read.push(event)
    // Start, creation, two transitions, start and completion of the trial, and the end, beside the reports.
    expect(first.value).toEqual({ type: 'events.dropped', count: reports + 7 - 65_536 })
    expect(read).toHaveLength(65_536)
    expect(read.at(-1)?.type).toBe('experiment.end')
    const losses = read.flatMap((event) => (event.type === 'trial.report' ? [event.metrics['loss']] : []))
    expect(losses.at(-1)).toBe(reports)
    expect(losses).toHaveLength((losses.at(-1) as number) - (losses[0] as number) + 1)
  })
})
