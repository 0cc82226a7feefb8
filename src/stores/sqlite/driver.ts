import { StorageError } from '../../errors.ts'
import type { SqlValue } from '../sql/steps.ts'

/** What a SQLite driver has to do for us, which is what the two that there are have in common. */
export interface SqliteDriver {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

/** A statement that may be run any number of times. */
export interface SqliteStatement {
  /** All rows, each an object by name of column. */
  all(values: readonly SqlValue[]): unknown[]
  /** The only column of all rows, which holds texts: half the time of `all`. */
  texts(values: readonly SqlValue[]): string[]
  run(values: readonly SqlValue[]): void
}

/** Opens a file, which is made when it is not there. A lock of others is waited for so long, while the process stands still. */
export type OpenSqlite = (path: string, lockWaitMs: number) => SqliteDriver

/**
 * Finds a driver: better-sqlite3, else the one that newer Nodes have.
 * @throws {StorageError} (rejects) with code `'driverMissing'` when there is neither.
 */
export async function sqliteDriver(): Promise<OpenSqlite> {
  try {
    return await betterSqlite3()
  } catch (better) {
    try {
      return await nodeSqlite()
    } catch {
      throw new StorageError(
        'driverMissing',
        'There is no SQLite to be used: better-sqlite3 could not be loaded, and this Node has none of its own. Try npm install better-sqlite3, or npm rebuild better-sqlite3 where it is installed; or use Node 22 or newer, or a journal, as in journal:///study.jsonl.',
        { cause: better },
      )
    }
  }
}

async function betterSqlite3(): Promise<OpenSqlite> {
  const { default: Database } = await import('better-sqlite3')
  // What was compiled for it is looked for only when a database is opened.
  new Database(':memory:').close()
  return (path, lockWaitMs) => {
    const database = new Database(path, { timeout: lockWaitMs })
    return {
      exec: (sql) => void database.exec(sql),
      prepare(sql) {
        const statement = database.prepare<SqlValue[], unknown>(sql)
        return {
          all: (values) => statement.all(...values),
          texts(values) {
            const texts = statement.pluck(true).all(...values) as string[]
            statement.pluck(false)
            return texts
          },
          run: (values) => void statement.run(...values),
        }
      },
      close: () => void database.close(),
    }
  }
}

// As Node 22 has it; the types at hand are those of Node 20.
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: { readonly timeout: number },
  ) => {
    exec(sql: string): void
    prepare(sql: string): { all(...values: SqlValue[]): unknown[]; run(...values: SqlValue[]): unknown }
    close(): void
  }
}

async function nodeSqlite(): Promise<OpenSqlite> {
  const specifier = 'node:sqlite'
  const { DatabaseSync } = (await import(specifier)) as NodeSqlite
  return (path, lockWaitMs) => {
    const database = new DatabaseSync(path, { timeout: lockWaitMs })
    // Early ones do not know the option.
    database.exec(`PRAGMA busy_timeout = ${lockWaitMs}`)
    return {
      exec: (sql) => database.exec(sql),
      prepare(sql) {
        const statement = database.prepare(sql)
        return {
          all: (values) => statement.all(...values),
          texts: (values) => statement.all(...values).map(onlyText),
          run: (values) => void statement.run(...values),
        }
      },
      close: () => database.close(),
    }
  }
}

function onlyText(row: unknown): string {
  return Object.values(row as Record<string, string>)[0] ?? ''
}
