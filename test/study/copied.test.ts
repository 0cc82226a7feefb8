import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageError } from '../../src/errors.ts'
import { uniform } from '../../src/space/numbers.ts'
import { journalStore } from '../../src/stores/journal/journal-store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { optunaJournalStore } from '../../src/stores/optuna/journal/journal-store.ts'
import { sqliteStore } from '../../src/stores/sqlite/sqlite-store.ts'
import type { OpenLog, Store } from '../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../src/study/create-study.ts'
import { copyStudy } from '../../src/study/kept-studies.ts'
import { optuna, PYTHON, WITHOUT_PYTHON } from '../stores/optuna/python.ts'

const fixtures = join(import.meta.dirname, '../fixtures/optuna')
let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-copied-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}`)

/** What Optuna 5.0 wrote: studies of all kinds of parameters, states and values. */
async function byOptuna(): Promise<Store> {
  const path = freshPath()
  await copyFile(join(fixtures, 'studies.db'), path)
  return sqliteStore({ path })
}

/** A study that Troupe began and another program went on with. */
async function continued(): Promise<Store> {
  const path = freshPath()
  const store = sqliteStore({ path })
  const study = await createStudy({ name: 'demo', storage: store, paramSpace: { x: uniform(0, 1) } })
  const told = await study.ask()
  told.setConstraint('size', 1)
  await study.tell(told, 0.5)
  await study.enqueueTrial({ x: 0.75 })
  const running = await study.ask()
  running.report(1, 3)
  await running.flush()
  await study.enqueueTrial({ x: 0.25 })
  const database = new Database(path)
  // It takes the trial that waits, and ends the one that runs.
  database.exec(`
    UPDATE trials SET state = 'RUNNING', datetime_start = '2026-11-24 01:41:30.785966' WHERE trial_id = 3;
    UPDATE trials SET state = 'COMPLETE', datetime_complete = '2026-11-24 01:41:32.5' WHERE trial_id = 2;
    INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (2, 0, 7, 'FINITE')`)
  await study.ask().then((trial) => study.tell(trial, 4))
  database.exec(`
    UPDATE trials SET state = 'PRUNED', datetime_complete = '2026-11-24 01:41:33.5' WHERE trial_id = 3;
    INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
      VALUES (3, 1, NULL, 'INF_POS');
    INSERT INTO trial_user_attributes (trial_id, "key", value_json) VALUES (3, 'by', '"them"')`)
  database.close()
  await study.close()
  return store
}

async function trialsOf(storage: Store, name: string): Promise<readonly unknown[]> {
  const study = await loadStudy({ storage, name })
  const { trials } = study
  await study.close()
  return trials
}

/** A database without what Troupe keeps beside the tables of Optuna. */
function ofOptunaAlone(path: string): Store {
  const database = new Database(path)
  const tables = database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'troupe!_%' ESCAPE '!'")
    .pluck()
    .all() as string[]
  for (const table of tables) database.exec(`DROP TABLE ${table}`)
  database.close()
  return sqliteStore({ path })
}

const SOURCES: readonly [string, string, () => Promise<Store>][] = [
  ['kinds', 'that Optuna made', byOptuna],
  ['two objectives / α', 'that Optuna made', byOptuna],
  ['extremes', 'that Optuna made', byOptuna],
  ['empty', 'that Optuna made', byOptuna],
  ['demo', 'that Optuna went on with', continued],
]

describe.each(SOURCES)('a copy of %s, %s,', (name, _words, source) => {
  it('has all of it in a database, and in the tables of Optuna there', async () => {
    const [from, path] = [await source(), freshPath()]
    const to = sqliteStore({ path })
    await copyStudy({ fromStorage: from, fromName: name, toStorage: to })
    const trials = await trialsOf(from, name)
    expect(await trialsOf(to, name)).toEqual(trials)
    const database = new Database(path)
    expect(database.prepare('SELECT number FROM trials ORDER BY trial_id').pluck().all()).toEqual(
      trials.map((_, i) => i),
    )
    database.close()
    expect(await trialsOf(ofOptunaAlone(path), name)).toEqual(trials)
  })

  it("has all of it in Optuna's journal", async () => {
    const [from, path] = [await source(), freshPath()]
    const to = optunaJournalStore({ path })
    await copyStudy({ fromStorage: from, fromName: name, toStorage: to })
    expect(await trialsOf(to, name)).toEqual(await trialsOf(from, name))
    const back = sqliteStore({ path: freshPath() })
    await copyStudy({ fromStorage: to, fromName: name, toStorage: back, toName: 'back' })
    expect(await trialsOf(back, 'back')).toEqual(await trialsOf(from, name))
  })

  it('has all of it in a journal', async () => {
    const [from, to] = [await source(), journalStore({ path: freshPath() })]
    await copyStudy({ fromStorage: from, fromName: name, toStorage: to })
    expect(await trialsOf(to, name)).toEqual(await trialsOf(from, name))
  })

  it('goes on with the next number', async () => {
    const from = await source()
    const count = (await trialsOf(from, name)).length
    for (const to of [sqliteStore({ path: freshPath() }), optunaJournalStore({ path: freshPath() })]) {
      await copyStudy({ fromStorage: from, fromName: name, toStorage: to })
      const study = await loadStudy({ storage: to, name })
      const asked = [await study.ask(), await study.ask(), await study.ask()]
      // What waits is asked for first.
      expect(Math.max(...asked.map(({ number }) => number))).toBeGreaterThanOrEqual(count)
      expect(study.trials.length).toBeGreaterThanOrEqual(count)
      await study.close()
    }
  })

  it.skipIf(PYTHON === undefined)(
    `is to Optuna itself what the original is (else ${WITHOUT_PYTHON})`,
    { timeout: 120_000 },
    async () => {
      const [from, path, log] = [await source(), freshPath(), freshPath()]
      await copyStudy({ fromStorage: from, fromName: name, toStorage: sqliteStore({ path }) })
      await copyStudy({ fromStorage: from, fromName: name, toStorage: optunaJournalStore({ path: log }) })
      const url = `sqlite:///${(from.url as string).replace('sqlite:///', '')}`
      const [original, ...copies] = await Promise.all(
        [url, `sqlite:///${path}`, `journal:${log}`].map((place) => optuna(['dump', place, name])),
      )
      // Without a name for its values, Troupe calls them by their place; and of a list only positions are known.
      const constraints = (
        trials: readonly { constraints: object; startedAt: unknown; endedAt: unknown }[],
      ) =>
        trials.map((trial) => ({
          ...trial,
          constraints: Object.values(trial.constraints),
          startedAt: trial.startedAt === null ? null : Math.floor(Number(trial.startedAt)),
          endedAt: trial.endedAt === null ? null : Math.floor(Number(trial.endedAt)),
        }))
      for (const copy of copies) {
        expect(constraints(copy.trials)).toEqual(constraints(original?.trials ?? []))
        expect(copy.directions).toEqual(original?.directions)
        expect(copy.userAttrs).toEqual(original?.userAttrs)
      }
    },
  )
})

describe('a copy that fails', () => {
  /** A store whose log takes the first records and no more. */
  function breaking(inner: Store, onClose: () => void): Store {
    return {
      ...inner,
      async open(name, options): Promise<OpenLog> {
        const log = await inner.open(name, options)
        return {
          ...log,
          async append(records) {
            await log.append(records.slice(0, 1))
            throw new StorageError('diskFull', 'disk full')
          },
          async close() {
            onClose()
            await log.close()
          },
        }
      },
    }
  }

  it.each([
    ['a database', () => sqliteStore({ path: freshPath() })],
    ["Optuna's journal", () => optunaJournalStore({ path: freshPath() })],
    ['a journal', () => journalStore({ path: freshPath() })],
    ['memory', () => memoryStore()],
  ])('leaves nothing behind in %s, and nothing open', async (_words, makeStore) => {
    const from = memoryStore()
    const study = await createStudy({ name: 'demo', storage: from, paramSpace: { x: uniform(0, 1) } })
    await study.tell(await study.ask(), 1)
    const to = makeStore()
    let closedCount = 0
    await expect(
      copyStudy({ fromStorage: from, fromName: 'demo', toStorage: breaking(to, () => closedCount++) }),
    ).rejects.toMatchObject({ code: 'diskFull' })
    expect(closedCount).toBe(1)
    expect(await to.names()).toEqual([])
    await copyStudy({ fromStorage: from, fromName: 'demo', toStorage: to })
    expect(await trialsOf(to, 'demo')).toEqual(study.trials)
  })

  it('leaves alone what another has begun under that name meanwhile', async () => {
    const [from, to] = [memoryStore(), memoryStore()]
    await createStudy({ name: 'demo', storage: from })
    const late: Store = {
      ...to,
      async open(name, options) {
        await createStudy({ name, storage: to, seed: 'theirs' })
        return to.open(name, options)
      },
    }
    await expect(copyStudy({ fromStorage: from, fromName: 'demo', toStorage: late })).rejects.toMatchObject({
      code: 'exists',
    })
    expect(await to.read('demo')).toMatchObject([{ type: 'study.created', seed: 'theirs' }])
  })
})
