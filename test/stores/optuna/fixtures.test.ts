import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createStudy, loadStudy } from '../../../src/study/create-study.ts'
import {
  importedStudy,
  importedTrial,
  type OptunaStudy,
  type OptunaTrial,
} from '../../../src/stores/optuna/imported.ts'
import { readLine } from '../../../src/stores/optuna/journal/journal-line.ts'
import { JournalState } from '../../../src/stores/optuna/journal/journal-state.ts'
import { optunaJournalStore } from '../../../src/stores/optuna/journal/journal-store.ts'
import { readTrial } from '../../../src/stores/optuna/journal/journal-trial.ts'
import type { OptunaDirection, OptunaState } from '../../../src/stores/optuna/operation.ts'
import { parsePythonJson } from '../../../src/stores/optuna/python-json.ts'

const FIXTURES = fileURLToPath(new URL('../../fixtures/optuna/', import.meta.url))

/** What Optuna itself reads back of each study. */
interface Expected {
  readonly name: string
  readonly directions: readonly string[]
  readonly userAttrs: object
  readonly metricNames: readonly string[] | null
  readonly trials: readonly {
    readonly number: number
    readonly state: string
    readonly values: readonly unknown[] | null
    readonly params: object
    readonly distributions: Readonly<
      Record<string, { readonly name: string; readonly attributes: Attributes }>
    >
    readonly intermediate: Readonly<Record<string, unknown>>
    readonly userAttrs: object
    readonly constraints: object
    readonly systemAttrKeys: readonly string[]
    readonly datetimeStart: string | null
    readonly datetimeComplete: string | null
  }[]
}
type Attributes = Readonly<Record<string, unknown>>
interface Read {
  readonly study: OptunaStudy
  readonly trials: readonly OptunaTrial[]
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-optuna-'))
})
afterAll(() => rm(folder, { recursive: true }))

const STATE_NAMES = {
  COMPLETE: 'completed',
  PRUNED: 'pruned',
  FAIL: 'failed',
  RUNNING: 'running',
  WAITING: 'waiting',
}

describe.each(['studies', 'journal'])('the %s that Optuna 5.0 wrote', (kind) => {
  it('are read back field by field as Optuna reads them', async () => {
    const expected = unspelled(
      JSON.parse(await readFile(join(FIXTURES, `${kind}.json`), 'utf8')),
    ) as Expected[]
    const read = kind === 'studies' ? await readDatabase() : await readJournal()
    expect(read.map(({ study }) => study.name)).toEqual(expected.map(({ name }) => name))
    let fields = 0
    for (const [i, wanted] of expected.entries()) {
      const { study, trials } = read[i] as Read
      expectStudy(study, wanted)
      expect(trials.length).toBe(wanted.trials.length)
      for (const [number, trial] of trials.entries())
        fields += expectTrial(trial, study, wanted.trials[number] as Expected['trials'][number])
    }
    expect(fields).toBeGreaterThan(300)
  })
})

function expectStudy(study: OptunaStudy, wanted: Expected): void {
  const [created, ...attrs] = importedStudy(study, 7)
  expect(created).toMatchObject({ type: 'study.created', name: wanted.name, at: 7 })
  const objectives = created?.type === 'study.created' ? created.objectives : []
  expect(objectives.map(({ mode }) => (mode === 'min' ? 'minimize' : 'maximize'))).toEqual(wanted.directions)
  if (wanted.metricNames !== null) expect(objectives.map(({ metric }) => metric)).toEqual(wanted.metricNames)
  expect(Object.fromEntries(attrs.map((a) => (a.type === 'study.attr' ? [a.key, a.value] : [])))).toEqual(
    wanted.userAttrs,
  )
}

/** @returns How many fields were compared. */
function expectTrial(trial: OptunaTrial, study: OptunaStudy, wanted: Expected['trials'][number]): number {
  const record = importedTrial(trial, study, 0)
  const state = STATE_NAMES[wanted.state as keyof typeof STATE_NAMES]
  expect(record.trial).toBe(wanted.number)
  expect(record.state).toBe(state)
  expect(record.values ?? null).toEqual(wanted.values)
  expect(record.params).toEqual(wanted.params)
  expect(record.intermediate).toEqual(
    Object.entries(wanted.intermediate)
      .map(([step, value]) => [Number(step), value])
      .toSorted(([a], [b]) => Number(a) - Number(b)),
  )
  expect(record.userAttrs).toEqual(wanted.userAttrs)
  expect(record.constraints).toEqual(wanted.constraints)
  expect(Object.keys(trial.systemAttrs).toSorted()).toEqual(wanted.systemAttrKeys.toSorted())
  expect(record.startedAt).toEqual(utcOf(wanted.datetimeStart))
  expect(record.endedAt).toEqual(utcOf(wanted.datetimeComplete))
  for (const [name, { name: kind, attributes }] of Object.entries(wanted.distributions))
    expectDomain(record.domains[name] as Attributes, kind, attributes)
  return 9 + Object.keys(wanted.distributions).length
}

function expectDomain(domain: Attributes, kind: string, { low, high, log, step, choices }: Attributes): void {
  if (kind === 'CategoricalDistribution')
    return expect(domain).toEqual({ kind: 'categorical', choices, ordered: false })
  expect(domain).toEqual({
    kind: kind === 'IntDistribution' ? 'int' : 'float',
    low,
    high,
    scale: log === true ? 'log' : 'linear',
    step: step ?? undefined,
    rule: 'optuna',
  })
}

it("goes on with a study of Optuna's journal, trials that wait first", async () => {
  const path = join(folder, 'go-on.log')
  await copyFile(join(FIXTURES, 'journal.log'), path)
  const storage = optunaJournalStore({ path })
  expect(await storage.names()).toEqual(['kinds', 'two objectives / α', 'extremes', 'empty'])
  const study = await loadStudy({ name: 'kinds', storage })
  const before = study.trials
  const waiting = before.filter(({ state }) => state === 'waiting')
  expect(waiting.length).toBeGreaterThan(0)
  expect(study.directions).toEqual(['maximize'])
  const trial = await study.ask()
  expect(trial.number).toBe(waiting[0]?.number)
  expect(waiting[0]?.config).toEqual({ x: 1.5, act: 'relu' })
  expect(trial.suggestFloat('x', -5, 5)).toBe(1.5)
  expect(trial.suggestCategorical('act', ['relu', 'tanh', null, true, 3, 0.5])).toBe('relu')
  trial.report(0, 1)
  await study.tell(trial, 1000)
  expect(study.bestTrial.number).toBe(trial.number)
  const fresh = await study.ask()
  expect(fresh.number).toBe(before.length)
  await study.close()
  const again = await loadStudy({ name: 'kinds', storage })
  expect(again.trials.slice(0, before.length - waiting.length)).toEqual(
    before.slice(0, before.length - waiting.length),
  )
  expect(again.bestTrial).toMatchObject({ number: trial.number, values: [1000] })
  expect(again.trials.at(-1)?.state).toBe('running')
  await again.close()
  await expect(createStudy({ name: 'kinds', storage })).rejects.toMatchObject({ code: 'exists' })
})

async function readJournal(): Promise<readonly Read[]> {
  const state = new JournalState()
  for (const line of (await readFile(join(FIXTURES, 'journal.log'), 'utf8')).trimEnd().split('\n'))
    state.apply(readLine(line) ?? expect.fail(line))
  return Array.from(state.studies, (study) => ({ study, trials: study.trials.map(readTrial) }))
}

interface Numbered {
  readonly step: number
  readonly value: number | null
  readonly type: string
}

async function readDatabase(): Promise<readonly Read[]> {
  const path = join(folder, 'studies.db')
  await copyFile(join(FIXTURES, 'studies.db'), path)
  const database = new Database(path)
  const all = <Row>(sql: string, ...values: unknown[]): readonly Row[] =>
    database.prepare(sql).all(...values) as Row[]
  const attrs = (table: string, column: string, id: number): Record<string, unknown> =>
    Object.fromEntries(
      all<{ key: string; json: string }>(
        `SELECT key, value_json AS json FROM ${table} WHERE ${column} = ?`,
        id,
      ).map(({ key, json }) => [key, parsePythonJson(json)]),
    )
  const trialOf = (row: {
    readonly id: number
    readonly number: number
    readonly state: OptunaState
    readonly start: string | null
    readonly end: string | null
  }): OptunaTrial => {
    const values = all<Numbered>(
      'SELECT value, value_type AS type FROM trial_values WHERE trial_id = ? ORDER BY objective',
      row.id,
    )
    return {
      number: row.number,
      state: row.state,
      values: values.length === 0 ? undefined : values.map(numberOf),
      params: all(
        'SELECT param_name AS name, param_value AS value, distribution_json AS distribution FROM trial_params WHERE trial_id = ?',
        row.id,
      ),
      intermediate: all<Numbered>(
        'SELECT step, intermediate_value AS value, intermediate_value_type AS type FROM trial_intermediate_values WHERE trial_id = ?',
        row.id,
      ).map((numbered) => [numbered.step, numberOf(numbered)]),
      userAttrs: attrs('trial_user_attributes', 'trial_id', row.id),
      systemAttrs: attrs('trial_system_attributes', 'trial_id', row.id),
      startedAt: utcOf(row.start),
      endedAt: utcOf(row.end),
    }
  }
  const read = all<{ id: number; name: string }>(
    'SELECT study_id AS id, study_name AS name FROM studies ORDER BY study_id',
  ).map(({ id, name }): Read => {
    const directions = all<{ direction: OptunaDirection }>(
      'SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective',
      id,
    )
    return {
      study: {
        name,
        directions: directions.map(({ direction }) => direction),
        userAttrs: attrs('study_user_attributes', 'study_id', id),
        systemAttrs: attrs('study_system_attributes', 'study_id', id),
      },
      trials: all<Parameters<typeof trialOf>[0]>(
        'SELECT trial_id AS id, number, state, datetime_start AS start, datetime_complete AS end FROM trials WHERE study_id = ? ORDER BY trial_id',
        id,
      ).map(trialOf),
    }
  })
  database.close()
  return read
}

function numberOf({ value, type }: Pick<Numbered, 'value' | 'type'>): number {
  switch (type) {
    case 'INF_POS':
      return Infinity
    case 'INF_NEG':
      return -Infinity
    case 'NAN':
      return Number.NaN
    default:
      return value as number
  }
}

/** Milliseconds since 1970, with those fractions that a number has room for. */
function utcOf(text: string | null | undefined): number | undefined {
  if (text === null || text === undefined) return undefined
  const [whole, fraction = ''] = text.replace(' ', 'T').split('.')
  return Date.parse(`${whole}Z`) + Number(`0.${fraction || '0'}`) * 1000
}

/** What the files spell as texts. */
function unspelled(value: unknown): unknown {
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
  if (Array.isArray(value)) return value.map(unspelled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unspelled(item)]))
}
