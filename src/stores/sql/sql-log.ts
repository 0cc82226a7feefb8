import type { LogRecord } from '../../core/log.ts'
import { toJson } from '../../core/plain-json.ts'
import { StorageError } from '../../errors.ts'
import { copyPlain } from '../../space/same-value.ts'
import { notHeld } from '../refusals.ts'
import type { Durability, OpenLog } from '../store.ts'
import type { Database } from './database.ts'
import { addEvents, eventCount, eventTexts, parsed } from './events.ts'
import { lastKnown } from './known-trials.ts'
import type { Mirror } from './mirror.ts'
import { type Steps, type Version, version } from './steps.ts'
import { lockStudy, removeUnused } from './studies.ts'
import { Turns } from './turns.ts'
import { LEASE_MS, type Writers } from './writers.ts'

/** A log that was opened, as the database knows it. */
export interface OpenedLog {
  readonly database: Database
  readonly writers: Writers
  readonly mirror: Mirror
  readonly experiment: string
  readonly studyId: number
  readonly writer: string
  /** Whether another one in this process has it for itself, who is to lose it to what is appended here. */
  readonly isHeld: boolean
  readonly durability: Durability
  readonly records: readonly LogRecord[]
  /** What the database said when `records` was read. */
  readonly version: string | undefined
  /** The greatest id of a row of trials that was known then. */
  readonly trialId: number
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
    poll: () => log.poll(),
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

/** How far a writer has read. */
interface Place {
  readonly position: number
  /** What the database said then; undefined when it is to be looked at again in any case. */
  readonly version: string | undefined
  /** Up to this id all rows of trials are in the log. */
  readonly trialId: number
}

type News = Place & { readonly texts: readonly string[] }

class SqlLog {
  readonly #log: OpenedLog
  readonly #isShared: boolean
  // One call after the other, since each begins where the one before has ended.
  readonly #turns = new Turns()
  #place: Place
  // Until something is appended, it is taken from nobody, and nothing is added to it.
  #isLooking: boolean
  #isClosed = false

  constructor(log: OpenedLog, isShared: boolean) {
    this.#log = log
    this.#isShared = isShared
    const { records, version: read, trialId, isHeld } = log
    this.#isLooking = isHeld
    this.#place = isHeld
      ? { position: records.length, version: undefined, trialId: 0 }
      : { position: records.length, version: read, trialId }
  }

  append(added: readonly LogRecord[]): Promise<readonly LogRecord[] | undefined> {
    // Read at once: a caller may go on to change what it handed in.
    const records = added.map((record) => copyPlain(record) as LogRecord)
    const texts = records.map(toJson)
    return this.#alone(async ({ database, mirror, experiment, durability }) => {
      const isSynced =
        durability === 'report' ||
        (durability === 'trial' && records.some(({ type }) => type === 'trial.ended'))
      const from = this.#place.position
      let triedCount = 0
      const news = await database.write(() => this.#append(records, texts, triedCount++ > 0), isSynced, true)
      this.#place = news
      if (news.texts.length > 0) return mirror.follow(parsed(news.texts, experiment, from))
      this.#isLooking = false
      mirror.written()
      return undefined
    })
  }

  poll(): Promise<readonly LogRecord[]> {
    return this.#alone(async ({ database, mirror, experiment }) => {
      const from = this.#place.position
      const news =
        (await database.read(() => this.#look())) ?? (await database.write(() => this.#takeIn(), false, true))
      this.#place = news
      return mirror.follow(parsed(news.texts, experiment, from))
    })
  }

  beat(): Promise<void> {
    return this.#alone(({ database, writers, experiment, writer }) =>
      database.write(() => writers.beat(experiment, writer), false, true),
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
        await database.write(() => this.#leave(), false, true)
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
  *#append(records: readonly LogRecord[], texts: readonly string[], isAgain: boolean): Steps<News> {
    const { database, writers, mirror, experiment, studyId, writer } = this.#log
    yield* lockStudy(database.dialect, studyId)
    const count = yield* writers.check(experiment, writer)
    let place = this.#place
    if (count < place.position) throw lost(experiment, place.position - count)
    if (isAgain && (yield* this.#isKept(texts))) {
      // The connection broke before it could be heard.
      return { ...place, position: place.position + texts.length, version: undefined, texts: [] }
    }
    const now = yield* version()
    if (this.#isLooking) {
      const news = yield* this.#eventsSince(now)
      if (news.texts.length > 0) return news
      yield* writers.take(studyId)
    }
    const isAsRead = !this.#isLooking && this.#isAsRead(now)
    if (this.#isShared && !isAsRead) {
      const news = yield* this.#newsSince(now)
      if (news.texts.length > 0) return news
      place = news
    }
    yield* addEvents(studyId, place.position, texts)
    yield* mirror.write(records)
    return {
      position: place.position + texts.length,
      // What one that writes alone has not looked at is there to be seen at its next poll.
      version: this.#isShared || isAsRead ? now.after : undefined,
      trialId: place.trialId,
      texts: [],
    }
  }

  /** Whether these come next in the log. */
  *#isKept(added: readonly string[]): Steps<boolean> {
    const kept = yield* eventTexts(this.#log.studyId, this.#place.position)
    return added.every((text, i) => text === kept[i])
  }

  *#takeIn(): Steps<News> {
    const { database, writers, experiment, studyId, writer } = this.#log
    yield* lockStudy(database.dialect, studyId)
    yield* writers.check(experiment, writer)
    return yield* this.#newsSince(yield* version())
  }

  // Rows that others than Troupe wrote come after the records that Troupe wrote, in this transaction.
  *#newsSince(now: Version): Steps<News> {
    const { mirror, experiment, studyId } = this.#log
    const { position, trialId } = this.#place
    const end = yield* eventCount(studyId)
    const texts = end > position ? [...(yield* eventTexts(studyId, position))] : []
    const unread = parsed(texts, experiment, position)
    const imported = (yield* mirror.takeIn(trialId, unread)).map(toJson)
    yield* addEvents(studyId, end, imported)
    texts.push(...imported)
    return yield* this.#read(position, now, texts)
  }

  *#eventsSince(now: Version): Steps<News> {
    const { position } = this.#place
    return yield* this.#read(position, now, yield* eventTexts(this.#log.studyId, position))
  }

  *#read(from: number, now: Version, texts: readonly string[]): Steps<News> {
    const trialId = this.#isLooking ? 0 : yield* lastKnown(this.#log.studyId)
    return { position: from + texts.length, version: now.after, trialId, texts }
  }

  /** What others have appended, without a lock; undefined when there are rows to be taken in. */
  *#look(): Steps<News | undefined> {
    const { writers, mirror, experiment, writer } = this.#log
    const { position, trialId } = this.#place
    const now = yield* version()
    if (this.#isAsRead(now)) return { position, version: now.after, trialId, texts: [] }
    yield* writers.check(experiment, writer)
    if (!this.#isLooking && (yield* mirror.hasForeign(trialId))) return undefined
    return yield* this.#eventsSince(now)
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

function lost(experiment: string, count: number): StorageError {
  return new StorageError(
    'notHeld',
    `The database has lost the last ${count} records of ${experiment} that it had acknowledged, as a server does that crashed under another durability than 'report', or that was put back from a backup. Open it again and go on with what that gives.`,
  )
}
