import { describe, expectTypeOf, it } from 'vitest'
import {
  asha,
  branch,
  choice,
  type ConfigOf,
  type DecisionInfo,
  defineTrainable,
  type Metrics,
  type Objective,
  randint,
  randomSearch,
  type Results,
  type SuggestTrial,
  type Trial,
  type TrialInfo,
  type TrialStatus,
  Tuner,
  uniform,
} from '../../src/index.ts'
import { simulate, type Simulation } from '../../src/testing/index.ts'

// `toEqualTypeOf` compares a union member by member only when both sides are written out alike.
type Equal<A, B> = [A, B] extends [B, A] ? true : false

const space = { steps: 100, width: uniform(0, 20), activation: choice(['relu', 'tanh']) } as const
type Config = { steps: number; width: number; activation: 'relu' | 'tanh' }

const branched = { kind: branch({ a: {}, b: { x: uniform(0, 1) } }), depth: randint(1, 9) } as const
type Branched = { kind: 'a'; depth: number } | { kind: 'b'; x: number; depth: number }

describe('the config of a Tuner', () => {
  it('is typed by the space, for an async function', async () => {
    const tuner = new Tuner(
      async (config, trial) => {
        expectTypeOf(config).toEqualTypeOf<Config>()
        expectTypeOf(trial).toEqualTypeOf<Trial>()
        await trial.report({ loss: config.width })
      },
      { paramSpace: { steps: 100, width: uniform(0, 20), activation: choice(['relu', 'tanh']) } },
    )
    expectTypeOf(tuner).toEqualTypeOf<Tuner<Config>>()
    expectTypeOf(tuner.fit).returns.resolves.toEqualTypeOf<Results<Config>>()
    const results = await tuner.fit()
    expectTypeOf(results.getBestResult().config).toEqualTypeOf<Config>()
    for (const { config } of results) expectTypeOf(config).toEqualTypeOf<Config>()
  })

  it('is typed by a space that was declared before', () => {
    const tuner = new Tuner(async (config) => void expectTypeOf(config).toEqualTypeOf<Config>(), {
      paramSpace: space,
    })
    expectTypeOf(tuner).toEqualTypeOf<Tuner<ConfigOf<typeof space>>>()
  })

  it('is typed for functions that return, async generators and plain generators', () => {
    new Tuner(
      (config) => {
        expectTypeOf(config).toEqualTypeOf<Config>()
        return { loss: config.width }
      },
      { paramSpace: space },
    )
    new Tuner(
      async function* (config, trial) {
        expectTypeOf(config).toEqualTypeOf<Config>()
        await trial.sleep(1)
        yield { loss: config.width }
      },
      { paramSpace: space },
    )
    new Tuner(
      function* (config, trial) {
        expectTypeOf(config).toEqualTypeOf<Config>()
        yield trial.sleep(1)
        yield { loss: config.width }
        yield trial.report({ loss: 1 }, { checkpoint: config })
      },
      { paramSpace: space },
    )
  })

  it('is typed by the annotation of a stepped trainable, which the space must give', () => {
    const stepped = defineTrainable({
      setup: (config: { width: number }) => ({ left: config.width }),
      step: (state) => ({ loss: state.left-- }),
      save: (state) => state.left,
      load: (state, left) => void (state.left = left),
    })
    const tuner = new Tuner(stepped, { paramSpace: { width: uniform(0, 20) } })
    expectTypeOf(tuner).toEqualTypeOf<Tuner<{ width: number }>>()
    // @ts-expect-error the space gives no width
    new Tuner(stepped, { paramSpace: { height: uniform(0, 20) } })
  })

  it('is typed in where and in resources', () => {
    new Tuner(async () => {}, {
      paramSpace: { steps: 100, width: uniform(0, 20), activation: choice(['relu', 'tanh']) },
      where: (config) => {
        expectTypeOf(config).toEqualTypeOf<Config>()
        return config.width < config.steps
      },
      resources: (config) => {
        expectTypeOf(config).toEqualTypeOf<Config>()
        return { cpu: config.activation === 'relu' ? 1 : 2 }
      },
    })
    new Tuner(async () => {}, {
      paramSpace: space,
      // @ts-expect-error heights are not in the space
      where: ({ height }) => height > 0,
    })
  })

  it('is a union with a branch, also in the results', async () => {
    const tuner = new Tuner(
      async (config) => {
        expectTypeOf<Equal<typeof config, Branched>>().toEqualTypeOf<true>()
        if (config.kind === 'b') return { loss: config.x }
        // @ts-expect-error a parameter of another case
        return { loss: config.x }
      },
      {
        paramSpace: { kind: branch({ a: {}, b: { x: uniform(0, 1) } }), depth: randint(1, 9) },
        where: (config) => config.kind === 'a' || config.x > 0.5,
        resources: (config) => ({ cpu: config.kind === 'b' ? config.depth : 1 }),
      },
    )
    const best = (await tuner.fit()).getBestResult().config
    expectTypeOf<Equal<typeof best, Branched>>().toEqualTypeOf<true>()
    // @ts-expect-error a parameter of one case
    String(best.x)
  })

  it('is the annotation without a space, else nothing is known of it', () => {
    expectTypeOf(new Tuner(async (config: { lr: number }) => ({ loss: config.lr }))).toEqualTypeOf<
      Tuner<{ lr: number }>
    >()
    new Tuner(async (config) => void expectTypeOf(config).toEqualTypeOf<Record<string, unknown>>())
    const run = (trial: SuggestTrial) => void trial.suggestFloat('lr', 0, 1)
    new Tuner(async (config) => void expectTypeOf(config).toEqualTypeOf<Record<string, unknown>>(), {
      paramSpace: run,
    })
    new Tuner(async (config: { lr: number }) => ({ loss: config.lr }), {
      searcher: randomSearch({ space: run }),
    })
  })
})

describe('a Tuner', () => {
  it('refuses a trainable that does not fit', () => {
    new Tuner(async (config: { width: number }) => ({ loss: config.width }), { paramSpace: space })
    // @ts-expect-error width is a number
    new Tuner(async (config: { width: string }) => ({ loss: config.width.length }), { paramSpace: space })
    // @ts-expect-error there is no height
    new Tuner(async (config: { height: number }) => ({ loss: config.height }), { paramSpace: space })
    // @ts-expect-error only one case has an x
    new Tuner(async (config: { x: number }) => ({ loss: config.x }), { paramSpace: branched })
    // @ts-expect-error a number is no report
    new Tuner(async () => 0.3)
    // @ts-expect-error a text is no trainable
    new Tuner('train.js')
  })

  it('refuses a space with a clash of names', () => {
    new Tuner(async () => {}, {
      paramSpace: {
        width: 1,
        // @ts-expect-error the case has a width too
        kind: branch({ a: { width: uniform(0, 1) } }),
      },
    })
    new Tuner(async () => {}, {
      // @ts-expect-error a branch in an array
      paramSpace: { layers: [branch({ dense: { size: randint(1, 9) } })] },
    })
  })

  it('refuses options that cannot be used', () => {
    const train = async () => {}
    // @ts-expect-error a metric is a name
    new Tuner(train, { metric: 5, mode: 'min' })
    // @ts-expect-error the mode is 'min' or 'max'
    new Tuner(train, { metric: 'loss', mode: 'minimize' })
    // @ts-expect-error no option of this name
    new Tuner(train, { numSample: 3 })
    // @ts-expect-error a searcher is made by a factory
    new Tuner(train, { searcher: 'tpe' })
    // @ts-expect-error the factory was not called
    new Tuner(train, { scheduler: asha })
    // @ts-expect-error milliseconds are a number
    new Tuner(train, { timeBudgetMs: '5s' })
    // @ts-expect-error one of 'allow', 'resample', 'reuse'
    new Tuner(train, { duplicates: 'forbid' })
    // @ts-expect-error no event of this name
    new Tuner(train, { callbacks: [{ 'trial.reprot': () => {} }] })
    // @ts-expect-error no such option of failure
    new Tuner(train, { failure: { maxFailure: 1 } })
    // @ts-expect-error an amount is a number
    new Tuner(train, { resources: { cpu: '2' } })
    // @ts-expect-error simulate's alone
    new Tuner(train, { stepMs: 10 })
  })

  it('takes several objectives, declared as a constant or in place', () => {
    const two = { metric: ['loss', 'acc'], mode: ['min', 'max'] } as const
    new Tuner(async () => {}, two)
    new Tuner(async () => {}, { metric: ['loss', 'acc'], mode: ['min', 'max'] })
    // @ts-expect-error one of the modes is none
    new Tuner(async () => {}, { metric: ['loss', 'acc'], mode: ['min', 'up'] })
  })

  it('types its events', () => {
    const tuner = new Tuner(async () => {}, {
      paramSpace: space,
      callbacks: [{ 'trial.complete': ({ trial }) => void expectTypeOf(trial).toEqualTypeOf<TrialInfo>() }],
    })
    tuner
      .on('trial.report', ({ trial, metrics, decision, at }) => {
        expectTypeOf(trial).toEqualTypeOf<TrialInfo>()
        expectTypeOf(metrics).toEqualTypeOf<Metrics>()
        expectTypeOf(decision).toEqualTypeOf<DecisionInfo>()
        expectTypeOf(at).toEqualTypeOf<number>()
      })
      .once('trial.transition', ({ from, to, cause, attempt }) => {
        expectTypeOf([from, to]).toEqualTypeOf<TrialStatus[]>()
        expectTypeOf(cause).toEqualTypeOf<string>()
        expectTypeOf(attempt).toEqualTypeOf<number>()
      })
      .on('trial.error', ({ error }) => void expectTypeOf(error).toEqualTypeOf<Error>())
    // @ts-expect-error no event of this name
    tuner.on('trial.finished', () => {})
    // @ts-expect-error a start has no metrics
    tuner.on('trial.start', ({ metrics }) => void metrics)
  })

  it('gives snapshots and a stream of events', async () => {
    const tuner = new Tuner(async () => {})
    const snapshot = tuner.getSnapshot()
    expectTypeOf(snapshot.trials[0]?.status).toEqualTypeOf<TrialStatus | undefined>()
    expectTypeOf(snapshot.best?.mode).toEqualTypeOf<Objective['mode'] | undefined>()
    for await (const event of tuner.events()) {
      if (event.type === 'trial.report') expectTypeOf(event.metrics).toEqualTypeOf<Metrics>()
      // @ts-expect-error not every event has a trial
      String(event.trial)
    }
  })
})

describe('the config of simulate', () => {
  it('is typed by the space, for a method of any form', async () => {
    const run = await simulate({
      *trainable(config, trial) {
        expectTypeOf(config).toEqualTypeOf<Config>()
        expectTypeOf(trial).toEqualTypeOf<Trial>()
        yield { loss: config.width }
      },
      paramSpace: { steps: 100, width: uniform(0, 20), activation: choice(['relu', 'tanh']) },
      metric: 'loss',
      mode: 'min',
      stepMs: ({ number, iteration, worker }) => number + iteration + worker,
    })
    expectTypeOf(run).toEqualTypeOf<Simulation<Config>>()
    expectTypeOf(run.results.getBestResult().config).toEqualTypeOf<Config>()
    void simulate({
      async *trainable(config) {
        yield { loss: config.width }
      },
      paramSpace: space,
    })
    void simulate({
      async trainable(config, trial) {
        expectTypeOf(config).toEqualTypeOf<Config>()
        await trial.report({ loss: config.width })
      },
      paramSpace: space,
    })
  })

  it('is typed by the space, for functions, whichever comes first', () => {
    void simulate({
      paramSpace: { width: uniform(0, 20) },
      trainable: async (config) => void expectTypeOf(config).toEqualTypeOf<{ width: number }>(),
    })
    void simulate({
      trainable: function* (config) {
        expectTypeOf(config).toEqualTypeOf<{ width: number }>()
        yield { loss: config.width }
      },
      paramSpace: { width: uniform(0, 20) },
      where: (config) => config.width > 1,
      resources: (config) => ({ cpu: config.width }),
    })
  })

  it('is a union with a branch', async () => {
    const run = await simulate({
      *trainable(config) {
        if (config.kind === 'b') yield { loss: config.x }
        // @ts-expect-error a parameter of another case
        else yield { loss: config.x }
      },
      paramSpace: { kind: branch({ a: {}, b: { x: uniform(0, 1) } }), depth: randint(1, 9) },
      where: (config) => config.kind === 'a' || config.x > 0.5,
    })
    const best = run.results.getBestResult().config
    expectTypeOf<Equal<typeof best, Branched>>().toEqualTypeOf<true>()
  })

  it('is the annotation without a space', async () => {
    const run = await simulate({ trainable: async (config: { lr: number }) => ({ loss: config.lr }) })
    expectTypeOf(run).toEqualTypeOf<Simulation<{ lr: number }>>()
  })

  it('refuses what cannot be used', () => {
    const trainable = async () => {}
    // @ts-expect-error a trainable is needed
    void simulate({ paramSpace: space })
    void simulate({
      trainable: async (config: { width: string }) => ({ loss: config.width.length }),
      // @ts-expect-error width is a number
      paramSpace: space,
    })
    // @ts-expect-error no option of this name
    void simulate({ trainable, stepMS: 5 })
    // @ts-expect-error milliseconds are a number
    void simulate({ trainable, stallMs: '5s' })
    // @ts-expect-error a real run's alone
    void simulate({ trainable, storage: 'memory:' })
    // @ts-expect-error a real run's alone
    void simulate({ trainable, callbacks: [] })
    // @ts-expect-error the mode is 'min' or 'max'
    void simulate({ trainable, metric: 'loss', mode: 'maximize' })
  })
})
