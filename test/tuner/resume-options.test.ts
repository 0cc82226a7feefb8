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

async function broken(storage: Store, reportCount = Infinity): Promise<Results<Config>> {
  const options = { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 6 } as const
  const tuner = new Tuner(train(true), {
    ...options,
    seed: 1,
    name: 'demo',
    storage,
    maxConcurrentTrials: 2,
  })
  let left = reportCount
  tuner.on('trial.report', () => --left === 0 && void tuner.stop())
  return tuner.fit()
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

  it('is that those that failed run once more, and not again once that went well', async () => {
    const storage = memoryStore()
    const failed = failedIn(await broken(storage))
    const again = (isBroken: boolean) =>
      Tuner.restore(storage, {
        name: 'demo',
        trainable: train(isBroken),
        resume: { errored: 'restart' },
      }).fit()
    // As a script does that always says so: the retry fails too, is run again, and that goes well.
    const counts = []
    for (const isBroken of [true, false, false]) counts.push((await again(isBroken)).length)
    expect(counts).toEqual([6 + failed.length, 6 + 2 * failed.length, 6 + 2 * failed.length])
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
    const results = [...(await tuner.fit())]
    const cut = results.filter(({ state, startedAt }) => state === 'interrupted' && startedAt !== undefined)
    expect(cut.length).toBeGreaterThan(0)
    const after = [...(await restored(storage, { unfinished: 'skip' }))]
    for (const { number, history } of cut)
      expect(after[number]).toMatchObject({ state: 'pruned', history: { length: history.length } })
    expect(after).toHaveLength(6)
  })

  it.each(['skip', 'resume', 'restart'] as const)(
    'and left for good, with errored: %s, however often it is cut and goes on',
    async (errored) => {
      const storage = memoryStore()
      await broken(storage, 9)
      const before = (await storage.read('demo'))?.length ?? 0
      const after = [...(await restored(storage, { unfinished: 'skip', errored }))]
      const skipped = after.filter(({ reason }) => reason?.text.includes('are skipped') === true)
      expect(skipped.length).toBeGreaterThan(0)
      for (const trial of skipped) expect(trial).toMatchObject({ state: 'pruned', attempt: 1 })
      const retried = after.filter(({ source }) => source === 'retried')
      expect(retried.length > 0).toBe(errored !== 'skip')
      for (const trial of retried) expect(trial.state).toBe('completed')
      const log = (await storage.read('demo')) ?? []
      const story = after.map(({ trialId, state, attempt }) => [trialId, state, attempt])
      for (let length = before + 1; length <= log.length; length++) {
        const cut = memoryStore()
        const open = await cut.open('demo')
        await open.append(log.slice(0, length))
        await open.close()
        const again = [...(await restored(cut))]
        expect(again.map(({ trialId, state }) => [trialId, state])).toEqual(
          story.map(([trialId, state]) => [trialId, state]),
        )
      }
    },
  )
})

it('refuses to resume without a storage, and says when what would keep checkpoints keeps none', async () => {
  const options = { paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', numSamples: 1 } as const
  await expect(new Tuner(train(false), { ...options, resume: true }).fit()).rejects.toThrow(OptionError)
  const results = await new Tuner(train(false), { ...options, directory: 'nowhere' }).fit()
  expect(results.warnings).toMatchObject([{ kind: 'checkpoint' }])
})

it('refuses to restore nothing in particular', () => {
  expect(() => Tuner.restore(memoryStore(), undefined as never)).toThrow(
    /needs the name of what it goes on with/,
  )
  expect(() => Tuner.restore(undefined as never, { name: 'demo', trainable: train(false) })).toThrow(
    /needs a storage to go on from, got undefined/,
  )
  const given = { name: 'demo', trainable: train(false), resume: false }
  expect(() => Tuner.restore(memoryStore(), given as never)).toThrow(/to restore is to resume/)
})

it('refuses wishes that there are not', () => {
  const options = { storage: memoryStore(), resume: { errored: 'again' } }
  expect(() => new Tuner(train(false), options as never)).toThrow(OptionError)
})
