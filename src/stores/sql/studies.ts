import { freshSeed } from '../../random/random.ts'
import type { Dialect } from './database.ts'
import type { Schema } from './schema.ts'
import { query, row, rows, run, type Steps } from './steps.ts'
import { OPTUNA_TABLES_BY_STUDY, OUR_TABLES_BY_STUDY, TABLES_BY_TRIAL } from './tables.ts'

/** A study that is there. */
export interface FoundStudy {
  readonly id: number
  /** Whether Troupe keeps a log of it; without one, Optuna alone has made it. */
  readonly hasLog: boolean
}

// A system attribute of Optuna's, and so deleted with the study by whoever deletes it.
const MARK = 'troupe:log'

const FIND = query<{ study_id: number }>('SELECT study_id FROM studies WHERE study_name = ?')
const MARKED = query<{ marked: number }>(`SELECT 1 AS marked WHERE ${hasOwnLog('?')}`)
const ADD = query<{ study_id: number }>('INSERT INTO studies (study_name) VALUES (?) RETURNING study_id')
const ADD_LOG = query('INSERT INTO troupe_logs (study_id, mark) VALUES (?, ?)')
const ADD_MARK = query(
  `INSERT INTO study_system_attributes (study_id, "key", value_json) VALUES (?, '${MARK}', ?)
   ON CONFLICT (study_id, "key") DO UPDATE SET value_json = excluded.value_json`,
)
const EMPTY = `NOT EXISTS (SELECT 1 FROM troupe_events e WHERE e.study_id = studies.study_id)
  AND NOT EXISTS (SELECT 1 FROM study_directions d WHERE d.study_id = studies.study_id)`
const ALL = query<{ study_name: string }>('SELECT study_name FROM studies ORDER BY study_id')
const ALL_KEPT = query<{ study_name: string }>(
  `SELECT study_name FROM studies WHERE NOT (${EMPTY}) ORDER BY study_id`,
)
const UNUSED = query<{ study_id: number }>(
  `SELECT study_id FROM studies WHERE study_id = ? AND ${EMPTY}
     AND NOT EXISTS (SELECT 1 FROM troupe_writers w WHERE w.study_id = studies.study_id)`,
)

/**
 * A condition: the log of a study is that of this study, and not of one that another program has deleted, whose id SQLite
 * gives to the next.
 * @param studyId - What stands for the study's id in the statement.
 */
export function hasOwnLog(studyId: string): string {
  return `EXISTS (SELECT 1 FROM troupe_logs l JOIN study_system_attributes a
     ON a.study_id = l.study_id AND a."key" = '${MARK}' AND a.value_json = l.mark WHERE l.study_id = ${studyId})`
}

/** The study of a name; undefined when there is none. */
export function* findStudy(name: string, schema: Schema): Steps<FoundStudy | undefined> {
  if (!schema.optuna) return undefined
  const id = (yield* row(FIND, name))?.study_id
  return id === undefined
    ? undefined
    : { id, hasLog: schema.troupe && (yield* row(MARKED, id)) !== undefined }
}

/** The study of a name, made when it is not there. Nobody else writes to it until the transaction has ended. */
export function* takeStudy(dialect: Dialect, name: string): Steps<FoundStudy> {
  const id = (yield* row(FIND, name))?.study_id ?? Number((yield* row(ADD, name))?.study_id)
  yield* lockStudy(dialect, id)
  return { id, hasLog: (yield* row(MARKED, id)) !== undefined }
}

/** Begins the log of a study that has none. */
export function* beginLog(studyId: number): Steps<void> {
  const mark = JSON.stringify(freshSeed())
  yield* forgetLog(studyId)
  yield* run(ADD_LOG, studyId, mark)
  yield* run(ADD_MARK, studyId, mark)
}

/** Holds off all others who want to write to a study, Optuna too. */
export function* lockStudy({ forUpdate }: Dialect, studyId: number): Steps<void> {
  if (forUpdate !== '')
    yield* run(query(`SELECT study_id FROM studies WHERE study_id = ? ${forUpdate}`), studyId)
}

/** Names of all studies, in order of creation. One that was opened and never written to does not count. */
export function* studyNames(schema: Schema): Steps<readonly string[]> {
  if (!schema.optuna) return []
  return (yield* rows(schema.troupe ? ALL_KEPT : ALL)).map(({ study_name }) => study_name)
}

/** Deletes a study that was opened and never written to, once nobody has it open. */
export function* removeUnused(studyId: number): Steps<void> {
  if ((yield* row(UNUSED, studyId)) !== undefined) yield* removeStudy(studyId, { troupe: true })
}

/**
 * Deletes a study with all that belongs to it.
 * @param schema - Whether Troupe's tables are there.
 */
export function* removeStudy(studyId: number, { troupe }: Pick<Schema, 'troupe'>): Steps<void> {
  if (troupe) yield* forgetLog(studyId)
  for (const table of TABLES_BY_TRIAL) {
    yield* run(
      query(`DELETE FROM ${table} WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)`),
      studyId,
    )
  }
  for (const table of ['trials', ...OPTUNA_TABLES_BY_STUDY, 'studies'])
    yield* run(query(`DELETE FROM ${table} WHERE study_id = ?`), studyId)
}

function* forgetLog(studyId: number): Steps<void> {
  for (const table of OUR_TABLES_BY_STUDY)
    yield* run(query(`DELETE FROM ${table} WHERE study_id = ?`), studyId)
}
