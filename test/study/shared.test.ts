import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { OptionError, type TroupeError } from '../../src/errors.ts'
import { asha } from '../../src/schedulers/asha.ts'
import { bruteForce } from '../../src/searchers/brute-force/brute-force.ts'
import { cmaes } from '../../src/searchers/cmaes/cmaes.ts'
import { gp } from '../../src/searchers/gp/gp.ts'
import { gridSearcher } from '../../src/searchers/grid-searcher.ts'
import { randomSearch } from '../../src/searchers/random-search.ts'
import type { Searcher, ToldTrial } from '../../src/searchers/searcher.ts'
import { tpe } from '../../src/searchers/tpe/tpe.ts'
import { gridSearch } from '../../src/space/choices.ts'
import { randint } from '../../src/space/integers.ts'
import { uniform } from '../../src/space/numbers.ts'
import type { SpaceDefinition } from '../../src/space/space.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { OpenLog, Store } from '../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import type { Study } from '../../src/study/study.ts'
import type { StudyTrial } from '../../src/study/study-trial.ts'

const paramSpace = { x: uniform(0, 1) }
type Config = { x: number }

/** Two studies of one name on one store, as two processes have them. */
async function two(
  searcher: () => Searcher = () => randomSearch(),
  storage: Store = memoryStore(),
): Promise<[Study<Config>, Study<Config>]> {
  const code = { storage, name: 'demo', paramSpace }
  return [
    await createStudy({ ...code, seed: 1, searcher: searcher() }),
    await loadStudy({ ...code, searcher: searcher() }),
  ]
}

/** What a study knows once it has heard of all. */
async function trialsOf(study: Study<Config>): Promise<Study<Config>['trials']> {
  await study.tell(0, 0, { skipIfFinished: true })
  return study.trials
}

describe('two studies on one storage', () => {
  it('give each trial a number of its own, and see what the other did at the next ask or tell', async () => {
    const [a, b] = await two()
    const first = await a.ask()
    const second = await b.ask()
    expect([first.number, second.number]).toEqual([0, 1])
    expect(b.trials).toMatchObject([{ state: 'running', config: first.config }, { state: 'running' }])
    await b.tell(second, 2)
    expect(a.trials).toHaveLength(1)
    await a.tell(first, 1)
    expect(a.trials).toMatchObject([{ values: [1] }, { values: [2], config: second.config }])
    expect((await b.ask()).number).toBe(2)
    expect(b.bestTrial.number).toBe(0)
  })

  it('never ask at once for the same number', async () => {
    const [a, b] = await two()
    const trials = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? a : b).ask()))
    expect(trials.map(({ number }) => number).toSorted((p, q) => p - q)).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    )
    expect(new Set(trials.map(({ config }) => config.x)).size).toBe(40)
    expect(new Set(trials.map(({ id }) => id)).size).toBe(40)
  })

  it('hand each enqueued configuration to one of them', async () => {
    const [a, b] = await two()
    await a.enqueueTrial({ x: 0.25 })
    await b.enqueueTrial({ x: 0.75 })
    const trials = await Promise.all([a.ask(), b.ask(), a.ask(), b.ask()])
    const enqueued = trials.filter(({ number }) => number < 2)
    expect(enqueued.map(({ config }) => config.x).toSorted()).toEqual([0.25, 0.75])
  })

  it('leave out what the other has enqueued already', async () => {
    const [a, b] = await two()
    expect(await a.enqueueTrial({ x: 0.5 }, { skipIfExists: true })).toBe(true)
    expect(await b.enqueueTrial({ x: 0.5 }, { skipIfExists: true })).toBe(false)
  })

  it('try each of the points to evaluate once, and add results once', async () => {
    const points = Array.from({ length: 8 }, (_, i) => ({ x: i / 8 }))
    const [a, b] = await two(() => randomSearch({ pointsToEvaluate: points, evaluatedRewards: [5, 6] }))
    const trials = await Promise.all(Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? a : b).ask()))
    expect(trials.map(({ config }) => config.x).toSorted()).toEqual(points.slice(2).map(({ x }) => x))
    expect(a.trials.filter(({ state }) => state === 'completed')).toHaveLength(2)
  })

  it.each([
    ['a grid', () => gridSearcher()],
    ['a shuffled grid', () => gridSearcher({ shuffle: true })],
    ['brute force', () => bruteForce()],
  ])('go through %s together, missing nothing and trying nothing twice', async (_, searcher) => {
    const storage = memoryStore()
    const code = { storage, name: 'demo', paramSpace: { n: randint(0, 12) } }
    const a = await createStudy({ ...code, seed: 1, searcher: searcher() })
    const b = await loadStudy({ ...code, searcher: searcher() })
    const tried: number[] = []
    const run = (study: Study<{ n: number }>) =>
      study.optimize(async ({ config }) => {
        tried.push(config.n)
        return config.n
      })
    const ends = await Promise.all([run(a), run(b)])
    expect(ends).toMatchObject([{ endedBy: 'finished' }, { endedBy: 'finished' }])
    expect(tried.toSorted((p, q) => p - q)).toEqual(Array.from({ length: 12 }, (_unused, i) => i))
  })

  it.each([
    ['tpe', () => tpe({ nStartupTrials: 3 })],
    ['cmaes', () => cmaes({ populationSize: 4 })],
    ['random search', () => randomSearch()],
  ])('give what one alone would, when they are asked in turn: %s', async (_, searcher) => {
    const alone = await createStudy({ paramSpace, seed: 1, searcher: searcher() })
    const pair = await two(searcher)
    for (let i = 0; i < 24; i++) {
      const trial = await alone.ask()
      await alone.tell(trial, (trial.config.x - 0.3) ** 2)
      const same = await (pair[i % 2] as Study<Config>).ask()
      await (pair[(i >> 1) % 2] as Study<Config>).tell(same.number, (same.config.x - 0.3) ** 2)
    }
    const configs = (await trialsOf(pair[0])).map(({ config }) => config)
    expect(configs).toEqual(alone.trials.map(({ config }) => config))
  })

  it('tell their searchers of the trials of both, each once and in the same order', async () => {
    const tells: ToldTrial[][] = []
    const listening = (): Searcher => {
      const heard: ToldTrial[] = []
      tells.push(heard)
      return {
        name: 'listening',
        isRebuiltByTells: true,
        start: () => ({
          suggest: () => ({ kind: 'point', point: {} }),
          tell: (trial) => void heard.push(trial),
        }),
      }
    }
    const [a, b] = await two(listening)
    const trials = [await a.ask(), await b.ask(), await a.ask()] as const
    await a.tell(trials[2], 2)
    await b.tell(trials[1], { state: 'failed' })
    await a.tell(trials[0], 0)
    await trialsOf(b)
    expect(tells[0]?.map(({ number, state }) => [number, state])).toEqual([
      [2, 'completed'],
      [1, 'failed'],
      [0, 'completed'],
    ])
    expect(tells[1]).toEqual(tells[0])
  })

  it('count what runs in the other as running', async () => {
    const seen: number[][] = []
    const watching = (): Searcher => ({
      name: 'watching',
      start: () => ({
        suggest: ({ running }) => {
          seen.push(running.map(({ number }) => number))
          return { kind: 'point', point: {} }
        },
        tell: () => {},
      }),
    })
    const [a, b] = await two(watching)
    await a.ask()
    seen.length = 0
    await b.ask()
    // Once for the other's trial, once for its own.
    expect(seen).toEqual([[], [0]])
  })

  it('prune by the reports of both', async () => {
    const storage = memoryStore()
    const code = { storage, name: 'demo', paramSpace }
    const scheduler = () => asha({ maxT: 4, gracePeriod: 1, reductionFactor: 2 })
    const a = await createStudy({ ...code, scheduler: scheduler() })
    const b = await loadStudy({ ...code, scheduler: scheduler() })
    for (let i = 0; i < 4; i++) {
      const good = await a.ask()
      good.report(1, i / 10)
      await a.tell(good, { state: 'pruned' })
    }
    const bad = await b.ask()
    bad.report(1, 9)
    expect(bad.shouldPrune()).toBe(true)
    const alone = await (await createStudy({ paramSpace, scheduler: scheduler() })).ask()
    alone.report(1, 9)
    expect(alone.shouldPrune()).toBe(false)
  })

  it('show what trials wrote once it was flushed', async () => {
    const [a, b] = await two()
    const trial = await a.ask()
    trial.report(1, 5)
    trial.setUserAttr('who', 'a')
    await b.ask()
    expect(b.trials[0]).toMatchObject({ intermediateValues: [], userAttrs: {} })
    await trial.flush()
    await b.ask()
    expect(b.trials[0]).toMatchObject({ intermediateValues: [[1, 5]], userAttrs: { who: 'a' } })
  })

  it('may end in one trials that the other runs, and what that one then says comes too late', async () => {
    const [a, b] = await two()
    const trial = await a.ask()
    trial.report(1, 5)
    // b has not heard of it yet.
    await b.tell(0, 0.5)
    await expect(trial.flush()).rejects.toMatchObject({ code: 'told' })
    await expect(a.tell(trial, 1)).rejects.toMatchObject({ code: 'told' })
    expect((await a.tell(trial, 1, { skipIfFinished: true })).values).toEqual([0.5])
    expect(() => trial.report(2, 5)).toThrow(expect.objectContaining({ code: 'ended' }) as Error)
    // The report was never kept, so that it is not there for anybody.
    expect(a.trials).toEqual(await trialsOf(b))
    expect(a.trials[0]?.intermediateValues).toEqual([])
    expect(await storedTrials(a, b)).toEqual(a.trials)
  })

  it('let one wait for what only the other can tell', async () => {
    const storage = memoryStore()
    const oneAtATime = (): Searcher => ({
      name: 'oneAtATime',
      start: () => ({
        suggest: ({ running }) => (running.length > 0 ? { kind: 'wait' } : { kind: 'point', point: {} }),
        tell: () => {},
      }),
    })
    const code = { storage, name: 'demo', paramSpace }
    const a = await createStudy({ ...code, searcher: oneAtATime() })
    const b = await loadStudy({ ...code, searcher: oneAtATime() })
    const trial = await a.ask()
    const end = b.optimize(({ config }) => config.x, { nTrials: 1 })
    await expect(b.ask()).rejects.toMatchObject({ code: 'wait' })
    await a.tell(trial, 1)
    expect(await end).toMatchObject({ endedBy: 'finished' })
    expect(b.trials).toHaveLength(2)
  })

  it('may both be made at once, when the later one may load it', async () => {
    const storage = memoryStore()
    const made = await Promise.all(
      [1, 2, 3].map((seed) => createStudy({ storage, name: 'demo', paramSpace, seed, loadIfExists: true })),
    )
    const trials = await Promise.all(made.map((study) => study.ask()))
    expect(new Set(trials.map(({ config }) => config.x)).size).toBe(3)
    const types = ((await storage.read('demo')) ?? []).map(({ type }) => type)
    expect(types).toEqual(['study.created', 'trial.asked', 'trial.asked', 'trial.asked'])
    const refused = await Promise.allSettled(
      [1, 2].map(() => createStudy({ storage, name: 'other', paramSpace })),
    )
    expect(refused).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'exists' } }])
  })
})

/** The trials as a third study finds them. */
async function storedTrials(...studies: Study<Config>[]): Promise<unknown> {
  await Promise.all(studies.map((study) => study.close()))
  return studies[0]?.trials
}

interface Given {
  readonly paramSpace: SpaceDefinition
  readonly searcher?: Searcher
  readonly duplicates?: string
}

describe('a store that is slow to say who was first', () => {
  let inner = memoryStore()
  let storage = inner
  // What the other does between the poll and the append of the next change.
  let between: (() => Promise<unknown>) | undefined

  beforeEach(() => {
    inner = memoryStore()
    storage = {
      ...inner,
      async open(name, options): Promise<OpenLog> {
        const log = await inner.open(name, options)
        return {
          ...log,
          async append(records) {
            const act = between
            between = undefined
            await act?.()
            return log.append(records)
          },
        }
      },
    }
  })

  it('makes them anew where they depend on what the other told meanwhile, step by step', async () => {
    const code = { name: 'demo', paramSpace, searcher: cmaes({ populationSize: 4 }) }
    const a = await createStudy({ ...code, seed: 1, storage })
    const b = await loadStudy({ ...code, storage: inner })
    const alone = await createStudy({ ...code, seed: 1 })
    for (const study of [a, alone]) {
      for (let i = 0; i < 4; i++) await study.ask()
      for (let i = 0; i < 3; i++) await study.tell(i, i)
    }
    // It ends a generation.
    between = () => b.tell(3, 3)
    await alone.tell(3, 3)
    expect((await a.ask()).config).toEqual((await alone.ask()).config)
  })

  it('comes to its turn at last, however much faster the others are', async () => {
    const b = await createStudy({ name: 'demo', storage: inner, paramSpace, seed: 1 })
    let thoughts = 0
    const slow: Searcher = {
      name: 'slow',
      isRebuiltByTells: true,
      start: ({ sample, random }) => ({
        async suggest({ number }) {
          if (thoughts++ < 1_000) await b.tell(await b.ask(), 1)
          return { kind: 'point', point: sample(random.fork(`slow/${number}`)) }
        },
        tell: () => {},
      }),
    }
    const a = await loadStudy({ name: 'demo', storage: inner, paramSpace, searcher: slow })
    const trials = [await a.ask(), await a.ask()]
    expect(thoughts).toBeLessThan(30)
    expect(trials.map(({ number }) => number)).toEqual([8, 17])
    expect(new Set(a.trials.map(({ config }) => config.x)).size).toBe(18)
  })

  const integers = { n: randint(0, 100) }
  const points = [{ n: 3 }, { n: 1 }, { n: 4 }, { n: 15 }]
  it.each([
    ['a grid', { paramSpace: integers, searcher: gridSearcher() }],
    ['a grid of random search', { paramSpace: { n: gridSearch([1, 2, 3, 4, 5, 6, 7]) } }],
    ['points to evaluate', { paramSpace: integers, searcher: tpe({ pointsToEvaluate: points }) }],
    ['points before a grid', { paramSpace: integers, searcher: gridSearcher({ pointsToEvaluate: points }) }],
    ['gp', { paramSpace: integers, searcher: gp() }],
    ['tpe without duplicates', { paramSpace: integers, searcher: tpe(), duplicates: 'resample' }],
  ])('makes suggestions be made anew, not lost: %s', async (_, { duplicates = 'allow', ...given }: Given) => {
    const code = { name: 'demo', ...given, duplicates } as const
    const a = await createStudy<{ n: number }>({ ...code, seed: 1, storage } as never)
    const b = await loadStudy<{ n: number }>({ ...code, storage: inner } as never)
    const tried: number[] = []
    for (let i = 0; i < 3; i++) {
      between = async () => tried.push((await b.ask()).config.n)
      tried.push((await a.ask()).config.n)
    }
    const alone = await createStudy<{ n: number }>({ ...code, seed: 1 } as never)
    const whole: number[] = []
    for (let i = 0; i < 6; i++) whole.push((await alone.ask()).config.n)
    expect(tried).toEqual(whole)
    expect((await a.ask()).config).toEqual((await alone.ask()).config)
  })
})

describe('any order of what two studies do', () => {
  const step = fc.record({
    study: fc.constantFrom(0, 1),
    does: fc.constantFrom('ask', 'ask', 'tell', 'tellNumber', 'report', 'flush', 'enqueue'),
    waits: fc.boolean(),
    pick: fc.nat(20),
  })

  it('gives numbers that are unique, each enqueued trial to one, and the same trials to both', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (script) => {
        const storage = memoryStore()
        const pair = await two(() => randomSearch(), storage)
        const asked: [StudyTrial<Config>[], StudyTrial<Config>[]] = [[], []]
        const open: Promise<unknown>[] = []
        let enqueued = 0
        for (const { study: i, does, waits, pick } of script) {
          const [study, own] = [pair[i], asked[i]]
          const trial = own[pick % Math.max(1, own.length)]
          const act = async (): Promise<void> => {
            if (does === 'ask') own.push(await study.ask())
            else if (does === 'enqueue') await study.enqueueTrial({ x: enqueued++ / 100 })
            else if (trial === undefined) return
            else if (does === 'tell') await study.tell(trial, pick, { skipIfFinished: true })
            else if (does === 'tellNumber')
              await (pair[1 - i] as Study<Config>).tell(trial.number, pick, { skipIfFinished: true })
            else if (does === 'flush') await trial.flush().catch(isTold)
            else if (study.trials[trial.number]?.state === 'running') report(trial, pick)
          }
          const done = act()
          if (waits) await done
          else open.push(done)
        }
        await Promise.all(open)
        const numbers = asked.flat().map(({ number }) => number)
        expect(new Set(numbers).size).toBe(numbers.length)
        // Keeps what was only noted, and then hears of what the other kept.
        for (const study of pair) await study.setUserAttr('done', true)
        for (const study of pair) await study.tell(0, 0, { skipIfFinished: true }).catch(isNoneToTell)
        await pair[0].tell(0, 0, { skipIfFinished: true }).catch(isNoneToTell)
        for (const study of pair) await study.close()
        expect(pair[1].trials).toEqual(pair[0].trials)
        const again = await loadStudy({ storage, name: 'demo', paramSpace })
        expect(again.trials).toEqual(pair[0].trials)
        const taken = again.trials.filter(
          ({ state, startedAt }) => state !== 'waiting' && startedAt !== undefined,
        )
        expect(taken.map(({ number }) => number)).toEqual(numbers.toSorted((p, q) => p - q))
      }),
      { numRuns: 200 },
    )
  })
})

function report(trial: StudyTrial, step: number): void {
  try {
    trial.report(step, step)
  } catch (error) {
    // That step was reported.
    expect(error).toBeInstanceOf(OptionError)
  }
}

function isTold(error: unknown): void {
  expect(error).toMatchObject({ code: 'told' })
}

function isNoneToTell(error: unknown): void {
  expect(['notAsked', 'unknownTrial']).toContain((error as TroupeError).code)
}
