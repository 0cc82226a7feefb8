import { describe, expect, it } from 'vitest'
import {
  concurrencyLimiter,
  OptionError,
  randint,
  randomSearch,
  type Scheduler,
  type Trainable,
  Tuner,
} from 'troupe'
import type { SimulateOptions, Simulation } from 'troupe/testing'
import { schedulerOf, simulate, spyingSearcher } from './stage.ts'

type Config = { x: number }

const paramSpace = { x: randint(0, 1_000_000) }
const LOSS = { metric: 'loss', mode: 'min' } as const

const takes = (ms: number): Trainable<Config> =>
  async function train({ x }, trial) {
    await trial.sleep(ms)
    await trial.report({ loss: x })
  }

/** How many trials ran at each moment at which that changed. */
function runningOverTime({ trace }: Simulation<Config>): number[] {
  const running = new Set<number>()
  const counts: number[] = []
  for (const record of trace) {
    if (record.type !== 'trial.transition') continue
    if (record.to === 'running') running.add(record.trial)
    else running.delete(record.trial)
    counts.push(running.size)
  }
  return counts
}

const most = (run: Simulation<Config>): number => Math.max(...runningOverTime(run))

const starts = (run: Simulation<Config>): (number | undefined)[] =>
  [...run.results].map(({ startedAt }) => startedAt)

describe('maxConcurrentTrials', () => {
  it('is 4 in a simulation, whatever the machine', async () => {
    const run = await simulate({ trainable: takes(10), paramSpace, numSamples: 10, ...LOSS })
    expect(starts(run)).toEqual([0, 0, 0, 0, 10, 10, 10, 10, 20, 20])
  })

  it('starts the next trial when one has ended, in order of number', async () => {
    const run = await simulate({
      trainable: async ({ x }: Config, trial) => {
        await trial.sleep(x === 0 ? 35 : 10)
        await trial.report({ loss: x })
      },
      paramSpace,
      searcher: spyingSearcher().searcher,
      numSamples: 6,
      maxConcurrentTrials: 2,
      ...LOSS,
    })
    expect(starts(run)).toEqual([0, 0, 10, 20, 30, 35])
  })

  it('gives each trial the lowest slot that is free', async () => {
    const workers: number[] = []
    await simulate({
      trainable: takes(1),
      paramSpace,
      searcher: spyingSearcher().searcher,
      stepMs: ({ number, worker }) => {
        workers[number] = worker
        return [30, 10, 20, 10, 10, 10][number] ?? 0
      },
      numSamples: 6,
      maxConcurrentTrials: 3,
      ...LOSS,
    })
    // The second worker is free first, then the third, then the second again.
    expect(workers).toEqual([0, 1, 2, 1, 2, 1])
  })

  it('counts what runs: a bracket of 81 paused trials fills through four slots', async () => {
    let paused = 0
    let mostPaused = 0
    const bracket: Scheduler<{ waiting: number[] }> = schedulerOf({
      init: () => ({ waiting: [] as number[] }),
      onReport(state, { trial, time }) {
        if (time > 1) return { kind: 'continue' }
        state.waiting.push(trial)
        mostPaused = Math.max(mostPaused, ++paused)
        return { kind: 'pause', reason: 'waits until its bracket is full' }
      },
      // Two of three have lost when the bracket is full.
      commands: (state) =>
        state.waiting.length < 81
          ? []
          : state.waiting
              .filter((trial) => trial % 3 > 0)
              .map((trial) => ({ trial, decision: { kind: 'stop', outcome: 'pruned', reason: 'lost' } })),
      choose(state, { candidates }) {
        const pending = candidates.find(({ status }) => status === 'pending')
        if (pending !== undefined) return pending.trial
        return state.waiting.length < 81 ? undefined : candidates[0]?.trial
      },
    })
    const cleaned = new Set<number>()
    const run = await simulate({
      trainable: async (_config: Config, trial) => {
        try {
          for (let step = 1; step <= 3; step++) {
            await trial.sleep(10)
            await trial.report({ loss: trial.number })
          }
        } finally {
          cleaned.add(trial.number)
        }
      },
      paramSpace,
      scheduler: bracket,
      numSamples: 81,
      maxConcurrentTrials: 4,
      ...LOSS,
    })
    expect(mostPaused).toBe(81)
    expect(most(run)).toBe(4)
    const states = [...run.results].map(({ state }) => state)
    expect(states.filter((state) => state === 'completed')).toHaveLength(27)
    expect(states.filter((state) => state === 'pruned')).toHaveLength(54)
    expect(cleaned.size).toBe(81)
    // 21 rounds of one step for the bracket, 7 rounds of two for those that are left.
    expect(run.elapsedMs).toBe(210 + 140)
  })

  it('is given back by a trial that waits to be tried again', async () => {
    const run = await simulate({
      trainable: async (_config: Config, trial) => {
        await trial.sleep(10)
        if (trial.attempt === 1) throw new Error('again')
        await trial.report({ loss: 1 })
      },
      paramSpace,
      failure: { maxFailures: 1, backoffMs: 100 },
      numSamples: 3,
      maxConcurrentTrials: 1,
      ...LOSS,
    })
    expect(starts(run)).toEqual([0, 10, 20])
    expect(run.elapsedMs).toBe(140)
    expect(most(run)).toBe(1)
  })

  it('is kept by a trial that was stopped until it has cleaned up', async () => {
    const run = await simulate({
      trainable: async (_config: Config, trial) => {
        try {
          await trial.report({ loss: 1 })
          await trial.sleep(1000)
        } finally {
          await trial.sleep(50)
        }
      },
      paramSpace,
      stop: { training_iteration: 1 },
      numSamples: 3,
      maxConcurrentTrials: 1,
      ...LOSS,
    })
    expect(starts(run)).toEqual([0, 50, 100])
  })
})

describe('resources', () => {
  const run = (options: SimulateOptions<Config>) =>
    simulate({
      trainable: takes(10),
      paramSpace,
      numSamples: 6,
      maxConcurrentTrials: 100,
      ...LOSS,
      ...options,
    })

  it('have no limit in a simulation unless they are given', async () => {
    expect(most(await run({}))).toBe(6)
    expect(most(await run({ resources: { cpu: 3, gpu: 1, licence: 1 } }))).toBe(6)
  })

  it.each([
    ['cpus', { cpu: 2 }, { cpu: 4 }, 2],
    ['fractions of gpus', { gpu: 0.25 }, { cpu: 1, gpu: 1 }, 4],
    ['tenths, however they are rounded', { gpu: 0.1 }, { gpu: 0.3 }, 3],
    ['anything that has a name', { licence: 1 }, { licence: 3 }, 3],
    ['the scarcest of several kinds', { cpu: 1, gpu: 1, memory: 2.5 }, { cpu: 8, gpu: 4, memory: 5 }, 2],
    ['nothing', {}, {}, 6],
  ])('limit how many run at once: %s', async (_, resources, totalResources, expected) => {
    const simulated = await run({ resources, totalResources })
    expect(most(simulated)).toBe(expected)
    expect([...simulated.results].every(({ state }) => state === 'completed')).toBe(true)
  })

  it('default to one cpu for each trial', async () => {
    expect(most(await run({ totalResources: { cpu: 3 } }))).toBe(3)
  })

  it('may depend on the configuration, and the trainable is told what it has', async () => {
    const had: unknown[] = []
    const simulated = await simulate({
      trainable: async ({ x }: Config, trial) => {
        had[trial.number] = trial.resources
        await trial.sleep(10)
        await trial.report({ loss: x })
      },
      paramSpace,
      searcher: spyingSearcher().searcher,
      resources: ({ x }) => ({ cpu: 1 + x }),
      totalResources: { cpu: 4 },
      numSamples: 4,
      ...LOSS,
    })
    expect(had).toEqual([{ cpu: 1 }, { cpu: 2 }, { cpu: 3 }, { cpu: 4 }])
    expect(starts(simulated)).toEqual([0, 0, 10, 20])
  })

  it('are given back by a paused trial', async () => {
    const simulated = await run({
      resources: { gpu: 1 },
      totalResources: { gpu: 1 },
      scheduler: schedulerOf({
        init: () => null,
        onReport: (_, { time }) =>
          time === 1 ? { kind: 'pause', reason: 'takes turns' } : { kind: 'continue' },
      }),
    })
    expect(most(simulated)).toBe(1)
    expect(simulated.elapsedMs).toBe(60)
  })

  it('that no machine has fail the trial, and the others go on', async () => {
    const simulated = await run({
      searcher: spyingSearcher().searcher,
      resources: ({ x }) => (x === 1 ? { tpu: 1 } : { cpu: 1 }),
      totalResources: { cpu: 2 },
    })
    expect(simulated.results.at(1)).toMatchObject({
      state: 'failed',
      error: {
        code: 'resources',
        message: 'Trial 1 needs 1 tpu, but there are 0 in all. Ask for less, or raise totalResources.tpu.',
      },
    })
    expect([...simulated.results].filter(({ state }) => state === 'completed')).toHaveLength(5)
  })

  it('that no machine has are refused at once where they are the same for all', async () => {
    await expect(run({ resources: { gpu: 2 }, totalResources: { gpu: 1 } })).rejects.toThrow(OptionError)
    expect(() => new Tuner(takes(1), { paramSpace, resources: { gpu: 1 } })).toThrow('each trial needs 1 gpu')
  })
})

describe('a concurrencyLimiter', () => {
  const limited = (options: { maxConcurrent: number; batch?: boolean }) =>
    concurrencyLimiter(spyingSearcher().searcher, options)

  it('gives the number of trials at once, where the Tuner does not', async () => {
    const run = await simulate({
      trainable: takes(10),
      paramSpace,
      searcher: limited({ maxConcurrent: 3 }),
      numSamples: 9,
      ...LOSS,
    })
    expect(most(run)).toBe(3)
    const both = await simulate({
      trainable: takes(10),
      paramSpace,
      searcher: limited({ maxConcurrent: 3 }),
      maxConcurrentTrials: 2,
      numSamples: 4,
      ...LOSS,
    })
    expect(most(both)).toBe(2)
  })

  it('in batches asks for the next when all of the last have ended', async () => {
    const run = await simulate({
      trainable: async ({ x }: Config, trial) => {
        await trial.sleep(10 * (1 + (x % 3)))
        await trial.report({ loss: x })
      },
      paramSpace,
      searcher: limited({ maxConcurrent: 3, batch: true }),
      numSamples: 8,
      ...LOSS,
    })
    expect(starts(run)).toEqual([0, 0, 0, 30, 30, 30, 60, 60])
  })

  it('in batches waits also for those that are paused', async () => {
    const run = await simulate({
      trainable: takes(10),
      paramSpace,
      searcher: limited({ maxConcurrent: 2, batch: true }),
      scheduler: schedulerOf({
        init: () => null,
        onReport: () => ({ kind: 'pause', reason: 'waits' }),
        choose: (_, { candidates, idle }) =>
          candidates.find(({ status }) => status === 'pending')?.trial ??
          (idle ? candidates[0]?.trial : undefined),
      }),
      numSamples: 5,
      ...LOSS,
    })
    expect(starts(run)).toEqual([0, 0, 10, 10, 20])
    expect([...run.results].every(({ state }) => state === 'completed')).toBe(true)
  })
})

it('a thousand trials on a hundred workers keep every slot busy', async () => {
  const run = await simulate({
    trainable: function* ({ x }: Config) {
      yield { loss: x }
    },
    paramSpace,
    searcher: randomSearch(),
    stepMs: 10,
    numSamples: 1000,
    maxConcurrentTrials: 100,
    ...LOSS,
  })
  expect(run.elapsedMs).toBe(100)
  expect(most(run)).toBe(100)
})
