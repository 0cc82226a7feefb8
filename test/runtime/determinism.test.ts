import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Scheduler, type Trial, uniform } from 'troupe'
import { simulate, type Simulation } from 'troupe/testing'
import { type Config, type Distraction, forms, runScenario } from './determinism-scenario.ts'

// The whole scenario takes seconds, and the machine may have other things to do.
const PATIENCE_MS = 240_000

function inProcessOfItsOwn(form: keyof typeof forms): Promise<string> {
  const child = fileURLToPath(new URL('determinism-child.ts', import.meta.url))
  const flags = ['--conditions=@troupe/source', '--import', 'tsx']
  return promisify(execFile)(process.execPath, [...flags, child, form]).then(({ stdout }) => stdout.trim())
}

/** Keeps this process busy in all phases of its event loop until told to stop. */
function cpuNoise(): () => void {
  let isOver = false
  const spin = (ms: number): void => {
    for (const start = performance.now(); performance.now() < start + ms;);
  }
  const timer = setInterval(() => spin(Math.random()), 1)
  const onTurn = (): void => {
    if (isOver) return
    if (Math.random() < 0.01) spin(0.5)
    setImmediate(onTurn)
  }
  onTurn()
  return () => {
    isOver = true
    clearInterval(timer)
  }
}

// By real chance, so that no two runs are alike.
const randomAwaits: Distraction = () => {
  const choice = Math.random()
  if (choice < 0.005) return new Promise((resolve) => setTimeout(resolve, 1))
  if (choice < 0.2) return new Promise((resolve) => setImmediate(resolve))
  return choice < 0.5 ? Promise.resolve().then(() => {}) : undefined
}

describe('1,000 trials of 50 reports on 100 virtual workers', { timeout: PATIENCE_MS }, () => {
  let first: Simulation<Config>
  beforeAll(async () => {
    first = await runScenario(forms.generator())
  }, PATIENCE_MS)

  it('are as lively as an experiment can be', () => {
    const kinds = new Set(Array.from(first.trace, ({ type }) => type))
    expect([...kinds].sort()).toEqual([
      'experiment.ended',
      'experiment.started',
      'searcher.asked',
      'trial.created',
      'trial.decision',
      'trial.ended',
      'trial.report',
      'trial.transition',
    ])
    const states = new Map<string, number>()
    for (const { state } of first.results) states.set(state, (states.get(state) ?? 0) + 1)
    expect(states.get('failed')).toBe(10)
    expect(states.get('pruned')).toBeGreaterThan(10)
    expect(states.get('completed')).toBeGreaterThan(900)
    expect(Array.from(first.trace).filter(({ type }) => type === 'trial.report').length).toBeGreaterThan(
      48_000,
    )
  })

  it('leave the same trace when they run again', async () => {
    const again = await runScenario(forms.generator())
    expect(again.hash).toBe(first.hash)
    expect(again.elapsedMs).toBe(first.elapsedMs)
  })

  it('leave the same trace in two other processes, at the same time', async () => {
    const hashes = await Promise.all([inProcessOfItsOwn('generator'), inProcessOfItsOwn('async')])
    expect(hashes).toEqual([first.hash, first.hash])
  })

  it('leave the same trace as an async generator', async () => {
    expect((await runScenario(forms.asyncGenerator())).hash).toBe(first.hash)
  })

  it('leave the same trace whatever user code awaits and whatever else the process does', async () => {
    const beQuiet = cpuNoise()
    try {
      expect((await runScenario(forms.async(randomAwaits))).hash).toBe(first.hash)
    } finally {
      beQuiet()
    }
  })
})

describe('harmless awaits', () => {
  it('change nothing either after a report that nobody waits for', async () => {
    const hashWith = async (awaits: number): Promise<string> => {
      const { hash } = await simulate({
        trainable: async (config, trial) => {
          for (let step = 1; step <= 5; step++) {
            const reports = [1, 2, 3].map(async (part) => {
              for (let i = 0; i < awaits * part; i++) await null
              return trial.report({ loss: config.x / step, part })
            })
            await trial.sleep(1)
            await Promise.all(reports)
          }
        },
        paramSpace: { x: uniform(0, 1) },
        metric: 'loss',
        mode: 'min',
        numSamples: 20,
        maxConcurrentTrials: 5,
      })
      return hash
    }
    const hashes = await Promise.all([0, 1, 7, 100].map(hashWith))
    expect(new Set(hashes).size).toBe(1)
  })
})

describe('chance', () => {
  const drawing = async (_: unknown, trial: Trial): Promise<void> => {
    await trial.sleep((trial.number * 7) % 5)
    await trial.report({ loss: trial.random(), again: trial.random() })
  }
  const draws = async (options: { seed?: number; maxConcurrentTrials?: number }): Promise<unknown[]> => {
    const { results } = await simulate({
      trainable: drawing,
      metric: 'loss',
      mode: 'min',
      numSamples: 20,
      ...options,
    })
    return Array.from(results, ({ metrics }) => [metrics?.['loss'], metrics?.['again']])
  }

  it('is each trial’s own: it does not depend on who else runs, or in which order', async () => {
    const alone = await draws({ maxConcurrentTrials: 1 })
    expect(await draws({ maxConcurrentTrials: 7 })).toEqual(alone)
    expect(new Set(alone.flat()).size).toBe(40)
  })

  it('follows the seed', async () => {
    expect(await draws({ seed: 1 })).toEqual(await draws({ seed: 1 }))
    expect(await draws({ seed: 1 })).not.toEqual(await draws({ seed: 2 }))
  })

  it('begins anew with each attempt', async () => {
    const seen: number[] = []
    await simulate({
      trainable: async (_, trial) => {
        seen.push(trial.random())
        await trial.report({ loss: 1 })
        if (trial.attempt === 1) throw new Error('once')
      },
      numSamples: 1,
      failure: { maxFailures: 1 },
    })
    expect(seen).toHaveLength(2)
    expect(seen[0]).toBe(seen[1])
  })

  it('gives configurations by number, whoever asks first', async () => {
    const configs = async (maxConcurrentTrials: number): Promise<unknown[]> => {
      const { results } = await simulate({
        trainable: drawing,
        paramSpace: { x: uniform(0, 1) },
        numSamples: 30,
        maxConcurrentTrials,
      })
      return Array.from(results, ({ config }) => config)
    }
    expect(await configs(1)).toEqual(await configs(13))
  })

  it('gives ids of eight hexadecimal digits, all different, the same for the same seed', async () => {
    const ids = async (seed: number): Promise<string[]> => {
      const { results } = await simulate({ trainable: () => ({ loss: 1 }), numSamples: 500, seed })
      return Array.from(results, ({ trialId }) => trialId)
    }
    const first = await ids(1)
    expect(new Set(first).size).toBe(500)
    for (const id of first) expect(id).toMatch(/^[0-9a-f]{8}$/)
    expect(await ids(1)).toEqual(first)
    expect(await ids(2)).not.toEqual(first)
  })
})

describe('a simulation that cannot go on', () => {
  it('rejects with the virtual time when a scheduler lets everybody wait', async () => {
    const stubborn: Scheduler<null> = {
      name: 'stubborn',
      objectives: 'any',
      objective: {},
      timeAttr: 'training_iteration',
      line: '',
      init: () => null,
      onReport: () => ({ kind: 'pause', reason: 'no' }),
      choose: (_, { candidates }) => candidates.find(({ status }) => status === 'pending')?.trial,
    }
    const outcome = simulate({
      trainable: function* (_, trial) {
        yield trial.sleep(30)
        yield { loss: 1 }
      },
      numSamples: 2,
      scheduler: stubborn,
      metric: 'loss',
      mode: 'min',
    })
    await expect(outcome).rejects.toMatchObject({
      code: 'deadlock',
      message: expect.stringMatching(
        /^After 30 ms nothing runs, and trials 0 \(paused\), 1 \(paused\) wait for/,
      ),
      results: { length: 2, elapsedMs: 30 },
    })
  })

  it('rejects with the virtual time when a trainable never comes back, and keeps the results', async () => {
    const outcome = simulate({
      trainable: async (_, trial) => {
        await trial.sleep(20)
        await trial.report({ loss: trial.number })
        if (trial.number === 1) await new Promise(() => {})
      },
      numSamples: 3,
      maxConcurrentTrials: 1,
      stallMs: 50,
      metric: 'loss',
      mode: 'min',
    })
    const error = await outcome.catch(
      (thrown: unknown) => thrown as { results: Simulation<unknown>['results'] },
    )
    expect(error).toMatchObject({ code: 'stalled', message: expect.stringContaining('stands at 40 ms') })
    expect(
      Array.from((error as { results: Iterable<{ state: string }> }).results, ({ state }) => state),
    ).toEqual(['completed', 'interrupted'])
  })

  it('waits for real I/O that takes its time, as long as it comes back', async () => {
    const { elapsedMs } = await simulate({
      trainable: async (_, trial) => {
        for (let i = 0; i < 3; i++) {
          await new Promise((resolve) => setTimeout(resolve, 20))
          await trial.sleep(5)
        }
      },
      numSamples: 1,
      stallMs: 5_000,
    })
    expect(elapsedMs).toBe(15)
  })

  it('ends when its signal aborts, in an event of its own', async () => {
    const run = async (): Promise<Simulation<unknown>> => {
      const controller = new AbortController()
      return simulate({
        trainable: async (_, trial) => {
          for (let step = 1; step <= 5; step++) {
            await trial.sleep(10)
            await trial.report({ loss: step })
            if (trial.number === 2 && step === 2) controller.abort()
          }
        },
        numSamples: 10,
        maxConcurrentTrials: 3,
        signal: controller.signal,
        metric: 'loss',
        mode: 'min',
      })
    }
    const [one, two] = [await run(), await run()]
    expect(one.results.endedBy).toBe('signal')
    expect(one.elapsedMs).toBe(20)
    expect(one.hash).toBe(two.hash)
  })
})
