import { describe, expect, expectTypeOf, it } from 'vitest'
import { OptionError, StorageError } from '../../src/errors.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import { branch } from '../../src/space/branch.ts'
import { choice, ordinal } from '../../src/space/choices.ts'
import { lograndint } from '../../src/space/integers.ts'
import { loguniform, quniform, randn, uniform } from '../../src/space/numbers.ts'
import { readSpace } from '../../src/space/read-space.ts'
import { sampleFrom } from '../../src/space/sample-from.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import { copyStudy, deleteStudy, studyNames } from '../../src/study/kept-studies.ts'
import { restoredSpace, storedSpace } from '../../src/study/stored-space.ts'

const paramSpace = { steps: 100, x: uniform(0, 1) }

function listening(): Searcher & { readonly tells: ToldTrial[] } {
  const tells: ToldTrial[] = []
  return {
    name: 'listening',
    tells,
    start: () => ({ suggest: () => ({ kind: 'point', point: {} }), tell: (trial) => void tells.push(trial) }),
  }
}

describe('a study that is kept', () => {
  it('is found under its name, with all that it knew', async () => {
    const storage = memoryStore()
    const study = await createStudy({
      name: 'demo',
      storage,
      paramSpace,
      directions: ['maximize'],
      metricNames: ['acc'],
    })
    const trial = await study.ask()
    trial.report(1, 0.5)
    trial.setUserAttr('a', 1)
    await study.tell(trial, 0.75)
    await study.enqueueTrial({ x: 0.5 })
    await study.setUserAttr('about', { who: 'me' })
    const again = await loadStudy({ storage, name: 'demo', searcher: randomSearch({ seed: 7 }) })
    expectTypeOf(again.bestTrial.config).toEqualTypeOf<Record<string, unknown>>()
    expect(again.trials).toEqual(study.trials)
    expect(again.bestTrial).toEqual(study.bestTrial)
    expect([again.name, again.directions, again.metricNames]).toEqual(['demo', ['maximize'], ['acc']])
    expect(again.userAttrs).toEqual({ about: { who: 'me' } })
  })

  it('goes on in its own space when it is loaded without one', async () => {
    const storage = memoryStore()
    await createStudy({ name: 'demo', storage, paramSpace })
    const study = await loadStudy({ storage, name: 'demo' })
    expect((await study.ask()).config).toEqual({ steps: 100, x: expect.any(Number) as number })
  })

  it('tells a new searcher of all trials, in the order in which they ended', async () => {
    const storage = memoryStore()
    const study = await createStudy({ name: 'demo', storage, paramSpace })
    const [one, two] = [await study.ask(), await study.ask()]
    await study.ask()
    await study.tell(two, 2)
    one.report(4, 8)
    await study.tell(one, { state: 'pruned' })
    const searcher = listening()
    await loadStudy({ storage, name: 'demo', searcher })
    expect(searcher.tells).toMatchObject([
      {
        number: 1,
        state: 'completed',
        values: [2],
        params: { x: two.config.x },
        domains: { x: { kind: 'float' } },
      },
      { number: 0, state: 'pruned', values: [8], step: 4, intermediate: [[4, 8]] },
    ])
  })

  it('takes the ends of trials that an earlier process began', async () => {
    const storage = memoryStore()
    const { number } = await (await createStudy({ name: 'demo', storage, paramSpace })).ask()
    const study = await loadStudy({ storage, name: 'demo' })
    expect(study.trials).toMatchObject([{ state: 'running' }])
    await study.tell(number, 0.5)
    expect(study.bestTrial.values).toEqual([0.5])
    expect((await study.ask()).number).toBe(1)
  })

  it('keeps what trials wrote when they are told, or when they flush', async () => {
    const storage = memoryStore()
    const study = await createStudy({ name: 'demo', storage, paramSpace })
    const trial = await study.ask()
    trial.report(1, 5)
    const reports = async (): Promise<unknown[] | undefined> =>
      (await storage.read('demo'))?.filter(({ type }) => type === 'trial.intermediate')
    expect(await reports()).toHaveLength(0)
    await trial.flush()
    expect(await reports()).toHaveLength(1)
    trial.report(2, 4)
    await study.tell(trial, 4)
    expect(await reports()).toHaveLength(2)
  })

  it('does not ask again for the points that were tried, nor add results twice', async () => {
    const storage = memoryStore()
    const searcher = randomSearch({
      pointsToEvaluate: [{ x: 0.25 }, { x: 0.5 }, { x: 0.75 }],
      evaluatedRewards: [1],
    })
    const study = await createStudy({ name: 'demo', storage, paramSpace, searcher })
    await study.ask()
    const again = await createStudy({ name: 'demo', storage, paramSpace, searcher, loadIfExists: true })
    expect(again.trials).toHaveLength(2)
    expect(await again.ask()).toMatchObject({ number: 2, config: { x: 0.75 } })
  })

  it('remembers the domains of what its trials suggested', async () => {
    const storage = memoryStore()
    const study = await createStudy({ name: 'demo', storage })
    const trial = await study.ask()
    trial.suggestFloat('x', 1, 2, { log: true })
    await study.tell(trial, 1)
    const searcher = listening()
    await loadStudy({ storage, name: 'demo', searcher })
    expect(searcher.tells[0]).toMatchObject({
      params: { x: expect.any(Number) as number },
      domains: { x: { kind: 'float', low: 1, high: 2, scale: 'log' } },
    })
  })

  it('stays as it was when the store cannot keep a change, which can be tried again', async () => {
    const inner = memoryStore()
    let isBroken = false
    const storage: Store = {
      ...inner,
      async open(name) {
        const log = await inner.open(name)
        return {
          ...log,
          append: (records) =>
            isBroken ? Promise.reject(new StorageError('full', 'disk full')) : log.append(records),
        }
      },
    }
    const study = await createStudy({ name: 'demo', storage, paramSpace })
    const trial = await study.ask()
    trial.report(1, 5)
    isBroken = true
    await expect(study.tell(trial, 5)).rejects.toThrow('disk full')
    await expect(study.ask()).rejects.toThrow('disk full')
    expect(study.trials).toMatchObject([{ state: 'running' }])
    isBroken = false
    await study.tell(trial, 5)
    expect((await storage.read('demo'))?.map(({ type }) => type)).toEqual([
      'study.created',
      'trial.asked',
      'trial.intermediate',
      'trial.ended',
    ])
  })

  it('can no longer be told anything after it was closed', async () => {
    const storage = memoryStore()
    const study = await createStudy({ name: 'demo', storage, paramSpace })
    const trial = await study.ask()
    trial.report(1, 5)
    await study.close()
    await expect(study.tell(trial, 1)).rejects.toThrow(StorageError)
    expect(await storage.read('demo')).toHaveLength(3)
  })
})

describe('names of studies', () => {
  it('are unique in a storage, unless the study shall be loaded', async () => {
    const storage = memoryStore()
    await createStudy({ name: 'demo', storage, paramSpace, direction: 'maximize' })
    const again = { name: 'demo', storage, paramSpace }
    await expect(createStudy(again)).rejects.toMatchObject({ name: 'StorageError', code: 'exists' })
    expect((await createStudy({ ...again, loadIfExists: true })).direction).toBe('maximize')
    await expect(createStudy({ ...again, loadIfExists: true, direction: 'minimize' })).rejects.toThrow(
      /demo was made for value \(maximize\), not for value \(minimize\)/,
    )
  })

  it('are made up where none is given', async () => {
    const storage = memoryStore()
    const names = [(await createStudy({ storage })).name, (await createStudy({ storage })).name]
    expect(await studyNames(storage)).toEqual(names)
    expect(new Set(names).size).toBe(2)
  })

  it('are offered where one is wrong', async () => {
    const storage = memoryStore()
    await createStudy({ name: 'digits', storage })
    await createStudy({ name: 'other', storage })
    await expect(loadStudy({ storage, name: 'digit' })).rejects.toThrow(
      'There is no study digit in this store. Did you mean digits?',
    )
    await expect(deleteStudy({ storage, name: 'something' })).rejects.toThrow('It has digits, other.')
    await expect(loadStudy({ storage: memoryStore(), name: 'a' })).rejects.toMatchObject({ code: 'notFound' })
  })

  it('of experiments are no studies', async () => {
    const storage = memoryStore()
    await (await storage.open('run')).append([{ at: 0, type: 'experiment.ended', by: 'finished' }])
    await expect(loadStudy({ storage, name: 'run' })).rejects.toMatchObject({ code: 'noStudy' })
  })

  it('are free again when the study was deleted', async () => {
    const storage = memoryStore()
    await createStudy({ name: 'demo', storage })
    await deleteStudy({ storage, name: 'demo' })
    expect(await studyNames(storage)).toEqual([])
    expect((await createStudy({ name: 'demo', storage })).trials).toEqual([])
  })
})

describe('a copy of a study', () => {
  it('has the same trials, and goes its own way', async () => {
    const [from, to] = [memoryStore(), memoryStore()]
    const study = await createStudy({ name: 'demo', storage: from, paramSpace, seed: 3 })
    await study.tell(await study.ask(), 1)
    await copyStudy({ fromStorage: from, fromName: 'demo', toStorage: to })
    await copyStudy({ fromStorage: from, fromName: 'demo', toStorage: from, toName: 'second' })
    const copies = [
      await loadStudy({ storage: to, name: 'demo' }),
      await loadStudy({ storage: from, name: 'second' }),
    ]
    for (const copy of copies) {
      expect(copy.trials).toEqual(study.trials)
      await copy.ask()
    }
    await study.tell(await study.ask(), 2)
    expect(study.trials[1]?.state).toBe('completed')
    expect(copies[0]?.trials[1]?.state).toBe('running')
  })

  it('never replaces another', async () => {
    const storage = memoryStore()
    await createStudy({ name: 'a', storage })
    await expect(
      copyStudy({ fromStorage: storage, fromName: 'a', toStorage: storage }),
    ).rejects.toMatchObject({ code: 'exists' })
    await expect(
      copyStudy({ fromStorage: storage, fromName: 'b', toStorage: storage }),
    ).rejects.toMatchObject({ code: 'notFound' })
  })
})

describe('a space in a log', () => {
  it('survives JSON, with every kind of domain, nesting and branches', () => {
    const space = {
      $: ['domain', { kind: 'float' }],
      fixed: { text: 'a', nothing: null, list: [1, true] },
      a: loguniform(1e-3, 1),
      b: [quniform(0, 1, 0.25), lograndint(1, 100)],
      c: { d: randn(0, 1), e: ordinal([16, 32]) },
      f: branch({
        on: { g: choice(['x', { y: [1] }]), h: branch({ i: {}, j: { k: uniform(1, 2) } }) },
        off: {},
      }),
    }
    const stored: unknown = JSON.parse(JSON.stringify(storedSpace(space)))
    expect(restoredSpace(stored)).toEqual(space)
    expect(readSpace(restoredSpace(stored)).parameters).toEqual(readSpace(space).parameters)
  })

  it.each([
    ['is a function', () => {}],
    ['computes a value', { a: sampleFrom(() => 1) }],
    ['chooses among functions', { a: { b: [choice([Math.sin, Math.cos])] } }],
    ['holds what JSON has no word for', { a: branch({ b: { c: Infinity } }) }],
    ['holds an instance of a class', { a: new Date(0) }],
  ])('is missing when it %s', (_, space) => {
    expect(storedSpace(space)).toBeUndefined()
  })
})

describe('options of a study', () => {
  it.each([
    [{ direction: 'min' }, /'minimize' or 'maximize', got "min"/],
    [{ directions: [] }, /must be an array of 'minimize'/],
    [{ direction: 'minimize', directions: ['minimize'] }, /not both/],
    [{ metricNames: ['a', 'b'], direction: 'minimize' }, /2 metrics \(a, b\) but 1 mode\./],
    [{ metricNames: 'loss' }, /metricNames must be an array of names.*got "loss"\. Write \['loss'\] for one/],
    [{ duplicates: 'never' }, /must be one of 'allow', 'resample', 'reuse'/],
    [{ directions: null }, /directions must be an array .* got null/],
    [{ storage: null }, /storage must be a store such as memoryStore\(\).* got null/],
    [{ name: '' }, /must be a text/],
    [{ seed: {} }, /must be a string or a finite number/],
    [{ searcher: randomSearch }, /Did you mean randomSearch\(\)\?/],
    [{ storage: 'nosuch:' }, /storage: there is none for "nosuch:"\. URLs begin with memory:/],
    [{ where: () => true }, /where needs to know whole configurations/],
    [{ duplicates: 'reuse' }, /duplicates needs to know/],
    [{ sampler: 1 }, /createStudy has no option sampler/],
    [{ searcher: gridSearcher() }, /gridSearcher cannot know the parameters/],
    [{ paramSpace, searcher: randomSearch({ space: paramSpace }) }, /given twice/],
    [
      { paramSpace, direction: 'minimize', searcher: randomSearch({ metric: 'a', mode: 'max' }) },
      /another metric or mode than the study/,
    ],
  ])('are refused: %j', async (options, message) => {
    const storage = memoryStore()
    await expect(createStudy({ storage, ...options } as never)).rejects.toThrow(message)
    expect(await studyNames(storage)).toEqual([])
  })

  it('may come from the searcher', async () => {
    const searcher = randomSearch({ space: paramSpace, metric: ['loss', 'gain'], mode: ['min', 'max'] })
    const study = await createStudy({ searcher })
    expect(study.metricNames).toEqual(['loss', 'gain'])
    expect(study.directions).toEqual(['minimize', 'maximize'])
    expect((await study.ask()).config).toEqual({ steps: 100, x: expect.any(Number) as number })
  })

  it('of loading need storage and name', async () => {
    await expect(loadStudy({} as never)).rejects.toThrow(OptionError)
    await expect(loadStudy({ storage: 'memory:' } as never)).rejects.toThrow(
      /the name of the study must be a text/,
    )
  })
})
