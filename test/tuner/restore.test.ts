import { Buffer } from 'node:buffer'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  asha,
  branch,
  type CallbackView,
  choice,
  createStudy,
  defineTrainable,
  ExperimentError,
  OptionError,
  pbt,
  randint,
  type Results,
  StorageError,
  type Stopper,
  type SuggestTrial,
  tpe,
  type Trial,
  Tuner,
  uniform,
  randomSearch,
  type Searcher,
} from 'troupe'
import { journalStore, type LogRecord, memoryStore, sqliteStore, type Store } from 'troupe/stores'
import { endOf } from '../runtime/stage.ts'

let folder: string
let count = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-restore-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const freshPath = (): string => join(folder, String(++count))

const STORES: Readonly<Record<string, () => Store>> = {
  memoryStore: () => memoryStore(),
  journalStore: () => journalStore({ path: freshPath() }),
  sqliteStore: () => sqliteStore({ path: `${freshPath()}.db` }),
}

interface Config {
  readonly x: number
}

const base = {
  paramSpace: { x: uniform(0, 1), k: choice(['a', 'b']) },
  metric: 'loss',
  mode: 'min',
  name: 'digits',
  seed: 3,
  numSamples: 6,
  maxConcurrentTrials: 2,
} as const

/** User code that says what it was called for, and lets a test look on as it reports. */
function watched(onReport: (trial: Trial, epoch: number) => unknown = () => {}) {
  const calls: number[] = []
  const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
    calls.push(trial.number)
    for (let epoch = 1; epoch <= 5; epoch++) {
      await trial.sleep(1)
      await trial.report({ loss: x / epoch + trial.random() / 100 })
      await onReport(trial, epoch)
    }
  }
  return { trainable, calls }
}

/** The same with checkpoints: each trial says from which epoch it began. */
function saving(onReport: (trial: Trial, epoch: number) => unknown = () => {}) {
  const began: (readonly [trial: number, epoch: number])[] = []
  const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
    let { epoch } = (trial.checkpoint ?? { epoch: 0 }) as { epoch: number }
    began.push([trial.number, epoch])
    while (epoch < 5) {
      epoch++
      await trial.sleep(1)
      await trial.report({ loss: x / epoch, epoch }, { checkpoint: { epoch } })
      await onReport(trial, epoch)
    }
  }
  return { trainable, began }
}

/** Calls a function once, at the report after so many. */
function once(after: number, fn: (trial: Trial) => void): (trial: Trial) => void {
  let seen = 0
  return (trial) => {
    if (++seen === after) fn(trial)
  }
}

/** Numbers, configurations and reports, without what real time gives. */
function story(results: Results<unknown>): unknown[] {
  return Array.from(results, ({ number, trialId, config, state, history }) => ({
    number,
    trialId,
    config,
    state,
    history: history.map(({ training_iteration, loss }) => [training_iteration, loss]),
  }))
}

function expectContinuous(results: Results<unknown>): void {
  for (const { history } of results)
    expect(history.map((one) => one['training_iteration'])).toEqual(history.map((_, i) => i + 1))
}

/** A store whose log ends after so many records, as when its process was killed there. */
async function cut(store: Store, length: number, name = 'digits'): Promise<Store> {
  const records = (await store.read(name)) ?? []
  const other = memoryStore()
  const log = await other.open(name)
  await log.append(records.slice(0, length))
  await log.close()
  return other
}

const uncut = async (trainable: (config: Config, trial: Trial) => Promise<void>, options: object = {}) =>
  story(await new Tuner(trainable, { ...base, ...options }).fit())

describe.each(Object.entries(STORES))('an experiment kept in %s', (_, makeStore) => {
  it('gives the same results when it had finished, and runs nothing', async () => {
    const store = makeStore()
    const first = await new Tuner(watched().trainable, { ...base, storage: store }).fit()
    const again = watched()
    const results = await Tuner.restore(store, { name: 'digits', trainable: again.trainable }).fit()
    expect(again.calls).toEqual([])
    expect(story(results)).toEqual(story(first))
    expect(results.getBestResult().number).toBe(first.getBestResult().number)
    for (const [i, { ranMs }] of [...results].entries()) expect(ranMs).toBeCloseTo(first.at(i)?.ranMs ?? 0, 6)
    expect(results.endedBy).toBe('finished')
    expect(results.warnings).toEqual([])
  })

  it('is not disturbed by another one that is refused its name while it runs', async () => {
    const store = makeStore()
    const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
      if (trial.number === 1) {
        const { error } = await endOf(new Tuner(watched().trainable, { ...base, storage: store }).fit())
        expect(error?.cause).toMatchObject({ code: 'nameTaken' })
      }
      await trial.report({ loss: x })
    }
    const results = await new Tuner(trainable, { ...base, storage: store, numSamples: 4 }).fit()
    expect([...results].map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'completed'))
  })

  it('goes on to more trials when it is given more numSamples', async () => {
    const store = makeStore()
    await new Tuner(watched().trainable, { ...base, storage: store, numSamples: 3 }).fit()
    const again = watched()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: again.trainable,
      numSamples: 6,
    }).fit()
    expect(again.calls.toSorted()).toEqual([3, 4, 5])
    expect(story(results)).toEqual(await uncut(watched().trainable))
  })

  it('goes on with what was interrupted by a stop', async () => {
    const store = makeStore()
    const tuner = new Tuner(watched(once(7, () => void tuner.stop())).trainable, { ...base, storage: store })
    const first = await tuner.fit()
    expect(first.endedBy).toBe('stop')
    expect([...first].some(({ state }) => state === 'interrupted')).toBe(true)
    const results = await Tuner.restore(store, { name: 'digits', trainable: watched().trainable }).fit()
    expect(results.endedBy).toBe('finished')
    expectContinuous(results)
    expect(story(results)).toEqual(await uncut(watched().trainable))
  })

  it('goes on after a graceful stop', async () => {
    const store = makeStore()
    const tuner = new Tuner(watched(once(3, () => void tuner.stop({ graceful: true }))).trainable, {
      ...base,
      storage: store,
    })
    const first = await tuner.fit()
    expect(first.length).toBeLessThan(6)
    const again = watched()
    const results = await Tuner.restore(store, { name: 'digits', trainable: again.trainable }).fit()
    expect(again.calls.length).toBe(6 - first.length)
    expect(story(results)).toEqual(await uncut(watched().trainable))
  })

  it('goes on from checkpoints, and has made no report twice', async () => {
    const store = makeStore()
    const directory = freshPath()
    const tuner = new Tuner(saving(once(7, () => void tuner.stop())).trainable, {
      ...base,
      storage: store,
      directory,
    })
    await tuner.fit()
    const again = saving()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: again.trainable,
      directory,
    }).fit()
    expect(again.began.some(([, epoch]) => epoch > 0)).toBe(true)
    expectContinuous(results)
    expect(results.warnings).toEqual([])
    expect(story(results)).toEqual(await uncut(saving().trainable))
    for (const { history } of results) expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5])
  })

  it('can be stopped and restored any number of times', async () => {
    const store = makeStore()
    const options = { ...base, storage: store, resume: true }
    for (let round = 0; round < 4; round++) {
      const tuner: Tuner<Config> = new Tuner(watched(once(6, () => void tuner.stop())).trainable, options)
      await tuner.fit()
    }
    const results = await Tuner.restore(store, { name: 'digits', trainable: watched().trainable }).fit()
    expectContinuous(results)
    expect(story(results)).toEqual(await uncut(watched().trainable))
    const last = watched()
    const onceMore = await Tuner.restore(store, { name: 'digits', trainable: last.trainable }).fit()
    expect(last.calls).toEqual([])
    expect(story(onceMore)).toEqual(story(results))
  })
})

describe('an experiment that was ended early goes on', () => {
  it('with a larger time budget', async () => {
    const store = memoryStore()
    const slow = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 4; epoch++) {
        await trial.sleep(10)
        await trial.report({ loss: x / epoch })
      }
    }
    const first = await new Tuner(slow, { ...base, storage: store, timeBudgetMs: 60 }).fit()
    expect(first.endedBy).toBe('timeBudget')
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: slow,
      timeBudgetMs: 60_000,
    }).fit()
    expect(results.endedBy).toBe('finished')
    expect(results.elapsedMs).toBeGreaterThan(first.elapsedMs)
    expectContinuous(results)
    expect(story(results)).toEqual(await uncut(slow))
  })

  it('and ends at once where the same budget is over', async () => {
    const store = memoryStore()
    const slow = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 4; epoch++) {
        await trial.sleep(10)
        await trial.report({ loss: x / epoch })
      }
    }
    await new Tuner(slow, { ...base, storage: store, timeBudgetMs: 60 }).fit()
    const results = await Tuner.restore(store, { name: 'digits', trainable: slow, timeBudgetMs: 60 }).fit()
    expect(results.endedBy).toBe('timeBudget')
  })

  it('when it was a stopper that does not say so any more, and ends at once when it still does', async () => {
    const store = memoryStore()
    const enough = (after: number): Stopper<{ reports: number }> => ({
      name: 'enough',
      init: () => ({ reports: 0 }),
      onReport: (state) =>
        ++state.reports >= after ? { scope: 'experiment', reason: `${after} reports` } : undefined,
    })
    const options = { ...base, storage: store, resume: true }
    const first = await new Tuner(watched().trainable, { ...options, stop: enough(7) }).fit()
    expect(first.endedBy).toBe('stopper')
    const again = await new Tuner(watched().trainable, { ...options, stop: enough(7) }).fit()
    expect(again.endedBy).toBe('stopper')
    expect(again.endReason?.text).toBe('7 reports')
    expect(again.length).toBe(first.length)
    const results = await new Tuner(watched().trainable, options).fit()
    expect(results.endedBy).toBe('finished')
    expect(story(results)).toEqual(await uncut(watched().trainable))
  })

  it.each([
    ['before it began', (tuner: Tuner<Config>) => void tuner.stop()],
    [
      'as its first trial was made',
      (tuner: Tuner<Config>) => tuner.once('trial.created', () => void tuner.stop()),
    ],
    ['by a signal that was aborted already', undefined],
  ])('when it was told to stop %s', async (_, arrange) => {
    const store = memoryStore()
    const signal = arrange === undefined ? AbortSignal.abort() : undefined
    const options = { ...base, storage: store, ...(signal && { signal }) }
    const first = new Tuner(watched().trainable, options)
    arrange?.(first)
    expect((await first.fit()).endedBy).toBe(signal === undefined ? 'stop' : 'signal')
    for (let i = 0; i < 2; i++) {
      const restored = Tuner.restore(store, { name: 'digits', trainable: watched().trainable })
      expect(story(await restored.fit())).toEqual(await uncut(watched().trainable))
    }
  })

  it('when it was told to stop while a searcher was still thinking, however often', async () => {
    const store = memoryStore()
    const slow = (): Searcher => {
      const inner = randomSearch()
      return {
        ...inner,
        name: 'slow',
        start(context) {
          const search = inner.start(context)
          return {
            ...search,
            suggest: (ask) => new Promise((resolve) => setTimeout(() => resolve(search.suggest(ask)), 20)),
          }
        },
      }
    }
    for (let i = 0; i < 3; i++) {
      const options = { ...base, storage: store, searcher: slow(), resume: true }
      const tuner = new Tuner(watched().trainable, options)
      tuner.once('trial.report', () => void tuner.stop())
      await tuner.fit()
    }
    const last = { name: 'digits', trainable: watched().trainable, searcher: slow() }
    const results = await Tuner.restore(store, last).fit()
    expect(story(results)).toEqual(await uncut(watched().trainable, { searcher: slow() }))
  })

  it('after a graceful stop, and what came to its end during that has ended', async () => {
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      const { epoch: from = 0 } = (trial.checkpoint ?? {}) as { readonly epoch?: number }
      for (let epoch = from + 1; epoch <= 9; epoch++) {
        await trial.sleep(x * 2)
        await trial.report({ loss: (x - 0.3) ** 2 + 1 / epoch }, { checkpoint: { epoch } })
      }
    }
    for (let seed = 1; seed <= 12; seed++) {
      const store = memoryStore()
      const ended = new Map<number, unknown>()
      for (let life = 0; life < 4; life++) {
        const tuner: Tuner<Config> = new Tuner(train, {
          ...base,
          seed,
          scheduler: pbt({ perturbationInterval: 3, hyperparamMutations: { x: uniform(0, 1) } }),
          maxConcurrentTrials: 3,
          storage: store,
          resume: true,
        })
        let left = life === 3 ? Infinity : 5 + seed
        tuner.on('trial.report', () => --left === 0 && void tuner.stop({ graceful: true }))
        for (const { number, state, history } of await tuner.fit()) {
          if (ended.has(number)) expect([state, history]).toEqual(ended.get(number))
          if (state === 'completed' || state === 'failed') ended.set(number, [state, history])
        }
      }
      expect(ended.size).toBe(base.numSamples)
    }
  })

  it('after failFast, where the failed trial stays failed', async () => {
    const store = memoryStore()
    const failing = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 4; epoch++) {
        await trial.sleep(1)
        if (trial.number === 1 && epoch === 3) throw new Error('no luck')
        await trial.report({ loss: x / epoch })
      }
    }
    const options = { ...base, storage: store }
    const { error } = await endOf(new Tuner(failing, { ...options, failure: { failFast: true } }).fit())
    expect(error?.code).toBe('failFast')
    const results = await Tuner.restore(store, { name: 'digits', trainable: failing }).fit()
    expect(results.length).toBe(6)
    expect(results.get(1)?.state).toBe('failed')
    expectContinuous(results)
    expect(story(results)).toEqual(await uncut(failing))
  })
})

describe('a log that is cut in its middle', () => {
  it.each([
    [
      'tpe and asha',
      { searcher: tpe({ nStartupTrials: 2 }), scheduler: asha({ maxT: 5, reductionFactor: 2 }) },
    ],
    ['randomSearch', {}],
  ])('goes on from there: %s', async (_, policies) => {
    const store = memoryStore()
    const options = { ...base, ...policies, maxConcurrentTrials: 1 }
    const first = await new Tuner(watched().trainable, { ...options, storage: store }).fit()
    const { length } = (await store.read('digits')) as readonly LogRecord[]
    for (let at = 1; at < length; at += 4) {
      const prefix = await cut(store, at)
      const results = await Tuner.restore(prefix, {
        name: 'digits',
        trainable: watched().trainable,
        ...policies,
      }).fit()
      expect(story(results), `cut at ${at}`).toEqual(story(first))
      const last = watched()
      const again = await Tuner.restore(prefix, {
        name: 'digits',
        trainable: last.trainable,
        ...policies,
      }).fit()
      expect(last.calls).toEqual([])
      expect(story(again)).toEqual(story(first))
    }
  })
})

describe('a trial that the user has paused', () => {
  it('is still paused when its experiment goes on, until it is resumed', async () => {
    const store = memoryStore()
    const begun = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 5; epoch++) {
        if (trial.number === 0 && epoch === 3) tuner.pauseTrial(trial.id)
        await trial.sleep(1)
        await trial.report({ loss: x / epoch })
      }
    }
    const tuner = new Tuner(begun, { ...base, numSamples: 2, storage: store })
    tuner.on('trial.pause', () => void tuner.stop())
    await tuner.fit()
    const again = watched()
    const restored = Tuner.restore(store, {
      name: 'digits',
      trainable: async ({ x }: Config, trial: Trial) => {
        again.calls.push(trial.number)
        for (let epoch = 1; epoch <= 5; epoch++) {
          await trial.sleep(1)
          await trial.report({ loss: x / epoch })
        }
      },
    })
    const others = new Promise<string>((resolve) =>
      restored.subscribe(({ waitingFor }) => {
        const held = waitingFor.find((what) => what.startsWith('the user to resume'))
        if (held !== undefined && waitingFor.length === 1) resolve(held.split(' ').at(-1) as string)
      }),
    )
    const fitting = restored.fit()
    const id = await others
    expect(again.calls).not.toContain(0)
    restored.resumeTrial(id)
    const results = await fitting
    expectContinuous(results)
    expect(story(results).length).toBe(2)
    expect([...results].map(({ iteration }) => iteration)).toEqual([5, 5])
  })
})

describe('a listener that steers', () => {
  it.each(['stop', 'pause'] as const)('has its word again where it had it: %s', async (word) => {
    const store = memoryStore()
    const options = { ...base, numSamples: 4, scheduler: asha({ maxT: 5, reductionFactor: 2 }) }
    const tuner = new Tuner(watched().trainable, { ...options, storage: store })
    tuner.on('trial.report', ({ trial }) => {
      if (trial.number !== 1 || trial.iteration !== 1) return
      if (word === 'stop') tuner.stopTrial(trial.id)
      else tuner.pauseTrial(trial.id)
    })
    tuner.on('trial.pause', ({ trial }) => {
      if (trial.number === 1) tuner.resumeTrial(trial.id)
    })
    const first = await tuner.fit()
    const records = (await store.read('digits')) as readonly LogRecord[]
    const steered = records.findIndex(({ type }) => type === 'trial.steered')
    // One that was paused would wait to be resumed, so that it is not cut there.
    const between = word === 'stop' ? [steered + 1, steered + 2] : []
    for (const at of [steered, ...between, records.length]) {
      const results = await Tuner.restore(await cut(store, at), {
        name: 'digits',
        trainable: watched().trainable,
        scheduler: options.scheduler,
      }).fit()
      expect(results.length).toBe(4)
      expectContinuous(results)
      if (at === records.length) expect(story(results)).toEqual(story(first))
      if (word === 'stop' && at > steered) expect(results.get(1)?.reason?.by).toBe('user')
    }
  })
})

describe('where to search', () => {
  it('is known from the log alone, with its branches', async () => {
    const store = sqliteStore({ path: `${freshPath()}.db` })
    const paramSpace = {
      depth: randint(1, 9),
      opt: branch({ sgd: { lr: uniform(0, 1), momentum: uniform(0, 1) }, adam: { lr: uniform(0, 0.1) } }),
    }
    const trainable = async ({ opt }: { opt: unknown }, trial: Trial): Promise<void> => {
      await trial.report({ loss: (opt as { lr: number }).lr })
    }
    const options = { ...base, paramSpace, searcher: tpe({ nStartupTrials: 2 }), storage: store }
    await new Tuner(trainable, { ...options, numSamples: 4 }).fit()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable,
      searcher: tpe({ nStartupTrials: 2 }),
      numSamples: 8,
    }).fit()
    const whole = await new Tuner(trainable, { ...options, storage: memoryStore(), numSamples: 8 }).fit()
    expect(story(results)).toEqual(story(whole))
  })

  it('is given again where it is code', async () => {
    const store = sqliteStore({ path: `${freshPath()}.db` })
    const paramSpace = (trial: SuggestTrial) => {
      const layers = trial.suggestInt('layers', 1, 3)
      return { x: trial.suggestFloat(`x${layers}`, 0, 1) }
    }
    const tuner = new Tuner(watched(once(7, () => void tuner.stop())).trainable, {
      ...base,
      paramSpace,
      storage: store,
    })
    await tuner.fit()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: watched().trainable,
      paramSpace,
    }).fit()
    expect(story(results)).toEqual(await uncut(watched().trainable, { paramSpace }))
  })

  it('may have functions among its choices, when it is given again', async () => {
    const store = memoryStore()
    const double = (x: number): number => 2 * x
    const square = (x: number): number => x * x
    const paramSpace = { x: uniform(0, 1), f: choice([double, square]) }
    const trainable = async ({ x, f }: { x: number; f: typeof double }, trial: Trial): Promise<void> => {
      for (let i = 1; i <= 3; i++) {
        await trial.sleep(1)
        await trial.report({ loss: f(x) / i })
      }
      if (trial.number === 2 && (await store.read('digits'))?.length !== 0) stop()
    }
    let stop = (): void => {}
    const tuner = new Tuner(trainable, { ...base, paramSpace, storage: store })
    stop = () => void tuner.stop()
    await tuner.fit()
    stop = () => {}
    const results = await Tuner.restore(store, { name: 'digits', trainable, paramSpace }).fit()
    expect(results.length).toBe(6)
    expect(results.warnings).toEqual([])
    for (const { config } of results) expect([double, square]).toContain(config.f)
  })
})

describe('what cannot be gone on with', () => {
  it('is a name that is not there, which does not come to be there by asking', async () => {
    const store = memoryStore()
    await new Tuner(watched().trainable, { ...base, storage: store, numSamples: 1 }).fit()
    const { error } = await endOf(
      Tuner.restore(store, { name: 'digitz', trainable: watched().trainable }).fit(),
    )
    expect(error).toBeInstanceOf(ExperimentError)
    expect(error?.code).toBe('storage')
    expect(error?.cause).toBeInstanceOf(StorageError)
    expect(error?.cause).toMatchObject({ code: 'notFound' })
    expect(error?.message).toContain('Did you mean digits?')
    expect(await store.names()).toEqual(['digits'])
  })

  it.each([
    ['another scheduler', { scheduler: asha({ maxT: 5 }) }, 'scheduler', 'fifo'],
    ['another searcher', { searcher: tpe() }, 'searcher', 'randomSearch'],
  ])('is %s, and the log stays as it was', async (_, policies, kind, was) => {
    const store = journalStore({ path: freshPath() })
    const tuner = new Tuner(watched(once(7, () => void tuner.stop())).trainable, { ...base, storage: store })
    await tuner.fit()
    const before = await store.read('digits')
    const wrong = Tuner.restore(store, { name: 'digits', trainable: watched().trainable, ...policies })
    const events = (async () => {
      const names = []
      for await (const { type } of wrong.events()) names.push(type)
      return names
    })()
    const error = await wrong.fit().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(OptionError)
    expect((error as Error).message).toContain(`${kind}: ${was}(…)`)
    expect(await events).toContain('experiment.end')
    await wrong.stop()
    expect(await store.read('digits')).toEqual(before)
    const results = await Tuner.restore(store, { name: 'digits', trainable: watched().trainable }).fit()
    expect(story(results)).toEqual(await uncut(watched().trainable))
  })

  it('is a study', async () => {
    const store = memoryStore()
    const study = await createStudy({ name: 'digits', storage: store, paramSpace: { x: uniform(0, 1) } })
    await study.ask()
    await study.close()
    const { error } = await endOf(
      Tuner.restore(store, { name: 'digits', trainable: watched().trainable }).fit(),
    )
    expect(error?.cause).toMatchObject({ name: 'StorageError', code: 'notAnExperiment' })
  })

  it.each([
    { metric: 'loss', mode: 'max' },
    { metric: 'other', mode: 'min' },
    { metric: ['loss', 'other'], mode: ['min', 'min'] },
  ] as const)('is towards another aim: %o', async (aim) => {
    const store = memoryStore()
    await new Tuner(watched().trainable, { ...base, storage: store }).fit()
    const fitting = Tuner.restore(store, { name: 'digits', trainable: watched().trainable, ...aim }).fit()
    await expect(fitting).rejects.toMatchObject({
      name: 'OptionError',
      message: expect.stringContaining('was made to minimize loss, and cannot go on to m') as string,
    })
  })

  it('is a log of which a record is missing, whichever', async () => {
    const store = memoryStore()
    const options = { ...base, numSamples: 2, maxConcurrentTrials: 2 }
    await new Tuner(({ x }: Config) => ({ loss: x }), { ...options, storage: store }).fit()
    const records = (await store.read('digits')) ?? []
    const without = async (index: number) => {
      const other = memoryStore()
      const log = await other.open('digits')
      await log.append(records.toSpliced(index, 1))
      await log.close()
      const trainable = ({ x }: Config) => ({ loss: x })
      return endOf(Tuner.restore(other, { name: 'digits', trainable }).fit())
    }
    const ends = await Promise.all(records.slice(1, -1).map((_, i) => without(i + 1)))
    expect(ends.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual(
      ends.map(() => 'divergence'),
    )
  })

  it('is a name that is taken, unless that was meant', async () => {
    const store = memoryStore()
    const options = { ...base, storage: store }
    const first = await new Tuner(watched().trainable, options).fit()
    const { error } = await endOf(new Tuner(watched().trainable, options).fit())
    expect(error?.cause).toMatchObject({ name: 'StorageError', code: 'nameTaken' })
    const results = await new Tuner(watched().trainable, { ...options, resume: true }).fit()
    expect(story(results)).toEqual(story(first))
  })

  it('is said at once where it is no searcher at all', () => {
    const searcher = 5 as never
    expect(() =>
      Tuner.restore(memoryStore(), { name: 'digits', trainable: watched().trainable, searcher }),
    ).toThrow(OptionError)
  })
})

/** All files below a folder. */
async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .toSorted()
}

/** Stops in the middle: both trials have reported at least twice, and are under way. */
async function interrupted(store: Store, directory: string, options: object = {}): Promise<void> {
  const tuner = new Tuner(
    saving((trial, epoch) => {
      if (trial.number === 1 && epoch === 3) void tuner.stop()
    }).trainable,
    { ...base, numSamples: 2, storage: store, directory, ...options },
  )
  await tuner.fit()
}

describe('checkpoints', () => {
  it('that are damaged give a warning, and the one before is used', async () => {
    const store = memoryStore()
    const directory = freshPath()
    await interrupted(store, directory)
    const last = (await filesIn(directory)).findLast((path) => path.includes('trial-1')) as string
    const content = await readFile(last)
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1
    await writeFile(last, content)
    const again = saving()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: again.trainable,
      directory,
    }).fit()
    const lost = Number(/(\d{6})-/.exec(last)?.[1])
    expect(again.began.find(([trial]) => trial === 1)?.[1]).toBe(lost - 1)
    expect(results.warnings.map(({ kind }) => kind)).toEqual(['checkpoint'])
    expect(results.warnings[0]?.message).toContain(`trial 1 at training_iteration ${lost}`)
    expectContinuous(results)
    expect([...results].map(({ checkpoint }) => checkpoint)).toEqual([{ epoch: 5 }, { epoch: 5 }])
  })

  it('that are all gone let trials begin anew, and report the same', async () => {
    const store = memoryStore()
    const directory = freshPath()
    await interrupted(store, directory)
    await rm(directory, { recursive: true })
    const again = saving()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: again.trainable,
      directory,
    }).fit()
    expect(again.began.map(([, epoch]) => epoch)).toEqual([0, 0])
    expectContinuous(results)
    expect(story(results)).toEqual(await uncut(saving().trainable, { numSamples: 2 }))
  })

  it('with keep: 1 are one file a trial, at the end as after a restore', async () => {
    const store = memoryStore()
    const directory = freshPath()
    const checkpoint = { keep: 1 }
    await interrupted(store, directory, { checkpoint })
    expect(await filesIn(directory)).toHaveLength(2)
    const again = saving()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: again.trainable,
      directory,
      checkpoint,
    }).fit()
    expect(again.began.every(([, epoch]) => epoch >= 2)).toBe(true)
    expect(results.warnings).toEqual([])
    expect((await filesIn(directory)).map((path) => path.split('/').at(-1)?.slice(0, 6))).toEqual([
      '000005',
      '000005',
    ])
  })

  it('of trials that have ended are in the results again', async () => {
    const store = memoryStore()
    const directory = freshPath()
    await new Tuner(saving().trainable, { ...base, storage: store, directory }).fit()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: saving().trainable,
      directory,
    }).fit()
    expect(results.get(2)?.checkpoint).toEqual({ epoch: 5 })
    expect(results.get(2)?.checkpointIteration).toBe(5)
  })

  it('begin from nothing where that was asked for', async () => {
    const store = memoryStore()
    const directory = freshPath()
    await interrupted(store, directory)
    const again = saving()
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: again.trainable,
      directory,
      resume: { unfinished: 'restart' },
    }).fit()
    expect(again.began.map(([, epoch]) => epoch)).toEqual([0, 0])
    expectContinuous(results)
  })

  it('that are folders are read before report resolves, and come back as folders', async () => {
    const store = memoryStore()
    const directory = freshPath()
    const began: string[] = []
    const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
      const given = (trial.checkpoint as { directory: string } | undefined)?.directory
      let epoch = given === undefined ? 0 : Number(await readFile(join(given, 'epoch'), 'utf8'))
      began.push(`${trial.number} from ${epoch}`)
      const own = await mkdtemp(join(tmpdir(), 'troupe-own-'))
      try {
        while (epoch < 5) {
          epoch++
          await writeFile(join(own, 'epoch'), `${epoch}`)
          await writeFile(join(own, 'weights'), Buffer.alloc(2e6, epoch))
          await trial.report({ loss: x / epoch }, { checkpoint: { directory: own } })
          await writeFile(join(own, 'epoch'), 'spoilt')
          if (epoch === 3 && trial.number === 1) void stop()
        }
      } finally {
        await rm(own, { recursive: true })
      }
    }
    const options = { ...base, numSamples: 2, storage: store, directory }
    const tuner = new Tuner(trainable, options)
    let stop = (): unknown => tuner.stop()
    const first = await tuner.fit()
    expect(first.warnings).toEqual([])
    stop = () => {}
    began.length = 0
    const results = await Tuner.restore(store, { name: 'digits', trainable, directory }).fit()
    expect(results.warnings).toEqual([])
    expect(began).toHaveLength(2)
    expect(began.join()).not.toContain('NaN')
    expect(began.join()).not.toContain('from 0')
    expectContinuous(results)
    expect([...results].map(({ state, iteration }) => `${state} ${iteration}`)).toEqual([
      'completed 5',
      'completed 5',
    ])
  })

  it('go from one trial to the other, and come back where that was cut', async () => {
    const store = memoryStore()
    const directory = freshPath()
    const scheduler = () =>
      pbt({ perturbationInterval: 2, quantileFraction: 0.5, hyperparamMutations: { x: uniform(0, 1) } })
    const made = () =>
      defineTrainable({
        setup: (config: Config, trial) => ({ w: 0, config, trial }),
        async step(state) {
          await state.trial.sleep(1)
          return { loss: -(state.w += state.config.x) }
        },
        save: ({ w }) => w,
        load(state, w) {
          state.w = w
        },
      })
    const options = { ...base, numSamples: 4, maxConcurrentTrials: 4, stop: { training_iteration: 12 } }
    const paramSpace = { x: uniform(0, 1) }
    let exploits = 0
    const tuner = new Tuner(made(), {
      ...options,
      paramSpace,
      storage: store,
      directory,
      scheduler: scheduler(),
    })
    tuner.on('trial.exploit', () => {
      if (++exploits === 2) void tuner.stop()
    })
    await tuner.fit()
    expect(exploits).toBeGreaterThan(0)
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: made(),
      directory,
      scheduler: scheduler(),
      stop: { training_iteration: 12 },
    }).fit()
    expect(results.warnings).toEqual([])
    expect([...results].map(({ state, iteration }) => `${state} ${iteration}`)).toEqual(
      Array.from({ length: 4 }, () => 'completed 12'),
    )
    for (const { history } of results) {
      // What is lost goes down, whatever was exploited.
      const losses = history.map(({ loss }) => loss as number)
      expect(losses.at(-1)).toBeLessThan(losses[0] as number)
    }
  })
})

describe('who watches an experiment that goes on', () => {
  it('hears of what is new alone, knows that it was restored, and has the whole trace', async () => {
    const store = memoryStore()
    const tuner = new Tuner(watched(once(7, () => void tuner.stop())).trainable, { ...base, storage: store })
    const first = await tuner.fit()
    const views: CallbackView[] = []
    const known: number[] = []
    const heard: string[] = []
    const restored = Tuner.restore(store, {
      name: 'digits',
      trainable: watched().trainable,
      trace: true,
      callbacks: [
        {
          name: 'looks',
          start(view) {
            views.push(view)
            known.push(...Array.from(view.trials, ({ history }) => [...history].length))
          },
        },
      ],
    })
    for (const name of ['trial.start', 'trial.report', 'trial.complete'] as const)
      restored.on(name, ({ trial }) => heard.push(`${name} ${trial.number}`))
    const results = await restored.fit()
    expect(views.map((view) => view.restored)).toEqual([true])
    expect(views[0]?.parameterNames).toEqual(['x', 'k'])
    expect(known.reduce((a, b) => a + b)).toBe([...first].flatMap(({ history }) => history).length)
    const total = [...results].flatMap(({ history }) => history).length
    expect(heard.filter((what) => what.startsWith('trial.report'))).toHaveLength(
      total - known.reduce((a, b) => a + b),
    )
    expect(heard.filter((what) => what.startsWith('trial.complete'))).toHaveLength(
      [...first].filter(({ state }) => state !== 'completed').length + 6 - first.length,
    )
    const kept = (await store.read('digits')) as readonly LogRecord[]
    expect(Array.from(restored.trace ?? [], ({ type }) => type)).toEqual(kept.map(({ type }) => type))
    expect(results.elapsedMs).toBeGreaterThan(first.elapsedMs)
  })

  it('sees more trials at once, where there may be more', async () => {
    const store = memoryStore()
    const options = { ...base, maxConcurrentTrials: 2, numSamples: 12 }
    const tuner = new Tuner(watched(once(7, () => void tuner.stop())).trainable, {
      ...options,
      storage: store,
    })
    await tuner.fit()
    let [running, most] = [0, 0]
    const wide = async ({ x }: Config, trial: Trial): Promise<void> => {
      most = Math.max(most, ++running)
      await watched()
        .trainable({ x }, trial)
        .finally(() => running--)
    }
    const cuts = new AbortController()
    const second = Tuner.restore(store, {
      name: 'digits',
      trainable: wide,
      maxConcurrentTrials: 6,
      signal: cuts.signal,
    })
    second.on('trial.complete', () => cuts.abort())
    await second.fit()
    expect(most).toBe(6)
    most = 0
    const results = await Tuner.restore(store, { name: 'digits', trainable: wide }).fit()
    expect(most).toBe(6)
    expect(results.length).toBe(12)
    expectContinuous(results)
  })

  it('may stop it before it has come to where it was', async () => {
    const store = memoryStore()
    const tuner = new Tuner(watched(once(7, () => void tuner.stop())).trainable, { ...base, storage: store })
    const first = await tuner.fit()
    const { length } = [...first].flatMap(({ history }) => history)
    const restored = Tuner.restore(store, { name: 'digits', trainable: watched().trainable })
    const fitting = restored.fit()
    await restored.stop()
    const stopped = await fitting
    expect(stopped.endedBy).toBe('stop')
    expect([...stopped].flatMap(({ history }) => history)).toHaveLength(length)
    const aborted = await Tuner.restore(store, {
      name: 'digits',
      trainable: watched().trainable,
      signal: AbortSignal.abort(),
    }).fit()
    expect(aborted.endedBy).toBe('signal')
    const results = await Tuner.restore(store, { name: 'digits', trainable: watched().trainable }).fit()
    expect(story(results)).toEqual(await uncut(watched().trainable))
  })
})

/** A store whose `append` does something else first. */
function hindered(before: (batch: number) => Promise<void>): Store & { readonly kept: LogRecord[] } {
  const inner = memoryStore()
  const kept: LogRecord[] = []
  let batches = 0
  return {
    ...inner,
    kept,
    async open(name, options) {
      const log = await inner.open(name, options)
      return {
        ...log,
        async append(records) {
          await before(++batches)
          await log.append(records)
          kept.push(...records)
        },
      }
    },
  }
}

describe('a report is acknowledged', () => {
  it.each(['report', 'trial', 'interval'] as const)('with durability %s as promised', async (durability) => {
    const store = hindered(() => new Promise((resolve) => setTimeout(resolve, 5)))
    const wasKept: boolean[] = []
    const trainable = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 3; epoch++) {
        await trial.report({ loss: x / epoch })
        const iteration = (record: LogRecord) =>
          record.type === 'trial.report' && record.trial === trial.number ? record.seq : 0
        wasKept.push(store.kept.some((record) => iteration(record) === epoch))
      }
    }
    await new Tuner(trainable, { ...base, numSamples: 3, storage: store, durability }).fit()
    expect(wasKept).toEqual(wasKept.map(() => durability !== 'interval'))
    expect(store.kept.at(-1)?.type).toBe('experiment.ended')
  })
})

describe('a store that fails in the middle', () => {
  it.each([3, 8, 15])('after %i batches, leaves a log to go on from', async (after) => {
    const store = hindered(async (batch) => {
      if (batch === after) throw new TypeError('the disk is full')
    })
    const directory = freshPath()
    const { error } = await endOf(new Tuner(saving().trainable, { ...base, storage: store, directory }).fit())
    expect(error).toMatchObject({ code: 'storage' })
    expect(error?.cause).toBeInstanceOf(TypeError)
    const results = await Tuner.restore(store, {
      name: 'digits',
      trainable: saving().trainable,
      directory,
    }).fit()
    expectContinuous(results)
    expect(results.warnings).toEqual([])
    expect(story(results)).toEqual(await uncut(saving().trainable))
  })
})
