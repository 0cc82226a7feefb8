import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bohb, cmaes, type Searcher, tpe, type Trial, Tuner, uniform } from 'troupe'
import { type CheckpointStore, journalStore, memoryStore, type Store, sqliteStore } from 'troupe/stores'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-states-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const base = {
  paramSpace: { x: uniform(0, 1), y: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  name: 'digits',
  seed: 3,
  // One after the other, so that the order in which they end is no matter of time.
  maxConcurrentTrials: 1,
} as const

const trainable = async ({ x, y }: { x: number; y: number }, trial: Trial): Promise<void> => {
  await trial.report({ loss: (x - 0.3) ** 2 + y })
}

const STORES: Readonly<Record<string, () => Store>> = {
  journalStore: () => journalStore({ path: join(folder, 'runs.jsonl') }),
  sqliteStore: () => sqliteStore({ path: join(folder, 'runs.db') }),
}

/** The searcher, and for which trials it was asked. */
function counted(searcher: Searcher): { readonly searcher: Searcher; readonly asked: number[] } {
  const asked: number[] = []
  return {
    asked,
    searcher: {
      ...searcher,
      start(context) {
        const search = searcher.start(context)
        return {
          suggest(ask) {
            asked.push(ask.number)
            return search.suggest(ask)
          },
          tell: (trial) => search.tell(trial),
          save: () => search.save?.(),
        }
      },
    },
  }
}

/** The files in which states are kept. */
async function states(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.parentPath.endsWith('searcher'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

const losses = async (tuner: Tuner<{ x: number; y: number }>) =>
  [...(await tuner.fit())].map(({ metrics }) => metrics?.['loss'])

/** Runs 100 trials, and then as one that goes on to 110. */
async function goOn(store: Store, first: Searcher, then: Searcher, between?: () => Promise<void>) {
  await new Tuner(trainable, { ...base, numSamples: 100, searcher: first, storage: store }).fit()
  await between?.()
  const { name } = base
  return losses(
    Tuner.restore(store, { name, trainable, searcher: then, numSamples: 110, maxConcurrentTrials: 1 }),
  )
}

describe('the searcher of an experiment that goes on', () => {
  it.each(Object.entries(STORES))(
    'is not asked again for what it was asked before its last state: %s',
    async (_, make) => {
      const { searcher, asked } = counted(cmaes())
      const resumed = await goOn(make(), cmaes(), searcher)
      // Of 200 calls, asked and told, the last state stands for 192.
      expect(asked).toEqual([96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109])
      expect(await states()).toHaveLength(2)
      const whole = new Tuner(trainable, { ...base, numSamples: 110, searcher: cmaes() })
      // The budget of a searcher is that of its beginning, which cmaes does not look at.
      expect(resumed).toEqual(await losses(whole))
    },
  )

  it('is asked again for all when its states were damaged, and goes on the same', async () => {
    const { searcher, asked } = counted(bohb())
    const damage = async (): Promise<void> => {
      for (const file of await states()) await writeFile(file, 'something else')
    }
    const resumed = await goOn(journalStore({ path: join(folder, 'a.jsonl') }), bohb(), searcher, damage)
    expect(asked).toHaveLength(110)
    const kept = await goOn(journalStore({ path: join(folder, 'b.jsonl') }), bohb(), bohb())
    expect(resumed).toEqual(kept)
  })

  it('is asked again for all when it was given other options', async () => {
    const { searcher, asked } = counted(cmaes({ seed: 7 }))
    await goOn(journalStore({ path: join(folder, 'runs.jsonl') }), cmaes(), searcher)
    expect(asked).toHaveLength(110)
  })

  it('leaves no state behind when it is rebuilt by what it is told', async () => {
    await goOn(journalStore({ path: join(folder, 'runs.jsonl') }), tpe(), tpe())
    expect(await states()).toEqual([])
  })

  it('leaves none where there is no place for them', async () => {
    const { searcher, asked } = counted(cmaes())
    await goOn(memoryStore(), cmaes(), searcher)
    expect(asked).toHaveLength(110)
  })

  it('may fail to be kept, which is a warning', async () => {
    const full: CheckpointStore = {
      put: () => Promise.reject(new Error('There is no room.')),
      get: () => Promise.reject(new Error('There is nothing.')),
      delete: () => Promise.resolve(),
      list: (prefix) =>
        prefix.includes('searcher') ? Promise.reject(new Error('Nobody answers.')) : Promise.resolve([]),
    }
    const storage = journalStore({ path: join(folder, 'runs.jsonl') })
    const options = { ...base, searcher: cmaes(), storage, checkpoint: { store: full } }
    const first = await new Tuner(trainable, { ...options, numSamples: 40 }).fit()
    expect(first.warnings).toMatchObject([
      { kind: 'storage', message: expect.stringContaining('There is no room.') },
    ])
    const tuner = new Tuner(trainable, { ...options, numSamples: 41, resume: true })
    const second = await tuner.fit()
    expect([...second]).toHaveLength(41)
    expect(second.warnings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('Nobody answers.'),
    )
  })
})
