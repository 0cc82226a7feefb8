import { expect, it } from 'vitest'
import { type Trial, Tuner, uniform } from '../../src/index.ts'
import { type CheckpointStore, memoryStore } from '../../src/stores/index.ts'
import { endOf } from '../runtime/stage.ts'

const well: CheckpointStore = {
  put: async () => ({ size: 1, sha256: '0' }),
  get: async () => new Uint8Array(1),
  delete: async () => {},
  list: async () => [],
}

function fitWith(fault: Partial<CheckpointStore>, storage = memoryStore()) {
  const train = async ({ x }: { readonly x: number }, trial: Trial) => {
    const epoch = Number(trial.checkpoint ?? 0)
    await trial.report({ loss: x + epoch }, { checkpoint: epoch + 1 })
    if (trial.checkpoint === undefined && epoch === 0) void tuner.stop()
    await trial.report({ loss: x })
  }
  const tuner = new Tuner(train, {
    paramSpace: { x: uniform(0, 1) },
    metric: 'loss',
    mode: 'min',
    name: 'demo',
    seed: 1,
    numSamples: 1,
    resume: true,
    storage,
    checkpoint: { store: { ...well, ...fault } },
  })
  return tuner.fit()
}

it('a checkpoint store that cannot list ends the experiment with what is wrong, at its start and when it goes on', async () => {
  const storage = memoryStore()
  const fault: Partial<CheckpointStore> = {
    list: async () => {
      throw new Error('the bucket is away')
    },
  }
  const ends = [await endOf(fitWith(fault, storage))]
  expect(ends[0]?.error?.results?.length).toBe(0)
  await fitWith({}, storage)
  ends.push(await endOf(fitWith(fault, storage)))
  for (const { error } of ends) {
    expect(error).toMatchObject({ name: 'ExperimentError', code: 'storage', cause: { code: 'checkpoint' } })
    expect(error?.message).toContain(
      'The checkpoints under demo/ could not be listed: the bucket is away. See to where checkpoints are kept',
    )
  }
})

it.each([
  [undefined, 'gave undefined'],
  [{ size: '1', sha256: 'a' }, 'gave an object with the keys size, sha256.'],
])('one whose put gives %j is told what it has to give', async (given, words) => {
  const { error } = await endOf(fitWith({ put: async () => given as never }))
  expect(error).toMatchObject({ code: 'storage' })
  expect(error?.message).toContain(`put must give { size, sha256 } of what it has kept, and ${words}`)
})

it('one whose get gives no bytes is a checkpoint that cannot be used', async () => {
  const storage = memoryStore()
  await fitWith({}, storage)
  const results = await fitWith({ get: async () => 'bytes' as never }, storage)
  expect(results.warnings.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('cannot be used: its store gave "bytes" in place of its bytes'),
  )
})
