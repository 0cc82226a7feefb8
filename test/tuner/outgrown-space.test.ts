import { expect, it } from 'vitest'
import { branch, choice, type SpaceDefinition, type SuggestTrial, Tuner, uniform } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { LogRecord } from '../../src/stores/index.ts'

const objective = { metric: 'loss', mode: 'min' } as const
const train = async (): Promise<{ loss: number }> => ({ loss: 1 })

/** An experiment of four trials in the one space, gone on with in the other. */
async function moved(paramSpace: SpaceDefinition, to: SpaceDefinition) {
  const storage = memoryStore()
  const options = { ...objective, paramSpace, storage, name: 'demo', seed: 1, numSamples: 4 }
  await new Tuner(train, options).fit()
  const records = (await storage.read('demo')) as readonly LogRecord[]
  const created = records.flatMap((record) => (record.type === 'trial.created' ? [record] : []))
  const fitting = Tuner.restore(storage, {
    ...objective,
    name: 'demo',
    trainable: train,
    paramSpace: to,
    numSamples: 5,
  }).fit()
  await fitting.catch(() => {})
  const isUntouched = (await storage.read('demo'))?.length === records.length
  const values = created.map(({ params }) => params['x'])
  return { fitting, values, id: created[0]?.id ?? '', isUntouched }
}

const byDefinition = (high: number) => (trial: SuggestTrial) => void trial.suggestFloat('x', 0, high)

it.each([
  ['is narrower', { x: uniform(0, 0.1) }, 'a number from 0 to 0.1'],
  ['has another kind of parameter there', { x: choice([1, 2]) }, 'one of 1, 2'],
  ['has it in a case of a branch', { x: branch({ a: { y: uniform(0, 1) } }) }, 'one of "a"'],
])('a space that %s is refused by trial, parameter, value and domain', async (_, to, domain) => {
  const { fitting, values, id, isUntouched } = await moved({ x: uniform(0.2, 1) }, to)
  await expect(fitting).rejects.toMatchObject({ name: 'SpaceError', path: 'x', received: values[0] })
  await expect(fitting).rejects.toThrow(
    `x: trial 0 (${id}) of demo has ${String(values[0])}, where the space has ${domain} now.`,
  )
  expect(isUntouched).toBe(true)
})

it('a space without a parameter that there was is refused by its name', async () => {
  const { fitting, values, id } = await moved({ x: uniform(0, 1), y: uniform(0, 1) }, { y: uniform(0, 1) })
  await expect(fitting).rejects.toThrow(
    `x: trial 0 (${id}) of demo has ${String(values[0])}, which the space does not have now.`,
  )
})

it('the first trial that does not fit is the one that is named', async () => {
  const [first] = (await moved({ x: uniform(0, 1) }, { x: uniform(0, 1) })).values as [number]
  const { fitting } = await moved({ x: uniform(0, 1) }, { x: uniform(first, first + 1e-9) })
  await expect(fitting).rejects.toThrow(/^x: trial 1 /)
})

it('a function that suggests less is refused as a declared space is', async () => {
  const { fitting } = await moved(byDefinition(1), byDefinition(1e-6))
  await expect(fitting).rejects.toMatchObject({ name: 'SpaceError', path: 'x' })
  await expect(fitting).rejects.toThrow('trial 0 ')
})

it.each([
  ['is wider', { x: uniform(-5, 5) }],
  ['has a parameter more', { x: uniform(0, 1), y: uniform(0, 1) }],
])('a space that %s is gone on in', async (_, to) => {
  expect((await (await moved({ x: uniform(0, 1) }, to)).fitting).length).toBe(5)
})
