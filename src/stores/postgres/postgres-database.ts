import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'pg'
import { StorageError } from '../../errors.ts'
import type { Database, Dialect } from '../sql/database.ts'
import type { Steps } from '../sql/steps.ts'
import { Turns } from '../sql/turns.ts'
import { PostgresConnection, StaleConnection } from './postgres-connection.ts'
import { isTransient, postgresError } from './postgres-errors.ts'

const DIALECT: Dialect = {
  id: 'SERIAL',
  float: 'DOUBLE PRECISION',
  time: 'TIMESTAMP WITHOUT TIME ZONE',
  direction: 'studydirection',
  state: 'trialstate',
  valueType: 'trialvaluetype',
  intermediateType: 'trialintermediatevaluetype',
  types: [
    "CREATE TYPE studydirection AS ENUM ('NOT_SET', 'MINIMIZE', 'MAXIMIZE')",
    "CREATE TYPE trialstate AS ENUM ('RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING')",
    "CREATE TYPE trialvaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG')",
    "CREATE TYPE trialintermediatevaluetype AS ENUM ('FINITE', 'INF_POS', 'INF_NEG', 'NAN')",
  ],
  tableNames: 'SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()',
  // Any number will do, as long as every Troupe has the same: it is the word in ASCII.
  lockSchema: 'SELECT pg_advisory_xact_lock(92771325175909)',
  forUpdate: 'FOR UPDATE',
  now: 'ROUND(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::double precision',
}

const TRIES = 8
const PAUSE_MS = 20

/** How long a server may take to answer a new connection. */
const CONNECT_TIMEOUT_MS = 15_000

// Types by their numbers: int8, timestamp, and numeric.
const INT8 = 20
const TIMESTAMP = 1114

/** One database of a server, by one connection. */
export class PostgresDatabase implements Database {
  readonly dialect = DIALECT
  readonly place: string
  readonly #url: string
  readonly #lockTimeoutMs: number
  readonly #turns = new Turns()
  #connection: PostgresConnection | undefined

  /** @param lockTimeoutMs - How long others may hold a lock, in milliseconds, before it is an error. */
  constructor(url: string, place: string, lockTimeoutMs: number) {
    this.#url = url
    this.place = place
    this.#lockTimeoutMs = lockTimeoutMs
  }

  async exists(): Promise<boolean> {
    return true
  }

  write<T>(work: () => Steps<T>, synced: boolean): Promise<T> {
    const begin = `BEGIN; SET LOCAL synchronous_commit = ${synced ? 'on' : 'off'}`
    return this.#turns.take(() => this.#patiently((connection) => connection.transaction(begin, work)))
  }

  read<T>(work: () => Steps<T>): Promise<T> {
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY'
    return this.#turns.take(() => this.#patiently((connection) => connection.transaction(begin, work)))
  }

  close(): Promise<void> {
    return this.#turns.take(async () => {
      const connection = this.#connection
      this.#connection = undefined
      await connection?.close()
    })
  }

  async #patiently<T>(use: (connection: PostgresConnection) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      try {
        if (this.#connection?.isBroken !== false) this.#connection = await this.#connect()
        return await this.#connection.awake(use)
      } catch (error) {
        // One that was let go while it had nothing to do is simply made anew.
        const isStale = error instanceof StaleConnection && tried === 1
        const cause = error instanceof StaleConnection ? error.cause : error
        if ((!isStale && !isTransient(cause)) || tried === TRIES) throw postgresError(cause, this.place)
      }
      await sleep(PAUSE_MS * tried)
    }
  }

  async #connect(): Promise<PostgresConnection> {
    const pg = await driver()
    const client = new pg.Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      lock_timeout: this.#lockTimeoutMs,
      application_name: 'troupe',
      // For this connection alone: the driver takes a time without zone for one of this machine's zone.
      types: {
        getTypeParser(oid: number, format?: 'text' | 'binary') {
          if (oid === INT8) return Number
          if (oid === TIMESTAMP) return (text: string) => text
          return pg.types.getTypeParser(oid, format)
        },
      },
    })
    const connection = new PostgresConnection(client)
    await client.connect()
    return connection
  }
}

async function driver(): Promise<typeof postgres> {
  try {
    return (await import('pg')).default
  } catch (error) {
    throw new StorageError(
      'driverMissing',
      'postgresStore needs the package pg, which could not be loaded. Install it: npm install pg.',
      { cause: error },
    )
  }
}
