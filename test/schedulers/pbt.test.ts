import { describe, expect, it } from 'vitest'
import { OptionError } from '../../src/errors.ts'
import { defineTrainable, type Trial } from '../../src/executors/trainable.ts'
import { pbt, type PbtOptions } from '../../src/schedulers/pbt/pbt.ts'
import type { Scheduler } from '../../src/schedulers/scheduler.ts'
import { branch } from '../../src/space/branch.ts'
import { uniform } from '../../src/space/numbers.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { obeysSchedulerLaws } from './laws.ts'
import { PopulationRun } from './population-run.ts'

const everyTwo = {
  perturbationInterval: 2,
  hyperparamMutations: { lr: uniform(0, 1) },
  resampleProbability: 0,
  perturbationFactors: [0.5],
} satisfies PbtOptions

const four = [{ lr: 0.1 }, { lr: 0.2 }, { lr: 0.3 }, { lr: 0.4 }]

function runOf<Config = never>(options: PbtOptions<Config> = {}, mode: 'min' | 'max' = 'max') {
  return new PopulationRun(pbt({ ...everyTwo, ...options }), mode)
}

/** Four trials that have been considered once: trial 3 is best, trial 0 worst. */
function considered<Config = never>(options: PbtOptions<Config> = {}) {
  const run = runOf(options).add(...four)
  run.chooseAll()
  for (const trial of [1, 2, 3]) run.report(trial, 2, trial)
  return run
}

const configured = { configOf: (trial: number) => ({ lr: trial }) }

describe('pbt', () => {
  obeysSchedulerLaws(() => pbt({ ...everyTwo, quantileFraction: 0.5 }), configured)
  describe('all together', () => {
    obeysSchedulerLaws(() => pbt({ ...everyTwo, quantileFraction: 0.5, synch: true }), configured)
  })
  describe('after a burn-in, with most values drawn anew', () => {
    obeysSchedulerLaws(
      () => pbt({ ...everyTwo, burnInPeriod: 5, resampleProbability: 0.9, synch: true }),
      configured,
    )
  })

  it('changes a configuration anew until it is allowed', () => {
    const lrOf = (where?: (config: { readonly lr: number }) => boolean): number => {
      const decision = considered({ resampleProbability: 0.5, where }).report(0, 2, 0)
      return decision.kind === 'exploit' ? (decision.config as { readonly lr: number }).lr : NaN
    }
    const free = lrOf()
    const bound = lrOf(({ lr }) => lr !== free && lr !== 0.2)
    expect(lrOf()).toBe(free)
    // Not the best one's own either.
    for (const other of [free, 0.2, 0.4, NaN]) expect(bound).not.toBe(other)
  })

  it('takes over the configuration of the best where no change of it is allowed', () => {
    const run = considered({ where: ({ lr }: { lr: number }) => lr > 0.3 })
    expect(run.report(0, 2, 0)).toMatchObject({
      kind: 'exploit',
      donor: 3,
      config: { lr: 0.4 },
      reason: 'acc 0 is among the worst 1 of 4: goes on from trial 3, which has 3',
      evidence: { changes: [] },
    })
  })

  it('lets the worst go on from the best, with a changed configuration, and says why', () => {
    const run = considered()
    expect(run.report(0, 2, 0)).toEqual({
      kind: 'exploit',
      donor: 3,
      config: { lr: 0.2 },
      reason: 'acc 0 is among the worst 1 of 4: goes on from trial 3, which has 3, with lr * 0.5',
      evidence: {
        time: 2,
        value: 0,
        rank: 4,
        population: 4,
        donor: 3,
        donorTime: 2,
        donorValue: 3,
        oldConfig: { lr: 0.4 },
        newConfig: { lr: 0.2 },
        changes: [{ path: 'lr', from: 0.4, to: 0.2, by: '* 0.5' }],
      },
    })
  })

  it('leaves configurations out of the evidence when they are not to be logged', () => {
    const { evidence } = considered({ logConfig: false }).report(0, 2, 0) as { evidence: object }
    expect(Object.keys(evidence)).toEqual([
      'time',
      'value',
      'rank',
      'population',
      'donor',
      'donorTime',
      'donorValue',
    ])
  })

  it('takes the smallest value for the best when small is good', () => {
    const run = runOf({}, 'min').add(...four)
    run.chooseAll()
    for (const trial of [2, 1, 0]) run.report(trial, 2, trial)
    expect(run.report(3, 2, 3)).toMatchObject({
      kind: 'exploit',
      donor: 0,
      evidence: { value: 3, donorValue: 0 },
    })
  })

  it('lets those go on that are not among the worst', () => {
    const run = considered()
    expect(run.report(0, 2, 1.5)).toMatchObject({ kind: 'continue', evidence: { rank: 3, population: 4 } })
  })

  it('looks at a trial again only when it has come an interval further', () => {
    const run = considered()
    run.report(0, 2, 2.5)
    expect(run.report(0, 3, -9)).toEqual({ kind: 'continue' })
    expect(run.report(0, 4, -9)).toMatchObject({ kind: 'exploit' })
  })

  it('considers nobody during the burn-in', () => {
    const run = runOf({ burnInPeriod: 5 }).add(...four)
    run.chooseAll()
    for (const trial of [3, 2, 1, 0]) expect(run.report(trial, 4, trial)).toEqual({ kind: 'continue' })
    for (const trial of [1, 2, 3]) run.report(trial, 5, trial)
    expect(run.report(0, 5, 0)).toMatchObject({ kind: 'exploit', donor: 3 })
  })

  it('asks once to exploit one that has no checkpoint, so that a warning says it, and then says why it does not', () => {
    const run = runOf()
      .add(...four)
      .withoutCheckpoint(3)
    run.chooseAll()
    for (const trial of [1, 2, 3]) run.report(trial, 2, trial)
    expect(run.report(0, 2, 0)).toMatchObject({ kind: 'exploit', donor: 3 })
    expect(run.report(0, 3, 0)).toEqual({ kind: 'continue' })
    expect(run.report(0, 4, 0)).toMatchObject({
      kind: 'continue',
      evidence: { donor: 3, declined: 'it has no checkpoint' },
    })
  })

  it('exploits nobody who was not among the best when it was last considered', () => {
    const run = runOf().add(...four)
    run.chooseAll()
    for (const [trial, value] of [
      [2, 2],
      [1, 1],
      [3, 3],
    ] as const)
      run.report(trial, 2, value)
    run.report(3, 4, 1.5)
    expect(run.report(0, 2, 0)).toMatchObject({
      kind: 'continue',
      evidence: { donor: 2, declined: 'it was not among the best when it was last considered' },
    })
  })

  it('goes on by itself after it came back 20 times to the same point, as with a donor that hangs', () => {
    const run = considered()
    const kinds = Array.from({ length: 23 }, (_, i) => run.report(0, i === 0 ? 2 : 4, 0).kind)
    expect(kinds).toEqual([...Array.from({ length: 22 }, () => 'exploit'), 'continue'])
    expect(run.report(0, 6, 0)).toMatchObject({ kind: 'exploit' })
  })

  it('counts NaN as worst, and exploits none that has it', () => {
    const run = considered({ quantileFraction: 0.5 })
    expect(run.report(0, 2, NaN)).toMatchObject({ kind: 'exploit', evidence: { value: NaN } })
    const blank = runOf().add(...four)
    blank.chooseAll()
    for (const trial of [1, 2, 3]) blank.report(trial, 2, NaN)
    expect(blank.report(0, 2, NaN)).toMatchObject({
      kind: 'continue',
      evidence: { declined: 'it has no value' },
    })
  })

  it('ranks infinities in their natural place', () => {
    const run = runOf().add(...four)
    run.chooseAll()
    for (const [trial, value] of [
      [3, 1],
      [1, 2],
      [2, Infinity],
    ] as const)
      run.report(trial, 2, value)
    expect(run.report(0, 2, -Infinity)).toMatchObject({ kind: 'exploit', donor: 2 })
  })

  it('forgets trials that have ended', () => {
    const run = considered()
    run.end(3, 'failed')
    expect(run.report(0, 2, 0)).toMatchObject({ kind: 'exploit', donor: 2, evidence: { population: 3 } })
  })

  it('goes on with the configuration that was exploited with, once it is reported', () => {
    const run = considered()
    run.report(0, 2, 0)
    run.choose()
    run.report(0, 4, 9)
    run.report(1, 4, -9)
    expect(run.configOf(1)).toEqual({ lr: 0.1 })
  })

  it('never changes a configuration that it was given', () => {
    const config = Object.freeze({ lr: 0.4, deep: Object.freeze({ list: Object.freeze([1, 2]) }) })
    const run = runOf({
      hyperparamMutations: { lr: uniform(0, 1), deep: { list: { 1: [1, 2, 3] } } },
      customExploreFn: (copy: { deep: { list: number[] } }) => {
        copy.deep.list[0] = 7
        return copy
      },
    }).add({ lr: 0.1 }, { lr: 0.2 }, config)
    run.chooseAll()
    for (const trial of [1, 2]) run.report(trial, 2, trial)
    const { config: explored } = run.report(0, 2, 0) as { config: { deep: { list: number[] } } }
    expect(explored.deep.list[0]).toBe(7)
    expect(config).toEqual({ lr: 0.4, deep: { list: [1, 2] } })
  })

  it('lets a function of the user’s have the last word on a configuration, with chance of its own', () => {
    const run = considered({
      customExploreFn: ({ lr }: { lr: number }, random) => ({ lr, noise: random.next() }),
    })
    expect(run.report(0, 2, 0)).toMatchObject({ config: { lr: 0.2, noise: expect.any(Number) } })
  })

  it.each([
    [
      'nothing',
      () => undefined,
      /^pbt\.customExploreFn gave undefined\. Return the configuration.*plain object/,
    ],
    [
      'a promise',
      async (config: object) => config,
      /gave a Promise\. It must answer at once.*no async function/,
    ],
    ['an array', () => [1], /gave an array of 1: \[1\]\. Return the configuration/],
    ['an instance of a class', () => new Map(), /gave a Map\. Return the configuration/],
  ])('refuses a function that returns %s, by name', (_, customExploreFn, message) => {
    const run = considered({ customExploreFn })
    expect(() => run.report(0, 2, 0)).toThrow(message)
  })

  it('asks for checkpoints as often as trials can be considered', () => {
    const saveEvery = (options: PbtOptions): number | undefined => pbt({ ...everyTwo, ...options }).saveEvery
    expect(saveEvery({ perturbationInterval: 4 })).toBe(4)
    expect(saveEvery({ perturbationInterval: 2.5 })).toBe(3)
    expect(saveEvery({ perturbationInterval: 4, burnInPeriod: 10 })).toBe(2)
    expect(saveEvery({ perturbationInterval: 4, timeAttr: 'seconds' })).toBe(1)
  })
})

describe('what no trial has, though it is to be changed', () => {
  const populationOf = (hyperparamMutations: PbtOptions['hyperparamMutations'], ...configs: unknown[]) =>
    runOf({ hyperparamMutations }).add(...configs)

  it.each([
    [{ levl: [1] }, { level: 1, lr: 2 }, /^pbt\.hyperparamMutations\/levl is in no trial's.*mean level\?$/],
    [{ net: { dpth: [1] } }, { net: { depth: 1 } }, /net\/dpth is in no.*Did you mean net\/depth\?$/],
    [{ nte: { depth: [1] } }, { net: { depth: 1 } }, /nte\/depth is in no.*Did you mean net\?$/],
    [
      { momentum: [1] },
      { lr: 1, width: 2 },
      /There are lr, width\. Name what paramSpace has, or put it there/,
    ],
  ])('is refused before the first trial starts: %j', (mutations, config, message) => {
    expect(() => populationOf(mutations, config).choose(true)).toThrow(OptionError)
    expect(() => populationOf(mutations, config).choose(true)).toThrow(message)
  })

  it('may be in some of them alone, as what depends on a choice is', () => {
    expect(populationOf({ momentum: [1] }, { lr: 1 }, { lr: 1, momentum: 1 }).choose(true)).toBe(0)
  })

  it('ends an experiment with an error that says so', async () => {
    const { results } = await simulate({
      trainable: stepped,
      paramSpace: { lr: uniform(0, 1) },
      metric: 'acc',
      mode: 'max',
      numSamples: 2,
      scheduler: pbt({ ...everyTwo, hyperparamMutations: { lrr: uniform(0, 1) } }),
    }).catch((error: unknown) => ({ results: error }))
    expect(String((results as { error?: Error }).error ?? results)).toMatch(/Did you mean lr\?/)
  })
})

describe('a population with fewer slots than trials', () => {
  it('is made before the first of its trials starts', () => {
    const run = runOf().add(four[0])
    expect(run.choose()).toBeUndefined()
    run.add(four[1], four[2])
    expect(run.choose()).toBeUndefined()
    expect(run.choose(true)).toBe(0)
    expect(run.choose()).toBe(1)
  })

  it('is made as a whole, however large, where its size is known', () => {
    const run = new PopulationRun(pbt(everyTwo), 'max', 150)
    run.add(...Array.from({ length: 149 }, () => four[0]))
    expect(run.choose()).toBeUndefined()
    expect(run.add(four[0]).choose()).toBe(0)
  })

  it('trains all of its trials side by side, the last one as soon as the others', async () => {
    const { trace } = await simulate({
      trainable: stepped,
      paramSpace: { lr: uniform(0, 1) },
      metric: 'acc',
      mode: 'max',
      numSamples: 150,
      maxConcurrentTrials: 4,
      stop: { training_iteration: 8 },
      stepMs: 10,
      scheduler: pbt(everyTwo),
      seed: 1,
    })
    const firsts = new Map<number, number>()
    for (const record of trace) {
      if (record.type === 'trial.report' && !firsts.has(record.trial)) firsts.set(record.trial, record.at)
    }
    // An interval for each of the others, on 4 slots.
    expect(firsts.size).toBe(150)
    expect(Math.max(...firsts.values())).toBeLessThan(2 * 10 * (150 / 4 + 2))
  })

  it.each([true, false])('cannot be endless, synch %s', (synch) => {
    const build = (): unknown => new PopulationRun(pbt({ ...everyTwo, synch }), 'max', Infinity)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(/one population, but there is no end of them\. Give numSamples/)
  })

  it('does not wait for more than 100 trials where nobody knows how many there will be', () => {
    const run = runOf().add(...Array.from({ length: 99 }, () => four[0]))
    expect(run.choose()).toBeUndefined()
    expect(run.add(four[0]).choose()).toBe(0)
  })

  it('takes turns: a trial that was considered makes room for the one that is least far', () => {
    const run = runOf().add(...four)
    expect([run.choose(true), run.choose()]).toEqual([0, 1])
    expect(run.report(0, 2, 1)).toMatchObject({ kind: 'pause', reason: 'makes room: 2 trials wait' })
    expect(run.choose()).toBe(2)
    run.report(1, 2, 1)
    expect(run.choose()).toBe(3)
    run.report(2, 5, 1)
    expect(run.choose()).toBe(0)
    expect(run.choose()).toBe(1)
    expect(run.choose()).toBe(2)
    expect(run.report(2, 7, 5)).toMatchObject({ kind: 'continue' })
  })

  it('lets one that starts again after a failure have its turn', () => {
    const run = runOf().add(...four)
    run.chooseAll()
    run.report(0, 1, 1)
    run.retry(0)
    expect(run.choose()).toBe(0)
  })
})

describe('pbt with synch', () => {
  it('lets all wait for the last one, and then those exploit that are worst', () => {
    const run = runOf({ synch: true, quantileFraction: 0.5 }).add(...four)
    run.chooseAll()
    expect(run.report(0, 2, 0)).toMatchObject({
      kind: 'pause',
      reason: 'waits for 3 trials to reach training_iteration 2',
      evidence: { nextSync: 2, behind: 3 },
    })
    run.report(3, 2, 3)
    run.report(1, 2, 1)
    expect(run.choose()).toBeUndefined()
    expect(run.commands).toEqual([])
    expect(run.report(2, 2, 2)).toMatchObject({
      kind: 'pause',
      reason: 'the last to reach training_iteration 2',
      evidence: { lower: [0, 1], upper: [2, 3], nextSync: 4 },
    })
    expect(run.commands).toMatchObject([
      { trial: 0, decision: { kind: 'exploit', reason: expect.stringMatching(/goes on from trial [23]/) } },
      { trial: 1, decision: { kind: 'exploit' } },
    ])
    expect(run.chooseAll()).toEqual([0, 1, 2, 3])
  })

  it('answers the last one with its own exploit, and does not command it besides', () => {
    const run = runOf({ synch: true, quantileFraction: 0.5 }).add(...four)
    run.chooseAll()
    for (const trial of [1, 2, 3]) run.report(trial, 2, trial)
    expect(run.report(0, 2, 0)).toMatchObject({
      kind: 'exploit',
      evidence: { lower: [0, 1], donor: expect.any(Number) },
    })
    expect(run.commands.map(({ trial }) => trial)).toEqual([1])
  })

  it('asks once to exploit one that has no checkpoint, and then says in the evidence why it does not', () => {
    const run = runOf({ synch: true })
      .add(...four)
      .withoutCheckpoint(3)
    run.chooseAll()
    for (const trial of [0, 1, 2, 3]) run.report(trial, 2, trial)
    expect(run.commands).toMatchObject([{ trial: 0, decision: { kind: 'exploit', donor: 3 } }])
    run.chooseAll()
    for (const trial of [0, 1, 2]) expect(run.report(trial, 4, trial)).toMatchObject({ kind: 'pause' })
    expect(run.report(3, 4, 3)).toMatchObject({
      kind: 'pause',
      evidence: { exploits: [{ trial: 0, donor: 3, done: false, declined: 'it has no checkpoint' }] },
    })
    expect(run.commands).toHaveLength(1)
  })

  it('goes on without a trial that ends while the others wait for it', () => {
    const run = runOf({ synch: true }).add(...four)
    run.chooseAll()
    for (const trial of [0, 1, 2]) run.report(trial, 2, trial)
    run.end(3, 'failed')
    expect(run.commands).toMatchObject([{ trial: 0, decision: { kind: 'exploit', donor: 2 } }])
    expect(run.chooseAll()).toEqual([0, 1, 2])
  })

  it('commands nothing when a trial is interrupted, since the experiment ends', () => {
    const run = runOf({ synch: true }).add(...four)
    run.chooseAll()
    for (const trial of [0, 1, 2]) run.report(trial, 2, trial)
    run.end(3, 'interrupted')
    expect(run.commands).toEqual([])
  })

  it('goes on when all have run to the same point beyond the next one, where Ray Tune waits for ever', () => {
    const run = runOf({ synch: true }).add(...four)
    run.chooseAll()
    for (const trial of [0, 1, 2, 3]) run.report(trial, 20, trial)
    expect(run.chooseAll()).toEqual([0, 1, 2, 3])
    for (const trial of [0, 1, 2]) expect(run.report(trial, 22, trial)).toMatchObject({ kind: 'pause' })
  })

  it('lets a trial run again that has not come to the point yet, and nobody else', () => {
    const run = runOf({ synch: true, burnInPeriod: 3 }).add(...four)
    run.chooseAll()
    for (const trial of [3, 0, 1, 2]) run.report(trial, trial === 3 ? 9 : 3, trial)
    expect(run.chooseAll()).toEqual([1, 2])
    expect(run.report(1, 5, 1)).toMatchObject({ kind: 'pause', evidence: { nextSync: 9, behind: 1 } })
    expect(run.choose()).toBe(1)
  })

  it('lets a trial exploit at its next report when it could not while it waited', () => {
    const run = runOf({ synch: true }).add(...four)
    run.chooseAll()
    run.obeys = false
    for (const trial of [0, 1, 2, 3]) run.report(trial, 2, trial)
    expect(run.commands).toMatchObject([{ trial: 0 }])
    expect(run.report(0, 3, 0)).toMatchObject({ kind: 'exploit', donor: 3, config: { lr: 0.2 } })
  })

  it('names a trial when nothing else can run, even one that should wait', () => {
    const run = runOf({ synch: true }).add(...four)
    run.chooseAll()
    run.report(0, 2, 0)
    expect(run.choose()).toBeUndefined()
    expect(run.choose(true)).toBe(0)
  })
})

const GOOD = 0.9

function learn(weight: number, lr: number): number {
  return weight + 0.5 * (1 - Math.abs(lr - GOOD) - weight)
}

const stepped = defineTrainable({
  setup: (config: { lr: number }) => ({ lr: config.lr, weight: 0 }),
  step: (state) => ({ acc: (state.weight = learn(state.weight, state.lr)) }),
  save: ({ weight }) => weight,
  load: (state, weight: number) => void (state.weight = weight),
})

async function reporting(config: { lr: number }, trial: Trial): Promise<void> {
  for (let weight = (trial.checkpoint as number | undefined) ?? 0; ;) {
    weight = learn(weight, config.lr)
    await trial.report({ acc: weight }, { checkpoint: weight })
  }
}

describe('a whole experiment with pbt', () => {
  const base = {
    paramSpace: { lr: uniform(0, 1) },
    metric: 'acc',
    mode: 'max',
    numSamples: 8,
    stop: { training_iteration: 20 },
    stepMs: 10,
    seed: 3,
  } as const
  const scheduler = (synch: boolean): Scheduler =>
    pbt({ perturbationInterval: 4, synch, hyperparamMutations: { lr: uniform(0, 1) } })

  const cases = [
    { form: 'steps', trainable: stepped, synch: true, maxConcurrentTrials: 8 },
    { form: 'steps', trainable: stepped, synch: true, maxConcurrentTrials: 3 },
    { form: 'steps', trainable: stepped, synch: false, maxConcurrentTrials: 3 },
    { form: 'a function', trainable: reporting, synch: true, maxConcurrentTrials: 8 },
    { form: 'a function', trainable: reporting, synch: false, maxConcurrentTrials: 3 },
  ] as const

  it.each(cases)(
    'continues checkpoints of others: $form, synch $synch, $maxConcurrentTrials at a time',
    async ({ trainable, synch, maxConcurrentTrials }) => {
      const workerSpeeds = Array.from({ length: maxConcurrentTrials }, (_, i) => 1 + i)
      const options = { ...base, workerSpeeds, maxConcurrentTrials, trainable, scheduler: scheduler(synch) }
      const run = await simulate(options)
      const weights = new Map<number, number>()
      const configs = new Map<number, { lr: number }>()
      const checkpoints = new Map<number, number>()
      let exploits = 0
      for (const record of run.trace) {
        if (record.type === 'trial.created') configs.set(record.trial, record.config as { lr: number })
        if (record.type === 'trial.exploited') {
          exploits++
          configs.set(record.trial, record.config as { lr: number })
          // What the trial goes on from is what the donor had saved.
          weights.set(record.trial, checkpoints.get(record.donor) ?? NaN)
        }
        if (record.type === 'trial.report') {
          const weight = learn(weights.get(record.trial) ?? 0, configs.get(record.trial)?.lr ?? NaN)
          weights.set(record.trial, weight)
          expect(record.metrics['acc']).toBe(weight)
          const iteration = record.metrics['training_iteration'] as number
          if (trainable === reporting || iteration % 4 === 0) checkpoints.set(record.trial, weight)
        }
      }
      expect(exploits).toBeGreaterThan(2)
      for (const { state, iteration } of run.results) expect([state, iteration]).toEqual(['completed', 20])
      expect((await simulate(options)).hash).toBe(run.hash)
    },
  )

  it('ends with better models than the same trials without it', async () => {
    const meanOf = async (trains: boolean): Promise<number> => {
      const options = { ...base, trainable: stepped, maxConcurrentTrials: 8 }
      const { results } = await simulate(trains ? { ...options, scheduler: scheduler(true) } : options)
      return [...results].reduce((sum, { metrics }) => sum + (metrics?.['acc'] as number), 0) / results.length
    }
    expect(await meanOf(true)).toBeGreaterThan((await meanOf(false)) + 0.05)
  })

  it.each([true, false])(
    'warns the user once of trials that leave no checkpoints, synch %s',
    async (synch) => {
      const trainable = defineTrainable({
        setup: (config: { lr: number }) => ({ lr: config.lr, weight: 0 }),
        step: (state) => ({ acc: (state.weight = learn(state.weight, state.lr)) }),
      })
      const options = { ...base, trainable, maxConcurrentTrials: 3, scheduler: scheduler(synch) }
      const { results } = await simulate(options)
      const said = results.warnings.filter(({ kind }) => kind === 'decision').map(({ message }) => message)
      expect(said).toEqual([expect.stringMatching(/^The scheduler pbt let trial .*which has no checkpoint/)])
      for (const { state, iteration } of results) expect([state, iteration]).toEqual(['completed', 20])
    },
  )

  it.each([true, false])('leaves nobody waiting when trials crash, synch %s', async (synch) => {
    for (const seed of [1, 2, 3]) {
      const run = await simulate({
        ...base,
        trainable: stepped,
        scheduler: scheduler(synch),
        maxConcurrentTrials: 3,
        faults: { crash: 0.02 },
        seed,
      })
      for (const { state } of run.results) expect(['completed', 'failed']).toContain(state)
      expect(run.results.endedBy).toBe('finished')
    }
  })
})

describe('the options of pbt', () => {
  it.each([
    [{}, 'pbt.hyperparamMutations', /nothing to change.*customExploreFn/],
    [{ hyperparamMutations: {} }, 'pbt.hyperparamMutations', /nothing to change/],
    [{ hyperparamMutations: { a: { b: 3 } } }, 'pbt.hyperparamMutations', /a\/b must be a domain.*got 3/],
    [{ hyperparamMutations: { a: [] } }, 'pbt.hyperparamMutations', /a is an empty list/],
    [
      { hyperparamMutations: { 'a/b': [1] } },
      'pbt.hyperparamMutations',
      /the key a\/b. Write nested objects/,
    ],
    [{ hyperparamMutations: { a: sampleFrom(() => 1) } }, 'pbt.hyperparamMutations', /a is a sampleFrom/],
    [{ hyperparamMutations: { a: branch({ x: {} }) } }, 'pbt.hyperparamMutations', /a is a branch/],
    [{ hyperparamMutations: { a: uniform(2, 1) } }, 'pbt.hyperparamMutations', /a cannot be drawn from.*low/],
    [{ ...everyTwo, perturbationInterval: 0 }, 'pbt.perturbationInterval', /above 0/],
    [{ ...everyTwo, burnInPeriod: -1 }, 'pbt.burnInPeriod', /from 0/],
    [{ ...everyTwo, quantileFraction: 0.6 }, 'pbt.quantileFraction', /0 to 0.5. Got 0.6/],
    [{ ...everyTwo, resampleProbability: 2 }, 'pbt.resampleProbability', /0 to 1/],
    [{ ...everyTwo, perturbationFactors: [] }, 'pbt.perturbationFactors', /such as \[1.2, 0.8\]/],
    [{ ...everyTwo, perturbationFactors: [-1] }, 'pbt.perturbationFactors', /above 0/],
    [{ ...everyTwo, customExploreFn: 3 }, 'pbt.customExploreFn', /function/],
    [{ ...everyTwo, mode: 'min' }, 'pbt.metric', /mode is given but metric is not/],
    [{ ...everyTwo, synch: 'yes' }, 'pbt.synch', /true or false/],
    [{ ...everyTwo, timeAttr: '' }, 'pbt.timeAttr', /name of a metric/],
    [
      { ...everyTwo, hyperparam_mutations: {} },
      'pbt.hyperparam_mutations',
      /Did you mean hyperparamMutations\?/,
    ],
  ])('refuses %j where it is given', (options, option, message) => {
    const build = (): unknown => pbt(options as PbtOptions)
    expect(build).toThrow(OptionError)
    expect(build).toThrow(expect.objectContaining({ option, message: expect.stringMatching(message) }))
  })

  it('are by default those that the docstrings give', () => {
    const run = new PopulationRun(pbt({ hyperparamMutations: { lr: uniform(0, 1) } })).add(...four)
    run.chooseAll()
    for (const trial of [1, 2, 3]) {
      run.report(trial, 59, trial)
      expect(run.report(trial, 60, trial)).toMatchObject({ kind: 'continue', evidence: { time: 60 } })
    }
    expect(run.report(0, 60, 0)).toMatchObject({ kind: 'exploit', donor: 3 })
    expect(pbt(everyTwo).line).toBe('Using population-based training: every 2 training_iteration.')
  })
})
