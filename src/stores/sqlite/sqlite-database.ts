import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Dialect } from '../sql/database.ts'
import type { Steps } from '../sql/steps.ts'
import { Turns } from '../sql/turns.ts'
import { type OpenSqlite, sqliteDriver } from './driver.ts'
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
  types: [],
  tableNames: "SELECT name FROM sqlite_master WHERE type = 'table'",
  lockSchema: undefined,
  forUpdate: '',
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
  readonly #lockTimeoutMs: number
  readonly #turns = new Turns()
  #connection: SqliteConnection | undefined
  // So that versions of one connection do not look like those of the next.
  #connectionCount = 0

  /** @param lockTimeoutMs - How long others may hold the lock, in milliseconds, before it is an error. */
  constructor(path: string, lockTimeoutMs: number) {
    this.place = path
    this.#file = resolve(path)
    this.#lockTimeoutMs = lockTimeoutMs
  }

  async exists(): Promise<boolean> {
    return existsSync(this.#file)
  }

  write<T>(work: () => Steps<T>, synced: boolean): Promise<T> {
    return this.#turns.take(() => this.#patiently((connection) => connection.write(work, synced)))
  }

  read<T>(work: () => Steps<T>): Promise<T> {
    return this.#turns.take(() => this.#patiently((connection) => connection.read(work)))
  }

  close(): Promise<void> {
    return this.#turns.take(async () => {
      const connection = this.#connection
      this.#connection = undefined
      connection?.close()
    })
  }

  async #patiently<T>(use: (connection: SqliteConnection) => T): Promise<T> {
    const deadline = performance.now() + this.#lockTimeoutMs
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      try {
        this.#connection ??= this.#connect(await sqliteDriver())
        return use(this.#connection)
      } catch (error) {
        if (!isLocked(error) || performance.now() > deadline) throw sqliteError(error, this.place)
      }
      await sleep(pauseMs)
    }
  }

  #connect(open: OpenSqlite): SqliteConnection {
    const driver = open(this.#file, LOCK_WAIT_MS)
    try {
      return new SqliteConnection(driver, ++this.#connectionCount)
    } catch (error) {
      driver.close()
      throw error
    }
  }
}
