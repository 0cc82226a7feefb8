import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { StorageError } from '../../errors.ts'
import type { Database, Dialect } from '../sql/database.ts'
import { OneConnection } from '../sql/one-connection.ts'
import { isUnfinished } from '../sql/schema.ts'
import type { Steps } from '../sql/steps.ts'
import { sqliteDriver } from './driver.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { isLocked, sqliteError } from './sqlite-errors.ts'

const DIALECT: Dialect = {
  id: 'INTEGER',
  float: 'FLOAT',
  time: 'DATETIME',
  direction: 'VARCHAR(8)',
  state: 'VARCHAR(8)',
  valueType: 'VARCHAR(7)',
  intermediateType: 'VARCHAR(7)',
  bytes: 'BLOB',
  orderedText: 'TEXT',
  types: [],
  tableNames: "SELECT name FROM sqlite_master WHERE type = 'table'",
  lockSchema: undefined,
  forUpdate: '',
  nameMax: Infinity,
  now: "ROUND((julianday('now') - 2440587.5) * 86400000)",
}

// The driver waits for a lock within the call, and all trials of this process stand still meanwhile: so it waits
// briefly, and then the others have their turn before the next try.
const LOCK_WAIT_MS = 100
const PAUSE_MS_MIN = 5
const PAUSE_MS_MAX = 250

/** One file, by one connection. A transaction is begun and ended within one turn of the event loop. */
export class SqliteDatabase implements Database {
  readonly dialect = DIALECT
  readonly place: string
  // It stays where it was, also when the process goes to another folder.
  readonly #file: string
  readonly #connection: OneConnection<SqliteConnection>
  // So that versions of one connection do not look like those of the next.
  #connectionCount = 0
  // Of the file that it is connected to.
  #inode: number | undefined

  /** @param lockTimeoutMs - How long others may hold the lock, in milliseconds, before it is an error. */
  constructor(path: string, lockTimeoutMs: number) {
    this.place = path
    this.#file = resolve(path)
    this.#connection = new OneConnection({
      connect: () => this.#connect(),
      close: (connection) => connection.close(),
      pauseMs: (error, tried, forMs) =>
        (isLocked(error) || isUnfinished(error)) && forMs <= lockTimeoutMs
          ? Math.min(PAUSE_MS_MIN * 2 ** (tried - 1), PAUSE_MS_MAX)
          : undefined,
      told: (error) => sqliteError(error, path),
    })
  }

  file(): string {
    return String(statSync(this.#file).ino)
  }

  async exists(): Promise<boolean> {
    return existsSync(this.#file)
  }

  write<T>(work: () => Steps<T>, synced: boolean): Promise<T> {
    return this.#connection.use((connection) => this.#there(connection).write(work, synced))
  }

  read<T>(work: () => Steps<T>): Promise<T> {
    return this.#connection.use((connection) => this.#there(connection).read(work))
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  /** @throws {StorageError} with code `'moved'` when what the connection is to is no longer where it was. */
  #there(connection: SqliteConnection): SqliteConnection {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino
    // A new file comes into being with the first transaction.
    this.#inode ??= inode
    if (inode === this.#inode) return connection
    throw new StorageError(
      'moved',
      `${this.place} was moved or deleted while it was open. Put it back, with the files beside it, or close it and open what is there now.`,
    )
  }

  async #connect(): Promise<SqliteConnection> {
    this.#inode = undefined
    const open = await sqliteDriver()
    const driver = open(this.#file, LOCK_WAIT_MS)
    try {
      return new SqliteConnection(driver, ++this.#connectionCount)
    } catch (error) {
      driver.close()
      throw error
    }
  }
}
