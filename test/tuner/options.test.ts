import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import {
  asha,
  concurrencyLimiter,
  type ExperimentEventName,
  gridSearch,
  gridSearcher,
  maximumIteration,
  OptionError,
  randomSearch,
  SpaceError,
  type Trainable,
  TroupeError,
  Tuner,
  uniform,
} from '../../src/index.ts'
import { memoryStore } from '../../src/stores/index.ts'
import { simulate } from '../../src/testing/index.ts'
import { compose, realSurroundings } from '../../src/tuner/compose.ts'
import { readExperimentOptions } from '../../src/tuner/options.ts'

const train: Trainable = async (_config, trial) => {
  await trial.report({ loss: 1, acc: 2 })
}

/** What `new Tuner` throws. */
function thrownFor(trainable: unknown, options: unknown): TroupeError {
  try {
    new Tuner(trainable as Trainable, options as object)
  } catch (error) {
    if (error instanceof TroupeError) return error
    throw error
  }
  throw new Error('The Tuner took it.')
}

const thrownBy = (options: unknown): TroupeError => thrownFor(train, options)

/** What `simulate` rejects with. */
async function rejectionOf(options: unknown): Promise<TroupeError> {
  const error: unknown = await simulate(options as Parameters<typeof simulate>[0]).then(
    () => new Error('simulate took it.'),
    (reason: unknown) => reason,
  )
  if (error instanceof TroupeError) return error
  throw error
}

/** What both say of the options, which is the same but for their names. */
async function refusalOf(options: object): Promise<{ readonly option: unknown; readonly text: string }> {
  const thrown = thrownBy(options)
  expect(thrown).toBeInstanceOf(OptionError)
  const { option } = thrown as OptionError
  const rejected = await rejectionOf({ trainable: train, ...options })
  expect(rejected).toMatchObject({ name: 'OptionError', option: option.replace('Tuner', 'simulate') })
  expect(rejected.message.replaceAll('simulate', 'Tuner')).toBe(thrown.message)
  return { option, text: thrown.message }
}

const planOf = (options: object) =>
  compose(train, readExperimentOptions('Tuner', options), realSurroundings()).settings.plan

describe('the options of an experiment', () => {
  const text = 'must be a number above 0'
  it.each<[name: string, value: unknown, option: string, words: RegExp]>([
    ['where', 'x > 1', 'where', /must be a function\. Got "x > 1"/],
    ['duplicates', 'forbid', 'duplicates', /must be one of 'allow', 'resample', 'reuse'\. Got "forbid"/],
    ['numSamples', 0, 'numSamples', /must be an integer from 1, or Infinity\. Got 0/],
    ['numSamples', 2.5, 'numSamples', /must be an integer from 1, or Infinity\. Got 2\.5/],
    ['numSamples', '10', 'numSamples', /must be an integer from 1, or Infinity\. Got "10"/],
    ['maxConcurrentTrials', 0, 'maxConcurrentTrials', /must be an integer from 1\. Got 0/],
    [
      'resources',
      1,
      'resources',
      /must be an object of amounts from 0, such as \{ cpu: 2, gpu: 0\.5 \}\. Got 1/,
    ],
    ['resources', { cpu: -1 }, 'resources', /amounts from 0.*but cpu is -1/],
    ['resources', { gpu: Number.NaN }, 'resources', /amounts from 0.*but gpu is NaN/],
    ['resources', { cpu: Infinity }, 'resources', /must be finite amounts/],
    ['totalResources', [4], 'totalResources', /must be an object of amounts from 0.* Got an array of 1/],
    ['totalResources', { cpu: '4' }, 'totalResources', /amounts from 0.*but cpu is "4"/],
    ['timeBudgetMs', 0, 'timeBudgetMs', RegExp(`${text}\\. Got 0`)],
    ['timeBudgetMs', Infinity, 'timeBudgetMs', RegExp(`${text}, and finite\\. Got Infinity`)],
    ['trialTimeoutMs', -5, 'trialTimeoutMs', RegExp(`${text}\\. Got -5`)],
    ['reportTimeoutMs', '5s', 'reportTimeoutMs', RegExp(`${text}\\. Got "5s"`)],
    ['stopGraceMs', -1, 'stopGraceMs', /must be a number from 0\. Got -1/],
    ['failure', 3, 'failure', /takes one object of options, got 3/],
    ['failure', null, 'failure', /takes one object of options, got null/],
    ['failure', { maxFailures: -1 }, 'failure.maxFailures', /must be an integer from 0\. Got -1/],
    ['failure', { failFast: 1 }, 'failure.failFast', /must be true or false\. Got 1/],
    ['failure', { backoffMs: -1 }, 'failure.backoffMs', /must be a number from 0\. Got -1/],
    [
      'failure',
      { maxFailure: 1 },
      'failure.maxFailure',
      /has no option maxFailure\. Did you mean maxFailures\?/,
    ],
    ['checkpoint', true, 'checkpoint', /takes one object of options, got true/],
    ['checkpoint', { every: 0.5 }, 'checkpoint.every', /must be an integer from 0\. Got 0\.5/],
    ['checkpoint', { atEnd: 'yes' }, 'checkpoint.atEnd', /must be true or false\. Got "yes"/],
    ['seed', Number.NaN, 'seed', /must be a string or a finite number\. Got NaN/],
    ['name', '', 'name', /must be a text that is not empty\. Got ""/],
    ['name', 5, 'name', /must be a text that is not empty\. Got 5/],
    [
      'executor',
      'worker',
      'executor',
      /must be a function .* leave it out to run in this process\. Got "worker"/,
    ],
    ['inspect', 5, 'inspect', /must be a function of inspection events, or an observer with next\. Got 5/],
    ['inspect', null, 'inspect', /or an observer with next\. Got null/],
    ['signal', new AbortController(), 'signal', /must be an AbortSignal\. Got an AbortController/],
    ['trace', 1, 'trace', /must be true or false\. Got 1/],
    ['scheduler', null, 'scheduler', /must be a scheduler such as asha\(\) or fifo\(\), got null/],
    ['scheduler', 'asha', 'scheduler', /got "asha"\. One of your own needs name, init and onReport/],
    ['scheduler', { name: 'mine' }, 'scheduler', /One of your own needs name, init and onReport/],
    ['scheduler', asha, 'scheduler', /got the function asha\. Did you mean asha\(\)\?/],
  ])('refuses %s: %j', async (name, value, option, words) => {
    await expect(refusalOf({ [name]: value })).resolves.toEqual({
      option: `Tuner.${option}`,
      text: expect.stringMatching(words) as string,
    })
  })

  it.each<[value: unknown, option: string, words: RegExp]>([
    [[5], 'Tuner.stop', /must be a stopper, an array of stoppers, or bounds by metric, got 5/],
    [[maximumIteration(3), {}], 'stop', /a bound for at least one metric/],
    [{ onReport: () => undefined }, 'Tuner.stop', /A stopper of your own needs name, init and onReport/],
    [{}, 'stop', /a bound for at least one metric, such as \{ acc: 0\.98 \}, got an object with no keys/],
    [5, 'Tuner.stop', /or bounds by metric, got 5/],
    [null, 'Tuner.stop', /got null/],
    [maximumIteration, 'Tuner.stop', /got the function maximumIteration/],
    [{ loss: '1' }, 'stop.loss', /a bound must be a finite number, got "1"\. Give the value/],
  ])('refuses stop: %j', (value, option, words) =>
    expect(refusalOf({ stop: value })).resolves.toEqual({
      option,
      text: expect.stringMatching(words) as string,
    }),
  )

  it.each<[value: unknown, words: RegExp]>([
    [null, /searcher must be a searcher such as randomSearch\(\), got null/],
    ['tpe', /got "tpe"\. One of your own needs name and start/],
    [randomSearch, /got the function randomSearch\. Did you mean randomSearch\(\)\?/],
  ])('refuses searcher: %j', (value, words) =>
    expect(refusalOf({ searcher: value })).resolves.toEqual({
      option: 'searcher',
      text: expect.stringMatching(words) as string,
    }),
  )

  it.each([
    ['numSample', 'numSamples'],
    ['num_samples', 'numSamples'],
    ['metrics', 'metric'],
    ['maxConcurrent', 'maxConcurrentTrials'],
    ['timeBudgetS', 'timeBudgetMs'],
    ['param_space', 'paramSpace'],
    ['randomSeed', undefined],
  ])('has no %s, and names the option that is meant', async (name, meant) => {
    const words = meant === undefined ? /Known are .*seed/ : RegExp(`Did you mean ${meant}\\?$`)
    expect(thrownBy({ [name]: 1 }).message).toMatch(words)
    expect((await rejectionOf({ trainable: train, [name]: 1 })).message).toMatch(words)
  })

  it.each(['toString', '__proto__', 'constructor'])('has no %s', async (name) => {
    const options = JSON.parse(`{ "${name}": 1 }`) as object
    expect(thrownBy(options).message).toContain(`Tuner has no option ${name}`)
    const all = Object.defineProperty({ trainable: train }, name, { value: 1, enumerable: true })
    expect((await rejectionOf(all)).message).toContain(`simulate has no option ${name}`)
  })

  it.each([
    [{ metric: 'loss' }, 'Tuner.mode', /metric is given but mode is not\. Give both/],
    [{ mode: 'min' }, 'Tuner.metric', /mode is given but metric is not\. Give both/],
    [{ metric: 'loss', mode: 'minimize' }, 'Tuner.mode', /must be 'min' or 'max'.* got "minimize"/],
    [
      { metric: ['a', 'b'], mode: 'min' },
      'Tuner.mode',
      /2 metrics \(a, b\) but 1 mode\. Give one mode for each/,
    ],
    [{ metric: null, mode: 'min' }, 'Tuner.metric', /must be the name of a metric.* got null/],
  ])('refuses the objectives %j', (options, option, words) =>
    expect(refusalOf(options)).resolves.toEqual({ option, text: expect.stringMatching(words) as string }),
  )

  it('refuses a space that is none', async () => {
    for (const paramSpace of [null, 5, 'x']) {
      const words = /paramSpace must be an object of named parameters, or a function .* Write \{ name: … \}/
      expect(thrownBy({ paramSpace })).toBeInstanceOf(SpaceError)
      expect(thrownBy({ paramSpace }).message).toMatch(words)
      expect(await rejectionOf({ trainable: train, paramSpace })).toBeInstanceOf(SpaceError)
    }
  })

  it('takes undefined for any option as not given', async () => {
    const names = Object.keys(readExperimentOptions('Tuner', {}))
    const nothing = Object.fromEntries(names.map((name) => [name, undefined]))
    expect(planOf(nothing)).toEqual({ ...planOf({}), seed: expect.any(String) as string })
    const real = ['storage', 'durability', 'directory', 'resume', 'callbacks', 'reporter']
    const virtual = Object.fromEntries(Object.entries(nothing).filter(([name]) => !real.includes(name)))
    const given: object = { ...virtual, stepMs: undefined, workerSpeeds: undefined, stallMs: undefined }
    const [bare, same] = [simulate({ trainable: train }), simulate({ trainable: train, ...given })]
    expect((await same).hash).toBe((await bare).hash)
  })
})

describe('options that do not go together', () => {
  const x = { x: uniform(0, 1) }

  it('are a space beside paramSpace', () =>
    expect(refusalOf({ paramSpace: x, searcher: randomSearch({ space: x }) })).resolves.toEqual({
      option: 'randomSearch.space',
      text: expect.stringMatching(
        /given twice: as paramSpace of Tuner and as space of randomSearch\. Leave one of them out/,
      ) as string,
    }))

  it('are different objectives in two places', () =>
    expect(
      refusalOf({ metric: 'loss', mode: 'min', searcher: randomSearch({ metric: 'acc', mode: 'max' }) }),
    ).resolves.toEqual({
      option: 'randomSearch.metric',
      text: expect.stringMatching(
        /optimises acc \(max\), but Tuner loss \(min\)\. Give metric and mode in one place, or the same in both/,
      ) as string,
    }))

  it('are not the same objectives in two places, nor a space or objectives of the searcher alone', () => {
    const objective = { metric: 'loss', mode: 'min' } as const
    const same = planOf({ ...objective, searcher: randomSearch(objective) })
    const own = planOf({
      searcher: concurrencyLimiter(randomSearch({ ...objective, space: x }), { maxConcurrent: 2 }),
    })
    expect([same.objectives, own.objectives]).toEqual([[objective], [objective]])
  })

  it('are asha and several objectives, of which it is to name one', async () => {
    const two = { metric: ['loss', 'acc'], mode: ['min', 'max'] } as const
    await expect(refusalOf({ ...two, scheduler: asha() })).resolves.toEqual({
      option: 'asha.metric',
      text: expect.stringMatching(
        /ranks one metric, but 2 are given \(loss, acc\)\..* as in asha\(\{ metric: 'loss' \}\)/,
      ) as string,
    })
    expect(planOf({ ...two, scheduler: asha({ metric: 'acc' }) }).rankedBy).toEqual([
      { metric: 'acc', mode: 'max' },
    ])
  })

  it('are asha and no objective', () =>
    expect(refusalOf({ scheduler: asha() })).resolves.toEqual({
      option: 'asha.metric',
      text: expect.stringMatching(
        /ranks trials by a metric, but none is given\. Give metric and mode/,
      ) as string,
    }))

  it('are gridSearch and a searcher that does not expand it', () =>
    expect(
      refusalOf({
        paramSpace: { x: gridSearch([1, 2]) },
        searcher: { ...randomSearch(), name: 'mine', expandsGrid: false },
      }),
    ).resolves.toEqual({
      option: 'searcher',
      text: expect.stringMatching(/mine does not expand gridSearch \(x\)\. Write choice/) as string,
    }))

  it('are trials that need more than there is, which says how much to give', async () => {
    const need = { resources: { cpu: 2, gpu: 1 }, totalResources: { cpu: 4 } }
    await expect(refusalOf(need)).resolves.toEqual({
      option: 'Tuner.resources',
      text: expect.stringMatching(
        /each trial needs 1 gpu, but there are 0 in all\. Ask for less, or give totalResources: \{ cpu: 4, gpu: 1 \}/,
      ) as string,
    })
    expect(planOf({ ...need, totalResources: { cpu: 4, gpu: 1 } }).totalResources).toEqual({ cpu: 4, gpu: 1 })
  })
})

describe('the options of a Tuner alone', () => {
  it.each([
    [null, /got null/],
    [5, /got 5/],
    [
      { open: 1 },
      /a store such as memoryStore\(\), or a URL such as 'memory:', got an object with the keys open/,
    ],
  ])('refuses storage: %j', (storage, words) => {
    expect(thrownBy({ storage })).toMatchObject({ name: 'OptionError', option: 'storage' })
    expect(thrownBy({ storage }).message).toMatch(words)
  })

  it.each(['mongodb://host/db', 'file.log', 'constructor:', ''])(
    'refuses the storage URL "%s", naming those that there are',
    (storage) => {
      expect(thrownBy({ storage })).toBeInstanceOf(OptionError)
      expect(thrownBy({ storage }).message).toMatch(/storage: there is none for .* URLs begin with .*memory:/)
    },
  )

  it.each<[unknown]>([
    [5],
    ['x'],
    [[5]],
    [[null]],
    [[{ 'trial.report': 5 }]],
    [{ 'trial.report': () => {} }],
  ])('refuses callbacks: %j', (callbacks) => {
    expect(thrownBy({ callbacks })).toMatchObject({ option: 'Tuner.callbacks' })
    expect(thrownBy({ callbacks }).message).toMatch(/must be an array of objects of listeners, such as \[\{/)
  })

  it('refuses a listener of an event that does not exist, naming the one that is meant', () => {
    const words = 'There is no event trial.reprot. Did you mean trial.report?'
    expect(thrownBy({ callbacks: [{ 'trial.reprot': () => {} }] }).message).toBe(words)
    const tuner = new Tuner(train)
    expect(() => tuner.on('trial.reprot' as ExperimentEventName, () => {})).toThrow(words)
    expect(() => tuner.once('finished' as ExperimentEventName, () => {})).toThrow(
      /Known are experiment\.start, /,
    )
  })

  it('refuses a listener that is no function', () => {
    const tuner = new Tuner(train)
    const listener = 'log' as never
    const words = /A listener of trial\.report must be a function of its event, got "log"/
    expect(() => tuner.on('trial.report', listener)).toThrow(words)
    expect(() => tuner.once('trial.report', listener)).toThrow(words)
  })

  it('leaves out listeners that are undefined', async () => {
    const heard: number[] = []
    const off = undefined as never
    const callbacks = [{ 'trial.start': off, 'trial.complete': () => void heard.push(1) }]
    const results = await new Tuner(train, { callbacks }).fit()
    expect([heard, results.warnings]).toEqual([[1], []])
  })

  it.each([[null], [5], [{}], [{ start: () => {} }]])('refuses reporter: %j', (reporter) => {
    expect(thrownBy({ reporter })).toMatchObject({ option: 'Tuner.reporter' })
    expect(thrownBy({ reporter }).message).toMatch(/must be a reporter, such as terminal\(\)/)
  })

  it.each(['storage', 'callbacks', 'reporter'])(
    'are refused by simulate, which says why: %s',
    async (name) => {
      const error = await rejectionOf({ trainable: train, [name]: memoryStore() })
      expect(error).toMatchObject({ name: 'OptionError', option: `simulate.${name}` })
      expect(error.message).toMatch(RegExp(`takes no ${name}, which belongs to a real run\\. Leave it out`))
    },
  )

  it.each([[undefined], [null], [5], [{}], ['train.js']])('refuse the trainable %j', async (trainable) => {
    const words = /a trainable must be a function of \(config, trial\), or come from defineTrainable, got /
    expect(thrownFor(trainable, {})).toMatchObject({ option: 'Tuner.trainable' })
    expect(thrownFor(trainable, {}).message).toMatch(words)
    expect(await rejectionOf({ trainable })).toMatchObject({ option: 'simulate.trainable' })
  })

  it.each([[null], [5], [[]], ['x']])('are one object, not %j', async (options) => {
    expect(thrownBy(options).message).toMatch(/Tuner takes one object of options, got /)
    if (options === null) expect((await rejectionOf(options)).message).toMatch(/simulate takes one object/)
  })
})

describe('the options of simulate alone', () => {
  it.each<[name: string, value: unknown, words: RegExp]>([
    ['stepMs', -1, /must be a number from 0\. Or give a function\. Got -1/],
    ['stepMs', '10', /Or give a function\. Got "10"/],
    ['workerSpeeds', 2, /must be an array of numbers above 0, got 2/],
    ['workerSpeeds', [1, 0], /must be an array of numbers above 0, got an array of 2/],
    ['stallMs', 0, /must be a number above 0\. Got 0/],
  ])('refuses %s: %j', async (name, value, words) => {
    const error = await rejectionOf({ trainable: train, [name]: value })
    expect(error).toMatchObject({ name: 'OptionError', option: `simulate.${name}` })
    expect(error.message).toMatch(words)
  })

  it.each([
    ['stepMS', 'stepMs'],
    ['workerSpeed', 'workerSpeeds'],
    ['trainible', 'trainable'],
    ['stall', 'stallMs'],
  ])('are meant by %s: %s', async (name, meant) => {
    const { message } = await rejectionOf({ trainable: train, [name]: 1 })
    expect(message).toBe(`simulate has no option ${name}. Did you mean ${meant}?`)
  })

  it('are unknown to the Tuner', () => {
    expect(thrownBy({ stepMs: 1 }).message).toContain('Tuner has no option stepMs')
  })

  it('may ask for more patience than a timer has', async () => {
    const trainable = async () => {
      const until = performance.now() + 20
      while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
      return { loss: 1 }
    }
    expect((await simulate({ trainable, stallMs: 1e12 })).results.errors).toEqual([])
  })

  it.each([Number.NaN, -1])('fail each trial for which stepMs gives %j', async (ms) => {
    const { results } = await simulate({ trainable: train, stepMs: () => ms })
    expect(results.errors[0]?.message).toMatch(/stepMs must give milliseconds from 0, got /)
  })
})

describe('defaults', () => {
  it('are one trial, without objectives, on all cores', () => {
    const cores = availableParallelism()
    expect(planOf({})).toMatchObject({
      name: 'train',
      objectives: [],
      searcherName: 'randomSearch',
      schedulerName: 'fifo',
      trialCount: 1,
      slotCount: cores,
      totalResources: { cpu: cores },
      maxFailures: 0,
      failFast: false,
      saveEvery: 0,
      saveAtEnd: false,
    })
    expect(planOf({ maxConcurrentTrials: 1000 }).totalResources).toEqual({ cpu: 1000 })
  })

  it('are another seed for each Tuner', () => expect(planOf({}).seed).not.toBe(planOf({}).seed))

  it('take the concurrency of the outermost limiter, unless it is given', () => {
    const inner = concurrencyLimiter(randomSearch(), { maxConcurrent: 7 })
    const searcher = concurrencyLimiter(inner, { maxConcurrent: 3 })
    expect(planOf({ searcher }).slotCount).toBe(3)
    expect(planOf({ searcher, maxConcurrentTrials: 2 }).slotCount).toBe(2)
  })

  it('go through the grid once, or on until the searcher has finished', () => {
    const paramSpace = { x: gridSearch([1, 2, 3]), y: gridSearch([1, 2]) }
    expect(planOf({ paramSpace }).trialCount).toBe(6)
    expect(planOf({ paramSpace, numSamples: 2 }).trialCount).toBe(12)
    expect(planOf({ paramSpace, searcher: gridSearcher() }).trialCount).toBe(Infinity)
  })

  it('are the seed 0, four trials at once and room for any in simulate, whatever the machine', async () => {
    let [running, most] = [0, 0]
    const trainable: Trainable = async (_config, trial) => {
      most = Math.max(most, ++running)
      await trial.sleep(10)
      running--
    }
    const options = { trainable, numSamples: 9, resources: { cpu: 1e6, gpu: 64, licence: 3 } }
    const run = await simulate(options)
    expect(most).toBe(4)
    expect(run.elapsedMs).toBe(30)
    expect((await simulate({ ...options, seed: 0 })).hash).toBe(run.hash)
    expect((await simulate({ ...options, seed: 1 })).hash).not.toBe(run.hash)
  })

  it('have room in simulate for what only a function asks for', async () => {
    const { results } = await simulate({ trainable: train, resources: () => ({ tpu: 8 }), numSamples: 3 })
    expect(results.errors).toEqual([])
  })

  it.each([
    ['duplicates', "`'allow'`"],
    ['stopGraceMs', '5,000'],
    ['trace', 'false'],
    ['maxFailures', '0'],
    ['failFast', 'false'],
    ['backoffMs', '0'],
    ['atEnd', 'false'],
  ])('are what the docstring says: %s', (name, documented) => {
    const { failure, checkpoint, ...options } = readExperimentOptions('Tuner', {})
    const value: unknown = { ...options, ...failure, ...checkpoint }[name]
    const source = readFileSync(new URL('../../src/tuner/options.ts', import.meta.url), 'utf8')
    const docstring = RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s+readonly ${name}\\?`).exec(source)?.[1]
    expect(docstring).toContain(`Default ${documented}.`)
    expect(documented.replaceAll(/[`',]/g, '')).toBe(String(value))
  })
})

describe('resources as a function', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error('no idea')
      },
      /no idea/,
    ],
    ['gives a number', () => 2, /simulate\.resources: its result must be an object of amounts.* Got 2/],
    ['gives a promise', () => Promise.resolve({ cpu: 1 }), /its result must be an object.* Got a Promise/],
    ['gives a negative amount', () => ({ cpu: -1 }), /but cpu is -1/],
    ['gives an endless amount', () => ({ cpu: Infinity }), /must be finite amounts/],
  ])('that %s fails its trial, and the others go on', async (_, broken, words) => {
    const run = await simulate({
      trainable: train,
      paramSpace: { x: gridSearch([1, 2, 3]) },
      resources: ({ x }) => (x === 2 ? (broken() as { cpu: number }) : { cpu: 1 }),
    })
    expect([...run.results].map(({ state }) => state)).toEqual(['completed', 'failed', 'completed'])
    expect(run.results.errors[0]?.message).toMatch(words)
  })
})
