import fc from 'fast-check'
import { afterAll, describe, expect, it, vi } from 'vitest'
import {
  type Decision,
  type Scheduler,
  type Search,
  type Searcher,
  type Suggestion,
  type Trainable,
  type Trial,
  uniform,
} from 'troupe'
import {
  experimentChart,
  experimentMachine,
  schedulerChart,
  searcherChart,
  trialChart,
  trialsSupervisorOf,
} from 'troupe/machines'
import { Trace } from 'troupe/testing'
import { inProcess } from '../../src/executors/in-process.ts'
import { Experiment } from '../../src/runtime/experiment.ts'
import { virtualKernel } from '../../src/runtime/virtual-kernel.ts'
import { compose } from '../../src/tuner/compose.ts'
import { readExperimentOptions } from '../../src/tuner/options.ts'

// The fast paths leave out XState's passes where nothing changes. That they do what the charts say is shown on whole
// experiments: the same settings, once on the machines that run and once on the plain charts, message by message.

const plainMachine = experimentChart.provide({
  actors: { searcher: searcherChart, scheduler: schedulerChart, trials: trialsSupervisorOf(trialChart) },
})

interface Ended {
  readonly jsonl: string
  readonly ending: string
  readonly reached: readonly string[]
}

async function runOn(
  machine: typeof experimentMachine,
  trainable: Trainable<{ x: number }>,
  options: object,
): Promise<Ended> {
  const { settings } = compose(trainable, readExperimentOptions('simulate', options), {
    owner: 'simulate',
    defaultSeed: '0',
    defaultConcurrency: 4,
    unlimitedResources: true,
  })
  const kernel = virtualKernel({ stallMs: 5000 })
  const trace = new Trace()
  const executor = inProcess({ trainable, kernel })
  const experiment = new Experiment({ ...settings, log: (record) => trace.add(record) }, kernel, executor, {
    machine,
  })
  experiment.start()
  await kernel.run(
    () => experiment.isClosed,
    () => false,
  )
  const { endedBy, failure } = await experiment.ended
  return {
    jsonl: trace.toJSONL(),
    ending: `${endedBy} ${failure?.code} ${failure?.message}`,
    reached: experiment.records.map(({ status, state, reason }) => `${status} ${state} ${reason?.text}`),
  }
}

/** A number from 0 to 99 that depends on all of these, and looks like chance. */
function die(...numbers: number[]): number {
  let hash = 17
  for (const number of numbers) hash = Math.imul(hash ^ (number + 0x9e37), 0x85ebca6b) >>> 3
  return hash % 100
}

interface Odds {
  readonly salt: number
  readonly throws: number
  readonly pauses: number
  readonly stops: number
  readonly declines: number
  readonly thinks: number
  readonly waits: number
}

function randomScheduler({ salt, throws, pauses, stops, declines }: Odds): Scheduler<{ calls: number }> {
  return {
    name: 'random',
    objectives: 'one',
    objective: {},
    timeAttr: 'training_iteration',
    line: '',
    init: () => ({ calls: 0 }),
    onReport(state, { trial, time }): Decision {
      // Kept outside of the state: a fault that comes once, as faults do.
      if (++state.calls % 50 === 49 && die(salt, trial, time) < throws) throw new Error('scheduler broke')
      const roll = die(salt, trial, time, 1)
      if (roll < stops)
        return { kind: 'stop', outcome: roll % 2 === 0 ? 'pruned' : 'completed', reason: 'random' }
      if (roll < stops + pauses) return { kind: 'pause', reason: 'random', evidence: { roll } }
      return { kind: 'continue' }
    },
    choose(_, { candidates, idle }) {
      const index = die(salt, candidates.length, candidates[0]?.trial ?? 0)
      if (!idle && index < declines) return undefined
      return candidates[index % candidates.length]?.trial
    },
  }
}

function randomSearcher({ salt, throws, thinks, waits }: Odds): Searcher {
  let hasThrown = false
  return {
    name: 'random',
    start: ({ sample, random }): Search => {
      let running = 0
      const suggestion = (number: number): Suggestion => {
        if (running > 0 && die(salt, number, running) < waits) return { kind: 'wait' }
        running++
        return { kind: 'point', point: sample(random.fork(number)) }
      }
      return {
        suggest({ number }) {
          if (!hasThrown && number === 3 && throws > 0) {
            hasThrown = true
            throw new Error('searcher broke')
          }
          if (die(salt, number, 2) >= thinks) return suggestion(number)
          return Promise.resolve().then(() => suggestion(number))
        },
        tell() {
          running--
        },
      }
    },
  }
}

/** Sleeps, reports well and badly, awaits or does not, throws, hangs and cleans up, all by the trial's own chance. */
function randomTrainable(steps: number, fails: number): Trainable<{ x: number }> {
  return async (config, trial: Trial) => {
    for (let step = 1; step <= steps; step++) {
      const roll = trial.random() * 100
      if (roll < 60) await trial.sleep(Math.floor(roll))
      const metrics = roll < 5 ? { other: 1 } : { loss: roll < 10 ? NaN : config.x / step }
      const report = trial.report(metrics)
      if (roll > 15) await report
      if (trial.random() * 100 < fails) throw new Error(`failed at ${step}`)
    }
    return trial.random() < 0.5 ? { loss: config.x } : undefined
  }
}

const percent = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })

const settings = fc.record({
  seed: fc.nat({ max: 1000 }),
  numSamples: fc.integer({ min: 1, max: 15 }),
  maxConcurrentTrials: fc.integer({ min: 1, max: 5 }),
  steps: fc.integer({ min: 1, max: 8 }),
  fails: percent(20),
  failure: fc.record({
    maxFailures: fc.nat({ max: 2 }),
    failFast: fc.constantFrom(false, false, false, true),
    backoffMs: fc.constantFrom(0, 10),
  }),
  limits: fc.record(
    {
      timeBudgetMs: fc.integer({ min: 1, max: 500 }),
      trialTimeoutMs: fc.integer({ min: 20, max: 300 }),
      reportTimeoutMs: fc.integer({ min: 20, max: 100 }),
      stop: fc.constant({ training_iteration: 4 }),
    },
    { requiredKeys: [] },
  ),
  odds: fc.record({
    salt: fc.nat({ max: 1000 }),
    throws: fc.constantFrom(0, 0, 50),
    pauses: percent(30),
    stops: percent(20),
    declines: percent(60),
    thinks: fc.constantFrom(0, 30, 100),
    waits: percent(30),
  }),
})

describe('an experiment on the fast paths', () => {
  // XState's development build warns of actors that are made within actions. Those that run must not do that; the plain
  // charts do.
  const warned = vi.spyOn(console, 'warn').mockImplementation(() => {})
  afterAll(() => warned.mockRestore())

  it('does what it does on the plain charts, whatever trials, policies and limits it has', async () => {
    const endings = new Map<string, number>()
    await fc.assert(
      fc.asyncProperty(settings, async ({ steps, fails, odds, limits, ...options }) => {
        const run = (machine: typeof experimentMachine): Promise<Ended> =>
          runOn(machine, randomTrainable(steps, fails), {
            ...options,
            ...limits,
            paramSpace: { x: uniform(0, 1) },
            metric: 'loss',
            mode: 'min',
            scheduler: randomScheduler(odds),
            searcher: randomSearcher(odds),
          })
        warned.mockClear()
        const fast = await run(experimentMachine)
        expect(warned).not.toHaveBeenCalled()
        expect(await run(plainMachine)).toEqual(fast)
        const [endedBy = ''] = fast.ending.split(' ')
        endings.set(endedBy, (endings.get(endedBy) ?? 0) + 1)
      }),
      { numRuns: 150 },
    )
    expect(endings.get('finished')).toBeGreaterThan(10)
  }, 120_000)
})
