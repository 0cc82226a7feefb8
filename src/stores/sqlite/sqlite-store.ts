import { must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { shownUrl } from '../shown-url.ts'
import { sqlStore } from '../sql/sql-store.ts'
import type { Store } from '../store.ts'
import { SqliteDatabase } from './sqlite-database.ts'

/** Options of `sqliteStore`. */
export interface SqliteStoreOptions {
  /** The database file, made when it is not there; its folder must be. */
  readonly path: string
  /** How long other processes may keep it locked before that is an error, in milliseconds. Default 25,000. */
  readonly lockTimeoutMs?: number | undefined
}

// Shorter than the 30 s for which an experiment waits for its store: so one hears what the matter is.
const DEFAULTS = { path: undefined, lockTimeoutMs: 25_000 }

/**
 * Keeps experiments and studies in one SQLite file, in which Optuna and its dashboard find them too.
 * What is acknowledged survives `kill -9`; a power cut under durability `'report'`, and under `'trial'` once the trial
 * has ended. Any number of processes of one machine may use the file at once; it must not be on a network folder.
 * @throws {OptionError} for a path that is none.
 * @example const study = await createStudy({ name: 'demo', storage: sqliteStore({ path: 'studies.db' }) })
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const checks = { path: pathProblem, lockTimeoutMs: must.from(0) }
  const { path, lockTimeoutMs } = readOptions('sqliteStore', options, DEFAULTS, checks)
  if (path === undefined) throw new OptionError('sqliteStore.path', 'sqliteStore needs the path of a file.')
  return sqlStore(new SqliteDatabase(path, lockTimeoutMs), {
    name: 'sqliteStore',
    url: `sqlite:///${path}`,
    folder: `${path}.files`,
  })
}

/**
 * The store of a URL: `sqlite:///study.db` in the working folder, `sqlite:////data/study.db` from the root.
 * @param rest - What follows `sqlite:`.
 * @throws {OptionError} for a URL without a path.
 */
export function sqliteStoreOfUrl(rest: string): Store {
  const path = rest.startsWith('///') ? rest.slice(3) : ''
  const problem = pathProblem(path)
  if (problem === undefined) return sqliteStore({ path })
  const shown = shownUrl(`sqlite:${rest}`)
  throw new OptionError(
    'storage',
    `storage: sqlite: is followed by three slashes and the path of a file, as in sqlite:///study.db, or sqlite:////data/study.db from the root. Got ${shown}. For a study that need not be kept there is memory:.`,
    { received: shown },
  )
}

function pathProblem(path: unknown): string | undefined {
  if (typeof path !== 'string' || path === '') return 'must be the path of a file.'
  return path === ':memory:'
    ? 'must be the path of a file; for what need not be kept there is memoryStore().'
    : undefined
}
