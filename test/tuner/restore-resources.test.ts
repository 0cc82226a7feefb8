import { describe, expect, it } from 'vitest'
import { fifo, resourceChanging, type Resources, type Trial, Tuner, uniform } from '../../src/index.ts'
import type { LogRecord } from '../../src/core/log.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'

interface Config {
  readonly x: number
}

async function train({ x }: Config, trial: Trial): Promise<void> {
  const { epoch: first = 0 } = (trial.checkpoint ?? {}) as { readonly epoch?: number }
  for (let epoch = first; epoch < 6; epoch++) {
    await trial.sleep(1)
    await trial.report({ loss: x + 1 / (epoch + 1) }, { checkpoint: { epoch: epoch + 1 } })
  }
}

const options = () => ({
  name: 'demo',
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min' as const,
  numSamples: 5,
  maxConcurrentTrials: 2,
  scheduler: resourceChanging(),
})

async function storeOf(records: readonly LogRecord[]): Promise<Store> {
  const storage = memoryStore()
  const log = await storage.open('demo')
  await log.append(records)
  await log.close()
  return storage
}

const readAll = async (storage: Store): Promise<readonly LogRecord[]> => (await storage.read('demo')) ?? []

describe('an experiment that goes on with other resources in all', { timeout: 60_000 }, () => {
  it.each([
    { now: 'more', totalResources: { cpu: 12 } },
    { now: 'less', totalResources: { cpu: 2 } },
    { now: 'no fewer than it had', totalResources: undefined },
  ])('has run with what there was then, and has $now from there on', async ({ totalResources }) => {
    const storage = memoryStore()
    await new Tuner(train, { ...options(), totalResources: { cpu: 6 }, seed: 1, storage }).fit()
    const records = await readAll(storage)
    expect(records.some(({ type }) => type === 'trial.reallocated')).toBe(true)
    for (let cut = 1; cut <= records.length; cut += 7) {
      const kept = await storeOf(records.slice(0, cut))
      const given: { readonly totalResources?: Resources } =
        totalResources === undefined ? {} : { totalResources }
      const restored = Tuner.restore(kept, { ...options(), ...given, trainable: train })
      const results = await restored.fit()
      expect([...results].map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'completed'))
      const all = await readAll(kept)
      expect(all.findLast((record) => record.type === 'experiment.resumed')).toMatchObject({
        totalResources: totalResources ?? { cpu: 6 },
      })
      // Cut once more, and without a word of what there is: it is what there was last.
      const again = await storeOf(all.slice(0, cut + Math.ceil((all.length - cut) / 2)))
      const twice = await Tuner.restore(again, { ...options(), trainable: train }).fit()
      expect(twice.length).toBe(5)
    }
  })

  it('has a cpu for each trial that may run besides, where there was one for each', async () => {
    const storage = memoryStore()
    const plain = { ...options(), scheduler: fifo() }
    await new Tuner(train, { ...plain, totalResources: { cpu: 2 }, seed: 1, storage }).fit()
    const more = Tuner.restore(storage, {
      ...plain,
      trainable: train,
      numSamples: 12,
      maxConcurrentTrials: 6,
    })
    let most = 0
    more.on('trial.report', () => {
      most = Math.max(most, more.getSnapshot().slots.used)
    })
    await more.fit()
    expect(most).toBe(6)
  })

  it('has as few as it had, where trials waited for them', async () => {
    const storage = memoryStore()
    const plain = { ...options(), scheduler: fifo() }
    await new Tuner(train, { ...plain, totalResources: { cpu: 1 }, seed: 1, storage }).fit()
    const more = Tuner.restore(storage, { ...plain, trainable: train, numSamples: 8, maxConcurrentTrials: 6 })
    let most = 0
    more.on('trial.report', () => {
      most = Math.max(most, more.getSnapshot().slots.used)
    })
    await more.fit()
    expect(most).toBe(1)
  })
})
