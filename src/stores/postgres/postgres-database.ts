import type postgres from 'pg'
import { StorageError } from '../../errors.ts'
import type { Database, Dialect } from '../sql/database.ts'
import { OneConnection } from '../sql/one-connection.ts'
import { isUnfinished } from '../sql/schema.ts'
import type { Steps } from '../sql/steps.ts'
import { LostConnection, PostgresConnection } from './postgres-connection.ts'
import { isStarting, isTransient, isUnreachable, postgresError } from './postgres-errors.ts'

const DIALECT: Dialect = {
  id: 'SERIAL',
  float: 'DOUBLE PRECISION',
  time: 'TIMESTAMP WITHOUT TIME ZONE',
  direction: 'studydirection',
  state: 'trialstate',
  valueType: 'trialvaluetype',
  intermediateType: 'trialintermediatevaluetype',
  bytes: 'BYTEA',
  orderedText: 'TEXT COLLATE "C"',
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
  nameMax: 512,
  now: 'ROUND(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::double precision',
}

const TRIES = 8
const PAUSE_MS = 20
const PAUSE_MS_MAX = 500

/** How long a server may take to answer a new connection. */
const CONNECT_TIMEOUT_MS = 15_000

// Types by their numbers: int8, timestamp, and numeric.
const INT8 = 20
const TIMESTAMP = 1114

/** One database of a server, by one connection. */
export class PostgresDatabase implements Database {
  readonly dialect = DIALECT
  readonly place: string
  readonly #connection: OneConnection<PostgresConnection>

  /** @param lockTimeoutMs - How long others may hold a lock, in milliseconds, before it is an error. */
  constructor(url: string, place: string, lockTimeoutMs: number) {
    this.place = place
    // One that was never reached is waited for by nobody: its URL may be wrong.
    let wasReached = false
    this.#connection = new OneConnection({
      async connect() {
        const connection = await connected(url, lockTimeoutMs)
        wasReached = true
        return connection
      },
      isBroken: (connection) => connection.isBroken,
      close: (connection) => connection.close(),
      pauseMs(error, tried, forMs) {
        if (isTransient(causeOf(error))) return tried < TRIES ? PAUSE_MS * tried : undefined
        return forMs <= lockTimeoutMs && mayHelp(error) ? Math.min(PAUSE_MS * tried, PAUSE_MS_MAX) : undefined
      },
      told(error) {
        const cause = causeOf(error)
        if (isUnreachable(cause)) wasReached = false
        return postgresError(cause, place)
      },
    })

    function mayHelp(error: unknown): boolean {
      if (error instanceof LostConnection) return error.mayRepeat
      return isUnfinished(error) || isStarting(error) || (wasReached && isUnreachable(error))
    }
  }

  file(): string {
    return ''
  }

  async exists(): Promise<boolean> {
    return true
  }

  write<T>(work: () => Steps<T>, synced: boolean, isRepeatable = false): Promise<T> {
    const begin = `BEGIN; SET LOCAL synchronous_commit = ${synced ? 'on' : 'off'}`
    return this.#transaction(begin, work, isRepeatable)
  }

  read<T>(work: () => Steps<T>): Promise<T> {
    return this.#transaction('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work, true)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #transaction<T>(begin: string, work: () => Steps<T>, isRepeatable: boolean): Promise<T> {
    return this.#connection.use((connection) =>
      connection.awake((awake) => awake.transaction(begin, work, isRepeatable)),
    )
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof LostConnection ? error.cause : error
}

async function connected(url: string, lockTimeoutMs: number): Promise<PostgresConnection> {
  const pg = await driver()
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    lock_timeout: lockTimeoutMs,
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
