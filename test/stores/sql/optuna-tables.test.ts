import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import type { OpenLog } from '../../../src/stores/store.ts'

const fixtures = join(import.meta.dirname, '../../fixtures/optuna')

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-sqlite-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}.db`)
const attr: LogRecord = { at: 1, type: 'study.attr', key: 'k', value: 1 }
const x = { kind: 'float', low: 0, high: 1, scale: 'linear', step: undefined, rule: 'optuna' } as const
const objectives = [{ metric: 'loss', mode: 'min' }] as const
const created: LogRecord = { at: 0, type: 'study.created', name: 'demo', seed: 's', objectives }

const started: LogRecord = {
  ...{ at: 0, type: 'experiment.started', name: 'demo', seed: 's', objectives, searcher: 'randomSearch' },
  ...{ scheduler: 'fifo', trialCount: 3, startedAt: 1_700_000_000_000 },
}

function asked(trial: number, value: number): LogRecord {
  return {
    ...{ at: 1_700_000_000_000 + trial, type: 'trial.asked', trial, id: `t${trial}`, source: 'suggested' },
    ...{ params: { x: value }, domains: { x }, config: { x: value } },
  } as const
}

function ended(trial: number, values: readonly number[]): LogRecord {
  return { at: 1_700_000_001_000 + trial, type: 'trial.ended', trial, state: 'completed', values }
}

/** A copy of what Optuna 5.0 wrote. */
async function byOptuna(): Promise<string> {
  const path = freshPath()
  await copyFile(join(fixtures, 'studies.db'), path)
  return path
}

function withDatabase<T>(path: string, use: (database: Database.Database) => T): T {
  const database = new Database(path)
  try {
    return use(database)
  } finally {
    database.close()
  }
}

/** What Optuna does when it makes a trial, and when it ends one. */
function insertTrial(database: Database.Database, study: string): number {
  return Number(
    database
      .prepare(
        `INSERT INTO trials (study_id, number, state, datetime_start)
         SELECT study_id, (SELECT COUNT(*) FROM trials t WHERE t.study_id = s.study_id), 'RUNNING',
           '2026-11-24 01:41:30.785966' FROM studies s WHERE study_name = ?`,
      )
      .run(study).lastInsertRowid,
  )
}

function setParam(database: Database.Database, trialId: number, value: number): void {
  const distribution =
    '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'
  database
    .prepare(
      "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, 'x', ?, ?)",
    )
    .run(trialId, value, distribution)
}

function complete(database: Database.Database, trialId: number, value: number): void {
  database
    .prepare("INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')")
    .run(trialId, value)
  database
    .prepare(
      "UPDATE trials SET state = 'COMPLETE', datetime_complete = '2026-11-24 01:41:31.000000' WHERE trial_id = ?",
    )
    .run(trialId)
}

describe('the tables of a new database', () => {
  it("are Optuna's, and Troupe's beside them", async () => {
    const path = freshPath()
    const log = await sqliteStore({ path }).open('a')
    await log.append([created])
    await log.close()
    const shapes = (file: string): [string, unknown][] =>
      withDatabase(file, (database) => {
        const names = database
          .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
          .pluck()
          .all() as string[]
        return names.map((name) => {
          const indexes = (
            database.pragma(`index_list(${name})`) as { name: string; unique: number; origin: string }[]
          )
            .map(({ name: index, unique, origin }) => ({
              ...{ name: index, unique, origin },
              columns: database.pragma(`index_info("${index}")`),
            }))
            .sort((a, b) => a.name.localeCompare(b.name))
          return [
            name,
            {
              columns: database.pragma(`table_info(${name})`),
              keys: database.pragma(`foreign_key_list(${name})`),
              indexes,
            },
          ]
        })
      })
    const theirs = shapes(join(fixtures, 'studies.db'))
    const ours = shapes(path)
    expect(theirs).toHaveLength(13)
    expect(ours.filter(([name]) => !name.startsWith('troupe_'))).toEqual(theirs)
    withDatabase(path, (database) => {
      expect(database.prepare('SELECT * FROM version_info').raw().all()).toEqual([[1, 12, '5.0.0']])
      expect(database.prepare('SELECT * FROM alembic_version').raw().all()).toEqual([['v3.2.0.a']])
      expect(database.pragma('journal_mode', { simple: true })).toBe('wal')
    })
  })
})

describe('what a study writes', () => {
  it('is in the tables of Optuna by the time it is acknowledged', async () => {
    const path = freshPath()
    const log = await sqliteStore({ path }).open('demo', { shared: true })
    await log.append([created, attr])
    await log.append([
      asked(0, 0.25),
      asked(1, 0.5),
      { at: 5, type: 'trial.intermediate', trial: 0, step: 1, values: [Infinity] },
      { at: 6, type: 'trial.intermediate', trial: 0, step: 2, values: [Number.NaN] },
      { at: 6, type: 'trial.intermediate', trial: 0, step: 2, values: [3] },
      { at: 7, type: 'trial.attr', trial: 0, key: 'note', value: ['é', Number.NaN] },
      { at: 7, type: 'trial.constraint', trial: 0, key: 'memory', value: -1 },
      { at: 8, type: 'trial.enqueued', trial: 2, id: 't2', config: { x: 0.75 } },
    ])
    await log.append([ended(0, [-Infinity])])
    withDatabase(path, (database) => {
      const all = (sql: string): unknown[] => database.prepare(sql).raw().all()
      expect(all('SELECT direction, objective FROM study_directions')).toEqual([['MINIMIZE', 0]])
      expect(all('SELECT "key", value_json FROM study_user_attributes')).toEqual([['k', '1']])
      expect(all('SELECT number, state, datetime_start, datetime_complete FROM trials')).toEqual([
        [0, 'COMPLETE', '2023-11-14 22:13:20.000000', '2023-11-14 22:13:21.000000'],
        [1, 'RUNNING', '2023-11-14 22:13:20.001000', null],
        [2, 'WAITING', null, null],
      ])
      expect(all('SELECT trial_id, param_name, param_value FROM trial_params')).toEqual([
        [1, 'x', 0.25],
        [2, 'x', 0.5],
      ])
      expect(
        all('SELECT step, intermediate_value, intermediate_value_type FROM trial_intermediate_values'),
      ).toEqual([
        [1, null, 'INF_POS'],
        [2, 3, 'FINITE'],
      ])
      expect(all('SELECT objective, value, value_type FROM trial_values')).toEqual([[0, null, 'INF_NEG']])
      expect(all('SELECT "key", value_json FROM trial_user_attributes')).toEqual([['note', '["é",NaN]']])
      expect(all('SELECT trial_id, "key" FROM trial_system_attributes')).toEqual([
        [1, 'constraints:memory'],
        [3, 'fixed_params'],
      ])
    })
    await log.close()
  })

  it('of a trial that is given back is gone, but for what the next attempt says too', async () => {
    const path = freshPath()
    const log = await sqliteStore({ path }).open('demo', { shared: true })
    const report = (step: number, value: number): LogRecord => ({
      ...{ at: 5, type: 'trial.intermediate', trial: 0, step, values: [value] },
    })
    await log.append([
      created,
      { at: 5, type: 'trial.enqueued', trial: 0, id: 't0', config: { x: 0.25 } },
      asked(0, 0.25),
      asked(1, 0.5),
      { at: 5, type: 'trial.suggested', trial: 0, path: 'more', value: 0.5, domain: x },
      report(1, 9),
      report(2, 8),
      { ...report(1, 7), trial: 1 } as LogRecord,
      { at: 6, type: 'trial.attr', trial: 0, key: 'note', value: 'first' },
      { at: 6, type: 'trial.attr', trial: 0, key: 'host', value: 'gone' },
      { at: 6, type: 'trial.constraint', trial: 0, key: 'memory', value: -1 },
    ])
    const said = (): unknown =>
      withDatabase(path, (database) =>
        Object.fromEntries(
          [
            'param_name FROM trial_params',
            'step FROM trial_intermediate_values',
            '"key" FROM trial_user_attributes',
            '"key" FROM trial_system_attributes',
          ].map((what) => [
            what.split(' ').at(-1),
            database.prepare(`SELECT ${what} WHERE trial_id = 1`).pluck().all().toSorted(),
          ]),
        ),
      )
    expect(said()).toEqual({
      trial_params: ['more', 'x'],
      trial_intermediate_values: [1, 2],
      trial_user_attributes: ['host', 'note'],
      trial_system_attributes: ['constraints:memory', 'fixed_params'],
    })
    await log.append([{ at: 7, type: 'trial.requeued', trial: 0, attempt: 2 }])
    expect(said()).toEqual({
      trial_params: [],
      trial_intermediate_values: [],
      trial_user_attributes: [],
      trial_system_attributes: ['fixed_params'],
    })
    await log.append([
      asked(0, 0.25),
      report(1, 4),
      { at: 8, type: 'trial.attr', trial: 0, key: 'note', value: 'second' },
      ended(0, [4]),
    ])
    expect(said()).toEqual({
      trial_params: ['x'],
      trial_intermediate_values: [1],
      trial_user_attributes: ['note'],
      trial_system_attributes: ['fixed_params'],
    })
    withDatabase(path, (database) => {
      expect(database.prepare('SELECT number, state FROM trials').raw().all()).toEqual([
        [0, 'COMPLETE'],
        [1, 'RUNNING'],
      ])
      expect(
        database
          .prepare('SELECT intermediate_value FROM trial_intermediate_values ORDER BY trial_id')
          .pluck()
          .all(),
      ).toEqual([4, 7])
    })
    await log.close()
  })

  it('is gone from all tables when it is deleted, and the others are left', async () => {
    const path = await byOptuna()
    const store = sqliteStore({ path })
    const counts = (): Record<string, unknown> =>
      withDatabase(path, (database) => {
        const names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all()
        return Object.fromEntries(
          (names as string[]).map((name) => [
            name,
            database.prepare(`SELECT COUNT(*) FROM ${name}`).pluck().get(),
          ]),
        )
      })
    await (await store.open('empty', { shared: true })).close()
    const before = counts()
    const log = await store.open('demo', { shared: true })
    await log.append([created, attr, asked(0, 0.5), ended(0, [1])])
    await log.close()
    expect(counts()).not.toEqual(before)
    await store.delete('demo')
    expect(counts()).toEqual(before)
  })

  it('of an experiment keeps the mark of the log, so that a study of the same place is not taken for it', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('demo', { shared: true })
    await log.append([created, asked(0, 0.5)])
    await log.close()
    // As Optuna deletes a study and makes another, which gets its ids.
    withDatabase(path, (database) => {
      for (const table of [
        'trial_params',
        'trials',
        'study_directions',
        'study_system_attributes',
        'studies',
      ])
        database.exec(`DELETE FROM ${table}`)
      database.exec("INSERT INTO studies (study_name) VALUES ('demo')")
      database.exec("INSERT INTO study_directions (study_id, objective, direction) VALUES (1, 0, 'MAXIMIZE')")
      complete(database, insertTrial(database, 'demo'), 4)
    })
    const expected = [
      { type: 'study.created', objectives: [{ metric: 'value', mode: 'max' }] },
      { type: 'trial.imported', trial: 0, values: [4] },
    ]
    expect(await store.read('demo')).toMatchObject(expected)
    const again = await store.open('demo', { shared: true })
    expect(again.records).toMatchObject(expected)
    await again.close()
  })
})

interface KeptStudy {
  readonly name: string
  readonly directions: readonly string[]
  readonly metricNames: readonly string[] | null
  readonly userAttrs: object
  readonly trials: readonly {
    readonly number: number
    readonly state: string
    readonly values: readonly unknown[] | null
    readonly params: Readonly<Record<string, unknown>>
    readonly intermediate: Readonly<Record<string, unknown>>
    readonly userAttrs: object
    readonly constraints: object
    readonly datetimeStart: string | null
  }[]
}

const WORDS = new Map<unknown, number>([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])
const number = (value: unknown): unknown => WORDS.get(value) ?? value
const STATES: Record<string, string> = {
  ...{ COMPLETE: 'completed', PRUNED: 'pruned', FAIL: 'failed', RUNNING: 'running', WAITING: 'waiting' },
}

describe('what Optuna wrote', () => {
  it('is named, read and opened, value for value', async () => {
    const path = await byOptuna()
    const kept = JSON.parse(await readFile(join(fixtures, 'studies.json'), 'utf8')) as KeptStudy[]
    const store = sqliteStore({ path })
    expect(await store.names()).toEqual(kept.map(({ name }) => name))
    for (const study of kept) {
      const read = (await store.read(study.name)) ?? []
      expect(read[0]).toMatchObject({
        type: 'study.created',
        name: study.name,
        objectives: study.directions.map((direction) => ({ mode: direction === 'minimize' ? 'min' : 'max' })),
      })
      const trials = read.flatMap((record) => (record.type === 'trial.imported' ? [record] : []))
      expect(trials).toHaveLength(study.trials.length)
      for (const [i, trial] of study.trials.entries()) {
        expect(trials[i]).toMatchObject({
          trial: trial.number,
          state: STATES[trial.state],
          params: Object.fromEntries(
            Object.entries(trial.params).map(([key, value]) => [key, number(value)]),
          ),
          constraints: trial.constraints,
          startedAt: trial.datetimeStart === null ? undefined : Date.parse(`${trial.datetimeStart}Z`),
          intermediate: Object.entries(trial.intermediate).map(([step, value]) => [
            Number(step),
            number(value),
          ]),
        })
        if (trial.state !== 'FAIL') expect(trials[i]?.values).toEqual(trial.values?.map(number))
      }
      const log = await store.open(study.name, { shared: true })
      const withoutTime = (records: readonly LogRecord[]): unknown =>
        records.map(({ at: _, ...rest }) => rest)
      expect(withoutTime(log.records)).toEqual(withoutTime(read))
      await log.close()
      // Once taken in it is in the log, and not taken in again.
      expect(await store.read(study.name)).toEqual(log.records)
    }
  })

  it('is read without a trace where it is only looked at', async () => {
    const path = await byOptuna()
    const before = await readFile(path)
    await sqliteStore({ path }).read('kinds')
    await sqliteStore({ path }).names()
    await sqliteStore({ path }).delete('never there')
    expect((await readFile(path)).equals(before)).toBe(true)
    await sqliteStore({ path }).delete('kinds')
    expect(await sqliteStore({ path }).names()).not.toContain('kinds')
    withDatabase(path, (database) => {
      const tables = database.prepare('SELECT name FROM sqlite_master').pluck().all() as string[]
      expect(tables.filter((name) => name.startsWith('troupe_'))).toEqual([])
    })
  })
})

describe('what Optuna writes meanwhile', () => {
  async function open(): Promise<{ path: string; log: Required<OpenLog> }> {
    const path = freshPath()
    const log = (await sqliteStore({ path }).open('demo', { shared: true })) as Required<OpenLog>
    await log.append([created])
    return { path, log }
  }

  it('is found at the next poll, and again when it has changed', async () => {
    const { path, log } = await open()
    const id = withDatabase(path, (database) => insertTrial(database, 'demo'))
    expect(await log.poll()).toMatchObject([
      { type: 'trial.imported', trial: 0, state: 'running', params: {} },
    ])
    expect(await log.poll()).toEqual([])
    withDatabase(path, (database) => setParam(database, id, 0.125))
    expect(await log.poll()).toMatchObject([{ trial: 0, state: 'running', params: { x: 0.125 } }])
    withDatabase(path, (database) => complete(database, id, 7))
    expect(await log.poll()).toMatchObject([
      {
        ...{ trial: 0, state: 'completed', values: [7], config: { x: 0.125 } },
        startedAt: Date.UTC(2026, 10, 24, 1, 41, 30, 785),
      },
    ])
    expect(await log.poll()).toEqual([])
    await log.close()
  })

  it('comes before what was to be appended, which is then not kept', async () => {
    const { path, log } = await open()
    withDatabase(path, (database) => complete(database, insertTrial(database, 'demo'), 7))
    expect(await log.append([asked(0, 0.5)])).toMatchObject([
      { type: 'trial.imported', trial: 0, values: [7] },
    ])
    expect(await log.append([asked(1, 0.5)])).toBeUndefined()
    withDatabase(path, (database) => {
      expect(database.prepare('SELECT number, state FROM trials').raw().all()).toEqual([
        [0, 'COMPLETE'],
        [1, 'RUNNING'],
      ])
    })
    await log.close()
  })

  it('into a trial that Troupe made counts: it takes one from the queue', async () => {
    const { path, log } = await open()
    await log.append([
      { at: 8, type: 'trial.enqueued', trial: 0, id: 't0', config: { x: 0.75 } },
      asked(1, 0.5),
    ])
    withDatabase(path, (database) => {
      database.exec("UPDATE trials SET state = 'RUNNING' WHERE trial_id = 1 AND state = 'WAITING'")
      setParam(database, 1, 0.75)
    })
    expect(await log.append([asked(0, 0.75)])).toMatchObject([
      { trial: 0, state: 'running', params: { x: 0.75 } },
    ])
    withDatabase(path, (database) => complete(database, 1, 9))
    expect(await log.poll()).toMatchObject([{ trial: 0, state: 'completed', values: [9] }])
    await log.close()
  })

  it('counts where both ended the same trial, since what has ended never changes', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('demo')
    await log.append([created, asked(0, 0.5)])
    withDatabase(path, (database) => complete(database, 1, 9))
    await log.append([ended(0, [3])])
    await log.close()
    withDatabase(path, (database) => {
      expect(database.prepare('SELECT value FROM trial_values').pluck().all()).toEqual([9])
    })
    const again = await store.open('demo')
    expect(again.records.slice(3)).toMatchObject([{ type: 'trial.imported', trial: 0, values: [9] }])
    await again.close()
    expect(await store.read('demo')).toHaveLength(4)
  })

  it('beside an experiment is found at each poll, with numbers that the experiment never gives', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('demo')
    const polled = async () => (await log.poll?.())?.map((record) => ({ ...record, at: 0 }))
    await log.append([started, asked(0, 0.5)])
    expect(await polled()).toEqual([])
    withDatabase(path, (database) => complete(database, insertTrial(database, 'demo'), 7))
    // It goes on as if nothing had happened, and loses sight of nothing by that.
    expect(await log.append([asked(1, 0.25)])).toBeUndefined()
    const theirs = {
      type: 'trial.imported',
      trial: 1_000_000_001,
      id: 'optuna-1',
      state: 'completed',
      values: [7],
    }
    expect(await polled()).toMatchObject([theirs])
    expect(await polled()).toEqual([])
    const running = withDatabase(path, (database) => insertTrial(database, 'demo'))
    await log.append([ended(1, [2])])
    expect(await polled()).toMatchObject([{ trial: 1_000_000_003, id: 'optuna-3', state: 'running' }])
    withDatabase(path, (database) => complete(database, running, 8))
    expect(await polled()).toMatchObject([{ trial: 1_000_000_003, state: 'completed', values: [8] }])
    await log.append([asked(2, 0.75)])
    await log.close()
    const trials = ((await store.read('demo')) ?? []).flatMap((record) =>
      record.type === 'trial.imported' || record.type === 'trial.asked' ? record.trial : [],
    )
    expect(trials).toEqual([0, 1, 1_000_000_001, 1_000_000_003, 1_000_000_003, 2])
    withDatabase(path, (database) => {
      expect(database.prepare('SELECT number FROM trials').pluck().all()).toEqual([0, 1, 2, 3, 4])
      expect(
        database.prepare('SELECT trial_id, value FROM trial_values ORDER BY trial_id').raw().all(),
      ).toEqual([
        [2, 7],
        [3, 2],
        [4, 8],
      ])
    })
  })

  it('beside an experiment is found when that is opened again, and by whoever only reads', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('demo')
    await log.append([started, asked(0, 0.5)])
    withDatabase(path, (database) => complete(database, insertTrial(database, 'demo'), 7))
    await log.append([asked(1, 0.25), ended(1, [2])])
    const theirs = { type: 'trial.imported', trial: 1_000_000_001, values: [7] }
    expect((await store.read('demo'))?.slice(4)).toMatchObject([theirs])
    await log.close()
    const again = await store.open('demo')
    expect(again.records.slice(4)).toMatchObject([theirs])
    await again.append([asked(2, 0.125)])
    await again.close()
    expect(await store.read('demo')).toHaveLength(6)
  })
})
