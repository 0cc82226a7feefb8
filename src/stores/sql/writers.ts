import { hostname } from 'node:os'
import process, { pid } from 'node:process'
import { StorageError } from '../../errors.ts'
import { freshSeed } from '../../random/random.ts'
import type { Dialect } from './database.ts'
import { query, row, rows, run, type Steps } from './steps.ts'

/** A log is held by a writer for so long after it was heard of. */
export const LEASE_MS = 30_000

interface WriterRow {
  readonly writer: string
  readonly shared: number
  readonly host: string
  readonly pid: number
  readonly since: number
  readonly beat: number
}

const ALL = query<WriterRow>(
  'SELECT writer, shared, host, pid, since, beat FROM troupe_writers WHERE study_id = ? ORDER BY since',
)
const REMOVE_ALL = query('DELETE FROM troupe_writers WHERE study_id = ?')
const REMOVE_EXCLUSIVE = query('DELETE FROM troupe_writers WHERE study_id = ? AND shared = 0')
const REMOVE = query('DELETE FROM troupe_writers WHERE writer = ?')
const ADD = query(
  'INSERT INTO troupe_writers (writer, study_id, shared, host, pid, since, beat) VALUES (?, ?, ?, ?, ?, ?, ?)',
)
const HELD = query<{ held: number }>('SELECT 1 AS held FROM troupe_writers WHERE writer = ?')

/** Who may write to which log: one alone, or any number that share it. */
export class Writers {
  readonly #now
  readonly #beat
  readonly #silent

  constructor({ now }: Dialect) {
    this.#now = query<{ now: number }>(`SELECT ${now} AS now`)
    this.#beat = query<{ writer: string }>(
      `UPDATE troupe_writers SET beat = ${now} WHERE writer = ? RETURNING writer`,
    )
    this.#silent = query<{ writer: string }>(
      `SELECT writer FROM troupe_writers WHERE study_id = ? AND shared = 1 AND ${now} - beat > ? ORDER BY beat`,
    )
  }

  /**
   * Makes a new writer of a log. One that writes alone makes all before it unable to; so does one that shares with one
   * that writes alone.
   * @throws {StorageError} with code `'inUse'` while one in another process is alive that would become unable to write.
   */
  *add(experiment: string, studyId: number, shared: boolean): Steps<string> {
    const now = Number((yield* row(this.#now))?.now)
    const host = hostname()
    for (const other of yield* rows(ALL, studyId)) {
      const agrees = shared && other.shared === 1
      if (!agrees && isAliveElsewhere(other, host, now)) throw inUse(experiment, other, host, now)
    }
    yield* run(shared ? REMOVE_EXCLUSIVE : REMOVE_ALL, studyId)
    const writer = `${host.slice(0, 200)}:${pid}:${freshSeed().slice(0, 8)}`
    yield* run(ADD, writer, studyId, shared ? 1 : 0, host, pid, now, now)
    return writer
  }

  /** @throws {StorageError} with code `'notHeld'` when the writer was made unable to write. */
  *check(experiment: string, writer: string): Steps<void> {
    if ((yield* row(HELD, writer)) === undefined) throw notHeld(experiment)
  }

  /** Says that a writer is alive; throws as `check` does. */
  *beat(experiment: string, writer: string): Steps<void> {
    if ((yield* row(this.#beat, writer)) === undefined) throw notHeld(experiment)
  }

  /** Those that share a log and have not been heard of for so long. */
  *silent(studyId: number, leaseMs: number): Steps<readonly string[]> {
    return (yield* rows(this.#silent, studyId, leaseMs)).map(({ writer }) => writer)
  }

  remove(writer: string): Steps<void> {
    return run(REMOVE, writer)
  }
}

/** What one hears who may no longer write. */
export function notHeld(experiment: string): StorageError {
  return new StorageError(
    'notHeld',
    `${experiment} was closed, deleted, or opened again since, so this one may no longer write to it. Open it again and go on with what that gives.`,
  )
}

function isAliveElsewhere(other: WriterRow, host: string, now: number): boolean {
  if (now - other.beat >= LEASE_MS) return false
  if (other.host !== host) return true
  // On this machine nobody has to wait for a lease to run out: after kill -9 one goes on at once.
  return other.pid !== pid && isRunning(other.pid)
}

function isRunning(otherPid: number): boolean {
  try {
    return process.kill(otherPid, 0)
  } catch (error) {
    // It may be another user's.
    return (error as { code?: unknown }).code !== 'ESRCH'
  }
}

function inUse(experiment: string, other: WriterRow, host: string, now: number): StorageError {
  const where = other.host === host ? '' : ` on ${other.host}`
  const since = new Date(other.since).toISOString().slice(0, 19).replace('T', ' ')
  const silentS = Math.max(0, Math.round((now - other.beat) / 1000))
  const hint =
    other.shared === 1
      ? 'It shares it, as studies do, and this one wants it alone.'
      : `If it is gone, that shows within ${LEASE_MS / 1000} s of its last word, which was ${silentS} s ago.`
  return new StorageError(
    'inUse',
    `${experiment} is held by process ${other.pid}${where} since ${since} UTC. ${hint} Stop that process, or give this one another name.`,
  )
}
