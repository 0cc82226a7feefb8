import { describe, expect, it } from 'vitest'
import { asha, hyperband, pbt, defineTrainable, type Trial, Tuner, uniform } from '../../src/index.ts'
import type { LogRecord } from '../../src/core/log.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store } from '../../src/stores/store.ts'

interface Config {
  readonly x: number
}

async function train({ x }: Config, trial: Trial): Promise<void> {
  for (let epoch = 0; epoch < 9; epoch++) {
    if (epoch % 3 === 0) await trial.sleep(1)
    await trial.report({ loss: x + 1 / (epoch + 1) })
  }
}

const base = {
  name: 'demo',
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  maxConcurrentTrials: 3,
} as const

async function storeOf(records: readonly LogRecord[]): Promise<Store> {
  const storage = memoryStore()
  const log = await storage.open('demo')
  await log.append(records)
  await log.close()
  return storage
}

const readAll = async (storage: Store): Promise<readonly LogRecord[]> => (await storage.read('demo')) ?? []

describe('trials that have ended and are run once more', { timeout: 60_000 }, () => {
  it.each([
    { scheduler: () => hyperband({ maxT: 9, reductionFactor: 3 }), name: 'hyperband' },
    { scheduler: () => asha({ maxT: 9, reductionFactor: 3 }), name: 'asha' },
  ])(
    'are the same when the experiment is taken up again, wherever it was cut off: $name',
    async ({ scheduler }) => {
      const storage = memoryStore()
      const options = { ...base, numSamples: 8 }
      await new Tuner(train, { ...options, scheduler: scheduler(), seed: 1, storage }).fit()
      const records = await readAll(storage)
      for (let cut = 1; cut <= records.length; cut += 7) {
        const kept = await storeOf(records.slice(0, cut))
        const restore = (resume = {}) =>
          Tuner.restore(kept, { ...options, scheduler: scheduler(), trainable: train, resume }).fit()
        const results = await restore({ finished: 'restart' })
        const retried = (await readAll(kept)).findLast(
          (record) => record.type === 'experiment.resumed',
        )?.retried
        expect(results.length).toBe(8 + (retried?.length ?? 0))
        const again = await restore()
        expect([...again].map(({ trialId, config, state }) => [trialId, config, state])).toEqual(
          [...results].map(({ trialId, config, state }) => [trialId, config, state]),
        )
      }
    },
  )
})

const stepped = defineTrainable({
  setup: (config: Config, trial) => ({ w: 0, config, trial }),
  async step(state) {
    await state.trial.sleep(1)
    return { loss: -(state.w += state.config.x * state.trial.random()) }
  },
  save: ({ w }) => w,
  load(state, w) {
    state.w = w
  },
})

describe('trials that were cut off and begin from nothing', { timeout: 60_000 }, () => {
  it('may have gone on from others before, and may do so after', async () => {
    const options = () => ({
      ...base,
      numSamples: 4,
      maxConcurrentTrials: 4,
      stop: { training_iteration: 9 },
      scheduler: pbt({
        synch: true,
        perturbationInterval: 3,
        quantileFraction: 0.5,
        hyperparamMutations: { x: uniform(0, 1) },
      }),
    })
    const storage = memoryStore()
    await new Tuner(stepped, { ...options(), seed: 1, storage }).fit()
    const records = await readAll(storage)
    expect(records.some(({ type }) => type === 'trial.exploited')).toBe(true)
    for (let cut = 1; cut <= records.length; cut += 5) {
      const kept = await storeOf(records.slice(0, cut))
      const restore = (resume = {}) => Tuner.restore(kept, { ...options(), trainable: stepped, resume }).fit()
      const results = await restore({ unfinished: 'restart' })
      expect([...results].map(({ error }) => error)).toEqual(Array.from({ length: 4 }, () => undefined))
      expect((await restore()).length).toBe(4)
    }
  })
})

describe('a trial that waits for its next attempt when all is cut off', { timeout: 60_000 }, () => {
  it('has it, and no more attempts than it may have', async () => {
    const failing = async ({ x }: Config, trial: Trial): Promise<void> => {
      for (let epoch = 0; epoch < 4; epoch++) {
        await trial.sleep(1)
        if (epoch === 2 && x > 0.3) throw new Error('no luck')
        await trial.report({ loss: x / (epoch + 1) })
      }
    }
    const options = { ...base, numSamples: 4, failure: { maxFailures: 2, backoffMs: 10 } }
    const storage = memoryStore()
    const whole = await new Tuner(failing, { ...options, seed: 1, storage }).fit()
    const records = await readAll(storage)
    const waiting = records.flatMap((record, at) =>
      record.type === 'trial.transition' && record.to === 'retrying' ? [at] : [],
    )
    expect(waiting.length).toBeGreaterThan(1)
    for (const at of waiting) {
      for (const cut of [at, at + 1, at + 2]) {
        const kept = await storeOf(records.slice(0, cut))
        const results = await Tuner.restore(kept, { ...options, trainable: failing }).fit()
        expect([...results].map(({ state, history }) => [state, history.length])).toEqual(
          [...whole].map(({ state, history }) => [state, history.length]),
        )
        const failures = (await readAll(kept)).filter(
          (record) => record.type === 'trial.transition' && record.cause === 'run.failed',
        )
        const failed = [...whole].filter(({ state }) => state === 'failed')
        expect(failures).toHaveLength(3 * failed.length)
      }
    }
  })
})
