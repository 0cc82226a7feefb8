import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uniform } from '../../../src/space/numbers.ts'
import { foreignTrials } from '../../../src/stores/sql/known-trials.ts'
import type { Steps } from '../../../src/stores/sql/steps.ts'
import { SqliteDatabase } from '../../../src/stores/sqlite/sqlite-database.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import { createStudy, loadStudy } from '../../../src/study/create-study.ts'
import { Tuner } from '../../../src/tuner/tuner.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-attrs-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}.db`)
const paramSpace = { x: uniform(0, 1) }

/** Sets an attribute of the only study as Optuna's `study.set_user_attr` does. */
function setByOptuna(path: string, key: string, value: unknown): void {
  const database = new Database(path)
  database
    .prepare(
      `INSERT INTO study_user_attributes (study_id, "key", value_json) VALUES (1, ?, ?)
       ON CONFLICT (study_id, "key") DO UPDATE SET value_json = excluded.value_json`,
    )
    .run(key, JSON.stringify(value))
  database.close()
}

describe('an attribute of a study that Optuna sets', () => {
  it('enters the log of a study that is open, once each time that it changes', async () => {
    const path = freshPath()
    const study = await createStudy({ storage: sqliteStore({ path }), name: 'demo', paramSpace })
    await study.setUserAttr('ours', { list: [1, null] })
    setByOptuna(path, 'who', 'optuna')
    await study.tell(await study.ask(), 1)
    await study.tell(await study.ask(), 1)
    expect(study.userAttrs).toEqual({ ours: { list: [1, null] }, who: 'optuna' })
    setByOptuna(path, 'who', [2])
    setByOptuna(path, 'ours', 'theirs')
    await study.tell(await study.ask(), 1)
    expect(study.userAttrs).toEqual({ ours: 'theirs', who: [2] })
    await study.setUserAttr('ours', 3)
    await study.ask()
    await study.close()
    const records = (await sqliteStore({ path }).read('demo')) ?? []
    expect(
      records.flatMap((record) => (record.type === 'study.attr' ? [[record.key, record.value]] : [])),
    ).toEqual([
      ['ours', { list: [1, null] }],
      ['who', 'optuna'],
      ['ours', 'theirs'],
      ['who', [2]],
      ['ours', 3],
    ])
  })

  it('is there for whoever reads or loads the study afterwards', async () => {
    const path = freshPath()
    const storage = sqliteStore({ path })
    const study = await createStudy({ storage, name: 'demo', paramSpace })
    await study.setUserAttr('ours', 1)
    await study.close()
    setByOptuna(path, 'who', 'optuna')
    expect((await storage.read('demo'))?.at(-1)).toMatchObject({ type: 'study.attr', key: 'who' })
    for (let i = 0; i < 2; i++) {
      const loaded = await loadStudy({ storage, name: 'demo' })
      expect(loaded.userAttrs).toEqual({ ours: 1, who: 'optuna' })
      await loaded.close()
    }
    expect((await storage.read('demo'))?.map(({ type }) => type)).toEqual([
      'study.created',
      'study.attr',
      'study.attr',
    ])
  })

  it('changes nothing of an experiment', async () => {
    const path = freshPath()
    const storage = sqliteStore({ path })
    const train = ({ x }: { readonly x: number }) => ({ loss: x })
    await new Tuner(train, {
      paramSpace,
      metric: 'loss',
      mode: 'min',
      numSamples: 1,
      name: 'e',
      storage,
    }).fit()
    const records = await storage.read('e')
    setByOptuna(path, 'who', 'optuna')
    expect(await storage.read('e')).toEqual(records)
    expect(await Tuner.restore(storage, { name: 'e', trainable: train }).fit()).toHaveLength(1)
  })
})

describe('a queue of trials', () => {
  /** How many rows the database has given. */
  function* counted(work: Steps<unknown>): Steps<number> {
    let count = 0
    let next = work.next()
    while (next.done !== true) {
      const given = yield next.value
      count += given.length
      next = work.next(given)
    }
    return count
  }

  it('is not read again while it waits', async () => {
    const path = freshPath()
    const study = await createStudy({ storage: sqliteStore({ path }), name: 'demo', paramSpace })
    for (let i = 0; i < 5; i++) await study.enqueueTrial({ x: i / 10 })
    await study.close()
    const database = new SqliteDatabase(path, 1000)
    const look = () => database.read(() => counted(foreignTrials(1, 5)))
    expect(await look()).toBe(0)
    const other = new Database(path)
    other.exec("UPDATE trials SET state = 'RUNNING' WHERE trial_id = 3")
    other.close()
    expect(await look()).toBe(1)
    await database.close()
  })
})
