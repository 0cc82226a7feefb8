import { describe, expect, it } from 'vitest'
import { OptionError, type ResumeOptions, type Trial, Tuner, uniform } from '../../src/index.ts'
import type { Results } from '../../src/results/results.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'

interface Config {
  readonly x: number
}

/** Six trials, of which those beyond 0.4 fail in their third epoch; or all go well. */
function train(isBroken: boolean): (config: Config, trial: Trial) => Promise<void> {
  return async ({ x }, trial) => {
    for (let epoch = 0; epoch < 4; epoch++) {
      await trial.sleep(1)
      if (isBroken && epoch === 2 && x > 0.4) throw new Error('no luck')
      await trial.report({ loss: x + epoch })
    }
  }
}

async function broken(storage: Store): Promise<Results<Config>> {
  const options = { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 6 } as const
  return new Tuner(train(true), { ...options, seed: 1, name: 'demo', storage, maxConcurrentTrials: 2 }).fit()
}

const restored = (storage: Store, resume?: ResumeOptions, numSamples?: number): Promise<Results<Config>> =>
  Tuner.restore(storage, {
    name: 'demo',
    trainable: train(false),
    ...(resume && { resume }),
    ...(numSamples && { numSamples }),
  }).fit()

const failedIn = (results: Results<Config>): number[] =>
  [...results].filter(({ state }) => state === 'failed').map(({ number }) => number)

describe('what becomes of trials that have ended', () => {
  it('is nothing, unless it is asked for', async () => {
    const storage = memoryStore()
    const before = await broken(storage)
    const after = await restored(storage)
    expect(failedIn(before).length).toBeGreaterThan(0)
    expect([...after].map(({ state, config }) => [state, config])).toEqual(
      [...before].map(({ state, config }) => [state, config]),
    )
  })

  it('is that those that failed run once more, as new trials that do not count', async () => {
    const storage = memoryStore()
    const failed = failedIn(await broken(storage))
    const after = await restored(storage, { errored: 'restart' }, 7)
    const added = [...after].slice(6)
    expect(failedIn(after)).toEqual(failed)
    expect(added.slice(0, -1).map(({ config }) => config)).toEqual(
      failed.map((number) => [...after][number]?.config),
    )
    expect(added.every(({ state }) => state === 'completed')).toBe(true)
    expect(added).toHaveLength(failed.length + 1)
  })

  it('is remembered: restored again, the same trials are there', async () => {
    const storage = memoryStore()
    await broken(storage)
    const after = await restored(storage, { errored: 'restart', finished: 'restart' })
    expect(after.length).toBe(12)
    const again = await restored(storage)
    expect([...again].map(({ trialId }) => trialId)).toEqual([...after].map(({ trialId }) => trialId))
  })
})

describe('what becomes of trials that were cut off', () => {
  it('can be that they are left, with what they reported', async () => {
    const storage = memoryStore()
    const options = { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 6 } as const
    const tuner = new Tuner(train(false), {
      ...options,
      seed: 1,
      name: 'demo',
      storage,
      maxConcurrentTrials: 2,
    })
    tuner.once('trial.complete', () => void tuner.stop())
    const cut = [...(await tuner.fit())].filter(({ state }) => state === 'interrupted')
    expect(cut.length).toBeGreaterThan(0)
    const after = [...(await restored(storage, { unfinished: 'skip' }))]
    for (const { number, history } of cut)
      expect(after[number]).toMatchObject({ state: 'pruned', history: { length: history.length } })
    expect(after).toHaveLength(6)
  })
})

it('refuses wishes that there are not', () => {
  const options = { storage: memoryStore(), resume: { errored: 'again' } }
  expect(() => new Tuner(train(false), options as never)).toThrow(OptionError)
})
