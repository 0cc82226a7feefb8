import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { CheckpointStore } from '../../src/checkpoints/checkpoint-store.ts'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import type { LogRecord } from '../../src/core/log.ts'
import { OptionError } from '../../src/errors.ts'
import type { Trial } from '../../src/executors/trainable.ts'
import { pbt } from '../../src/schedulers/pbt/pbt.ts'
import { uniform } from '../../src/space/numbers.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

interface Config {
  readonly x: number
}

const base = {
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  seed: 1,
  name: 'digits',
} as const

const root = await mkdtemp(join(tmpdir(), 'troupe-kept-'))
afterAll(() => rm(root, { recursive: true }))

let folders = 0
const freshPath = (): string => join(root, `${++folders}`)

describe('a checkpoint', () => {
  it('is kept before anybody hears of its report, and named in the log before it', async () => {
    const kept: string[] = []
    const inner = fileCheckpoints({ folder: freshPath() })
    const store: CheckpointStore = {
      ...inner,
      async put(key, content) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        const found = await inner.put(key, content)
        kept.push(key)
        return found
      },
    }
    const storage = memoryStore()
    const tuner = new Tuner(
      async ({ x }: Config, trial) => {
        for (let epoch = 1; epoch <= 3; epoch++) await trial.report({ loss: x }, { checkpoint: { epoch } })
      },
      { ...base, numSamples: 2, storage, checkpoint: { store } },
    )
    const heard: string[] = []
    tuner.on('trial.report', ({ trial, metrics }) => {
      const iteration = metrics['training_iteration'] as number
      expect(kept).toContain(`digits/trial-${trial.number}/00000${iteration}-1`)
      heard.push(`${trial.number} ${iteration}`)
    })
    await tuner.fit()
    expect(heard).toHaveLength(6)
    const log = (await storage.read('digits')) as readonly LogRecord[]
    for (const [i, record] of log.entries()) {
      if (record.type !== 'trial.report') continue
      const { trial, metrics } = record
      const iteration = metrics['training_iteration']
      expect(log[i - 1]).toMatchObject({ type: 'trial.checkpoint', trial, iteration, at: record.at })
    }
  })

  it('takes no time of its trial, however slow its store is', async () => {
    const inner = fileCheckpoints({ folder: freshPath() })
    const store: CheckpointStore = {
      ...inner,
      async put(key, content) {
        await new Promise((resolve) => setTimeout(resolve, 300))
        return inner.put(key, content)
      },
    }
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      await trial.report({ loss: x }, { checkpoint: 1 })
      await trial.report({ loss: x })
    }
    const tuner = new Tuner(train, {
      ...base,
      numSamples: 1,
      storage: memoryStore(),
      checkpoint: { store },
      trialTimeoutMs: 250,
      reportTimeoutMs: 250,
    })
    expect([...(await tuner.fit())].map(({ state }) => state)).toEqual(['completed'])
  })

  it('comes with its report also when user code waits for neither, and ends', async () => {
    const directory = freshPath()
    const train = ({ x }: Config, trial: Trial): Promise<void> => {
      trial.setUserAttr('before', 1)
      void trial.report({ loss: x + 1 }, { checkpoint: 'first' })
      trial.setUserAttr('after', 2)
      void trial.report({ loss: x }, { checkpoint: 'second' })
      return Promise.resolve()
    }
    const results = await new Tuner(train, {
      ...base,
      numSamples: 3,
      storage: memoryStore(),
      directory,
    }).fit()
    for (const result of results)
      expect(result).toMatchObject({
        state: 'completed',
        iteration: 2,
        checkpoint: 'second',
        userAttrs: { before: 1, after: 2 },
      })
    expect(await fileCheckpoints({ folder: directory }).list('')).toHaveLength(6)
  })

  it('is not kept when its trial is stopped meanwhile, nor is its report', async () => {
    const inner = fileCheckpoints({ folder: freshPath() })
    let stop = (): unknown => undefined
    const store: CheckpointStore = {
      ...inner,
      async put(key, content) {
        const found = await inner.put(key, content)
        if (key.endsWith('000002-1')) stop()
        return found
      },
    }
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 1; epoch <= 3; epoch++) await trial.report({ loss: x }, { checkpoint: { epoch } })
    }
    const tuner = new Tuner(train, {
      ...base,
      numSamples: 1,
      storage: memoryStore(),
      checkpoint: { store },
    })
    stop = () => tuner.stop()
    const [result] = [...(await tuner.fit())]
    expect(result).toMatchObject({ state: 'interrupted', iteration: 1, checkpoint: { epoch: 1 } })
    expect(await inner.list('')).toEqual(['digits/trial-0/000001-1'])
  })

  it('whose store never answers keeps nobody from stopping', async () => {
    const inner = fileCheckpoints({ folder: freshPath() })
    let stop = (): unknown => undefined
    const store: CheckpointStore = {
      ...inner,
      put: () => {
        setTimeout(() => stop(), 10)
        return new Promise(() => {})
      },
    }
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      await trial.report({ loss: x }, { checkpoint: 1 })
    }
    const tuner = new Tuner(train, {
      ...base,
      numSamples: 1,
      storage: memoryStore(),
      checkpoint: { store },
      stopGraceMs: 20,
    })
    stop = () => tuner.stop()
    expect(await tuner.fit()).toMatchObject({ endedBy: 'stop', length: 1 })
  })
})

describe('a checkpoint that is a folder', () => {
  it('is what it was when another trial goes on from it, whatever its own trial wrote there since', async () => {
    const found: string[] = []
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      const given = (trial.checkpoint as { readonly directory: string } | undefined)?.directory
      const from = given === undefined ? 0 : Number(await readFile(join(given, 'epoch'), 'utf8'))
      if (given !== undefined) {
        found.push(`${from}`)
        // Its own, to write to.
        await writeFile(join(given, 'epoch'), 'spoilt by another')
      }
      const own = freshPath()
      await mkdir(own)
      for (let epoch = from + 1; epoch <= 12; epoch++) {
        await writeFile(join(own, 'epoch'), `${epoch}`)
        await trial.report({ loss: x, epoch }, { checkpoint: { directory: own } })
        await writeFile(join(own, 'epoch'), 'spoilt')
      }
    }
    const scheduler = pbt({
      perturbationInterval: 2,
      quantileFraction: 0.5,
      hyperparamMutations: { x: uniform(0, 1) },
    })
    const results = await new Tuner(train, {
      ...base,
      numSamples: 4,
      maxConcurrentTrials: 4,
      scheduler,
      storage: memoryStore(),
      directory: freshPath(),
    }).fit()
    expect(found.length).toBeGreaterThan(3)
    expect([...results].map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => 'completed'))
    for (const { history } of results)
      expect(history.map(({ epoch }) => epoch)).toEqual(
        history.map(({ training_iteration }) => training_iteration),
      )
    expect(results.warnings).toEqual([])
  })

  it('that is not there fails its trial, and no other', async () => {
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      const checkpoint = trial.number === 1 ? { directory: join(root, 'nowhere') } : { x }
      await trial.report({ loss: x }, { checkpoint })
    }
    const options = { ...base, numSamples: 3, storage: memoryStore(), directory: freshPath() }
    const results = await new Tuner(train, options).fit()
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'failed', 'completed'])
    const [error] = results.errors
    expect(error?.cause).toBeInstanceOf(OptionError)
    expect(error?.message).toContain('nowhere')
  })

  it('is still there when a restored experiment has ended, and its results name it', async () => {
    const storage = memoryStore()
    const directory = freshPath()
    const train = async ({ x }: Config, trial: Trial): Promise<void> => {
      const own = await mkdtemp(join(root, 'own-'))
      await writeFile(join(own, 'weights'), `of trial ${trial.number}`)
      await trial.report({ loss: x }, { checkpoint: { directory: own } })
      await rm(own, { recursive: true })
    }
    await new Tuner(train, { ...base, numSamples: 2, storage, directory }).fit()
    const restored = Tuner.restore(storage, { name: 'digits', trainable: train, directory, numSamples: 3 })
    const results = [...(await restored.fit())]
    const texts = results.slice(0, 2).map(({ path = '' }) => readFile(join(path, 'weights'), 'utf8'))
    expect(await Promise.all(texts)).toEqual(['of trial 0', 'of trial 1'])
  })
})
