import { expect, it } from 'vitest'
import { asha, type ExperimentError, type Results, type Trial, Tuner, uniform } from '../../src/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'
import { endOf } from '../runtime/stage.ts'

async function train({ x }: { readonly x: number }, trial: Trial): Promise<void> {
  for (let epoch = 1; epoch <= 4; epoch++) {
    await trial.sleep(1)
    await trial.report({ loss: x + 1 / epoch })
  }
}

const ranked = (maxT: number) => asha({ maxT, gracePeriod: 1, reductionFactor: 2 })

async function stopped(storage: Store): Promise<Results> {
  const tuner = new Tuner(train, {
    paramSpace: { x: uniform(0, 1) },
    metric: 'loss',
    mode: 'min',
    scheduler: ranked(4),
    numSamples: 8,
    maxConcurrentTrials: 2,
    name: 'demo',
    seed: 2,
    storage,
  })
  let reports = 0
  tuner.on('trial.report', () => {
    if (++reports === 14) void tuner.stop()
  })
  return tuner.fit()
}

const story = (results: Results | undefined) =>
  [...(results ?? [])].map(({ number, state, history }) => [number, state, history.map(({ loss }) => loss)])

it('an experiment that cannot come to where its log ends has the results that the log has', async () => {
  const storage = memoryStore()
  const before = await stopped(storage)
  const restored = Tuner.restore(storage, { name: 'demo', trainable: train, scheduler: ranked(16) })
  const { error } = await endOf(restored.fit())
  expect(error?.code).toBe('divergence')
  expect(story((error as ExperimentError<Results>).results)).toEqual(story(before))
})

it('so has one whose checkpoints cannot be asked for', async () => {
  const storage = memoryStore()
  const before = await stopped(storage)
  const away = async (): Promise<never> => {
    throw new Error('away')
  }
  const { error } = await endOf(
    Tuner.restore(storage, {
      name: 'demo',
      trainable: train,
      scheduler: ranked(4),
      checkpoint: { store: { put: away, get: away, delete: away, list: away } },
    }).fit(),
  )
  expect(error?.code).toBe('storage')
  expect(story((error as ExperimentError<Results>).results)).toEqual(story(before))
})
