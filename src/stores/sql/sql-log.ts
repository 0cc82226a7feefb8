import type { LogRecord } from '../../core/log.ts'
import { toJson } from '../../core/plain-json.ts'
import { StorageError } from '../../errors.ts'
import { copyPlain } from '../../space/same-value.ts'
import type { Durability, OpenLog } from '../store.ts'
import type { Database } from './database.ts'
import { addEvents, eventCount, eventTexts, parsed } from './events.ts'
import type { Mirror } from './mirror.ts'
import { type Steps, type Version, version } from './steps.ts'
import { lockStudy, removeUnused } from './studies.ts'
import { Turns } from './turns.ts'
import { LEASE_MS, notHeld, type Writers } from './writers.ts'

/** A log that was opened, as the database knows it. */
export interface OpenedLog {
  readonly database: Database
  readonly writers: Writers
  readonly mirror: Mirror
  readonly experiment: string
  readonly studyId: number
  readonly writer: string
  readonly durability: Durability
  readonly records: readonly LogRecord[]
  /** What the database said when `records` was read. */
  readonly version: string | undefined
  /** Is called once, when it is closed. */
  readonly released: () => Promise<void>
}

/** A log that one writer has alone. It says by itself that it is alive. */
export function exclusiveLog(opened: OpenedLog): OpenLog {
  const log = new SqlLog(opened, false)
  const timer = setInterval(() => void log.beat().catch(() => {}), LEASE_MS / 3)
  timer.unref()
  return {
    records: opened.records,
    append: (records) => log.append(records),
    close() {
      clearInterval(timer)
      return log.close()
    },
  }
}

/** A log that others may have open too. */
export function sharedLog(opened: OpenedLog): OpenLog {
  const log = new SqlLog(opened, true)
  return {
    records: opened.records,
    writer: opened.writer,
    append: (records) => log.append(records),
    poll: () => log.poll(),
    beat: () => log.beat(),
    deadWriters: (leaseMs) => log.deadWriters(leaseMs),
    close: () => log.close(),
  }
}

/** How far a writer has read, and what the database said then. */
interface Place {
  readonly position: number
  readonly version: string | undefined
}

type News = Place & { readonly texts: readonly string[] }

class SqlLog {
  readonly #log: OpenedLog
  readonly #isShared: boolean
  // One call after the other, since each begins where the one before has ended.
  readonly #turns = new Turns()
  #place: Place
  #isClosed = false

  constructor(log: OpenedLog, isShared: boolean) {
    this.#log = log
    this.#isShared = isShared
    this.#place = { position: log.records.length, version: log.version }
  }

  append(added: readonly LogRecord[]): Promise<readonly LogRecord[] | undefined> {
    // Read at once: a caller may go on to change what it handed in.
    const records = added.map((record) => copyPlain(record) as LogRecord)
    const texts = records.map(toJson)
    return this.#alone(async ({ database, mirror, durability }) => {
      const isSynced =
        durability === 'report' ||
        (durability === 'trial' && records.some(({ type }) => type === 'trial.ended'))
      const news = await database.write(() => this.#append(records, texts), isSynced)
      this.#place = news
      if (news.texts.length > 0) return mirror.follow(parsed(news.texts))
      mirror.written()
      return undefined
    })
  }

  poll(): Promise<readonly LogRecord[]> {
    return this.#alone(async ({ database, mirror }) => {
      const news =
        (await database.read(() => this.#look())) ?? (await database.write(() => this.#takeIn(), false))
      this.#place = news
      return mirror.follow(parsed(news.texts))
    })
  }

  beat(): Promise<void> {
    return this.#alone(({ database, writers, experiment, writer }) =>
      database.write(() => writers.beat(experiment, writer), false),
    )
  }

  deadWriters(leaseMs: number): Promise<readonly string[]> {
    return this.#alone(({ database, writers, studyId }) =>
      database.read(() => writers.silent(studyId, leaseMs)),
    )
  }

  close(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#isClosed) return
      this.#isClosed = true
      const { database, released } = this.#log
      try {
        await database.write(() => this.#leave(), false)
      } catch (error) {
        // All that was acknowledged is kept, and what is left of this writer counts as dead after its lease.
        if (!(error instanceof StorageError)) throw error
      } finally {
        await released()
      }
    })
  }

  #alone<T>(work: (log: OpenedLog) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      if (this.#isClosed) throw notHeld(this.#log.experiment)
      return work(this.#log)
    })
  }

  // Nothing is added when there is news: that is given back, and what was to be added may no longer follow from it.
  *#append(records: readonly LogRecord[], texts: readonly string[]): Steps<News> {
    const { database, writers, mirror, experiment, studyId, writer } = this.#log
    yield* lockStudy(database.dialect, studyId)
    yield* writers.check(experiment, writer)
    const { position } = this.#place
    const now = yield* version()
    if (this.#isShared && !this.#isAsRead(now)) {
      const news = yield* this.#newsSince(position, now)
      if (news.texts.length > 0) return news
    }
    yield* addEvents(studyId, position, texts)
    yield* mirror.write(records)
    return { position: position + texts.length, version: now.after, texts: [] }
  }

  *#takeIn(): Steps<News> {
    const { database, writers, experiment, studyId, writer } = this.#log
    yield* lockStudy(database.dialect, studyId)
    yield* writers.check(experiment, writer)
    return yield* this.#newsSince(this.#place.position, yield* version())
  }

  // Rows that others than Troupe wrote come after the records that Troupe wrote, in this transaction.
  *#newsSince(position: number, now: Version): Steps<News> {
    const { mirror, studyId } = this.#log
    const end = yield* eventCount(studyId)
    const texts = end > position ? [...(yield* eventTexts(studyId, position))] : []
    const imported = (yield* mirror.takeIn()).map(toJson)
    yield* addEvents(studyId, end, imported)
    texts.push(...imported)
    return { position: position + texts.length, version: now.after, texts }
  }

  /** What others have appended, without a lock; undefined when there are rows to be taken in. */
  *#look(): Steps<News | undefined> {
    const { writers, mirror, experiment, studyId, writer } = this.#log
    const { position } = this.#place
    const now = yield* version()
    if (this.#isAsRead(now)) return { position, version: now.after, texts: [] }
    yield* writers.check(experiment, writer)
    if (yield* mirror.hasForeign()) return undefined
    const texts = yield* eventTexts(studyId, position)
    return { position: position + texts.length, version: now.after, texts }
  }

  #isAsRead({ before }: Version): boolean {
    return before !== undefined && before === this.#place.version
  }

  *#leave(): Steps<void> {
    const { database, writers, studyId, writer } = this.#log
    yield* lockStudy(database.dialect, studyId)
    yield* writers.remove(writer)
    yield* removeUnused(studyId)
  }
}
