import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Trial } from '../../src/executors/trainable.ts'
import { uniform } from '../../src/space/numbers.ts'
import { journalStore } from '../../src/stores/journal/journal-store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { optunaJournalStore } from '../../src/stores/optuna/journal/journal-store.ts'
import { postgresStore } from '../../src/stores/postgres/postgres-store.ts'
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import { Tuner } from '../../src/tuner/tuner.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../support/postgres-server.ts'

const hasPostgres = postgresPrograms() !== undefined
let folder = ''
let fileCount = 0
let server: PostgresServer | undefined
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-running-'))
  if (hasPostgres) server = await startPostgres()
}, 60_000)
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true })
})

const freshPath = (): string => join(folder, `${++fileCount}`)
const space = { paramSpace: { x: uniform(0, 1) } }

/** An experiment that runs until it is let go on. */
async function running(storage: Store) {
  let goOn = (): void => {}
  const gate = new Promise<void>((resolve) => (goOn = resolve))
  let begun = (): void => {}
  const isBegun = new Promise<void>((resolve) => (begun = resolve))
  const train = async ({ x }: { readonly x: number }, trial: Trial): Promise<void> => {
    await trial.report({ loss: x })
    begun()
    await gate
    await trial.report({ loss: x / 2 })
  }
  const options = { ...space, metric: 'loss', mode: 'min', name: 'digits', numSamples: 3 } as const
  const tuner = new Tuner(train, { ...options, storage })
  const fitting = tuner.fit()
  await isBegun
  return { goOn, fitting }
}

/** Stores, each with whether the log of an experiment can be told from that of a study. */
const STORES: readonly [
  string,
  () => Promise<readonly [Store, Store]>,
  knowsKind: boolean,
  isThere: boolean,
][] = [
  [
    'memory',
    async () => {
      const store = memoryStore()
      return [store, store]
    },
    true,
    true,
  ],
  ['a journal', async () => twice(journalStore, { path: freshPath() }), true, true],
  ['SQLite', async () => twice(sqliteStore, { path: freshPath() }), true, true],
  ["Optuna's journal", async () => twice(optunaJournalStore, { path: freshPath() }), false, true],
  [
    'PostgreSQL (skipped without it)',
    async () => twice(postgresStore, { url: await (server as PostgresServer).database() }),
    true,
    hasPostgres,
  ],
]

function twice<Options>(factory: (options: Options) => Store, options: Options): readonly [Store, Store] {
  return [factory(options), factory(options)]
}

describe.each(STORES)('an experiment that runs, kept in %s,', (_words, makeStores, knowsKind, isThere) => {
  const LOOKS = [
    ['loading it as a study', (storage: Store) => loadStudy({ storage, name: 'digits' })],
    [
      'making a study of its name, or loading that',
      (storage: Store) => createStudy({ ...space, storage, name: 'digits', loadIfExists: true }),
    ],
  ] as const

  it.skipIf(!isThere).each(LOOKS)('is not disturbed by %s', async (_what, look) => {
    const stores = await makeStores()
    const { goOn, fitting } = await running(stores[0])
    for (const store of stores) {
      const looked = look(store)
      if (knowsKind) await expect(looked).rejects.toMatchObject({ name: 'StorageError', code: 'noStudy' })
      else await (await looked).close()
    }
    goOn()
    const results = await fitting
    expect([...results].map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
    expect(results.warnings.filter(({ kind }) => kind !== 'storage')).toEqual([])
  })
})

it('is not disturbed either when Optuna has put a trial into its study meanwhile', async () => {
  const path = freshPath()
  const { goOn, fitting } = await running(sqliteStore({ path }))
  const database = new Database(path)
  database.exec(
    `INSERT INTO trials (study_id, number, state, datetime_start, datetime_complete)
     VALUES (1, 3, 'FAIL', '2026-11-24 01:41:30.785966', '2026-11-24 01:41:31')`,
  )
  database.close()
  await expect(loadStudy({ storage: sqliteStore({ path }), name: 'digits' })).rejects.toMatchObject({
    code: 'noStudy',
  })
  goOn()
  expect([...(await fitting)].map(({ state }) => state)).toEqual(['completed', 'completed', 'completed'])
})
