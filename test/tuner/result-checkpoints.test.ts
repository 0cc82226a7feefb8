import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import { StorageError } from '../../src/errors.ts'
import type { Trial } from '../../src/executors/trainable.ts'
import type { Result } from '../../src/results/result.ts'
import type { Results } from '../../src/results/results.ts'
import { pbt } from '../../src/schedulers/pbt/pbt.ts'
import { choice } from '../../src/space/choices.ts'
import { uniform } from '../../src/space/numbers.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { simulate } from '../../src/testing/simulate.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

const root = await mkdtemp(join(tmpdir(), 'troupe-results-'))
afterAll(() => rm(root, { recursive: true }))

let folders = 0
const freshPath = (): string => join(root, `${++folders}`)

const base = {
  paramSpace: { x: choice([1]) },
  metric: 'loss',
  mode: 'min',
  numSamples: 1,
  name: 'digits',
  seed: 1,
} as const

const LOSSES = [5, 1, 3, 2, 4]

async function train(_: unknown, trial: Trial): Promise<void> {
  for (const [i, loss] of LOSSES.entries()) await trial.report({ loss }, { checkpoint: { epoch: i + 1 } })
}

const BEST_TWO = { keep: 2, scoreAttribute: 'loss', mode: 'min' } as const

const only = (results: Results<unknown>): Result => results.at(0) as Result

const iterationsOf = ({ checkpoints }: Result): number[] => checkpoints.map(({ iteration }) => iteration)

const contentsOf = ({ checkpoints }: Result): Promise<unknown[]> =>
  Promise.all(checkpoints.map((checkpoint) => checkpoint.load()))

describe('the checkpoints of a result', () => {
  it('are those that are kept, oldest first, each with its report and its content', async () => {
    const options = { ...base, storage: memoryStore(), directory: freshPath(), checkpoint: BEST_TWO }
    const results = await new Tuner(train, options).fit()
    const { checkpoints } = only(results)
    expect(checkpoints.map(({ iteration, metrics }) => [iteration, metrics['loss']])).toEqual([
      [2, 1],
      [4, 2],
      [5, 4],
    ])
    expect(await contentsOf(only(results))).toEqual([{ epoch: 2 }, { epoch: 4 }, { epoch: 5 }])
  })

  it('have that of the report that won', async () => {
    const options = { ...base, storage: memoryStore(), directory: freshPath(), checkpoint: BEST_TWO }
    const { best, checkpoint, checkpoints } = (await new Tuner(train, options).fit()).getBestResult(
      'loss',
      'min',
      { scope: 'all' },
    )
    expect(checkpoint).toEqual({ epoch: 5 })
    const won = checkpoints.find(({ iteration }) => iteration === best.iteration)
    expect(won?.metrics).toEqual(best.metrics)
    expect(await won?.load()).toEqual({ epoch: 2 })
  })

  it('are there in a restored experiment too, of trials that had ended', async () => {
    const storage = memoryStore()
    const directory = freshPath()
    await new Tuner(train, { ...base, storage, directory, checkpoint: BEST_TWO }).fit()
    const restored = Tuner.restore(storage, {
      name: 'digits',
      trainable: train,
      directory,
      checkpoint: BEST_TWO,
    })
    const results = await restored.fit()
    expect(iterationsOf(only(results))).toEqual([2, 4, 5])
    expect(await contentsOf(only(results))).toEqual([{ epoch: 2 }, { epoch: 4 }, { epoch: 5 }])
  })

  it('that are folders come as fresh ones, each time', async () => {
    const own = freshPath()
    await mkdir(own)
    const results = await new Tuner(
      async (_: unknown, trial: Trial) => {
        for (let epoch = 1; epoch <= 2; epoch++) {
          await writeFile(join(own, 'epoch'), `${epoch}`)
          await trial.report({ loss: epoch }, { checkpoint: { directory: own, epoch } })
        }
      },
      { ...base, storage: memoryStore(), directory: freshPath() },
    ).fit()
    const [first] = only(results).checkpoints
    const loads = [await first?.load(), await first?.load()] as { directory: string; epoch: number }[]
    expect(new Set([own, ...loads.map(({ directory }) => directory)]).size).toBe(3)
    for (const { directory, epoch } of loads) {
      expect(epoch).toBe(1)
      expect(await readFile(join(directory, 'epoch'), 'utf8')).toBe('1')
    }
  })

  it('that were damaged since say so, and harm no other', async () => {
    const store = fileCheckpoints({ folder: freshPath() })
    const damaged = new Set<string>()
    const spoilt = {
      ...store,
      get: async (key: string) => (damaged.has(key) ? new Uint8Array(9) : store.get(key)),
    }
    const options = { ...base, storage: memoryStore(), checkpoint: { store: spoilt } }
    const { checkpoints } = only(await new Tuner(train, options).fit())
    damaged.add('digits/trial-0/000002-1')
    await store.delete('digits/trial-0/000003-1')
    const loads = await Promise.allSettled(checkpoints.map((checkpoint) => checkpoint.load()))
    expect(loads.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    const [, two, three] = loads as PromiseRejectedResult[]
    expect(two?.reason).toBeInstanceOf(StorageError)
    expect(two?.reason).toMatchObject({ code: 'unreadable', message: expect.stringContaining('000002-1') })
    expect(three?.reason).toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('it is not there'),
    })
  })

  it('are the last one alone where nothing keeps them, in virtual time too', async () => {
    const { results } = await simulate({ trainable: train, ...base })
    for (const found of [results, await new Tuner(train, base).fit()]) {
      expect(only(found).checkpoints).toEqual([
        { iteration: 5, metrics: expect.objectContaining({ loss: 4, training_iteration: 5 }) },
      ])
      expect(await contentsOf(only(found))).toEqual([{ epoch: 5 }])
    }
  })

  it('are none of a trial that gave none', async () => {
    const results = await new Tuner(() => ({ loss: 1 }), { ...base, storage: memoryStore() }).fit()
    expect(only(results).checkpoints).toEqual([])
  })

  it('are its own, and not those of a trial that it went on from', async () => {
    const population = async ({ x }: { x: number }, trial: Trial): Promise<void> => {
      const from = (trial.checkpoint as { epoch: number } | undefined)?.epoch ?? 0
      for (let epoch = from + 1; epoch <= 6; epoch++) {
        await trial.sleep(1)
        await trial.report({ loss: x, epoch }, { checkpoint: { epoch, by: trial.number } })
      }
    }
    const tuner = new Tuner(population, {
      ...base,
      paramSpace: { x: uniform(0, 1) },
      numSamples: 4,
      maxConcurrentTrials: 4,
      scheduler: pbt({
        perturbationInterval: 2,
        quantileFraction: 0.5,
        hyperparamMutations: { x: uniform(0, 1) },
      }),
    })
    let exploited = -1
    tuner.once('trial.exploit', ({ trial }) => {
      exploited = trial.number
      void tuner.stop()
    })
    const results = await tuner.fit()
    expect(results.get(exploited)).toMatchObject({ checkpointIteration: expect.any(Number), checkpoints: [] })
    expect([...results].flatMap(iterationsOf).length).toBeGreaterThan(0)
    for (const result of results)
      for (const content of await contentsOf(result)) expect(content).toMatchObject({ by: result.number })
  })

  it('leave a result that can be cloned', async () => {
    const { results } = await simulate({ trainable: train, ...base })
    expect(structuredClone(only(results)).checkpoints).toHaveLength(1)
  })

  it('leave out what an attempt reported that does not count', async () => {
    const storage = memoryStore()
    const directory = freshPath()
    const options = { ...base, storage, directory }
    const former = new Tuner(train, options)
    former.on('trial.report', ({ metrics }) => metrics.training_iteration === 4 && void former.stop())
    await former.fit()
    const otherwise = async (_: unknown, trial: Trial): Promise<void> => {
      await trial.report({ loss: 5 }, { checkpoint: { epoch: 1 } })
      for (let epoch = 2; epoch <= 6; epoch++) await trial.report({ loss: 10 + epoch })
    }
    const restored = Tuner.restore(storage, {
      name: 'digits',
      trainable: otherwise,
      directory,
      resume: { unfinished: 'restart', diverged: 'accept' },
    })
    const result = only(await restored.fit())
    expect(result.iteration).toBe(6)
    expect(iterationsOf(result)).toEqual([1])
  })
})
