import { describe, expect, it } from 'vitest'
import {
  asha,
  choice,
  defineTrainable,
  type ExecutorFactory,
  loguniform,
  maximumIteration,
  randint,
  type Scheduler,
  type Trainable,
} from 'troupe'
import { cloned, simulate, type SimulateOptions } from 'troupe/testing'
import { inProcess } from '../../src/executors/in-process.ts'
import { endOf, FOREVER_MS, schedulerOf } from './stage.ts'

interface Config {
  lr: number
  width: number
  act: string
}

const paramSpace = { lr: loguniform(1e-4, 1), width: randint(4, 64), act: choice(['relu', 'tanh']) }

const behindAWall: ExecutorFactory = (context) => cloned(inProcess(context), context.kernel)

/** Learning curves that depend on everything that crosses to user code: configuration, checkpoint, randomness. */
const curve = ({ lr, width, act }: Config, step: number): number =>
  Math.abs(Math.log10(lr) + 2) / step + width / 1000 + (act === 'relu' ? 0 : 0.1)

const pausing: Scheduler = schedulerOf({
  init: () => null,
  onReport: (_, { time }) =>
    time % 2 === 0 ? { kind: 'pause', reason: 'takes turns' } : { kind: 'continue' },
})

const asyncForm: Trainable<Config> = async (config, trial) => {
  const from = (trial.checkpoint as { step: number } | undefined)?.step ?? 0
  trial.setUserAttr('start', { from, act: config.act })
  trial.setConstraint('width', config.width - 50)
  trial.logger.info('began', { attempt: trial.attempt })
  for (let step = from + 1; step <= 6; step++) {
    await trial.sleep(10 + trial.random())
    await trial.report(
      { loss: curve(config, step), extra: { act: config.act } },
      { checkpoint: { step, seen: new Map([[step, config.lr]]) } },
    )
    if (step === 3 && trial.attempt === 1 && trial.number % 4 === 1) throw new RangeError('exploded')
  }
}

const generatorForm: Trainable<Config> = function* (config, trial) {
  for (let step = 1; step <= 6; step++) {
    yield trial.sleep(5 + trial.random())
    yield { loss: curve(config, step) }
  }
}

const asyncGeneratorForm: Trainable<Config> = async function* (config, trial) {
  try {
    for (let step = 1; step <= 6; step++) {
      await trial.sleep(5)
      yield { loss: curve(config, step) }
    }
  } finally {
    await trial.sleep(2)
  }
}

const steppedForm = defineTrainable({
  setup: (config: Config) => ({ config, step: 0 }),
  async step(state, trial) {
    await trial.sleep(7)
    state.step++
    if (state.step === 2 && trial.attempt === 1 && trial.number === 3) throw new Error('no')
    return { loss: curve(state.config, state.step), done: state.step === 6 }
  },
  save: (state) => state.step,
  load: (state, step: number) => void (state.step = step),
})

const oddForm: Trainable<Config> = async (config, trial) => {
  void trial.report({ loss: NaN })
  void trial.report({ size: config.width })
  await trial.report({ loss: curve(config, 1) })
  if (trial.number === 1) await trial.report({ loss: 1n })
  if (trial.number === 2) await trial.sleep(FOREVER_MS)
  if (trial.number === 3) throw Object.assign(new Error('coded'), { code: 'E_ODD' })
}

const scenes: readonly [string, Trainable<Config>, SimulateOptions<Config>][] = [
  [
    'an async function that fails and goes on from checkpoints',
    asyncForm,
    { failure: { maxFailures: 1, backoffMs: 5 } },
  ],
  [
    'a generator under asha',
    generatorForm,
    { scheduler: asha({ maxT: 6, gracePeriod: 2, reductionFactor: 2 }) },
  ],
  ['an async generator that is paused at every second report', asyncGeneratorForm, { scheduler: pausing }],
  ['an async generator under a stopper', asyncGeneratorForm, { stop: maximumIteration(3) }],
  [
    'a stepped trainable with checkpoints',
    steppedForm,
    { checkpoint: { every: 1, atEnd: true }, failure: { maxFailures: 1 } },
  ],
  ['odd reports and a timeout', oddForm, { trialTimeoutMs: 500 }],
  ['a time budget', asyncForm, { timeBudgetMs: 45 }],
  [
    'time before each report, and workers of unequal speed',
    generatorForm,
    { stepMs: ({ iteration }) => 3 * iteration, workerSpeeds: [1, 2, 0.5] },
  ],
]

describe('an executor behind a wall that only structured clones can pass', () => {
  it.each(scenes)('leaves the same trace: %s', async (_, trainable, options) => {
    const experiment = {
      trainable,
      paramSpace,
      metric: 'loss',
      mode: 'min',
      numSamples: 8,
      maxConcurrentTrials: 3,
      seed: 7,
      ...options,
    } as const
    const here = await simulate(experiment)
    const there = await simulate({ ...experiment, executor: behindAWall })
    expect(there.trace.toJSONL()).toBe(here.trace.toJSONL())
    expect(there.hash).toBe(here.hash)
    expect(here.trace.length).toBeGreaterThan(50)
    for (const result of here.results) {
      const other = there.results.at(result.number)
      expect(other?.state).toBe(result.state)
      expect(other?.checkpoint).toEqual(result.checkpoint)
      expect(other?.userAttrs).toEqual(result.userAttrs)
      expect(other?.constraints).toEqual(result.constraints)
      expect(other?.error?.name).toBe(result.error?.name)
      expect(other?.error?.message).toBe(result.error?.message)
      if (result.error !== undefined) expect(other?.error?.stack).toContain(result.error.message)
    }
  })

  it('shares nothing: what a trainable does to its configuration stays there', async () => {
    const { results } = await simulate({
      trainable: async (config: Config, trial) => {
        config.width = -1
        const metrics = { loss: 1 }
        await trial.report(metrics)
        metrics.loss = -1
      },
      paramSpace,
      executor: behindAWall,
      metric: 'loss',
      mode: 'min',
    })
    expect(results.at(0)?.config.width).toBeGreaterThan(3)
    expect(results.at(0)?.values).toEqual([1])
  })

  it('fails a trial whose configuration cannot pass, and the experiment goes on', async () => {
    const { results } = await endOf(
      simulate({
        trainable: (config: { f: () => number; x: number }) => ({ loss: config.x }),
        paramSpace: { f: () => 1, x: randint(0, 9) } as never,
        executor: behindAWall,
        metric: 'loss',
        mode: 'min',
        numSamples: 2,
      }),
    )
    expect([...results].map(({ state }) => state)).toEqual(['failed', 'failed'])
    expect(results.at(0)?.error?.message).toContain('config/f is')
  })
})
