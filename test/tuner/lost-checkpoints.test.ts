import { describe, expect, it } from 'vitest'
import type { ExperimentError } from '../../src/errors.ts'
import type { Trial } from '../../src/executors/trainable.ts'
import { asha } from '../../src/schedulers/asha.ts'
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
  resume: true,
} as const

// A store in memory has no folder, so the content of checkpoints is gone with the process: as after a kill that came
// before a checkpoint was written.

describe('an experiment that goes on without checkpoints that were lost', () => {
  it('can be cut again and again, and decides each time as before', async () => {
    const storage = memoryStore()
    const lifeOf = (reports: number) => {
      let left = reports
      const train = async ({ x }: Config, trial: Trial): Promise<void> => {
        const { epoch: from = 0 } = (trial.checkpoint ?? {}) as { readonly epoch?: number }
        for (let epoch = from + 1; epoch <= 20; epoch++) {
          await trial.sleep(1)
          await trial.report({ loss: x + 1 / epoch }, { checkpoint: { epoch } })
          if (--left === 0) void tuner.stop()
        }
      }
      const scheduler = pbt({ perturbationInterval: 2, hyperparamMutations: { x: uniform(0, 1) } })
      const room = { numSamples: 12, maxConcurrentTrials: 4 }
      const tuner = new Tuner(train, { ...base, ...room, scheduler, storage })
      return tuner.fit()
    }
    for (let life = 0; life < 4; life++) expect((await lifeOf(40)).endedBy).toBe('stop')
    const results = await lifeOf(Infinity)
    expect([...results].map(({ state }) => state)).toEqual(Array.from({ length: 12 }, () => 'completed'))
  })

  it.each([true, { unfinished: 'restart' }] as const)(
    'does again what led to the one that a trial had begun from, with resume: %o',
    async (resume) => {
      const storage = memoryStore()
      const lifeOf = (isLast: boolean) => {
        const train = async ({ x }: Config, trial: Trial): Promise<void> => {
          const { epoch: from = 0 } = (trial.checkpoint ?? {}) as { readonly epoch?: number }
          for (let epoch = from + 1; epoch <= 10; epoch++) {
            if (epoch === 6 && trial.attempt === 1) throw new Error('planted')
            await trial.report({ loss: x + 1 / epoch }, epoch === 3 ? { checkpoint: { epoch } } : undefined)
            if (epoch === 6 && !isLast) void tuner.stop()
          }
        }
        const options = { ...base, numSamples: 1, failure: { maxFailures: 1 }, storage, resume }
        const tuner = new Tuner(train, options)
        return tuner.fit()
      }
      await lifeOf(false)
      const results = await lifeOf(true)
      const trial = results.getBestResult()
      expect(trial.state).toBe('completed')
      const epochs = Array.from({ length: 10 }, (_, i) => i + 1)
      expect(trial.history.map((report) => report['training_iteration'])).toEqual(epochs)
      expect(trial.history.map((report) => report['loss'])).toEqual(
        epochs.map((epoch) => trial.config.x + 1 / epoch),
      )
    },
  )
})

describe('an experiment that is taken up with a scheduler that decides otherwise', () => {
  it('is left as it was, and goes on with the right one', async () => {
    const storage = memoryStore()
    const tunerWith = (gracePeriod: number, stopAfter = Infinity) => {
      let left = stopAfter
      const train = async ({ x }: Config, trial: Trial): Promise<void> => {
        for (let epoch = 1; epoch <= 10; epoch++) {
          await trial.sleep(1)
          await trial.report({ loss: x + 1 / epoch })
          if (--left === 0) void tuner.stop()
        }
      }
      const scheduler = asha({ maxT: 10, gracePeriod })
      const options = { ...base, numSamples: 20, maxConcurrentTrials: 4, scheduler, storage }
      const tuner = new Tuner(train, options)
      return tuner
    }
    await tunerWith(1, 20).fit()
    const before = await storage.read('digits')
    const error = await tunerWith(4)
      .fit()
      .catch((thrown: unknown) => thrown as ExperimentError)
    expect(error).toMatchObject({ code: 'divergence' })
    expect(await storage.read('digits')).toEqual(before)
    expect(await tunerWith(1).fit()).toMatchObject({ length: 20, endedBy: 'finished' })
  })
})
