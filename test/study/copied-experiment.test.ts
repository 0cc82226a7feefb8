import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import type { Trial } from '../../src/executors/trainable.ts'
import { uniform } from '../../src/space/numbers.ts'
import { journalStore } from '../../src/stores/journal/journal-store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { optunaJournalStore } from '../../src/stores/optuna/journal/journal-store.ts'
import { SqliteDatabase } from '../../src/stores/sqlite/sqlite-database.ts'
import { sqlStore } from '../../src/stores/sql/sql-store.ts'
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { copyStudy, deleteStudy } from '../../src/study/kept-studies.ts'
import { Tuner } from '../../src/tuner/tuner.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-copied-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}`)

/** Trains for eight epochs, and is stopped in the middle by whoever asks. */
function counting(stopAt = 0, stop: () => void = () => {}) {
  const starts: string[] = []
  const train = async ({ x }: { readonly x: number }, trial: Trial): Promise<void> => {
    const { epoch = 0 } = (trial.checkpoint ?? {}) as { epoch?: number }
    starts.push(`${trial.number} from ${epoch}`)
    for (let e = epoch + 1; e <= 8; e++) {
      await trial.report({ loss: x / e }, { checkpoint: { epoch: e } })
      if (e === stopAt) stop()
    }
  }
  return { starts, train }
}

/** An experiment whose trial was stopped after four of eight epochs. */
async function stopped(storage: Store, extra: { directory?: string } = {}): Promise<void> {
  const tuner: Tuner = new Tuner(counting(4, () => void tuner.stop()).train, {
    ...{ paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min', seed: 1 },
    ...{ name: 'e', numSamples: 1, storage, ...extra },
  })
  await tuner.fit()
}

async function startsOf(storage: Store, name: string, extra: object = {}): Promise<readonly string[]> {
  const { starts, train } = counting()
  await Tuner.restore(storage, { name, trainable: train, ...extra }).fit()
  return starts
}

function checkpointsOf(store: Store): Promise<readonly string[]> {
  const kept = store.checkpoints ?? fileCheckpoints({ folder: store.folder as string })
  return kept.list('')
}

const KINDS: readonly [string, () => Store][] = [
  ['SQLite', () => sqliteStore({ path: freshPath() })],
  ['a journal', () => journalStore({ path: freshPath() })],
  [
    'a database that keeps checkpoints in a table',
    () => sqlStore(new SqliteDatabase(freshPath(), 1000), { name: 'sqlStore' }),
  ],
]

describe.each(KINDS)('a copy of an experiment in %s', (_, makeStore) => {
  it('has checkpoints of its own, and leaves those of the original alone', async () => {
    const store = makeStore()
    await stopped(store)
    const originals = await checkpointsOf(store)
    await copyStudy({ fromStorage: store, fromName: 'e', toStorage: store, toName: 'e2' })
    expect(await checkpointsOf(store)).toEqual(
      [...originals, ...originals.map((key) => key.replace('e/', 'e2/'))].toSorted(),
    )
    expect(await startsOf(store, 'e2', { checkpoint: { keep: 1 } })).toEqual(['0 from 4'])
    const isOurs = (key: string) => key.startsWith('e/')
    expect((await checkpointsOf(store)).filter(isOurs)).toEqual(originals)
    await deleteStudy({ storage: store, name: 'e2' })
    expect(await checkpointsOf(store)).toEqual(originals)
    expect(await startsOf(store, 'e')).toEqual(['0 from 4'])
  })

  it.each(KINDS)('goes on from its checkpoints in %s', async (_to, makeOther) => {
    const [from, to] = [makeStore(), makeOther()]
    await stopped(from)
    await copyStudy({ fromStorage: from, fromName: 'e', toStorage: to, toName: 'there' })
    await deleteStudy({ storage: from, name: 'e' })
    expect(await startsOf(to, 'there')).toEqual(['0 from 4'])
  })
})

describe.each(KINDS)('an experiment that runs in %s', (_, makeStore) => {
  it('is not deleted, and comes to its end', async () => {
    const store = makeStore()
    const deleting: Promise<unknown>[] = []
    const { train } = counting(4, () => {
      deleting.push(deleteStudy({ storage: store, name: 'e' }).catch((error: unknown) => error))
    })
    const tuner = new Tuner(train, {
      ...{ paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min' },
      ...{ name: 'e', numSamples: 1, storage: store },
    })
    expect(Array.from(await tuner.fit(), ({ state }) => state)).toEqual(['completed'])
    expect(await Promise.all(deleting)).toMatchObject([
      { code: 'inUse', message: expect.stringMatching(/^e is an experiment that runs: .* process/) },
    ])
    await deleteStudy({ storage: store, name: 'e' })
    expect(await checkpointsOf(store)).toEqual([])
  })
})

describe('a copy of an experiment', () => {
  it('does not touch what the original keeps in a directory of the user', async () => {
    const [store, directory] = [memoryStore(), freshPath()]
    await stopped(store, { directory })
    const kept = fileCheckpoints({ folder: directory })
    const originals = await kept.list('')
    await copyStudy({ fromStorage: store, fromName: 'e', toStorage: store, toName: 'e2' })
    expect(await startsOf(store, 'e2', { directory, checkpoint: { keep: 1 } })).toEqual(['0 from 0'])
    expect((await kept.list('')).filter((key) => key.startsWith('e/'))).toEqual(originals)
  })

  it('goes on from checkpoints in a directory of the user once their folder is copied too', async () => {
    const [store, directory] = [memoryStore(), freshPath()]
    await stopped(store, { directory })
    await copyStudy({ fromStorage: store, fromName: 'e', toStorage: store, toName: 'e2' })
    await cp(join(directory, 'e'), join(directory, 'e2'), { recursive: true })
    expect(await startsOf(store, 'e2', { directory })).toEqual(['0 from 4'])
  })

  it("has the name that it was given in Optuna's journal, too", async () => {
    const [from, to] = [memoryStore(), optunaJournalStore({ path: freshPath() })]
    await stopped(from)
    await copyStudy({ fromStorage: from, fromName: 'e', toStorage: to, toName: 'e4' })
    expect(await to.names()).toEqual(['e4'])
  })
})
