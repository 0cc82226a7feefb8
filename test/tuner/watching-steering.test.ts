import { describe, expect, it } from 'vitest'
import { hyperband, OptionError, type Trial, TrialStopped, Tuner, type TunerOptions, uniform } from 'troupe'

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
    maxConcurrentTrials: 1,
    seed: 5,
    ...options,
  })
}

/** What happened to one trial, by the events' names. */
function lifeOf(tuner: Tuner<Config>, number: number): string[] {
  const life: string[] = []
  const names = ['start', 'report', 'pause', 'resume', 'stop', 'complete', 'error', 'retry'] as const
  for (const name of names) {
    tuner.on(`trial.${name}`, ({ trial }) => {
      if (trial.number === number) life.push(name)
    })
  }
  return life
}

const reached = (results: Iterable<{ state: string; status: string }>): string[] =>
  Array.from(results, ({ state, status }) => `${state} (${status})`)

describe('pausing a trial', () => {
  it('takes effect at its next report, frees its slot for others, and lasts until it is resumed', async () => {
    const tuner = tunerOf()
    const life = lifeOf(tuner, 0)
    const order: string[] = []
    tuner.once('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
    tuner.on('trial.complete', ({ trial }) => {
      order.push(`complete ${trial.number}`)
      if (trial.number === 2) tuner.resumeTrial(tuner.getSnapshot().trials[0]?.id as string)
    })
    const results = await tuner.fit()
    expect(life).toEqual(['start', 'report', 'pause', 'resume', 'report', 'report', 'complete'])
    expect(order).toEqual(['complete 1', 'complete 2', 'complete 0'])
    expect(reached(results)).toEqual(Array.from({ length: 3 }, () => 'completed (terminated)'))
  })

  it('is told as the user’s decision', async () => {
    const tuner = tunerOf({ numSamples: 1 })
    const decisions: unknown[] = []
    const reasons: unknown[] = []
    tuner.once('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
    tuner.on('trial.report', ({ decision }) => void decisions.push(`${decision.kind} by ${decision.by}`))
    tuner.on('trial.pause', ({ trial, reason }) => {
      reasons.push(reason?.by)
      tuner.resumeTrial(trial.id)
    })
    await tuner.fit()
    expect(decisions).toEqual(['pause by user', 'continue by scheduler', 'continue by scheduler'])
    expect(reasons).toEqual(['user'])
  })

  it('keeps a trial from starting that waits for its start', async () => {
    const tuner = tunerOf({ numSamples: 2 })
    const life = lifeOf(tuner, 0)
    tuner.once('trial.created', ({ trial }) => tuner.pauseTrial(trial.id))
    tuner.on('trial.complete', ({ trial }) => {
      if (trial.number === 1) tuner.resumeTrial(tuner.getSnapshot().trials[0]?.id as string)
    })
    await tuner.fit()
    expect(life).toEqual(['pause', 'start', 'report', 'report', 'report', 'complete'])
  })

  it('is no deadlock: fit waits, and stop ends it', async () => {
    const tuner = tunerOf({ numSamples: 1 })
    tuner.once('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
    const fit = tuner.fit()
    await new Promise((resolve) => tuner.once('trial.pause', () => setImmediate(resolve)))
    expect(tuner.getSnapshot().status).toBe('running')
    await tuner.stop()
    const results = await fit
    expect(results.endedBy).toBe('stop')
    expect(reached(results)).toEqual(['interrupted (paused)'])
  })

  it('is forgotten when it is resumed before the next report', async () => {
    const tuner = tunerOf({ numSamples: 1 })
    const life = lifeOf(tuner, 0)
    tuner.once('trial.start', ({ trial }) => {
      tuner.pauseTrial(trial.id)
      tuner.resumeTrial(trial.id)
    })
    await tuner.fit()
    expect(life).not.toContain('pause')
  })

  it('comes too late for a trial that ends with its report', async () => {
    const tuner = new Tuner(() => ({ loss: 1 }), { metric: 'loss', mode: 'min' })
    tuner.once('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
    expect(reached(await tuner.fit())).toEqual(['completed (terminated)'])
  })

  it('holds a trial between two attempts as well', async () => {
    const tuner = tunerOf({ numSamples: 1, failure: { maxFailures: 1 } }, async (config, trial) => {
      await trial.report({ loss: config.x })
      if (trial.attempt === 1) throw new Error('once')
    })
    const life = lifeOf(tuner, 0)
    tuner.once('trial.retry', ({ trial }) => tuner.pauseTrial(trial.id))
    tuner.once('trial.pause', ({ trial }) => tuner.resumeTrial(trial.id))
    await tuner.fit()
    expect(life).toEqual(['start', 'report', 'retry', 'pause', 'resume', 'report', 'complete'])
  })
})

describe('stopping a trial', () => {
  it('ends it as pruned with what it reported, and the others go on', async () => {
    const tuner = tunerOf()
    tuner.once('trial.report', ({ trial }) => tuner.stopTrial(trial.id))
    const results = await tuner.fit()
    expect(reached(results)).toEqual([
      'pruned (terminated)',
      'completed (terminated)',
      'completed (terminated)',
    ])
    expect(results.get(0)).toMatchObject({ metrics: { training_iteration: 1 } })
    expect(results.timeline().lanes[0]?.reason).toBe('stopped by the user')
  })

  it('lets user code clean up before its slot is given on', async () => {
    const order: string[] = []
    const tuner = tunerOf({ numSamples: 2 }, async (config, trial) => {
      order.push(`start ${trial.number}`)
      try {
        for (let step = 1; step <= 3; step++) await trial.report({ loss: config.x })
      } catch (error) {
        if (error instanceof TrialStopped) order.push(`${error.reason} ${trial.number}`)
        throw error
      } finally {
        await null
        order.push(`cleaned ${trial.number}`)
      }
    })
    tuner.once('trial.report', ({ trial }) => tuner.stopTrial(trial.id))
    await tuner.fit()
    expect(order).toEqual(['start 0', 'stopped 0', 'cleaned 0', 'start 1', 'cleaned 1'])
  })

  it.each(['trial.created', 'trial.start', 'trial.pause'] as const)(
    'works at any moment: at %s',
    async (when) => {
      const tuner = tunerOf({ numSamples: 2 })
      if (when === 'trial.pause') tuner.once('trial.start', ({ trial }) => tuner.pauseTrial(trial.id))
      tuner.once(when, ({ trial }) => tuner.stopTrial(trial.id))
      const results = await tuner.fit()
      expect(reached(results)).toEqual(['pruned (terminated)', 'completed (terminated)'])
    },
  )

  it('works between two attempts', async () => {
    const tuner = tunerOf({ numSamples: 1, failure: { maxFailures: 5, backoffMs: 1e9 } }, async () => {
      throw new Error('always')
    })
    tuner.once('trial.retry', ({ trial }) => tuner.stopTrial(trial.id))
    expect(reached(await tuner.fit())).toEqual(['pruned (terminated)'])
  })
})

it.each([[[4]], [[5]], [[4, 5]]])(
  'stopping the last partners %j before they run lets those that wait for them go on',
  async (stopped) => {
    const train = async ({ x }: { x: number }, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 5; epoch++) {
        if (epoch % 2 === 0) await trial.sleep(1)
        await trial.report({ loss: x + 1 / epoch })
      }
    }
    const tuner = new Tuner(train, {
      paramSpace: { x: uniform(0, 1) },
      metric: 'loss',
      mode: 'min',
      seed: 0,
      numSamples: 6,
      maxConcurrentTrials: 2,
      scheduler: hyperband({ maxT: 5, reductionFactor: 2 }),
    })
    tuner.on('trial.created', ({ trial }) => {
      if (stopped.includes(trial.number)) tuner.stopTrial(trial.id)
    })
    const results = await tuner.fit()
    for (const { number, history, state } of results)
      if (stopped.includes(number)) expect(state).toBe('pruned')
      else expect(history.length).toBeGreaterThan(1)
  },
)

describe('steering by the id of a trial', () => {
  const steer = ['pauseTrial', 'resumeTrial', 'stopTrial'] as const

  it.each(steer)('refuses an id that no trial has: %s', (method) => {
    const tuner = tunerOf()
    expect(() => tuner[method]('nobody')).toThrow(OptionError)
    expect(() => tuner[method]('nobody')).toThrow('There is no trial nobody.')
  })

  it.each(steer)('does nothing to a trial that has ended: %s', async (method) => {
    const tuner = tunerOf()
    tuner.once('trial.complete', ({ trial }) => tuner[method](trial.id))
    const results = await tuner.fit()
    tuner[method](results.at(0)?.trialId as string)
    expect(reached(results)).toEqual(Array.from({ length: 3 }, () => 'completed (terminated)'))
  })
})

describe('stopping an experiment', () => {
  it('interrupts the trials that run, starts no other, and resolves when all is over', async () => {
    const tuner = tunerOf({ numSamples: 10, maxConcurrentTrials: 2 })
    const fit = tuner.fit()
    await new Promise((resolve) => tuner.once('trial.report', resolve))
    await tuner.stop()
    expect(tuner.getSnapshot().status).toBe('done')
    const results = await fit
    expect(results.endedBy).toBe('stop')
    expect(results.length).toBeLessThan(10)
    for (const { state } of results) expect(['completed', 'interrupted']).toContain(state)
    expect(reached(results)).toContain('interrupted (paused)')
  })

  it('lets running trials come to their ends when graceful', async () => {
    const tuner = tunerOf({ numSamples: 10, maxConcurrentTrials: 2 })
    const stopped = new Promise((resolve) => {
      tuner.once('trial.report', () => resolve(tuner.stop({ graceful: true })))
    })
    const results = await tuner.fit()
    await stopped
    expect(reached(results)).toEqual(['completed (terminated)', 'completed (terminated)'])
  })

  it('interrupts a trial that fails meanwhile and would have tried again', async () => {
    const tuner = tunerOf({ numSamples: 1, failure: { maxFailures: 1 } }, async (config, trial) => {
      await trial.report({ loss: config.x })
      throw new Error('once')
    })
    tuner.once('trial.report', () => void tuner.stop({ graceful: true }))
    expect(reached(await tuner.fit())).toEqual(['interrupted (paused)'])
  })

  it('can be hurried: an urgent stop cuts a graceful one short', async () => {
    const tuner = tunerOf({ numSamples: 1 })
    tuner.once('trial.report', () => {
      void tuner.stop({ graceful: true })
      void tuner.stop()
    })
    expect(reached(await tuner.fit())).toEqual(['interrupted (paused)'])
  })

  it('works at once after fit, before anything has begun', async () => {
    const tuner = tunerOf()
    const fit = tuner.fit()
    await tuner.stop()
    expect(await fit).toMatchObject({ endedBy: 'stop', length: 0 })
  })

  it('works while a trial is only just being made', async () => {
    const tuner = tunerOf()
    tuner.once('trial.created', () => void tuner.stop())
    expect(reached(await tuner.fit())).toEqual(['interrupted (paused)'])
  })

  it.each([false, true])(
    'before fit lets fit end at once, with no trial (graceful: %s)',
    async (graceful) => {
      const tuner = tunerOf()
      const events: string[] = []
      tuner.on('trial.created', () => void events.push('created'))
      tuner.on('experiment.end', ({ endedBy }) => void events.push(endedBy))
      await tuner.stop({ graceful })
      expect(tuner.getSnapshot().status).toBe('idle')
      expect(await tuner.fit()).toMatchObject({ endedBy: 'stop', length: 0 })
      expect(events).toEqual(['stop'])
    },
  )

  it('does nothing after the end', async () => {
    const tuner = tunerOf()
    const results = await tuner.fit()
    await tuner.stop()
    expect(results).toMatchObject({ endedBy: 'finished', length: 3 })
  })

  it('comes from an AbortSignal too', async () => {
    const controller = new AbortController()
    const tuner = tunerOf({ signal: controller.signal })
    tuner.once('trial.report', () => controller.abort())
    const results = await tuner.fit()
    expect(results.endedBy).toBe('signal')
    expect(reached(results)).toEqual(['interrupted (paused)'])
  })

  it('makes no trial at all when the signal was aborted before', async () => {
    const tuner = tunerOf({ signal: AbortSignal.abort() })
    const events: string[] = []
    tuner.on('trial.created', () => void events.push('created'))
    tuner.on('experiment.end', ({ endedBy }) => void events.push(endedBy))
    expect(await tuner.fit()).toMatchObject({ endedBy: 'signal', length: 0 })
    expect(events).toEqual(['signal'])
  })

  it('leaves no listener on the signal behind', async () => {
    const { signal } = new AbortController()
    let listening = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening--
      remove(...args)
    }
    await tunerOf({ signal }).fit()
    expect(listening).toBe(0)
  })
})
