import { must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { sqlStore } from '../sql/sql-store.ts'
import type { Store } from '../store.ts'
import { PostgresDatabase } from './postgres-database.ts'

/** Options of `postgresStore`. */
export interface PostgresStoreOptions {
  /** `postgresql://user:password@host:5432/database`, with what else the package pg understands in its query. */
  readonly url: string
  /**
   * How long other clients may keep a lock, and the server may be away once it was reached, before that is an error, in
   * milliseconds. Default 25,000.
   */
  readonly lockTimeoutMs?: number | undefined
}

// Shorter than the 30 s for which an experiment waits for its store: so one hears what the matter is.
const DEFAULTS = { url: undefined, lockTimeoutMs: 25_000 }

/**
 * Keeps experiments and studies in a PostgreSQL database, in which Optuna and its dashboard find them too.
 * What is acknowledged survives the end of this process; a crash of the server under durability `'report'`, and under
 * `'trial'` once the trial has ended. Any number of processes on any number of machines may use it at once. Needs the
 * package `pg`. No error text holds the password.
 * @throws {OptionError} for a URL that is none.
 * @example const study = await createStudy({ name: 'demo', storage: postgresStore({ url: 'postgresql://me@localhost/tuning' }) })
 */
export function postgresStore(options: PostgresStoreOptions): Store {
  const checks = { lockTimeoutMs: must.from(0) }
  const { url, lockTimeoutMs } = readOptions('postgresStore', options, DEFAULTS, checks)
  const place = placeOf(url)
  return sqlStore(new PostgresDatabase(url, place, lockTimeoutMs), {
    name: 'postgresStore',
    url: place,
  })
}

/** The URL without what must not be shown. */
function placeOf(url: unknown): string {
  const parts = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  if (parts === undefined || !/^postgres(ql)?:$/.test(parts.protocol)) {
    throw new OptionError(
      'postgresStore.url',
      'postgresStore.url must be the URL of a database, such as postgresql://user:password@host:5432/database. A password with signs such as @ or # is written with encodeURIComponent.',
    )
  }
  parts.password = ''
  for (const key of parts.searchParams.keys()) if (/pass/i.test(key)) parts.searchParams.delete(key)
  return parts.href
}
