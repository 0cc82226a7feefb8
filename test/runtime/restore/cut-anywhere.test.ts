import { describe, expect, it } from 'vitest'
import {
  asha,
  choice,
  cmaes,
  concurrencyLimiter,
  defineTrainable,
  fifo,
  hyperband,
  medianStopping,
  pbt,
  randomSearch,
  tpe,
  type Trainable,
  type Trial,
  uniform,
} from '../../../src/index.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import { inProcess, type InProcessOptions } from '../../../src/executors/in-process.ts'
import type { Executor } from '../../../src/executors/executor.ts'
import { type Simulation, type SimulateOptions, simulate } from '../../../src/testing/simulate.ts'
import { randomStream } from '../../../src/random/random.ts'

type Options = SimulateOptions<unknown> & { readonly trainable: Trainable<unknown> }
interface Config {
  readonly x: number
}

const base = {
  paramSpace: { x: uniform(0, 1), k: choice(['a', 'b']) },
  metric: 'loss',
  mode: 'min',
  numSamples: 8,
  maxConcurrentTrials: 3,
  seed: 3,
} as const

const noisy = async ({ x }: Config, trial: Trial): Promise<void> => {
  for (let epoch = 0; epoch < 9; epoch++) {
    await trial.sleep(5 + 10 * x)
    await trial.report({ loss: (x - 0.3) ** 2 + 1 / (epoch + 1) + 0.1 * trial.random() })
  }
}

// All at the same instants, so that who comes first is decided by order alone.
const inStep = async ({ x }: Config, trial: Trial): Promise<void> => {
  for (let epoch = 0; epoch < 9; epoch++)
    await trial.report({ loss: x + 1 / (epoch + 1) + 0.1 * trial.random() })
}

const saving = async ({ x }: Config, trial: Trial): Promise<void> => {
  let { epoch, w } = (trial.checkpoint ?? { epoch: 0, w: 0 }) as { epoch: number; w: number }
  for (; epoch < 9; epoch++) {
    w += x * trial.random()
    trial.setUserAttr('w', w)
    await trial.sleep(1)
    await trial.report({ loss: -w }, epoch % 3 === 2 ? { checkpoint: { epoch: epoch + 1, w } } : undefined)
  }
}

const failing = async ({ x }: Config, trial: Trial): Promise<void> => {
  for (let epoch = 0; epoch < 5; epoch++) {
    await trial.sleep(3)
    if (epoch === 3 && x > 0.5) throw new Error('no luck')
    await trial.report({ loss: x / (epoch + 1) })
  }
}

const stepped = defineTrainable({
  setup: (config: Config, trial) => ({ w: 0, config, trial }),
  step: (state) => ({ loss: -(state.w += state.config.x * state.trial.random()) }),
  save: ({ w }) => w,
  load(state, w) {
    state.w = w
  },
})

const mutations = { hyperparamMutations: { x: uniform(0, 1) } }
const population = { ...base, numSamples: 4, trainable: stepped, stepMs: 7, stop: { training_iteration: 9 } }

const CASES: Readonly<Record<string, object>> = {
  'asha and tpe': {
    ...base,
    trainable: noisy,
    scheduler: asha({ maxT: 9, reductionFactor: 3 }),
    searcher: tpe({ nStartupTrials: 4 }),
  },
  'asha and tpe, trials in step': {
    ...base,
    trainable: inStep,
    stepMs: 10,
    scheduler: asha({ maxT: 9, reductionFactor: 3 }),
    searcher: tpe({ nStartupTrials: 4 }),
  },
  'trials that wait to be promoted': {
    ...base,
    trainable: inStep,
    stepMs: 10,
    scheduler: asha({ type: 'promotion', maxT: 9, reductionFactor: 3 }),
  },
  hyperband: {
    ...base,
    trainable: inStep,
    stepMs: 10,
    scheduler: hyperband({ maxT: 9, reductionFactor: 3 }),
  },
  'median stopping': {
    ...base,
    trainable: noisy,
    scheduler: medianStopping({ gracePeriod: 2, minSamplesRequired: 2 }),
    searcher: randomSearch(),
  },
  'trials that fail and are tried again': {
    ...base,
    trainable: failing,
    failure: { maxFailures: 1, backoffMs: 5 },
    searcher: cmaes(),
  },
  checkpoints: { ...base, trainable: saving, scheduler: asha({ maxT: 9, gracePeriod: 2 }) },
  'trials that exploit others': {
    ...population,
    maxConcurrentTrials: 4,
    scheduler: pbt({ perturbationInterval: 3, ...mutations }),
  },
  'trials that wait and exploit others': {
    ...population,
    maxConcurrentTrials: 2,
    scheduler: pbt({ synch: true, perturbationInterval: 3, ...mutations }),
  },
  'batches of a limiter': {
    ...base,
    maxConcurrentTrials: undefined,
    trainable: inStep,
    stepMs: ({ number }: { readonly number: number }) => 1 + number,
    scheduler: fifo(),
    searcher: concurrencyLimiter(tpe({ nStartupTrials: 4 }), { maxConcurrent: 3, batch: true }),
  },
  'trials that run out of time': {
    ...base,
    reportTimeoutMs: 50,
    trainable: async ({ x }: Config, trial: Trial) => {
      for (let epoch = 0; epoch < 4; epoch++) {
        await trial.sleep(epoch === 2 && x > 0.7 ? 1e6 : 5)
        await trial.report({ loss: x / (epoch + 1) })
      }
    },
  },
}

/** Runs it, and keeps the checkpoints that its trials make. */
function playing(options: object): {
  readonly run: (records?: readonly LogRecord[]) => Promise<Simulation<unknown>>
} {
  const checkpoints = new Map<string, unknown>()
  const executor = (context: InProcessOptions<never>): Executor => {
    const inner = inProcess(context)
    return {
      ...inner,
      start: (assignment, listener) =>
        inner.start(assignment, {
          ...listener,
          report(report) {
            const iteration = (assignment.checkpoint?.iteration ?? 0) + report.seq
            if (report.checkpoint !== undefined)
              checkpoints.set(`${assignment.trial}/${iteration}`, report.checkpoint.value)
            listener.report(report)
          },
        }),
    }
  }
  return {
    run: (trace) => {
      const checkpointOf = (trial: number, iteration: number): unknown =>
        checkpoints.get(`${trial}/${iteration}`)
      const whole = { ...options, executor } as Options
      return simulate(trace === undefined ? whole : { ...whole, resumeFrom: { trace, checkpointOf } })
    },
  }
}

/** All that happened: what was cut off is in another attempt, and nothing else may differ. */
function story({ trace }: Simulation<unknown>): string[] {
  return [...trace]
    .filter(({ type }) => type !== 'experiment.resumed')
    .map((record) => JSON.stringify({ ...record, attempt: undefined }))
    .filter((line, i, lines) => line !== lines[i - 1])
}

// Hundreds of runs each.
const PATIENCE_MS = 120_000

describe('an experiment that is cut anywhere and goes on', { timeout: PATIENCE_MS }, () => {
  it.each(Object.entries(CASES))('comes to the same end: %s', async (_, options) => {
    const { run } = playing(options)
    const whole = await run()
    const records = [...whole.trace]
    const expected = story(whole)
    // Where two things happen at the very same instant, their order may be the other one.
    const isSame = (one: Simulation<unknown>): boolean =>
      JSON.stringify(story(one).toSorted()) === JSON.stringify(expected.toSorted())
    const different: number[] = []
    for (let cut = 1; cut < records.length; cut++)
      if (!isSame(await run(records.slice(0, cut)))) different.push(cut)
    expect(different).toEqual([])
  })

  it('comes to the same end when it is cut again and again', async () => {
    const { run } = playing(CASES['asha and tpe'] as object)
    const whole = await run()
    const draws = randomStream('cuts')
    for (let round = 0; round < 10; round++) {
      let trace: readonly LogRecord[] = [...whole.trace].slice(0, 5)
      let resumed = whole
      for (let cuts = 0; cuts < 6; cuts++) {
        resumed = await run(trace)
        const all = [...resumed.trace]
        trace = all.slice(0, trace.length + Math.ceil(draws.next() * 40))
        if (trace.length >= all.length) break
      }
      expect(story(await run(trace))).toEqual(story(whole))
    }
  })

  it('comes to the same end when it is large', async () => {
    const { run } = playing({
      ...base,
      numSamples: 200,
      maxConcurrentTrials: 20,
      trainable: noisy,
      scheduler: asha({ maxT: 9, reductionFactor: 3 }),
      searcher: tpe(),
    })
    const whole = await run()
    const records = [...whole.trace]
    const draws = randomStream('large')
    for (let i = 0; i < 8; i++)
      expect(story(await run(records.slice(0, 1 + Math.floor(draws.next() * (records.length - 1)))))).toEqual(
        story(whole),
      )
  })

  it('says so when what was recorded does not come again', async () => {
    const { run } = playing(CASES['asha and tpe'] as object)
    const records = [...(await run()).trace]
    const other = playing({ ...CASES['asha and tpe'], scheduler: asha({ maxT: 9, reductionFactor: 2 }) })
    await expect(other.run(records.slice(0, 100))).rejects.toMatchObject({
      name: 'ExperimentError',
      code: 'divergence',
    })
  })

  it('fails a trial whose code does not do the same again', async () => {
    let calls = 0
    const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
      const call = ++calls
      for (let epoch = 0; epoch < 9; epoch++) {
        await trial.sleep(10)
        await trial.report({ loss: x + (call > 3 ? 1 : 0) })
      }
    }
    const { run } = playing({ ...base, numSamples: 3, trainable })
    const whole = await run()
    const resumed = await run([...whole.trace].slice(0, 20))
    expect([...resumed.results].map(({ error }) => error?.name)).toEqual(
      Array.from({ length: 3 }, () => 'DivergenceError'),
    )
  })
})
