import { StorageError } from '../../errors.ts'
import type { Dialect } from './database.ts'
import { query, row, rows, script, type Steps } from './steps.ts'
import { OLD_REVISIONS, OPTUNA_REVISION, optunaTables, TROUPE_SCHEMA, troupeTables } from './tables.ts'

/** Whose tables are there. */
export interface Schema {
  readonly optuna: boolean
  readonly troupe: boolean
}

// Optuna may be making the others.
const OPTUNAS_FIRST = ['studies', 'version_info']

const REVISION = query<{ version_num: string }>('SELECT version_num FROM alembic_version')
const OUR_VERSION = query<{ value: string }>("SELECT value FROM troupe_meta WHERE name = 'schema'")

/**
 * What there is to read.
 * @throws {StorageError} with code `'newerSchema'` or `'otherSchema'` for tables that are not understood.
 */
export function* readSchema(dialect: Dialect, place: string): Steps<Schema> {
  const tables = new Set<string>()
  for (const { name } of yield* rows(query<{ name: string }>(dialect.tableNames))) tables.add(name)
  const schema = { optuna: OPTUNAS_FIRST.some((name) => tables.has(name)), troupe: tables.has('troupe_meta') }
  if (schema.optuna) {
    const revision = tables.has('alembic_version') ? (yield* row(REVISION))?.version_num : undefined
    if (revision !== OPTUNA_REVISION) throw otherRevision(place, revision)
  }
  if (schema.troupe) {
    const version = Number((yield* row(OUR_VERSION))?.value)
    if (version !== TROUPE_SCHEMA) throw otherVersion(place, version)
  }
  return schema
}

/** Makes the tables that are missing. */
export function* ensureSchema(dialect: Dialect, place: string): Steps<void> {
  let schema = yield* readSchema(dialect, place)
  if (schema.optuna && schema.troupe) return
  if (dialect.lockSchema !== undefined) {
    yield* script([dialect.lockSchema])
    // Another may have made them while this one waited.
    schema = yield* readSchema(dialect, place)
  }
  if (!schema.optuna) yield* script(optunaTables(dialect))
  if (!schema.troupe) yield* script(troupeTables(dialect))
}

/** Optuna makes its tables one by one, and says last of which revision they are: so that is waited for, as for a lock. */
class UnfinishedSchema extends StorageError {}

/** Whether an error says that a part of Optuna's tables is there, so that another try may find the rest. */
export function isUnfinished(error: unknown): boolean {
  return error instanceof UnfinishedSchema
}

function otherRevision(place: string, revision: string | undefined): StorageError {
  if (revision === undefined) {
    return new UnfinishedSchema(
      'otherSchema',
      `${place} has a table studies that is not Optuna's, or is left from an Optuna that stopped while it made its tables. Give another database, or another schema of it.`,
    )
  }
  return OLD_REVISIONS.includes(revision)
    ? new StorageError(
        'otherSchema',
        `${place} was made by an older Optuna: its tables are of revision ${revision}, and ${OPTUNA_REVISION} is needed. Make a copy, then bring it up to date with Optuna's own command: optuna storage upgrade --storage URL.`,
      )
    : new StorageError(
        'newerSchema',
        `${place} was made by an Optuna that is newer than Troupe knows: its tables are of revision ${revision}, and ${OPTUNA_REVISION} is the last one known. Use a newer Troupe, or another database.`,
      )
}

function otherVersion(place: string, version: number): StorageError {
  return version > TROUPE_SCHEMA
    ? new StorageError(
        'newerSchema',
        `${place} was written by a newer Troupe: its tables are of version ${version}, and ${TROUPE_SCHEMA} is the last one that this Troupe knows. Use the newer one, or another database.`,
      )
    : new StorageError(
        'otherSchema',
        `${place} has a table troupe_meta that says no version of Troupe's tables. Give another database.`,
      )
}
