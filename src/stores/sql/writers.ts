import { hostname } from 'node:os'
import { pid } from 'node:process'
import { StorageError } from '../../errors.ts'
import { freshSeed } from '../../random/random.ts'
import { isRunning, markText, processWords, readMark, thisProcess } from '../process-mark.ts'
import { notHeld } from '../refusals.ts'
import type { Database } from './database.ts'
import { query, row, rows, run, type Steps } from './steps.ts'
import { hasOwnLog } from './studies.ts'

/** A writer on another machine holds a log for so long after it was heard of. */
export const LEASE_MS = 30_000

interface WriterRow {
  readonly writer: string
  readonly shared: number
  readonly host: string
  readonly process: string
  readonly file: string
  readonly since: number
  readonly beat: number
}

const COLUMNS = 'writer, shared, host, process, file, since, beat'
const ALL = query<WriterRow>(`SELECT ${COLUMNS} FROM troupe_writers WHERE study_id = ? ORDER BY since`)
const REMOVE_ALL = query('DELETE FROM troupe_writers WHERE study_id = ?')
const REMOVE_EXCLUSIVE = query('DELETE FROM troupe_writers WHERE study_id = ? AND shared = 0')
const REMOVE = query('DELETE FROM troupe_writers WHERE writer = ?')
const ADD = query(`INSERT INTO troupe_writers (study_id, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
const IS_WRITER = `writer = ? AND ${hasOwnLog('troupe_writers.study_id')}`
const HELD = query<{ count: number }>(
  `SELECT (SELECT COALESCE(MAX(position) + 1, 0) FROM troupe_events e
     WHERE e.study_id = troupe_writers.study_id) AS count
   FROM troupe_writers WHERE ${IS_WRITER}`,
)

/** A writer that has just been made. */
export interface AddedWriter {
  readonly writer: string
  /** Whether another one in this process has the log for itself, until `take`. */
  readonly isHeld: boolean
}

/** Who may write to which log: one alone, or any number that share it. */
export class Writers {
  readonly #database: Pick<Database, 'file'>
  readonly #now
  readonly #beat
  readonly #silent

  constructor(database: Pick<Database, 'dialect' | 'file'>) {
    const { now } = database.dialect
    this.#database = database
    this.#now = query<{ now: number }>(`SELECT ${now} AS now`)
    this.#beat = query<{ writer: string }>(
      `UPDATE troupe_writers SET beat = ${now} WHERE ${IS_WRITER} RETURNING writer`,
    )
    this.#silent = query<{ writer: string }>(
      `SELECT writer FROM troupe_writers WHERE study_id = ? AND shared = 1 AND ${now} - beat > ? ORDER BY beat`,
    )
  }

  /**
   * Makes a new writer of a log. One that writes alone makes all before it unable to. One that shares leaves it at first to
   * one of this process that writes alone.
   * @throws {StorageError} with code `'inUse'` while one in another process is alive that would become unable to write.
   */
  *add(experiment: string, studyId: number, shared: boolean): Steps<AddedWriter> {
    const now = yield* this.#time()
    let isHeld = false
    for (const other of yield* rows(ALL, studyId)) {
      if ((shared && other.shared === 1) || !this.#isAlive(other, now)) continue
      if (!isOurs(other)) throw inUse(experiment, other, now)
      isHeld = shared
    }
    if (!isHeld) yield* run(shared ? REMOVE_EXCLUSIVE : REMOVE_ALL, studyId)
    const host = hostname().slice(0, 200)
    const writer = `${host}:${pid}:${freshSeed().slice(0, 8)}`
    const added = [writer, shared ? 1 : 0, host, markText(thisProcess()), this.#database.file()] as const
    yield* run(ADD, studyId, ...added, now, now)
    return { writer, isHeld }
  }

  /** One that shares makes one that writes alone unable to. */
  take(studyId: number): Steps<void> {
    return run(REMOVE_EXCLUSIVE, studyId)
  }

  /** Who writes to a log that one writer has alone, in words; undefined when nobody does. */
  *holder(studyId: number): Steps<string | undefined> {
    const now = yield* this.#time()
    const holder = (yield* rows(ALL, studyId)).find((one) => one.shared === 0 && this.#isAlive(one, now))
    return holder && wordsOf(holder)
  }

  /**
   * How many records there are in the log that a writer has open.
   * @throws {StorageError} with code `'notHeld'` when it was made unable to write, or the study is not there any more.
   */
  *check(experiment: string, writer: string): Steps<number> {
    const held = yield* row(HELD, writer)
    if (held === undefined) throw notHeld(experiment)
    return held.count
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

  *#time(): Steps<number> {
    return Number((yield* row(this.#now))?.now)
  }

  // On this machine nobody has to wait for a lease to run out: after kill -9 one goes on at once. And one that is alive
  // keeps what it has alone, however long it computes without a word.
  #isAlive({ process, file, shared, beat }: WriterRow, now: number): boolean {
    // Who has the original open does not hold a copy of the file.
    if (file !== this.#database.file()) return false
    const runs = isRunningIn(process)
    // One that shares it says that it is alive only while it has trials that run.
    if (runs === false || (runs === true && shared === 0)) return runs
    return now - beat < LEASE_MS
  }
}

function isOurs({ process }: WriterRow): boolean {
  return process === markText(thisProcess())
}

/** Whether the process of a mark runs; undefined where that is not certain. */
function isRunningIn(process: string): boolean | undefined {
  const mark = readMark(process)
  return mark && isRunning(mark)
}

function inUse(experiment: string, other: WriterRow, now: number): StorageError {
  return new StorageError(
    'inUse',
    `${experiment} is held by ${wordsOf(other)}.${hintOf(other, now)} Stop that process, or give this one another name.`,
  )
}

function hintOf({ shared, process, beat }: WriterRow, now: number): string {
  if (shared === 1) return ' It shares it, as studies do, and this one wants it alone.'
  if (isRunningIn(process) === true) return ''
  const silentS = Math.max(0, Math.round((now - beat) / 1000))
  return ` If it is gone, that shows within ${LEASE_MS / 1000} s of its last word, which was ${silentS} s ago.`
}

function wordsOf({ process, host, since }: WriterRow): string {
  const mark = readMark(process)
  return mark === undefined ? `a process on ${host}` : processWords(mark, host, since)
}
