import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import type { OpenLog } from '../../../src/stores/store.ts'
import { createStudy } from '../../../src/study/create-study.ts'
import { optuna, PYTHON, WITHOUT_PYTHON } from '../optuna/python.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-deleted-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}.db`)
const objectives = [{ metric: 'loss', mode: 'min' }] as const
const created = (name: string): LogRecord => ({ at: 0, type: 'study.created', name, seed: 's', objectives })
const enqueued = (trial: number): LogRecord => ({
  ...{ at: 1, type: 'trial.enqueued', trial, id: `t${trial}`, config: { x: 0.5 } },
})
const notHeld = { name: 'StorageError', code: 'notHeld' }

function withDatabase<T>(path: string, use: (database: Database.Database) => T): T {
  const database = new Database(path)
  try {
    return use(database)
  } finally {
    database.close()
  }
}

const TABLES_BY_TRIAL = ['trial_params', 'trial_values', 'trial_system_attributes', 'trial_user_attributes']
const TABLES = ['trials', 'study_directions', 'study_user_attributes', 'study_system_attributes', 'studies']

/** As Optuna deletes a study: with nothing of what it does not know. */
function deleteAsOptuna(database: Database.Database, study: string): void {
  const { id } = database.prepare('SELECT study_id AS id FROM studies WHERE study_name = ?').get(study) as {
    id: number
  }
  for (const table of TABLES_BY_TRIAL)
    database
      .prepare(`DELETE FROM ${table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)`)
      .run(id)
  for (const table of TABLES) database.prepare(`DELETE FROM ${table} WHERE study_id = ?`).run(id)
}

function addAsOptuna(database: Database.Database, study: string): void {
  const { lastInsertRowid: id } = database.prepare('INSERT INTO studies (study_name) VALUES (?)').run(study)
  database
    .prepare("INSERT INTO study_directions (study_id, objective, direction) VALUES (?, 0, 'MINIMIZE')")
    .run(id)
}

function addTrial(database: Database.Database, study: string): void {
  database
    .prepare(
      `INSERT INTO trials (study_id, number, state, datetime_start, datetime_complete)
       SELECT study_id, (SELECT COUNT(*) FROM trials t WHERE t.study_id = s.study_id), 'FAIL',
         '2026-11-24 01:41:30.785966', '2026-11-24 01:41:31.000000' FROM studies s WHERE study_name = ?`,
    )
    .run(study)
}

async function begun(path: string, shared: boolean): Promise<OpenLog> {
  const log = await sqliteStore({ path }).open('mine', { shared })
  await log.append([created('mine'), enqueued(0)])
  return log
}

describe.each([
  ['has for itself', false],
  ['shares', true],
])('a study that one %s, when Optuna has deleted it', (_words, shared) => {
  it('is written to no more', async () => {
    const path = freshPath()
    const log = await begun(path, shared)
    withDatabase(path, (database) => deleteAsOptuna(database, 'mine'))
    await expect(log.append([enqueued(1)])).rejects.toMatchObject(notHeld)
    await log.close()
    expect(await sqliteStore({ path }).names()).toEqual([])
  })

  it('does not become the one that was given its id', async () => {
    const path = freshPath()
    const log = await begun(path, shared)
    withDatabase(path, (database) => {
      deleteAsOptuna(database, 'mine')
      addAsOptuna(database, 'theirs')
      addTrial(database, 'theirs')
    })
    await expect(log.append([enqueued(1)])).rejects.toMatchObject(notHeld)
    if (log.poll !== undefined) await expect(log.poll()).rejects.toMatchObject(notHeld)
    if (log.beat !== undefined) await expect(log.beat()).rejects.toMatchObject(notHeld)
    await log.close()
    withDatabase(path, (database) => {
      expect(database.prepare('SELECT study_id, study_name FROM studies').raw().all()).toEqual([
        [1, 'theirs'],
      ])
      expect(database.prepare('SELECT study_id, state FROM trials').raw().all()).toEqual([[1, 'FAIL']])
    })
    expect(await sqliteStore({ path }).read('theirs')).toMatchObject([
      { type: 'study.created', name: 'theirs' },
      { type: 'trial.imported', trial: 0, state: 'failed' },
    ])
  })
})

describe('a study in the place of one that Optuna has deleted', () => {
  it('may have the ids of its trials', async () => {
    const path = freshPath()
    const log = await begun(path, true)
    const other = await sqliteStore({ path }).open('other', { shared: true })
    await other.append([created('other')])
    withDatabase(path, (database) => deleteAsOptuna(database, 'mine'))
    withDatabase(path, (database) => addTrial(database, 'other'))
    expect(await other.poll?.()).toMatchObject([{ type: 'trial.imported', trial: 0, state: 'failed' }])
    expect(await other.append([enqueued(1)])).toBeUndefined()
    await other.close()
    await log.close()
    expect(await sqliteStore({ path }).read('other')).toHaveLength(3)
  })
})

it.skipIf(PYTHON === undefined)(
  `an ask in a study that Optuna itself has deleted is refused (else ${WITHOUT_PYTHON})`,
  { timeout: 60_000 },
  async () => {
    const path = freshPath()
    const url = `sqlite:///${path}`
    const study = await createStudy({
      name: 'mine',
      storage: sqliteStore({ path }),
      paramSpace: { x: uniform(0, 1) },
    })
    await study.tell(await study.ask(), 1)
    const { trials } = await optuna(['replace', url, 'mine', 'theirs'])
    expect(trials).toHaveLength(2)
    await expect(study.ask()).rejects.toMatchObject(notHeld)
    expect(await optuna(['dump', url, 'theirs'])).toMatchObject({ trials })
  },
)
