import { describe, expect, it } from 'vitest'
import { type OpenLog, randint, type Store, Tuner } from 'troupe'
import { memoryStore } from 'troupe/stores'
import { endOf, spyingSearcher } from '../runtime/stage.ts'

const paramSpace = { x: randint(0, 1_000_000) }

function broken(): never {
  throw new TypeError('the disk is full')
}

/** A store that keeps nothing, made worse. */
const store = (members: Partial<OpenLog>, open?: Store['open']): Store => ({
  ...memoryStore(),
  name: 'full',
  open:
    open ??
    (() =>
      Promise.resolve({
        records: [],
        append: () => Promise.resolve(),
        close: () => Promise.resolve(),
        ...members,
      })),
})

async function run(storage: Store) {
  const spy = spyingSearcher()
  const cleaned: number[] = []
  let began = 0
  const ended = await endOf(
    new Tuner(
      async (_config: { x: number }, trial) => {
        began++
        try {
          for (let step = 0; step < 20; step++) {
            await trial.report({ loss: trial.number })
            await trial.sleep(0)
          }
        } finally {
          cleaned.push(trial.number)
        }
      },
      {
        paramSpace,
        searcher: spy.searcher,
        storage,
        numSamples: 20,
        maxConcurrentTrials: 2,
        metric: 'loss',
        mode: 'min',
      },
    ).fit(),
  )
  expect(cleaned).toHaveLength(began)
  expect(spy.told.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
    [...ended.results].map(({ number }) => number),
  )
  return ended
}

describe('a store that', () => {
  it.each([
    ['rejects when it is opened', store({}, () => Promise.reject(new TypeError('the disk is full')))],
    ['throws when it is opened', store({}, broken)],
  ])('%s ends the experiment before it begins', async (_, storage) => {
    const { error, results } = await run(storage)
    expect(error).toMatchObject({ code: 'storage', message: 'The store full failed: the disk is full' })
    expect(error?.cause).toBeInstanceOf(TypeError)
    expect(results).toHaveLength(0)
  })

  it.each([
    ['rejects what is written', () => Promise.reject(new TypeError('the disk is full'))],
    ['throws at what is written', broken],
  ])('%s ends the experiment, which keeps what was reached', async (_, append) => {
    let batches = 0
    const { error, results } = await run(
      store({ append: () => (++batches === 10 ? append() : Promise.resolve()) }),
    )
    expect(error).toMatchObject({ code: 'storage', message: 'The store full failed: the disk is full' })
    expect(batches).toBe(10)
    expect(results.length).toBeGreaterThan(0)
    expect(results.length).toBeLessThan(20)
    expect(new Set([...results].map(({ state }) => state))).toContain('interrupted')
  })

  it.each([
    ['rejects when it is closed', () => Promise.reject(new TypeError('the disk is full'))],
    ['throws when it is closed', broken],
  ])('%s is reported with all results', async (_, close) => {
    const { error, results } = await run(store({ close }))
    expect(error).toMatchObject({ code: 'storage' })
    expect([...results].every(({ state }) => state === 'completed')).toBe(true)
    expect(results).toHaveLength(20)
  })
})
