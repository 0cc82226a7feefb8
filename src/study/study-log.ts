import type { LogRecord } from '../core/log.ts'
import type { OpenLog } from '../stores/store.ts'

/** What a study does with records of its log. */
export interface LogReader {
  /** This writer's record is kept. */
  kept(record: LogRecord): void
  /** Another writer's record is kept: does again what it says. */
  heard(record: LogRecord): Promise<void>
}

/**
 * The log of a study, which other writers may append to as well. What is appended always follows from all that was
 * appended before, whoever did that.
 */
export class StudyLog {
  readonly #log: OpenLog
  readonly #read: () => Promise<readonly LogRecord[]>
  readonly #reader: LogReader
  // Changes that are true already and not kept yet, in their order.
  #notes: LogRecord[] = []
  // How many records the log is known to hold, but for what is being heard.
  #count: number
  // What others have appended, as far as nothing was done about it.
  readonly #unheard: LogRecord[] = []

  /**
   * @param count - How many records the log holds.
   * @param read - What the log holds then. It is not kept here, since it is seldom needed and may be long.
   */
  constructor(log: OpenLog, count: number, read: () => Promise<readonly LogRecord[]>, reader: LogReader) {
    this.#log = log
    this.#count = count
    this.#read = read
    this.#reader = reader
  }

  /** All that the log is known to hold, in order, but for what is being heard. */
  async records(): Promise<readonly LogRecord[]> {
    return (await this.#read()).slice(0, this.#count)
  }

  /** What is true and not kept yet, in order. */
  get notes(): readonly LogRecord[] {
    return this.#notes
  }

  /** Takes down what is true already, to be kept with the next change. */
  note(record: LogRecord): void {
    this.#notes.push(record)
  }

  /** Forgets what was noted of a trial. @returns Whether there was anything. */
  forget(trial: number): boolean {
    const left = this.#notes.filter((note) => !('trial' in note && note.trial === trial))
    const hadSome = left.length < this.#notes.length
    this.#notes = left
    return hadSome
  }

  /** Hears what others have appended. */
  async poll(): Promise<void> {
    if (this.#log.poll === undefined) return
    const others = await this.#log.poll()
    if (others.length > 0 || this.#unheard.length > 0) await this.#hear(others)
  }

  /**
   * Keeps what was noted, and then these records. When others were first, what they did is heard, and the records are
   * made again.
   * @param plan - The records by what is known now; undefined to give it up. What it throws, this rejects with.
   * @returns What was kept of them; undefined when it was given up.
   */
  async keep(plan: () => readonly LogRecord[] | undefined): Promise<readonly LogRecord[] | undefined> {
    if (this.#unheard.length > 0) await this.#hear([])
    for (;;) {
      const records = plan()
      if (records === undefined) return undefined
      const count = this.#notes.length
      if (count + records.length === 0) return records
      const batch = [...this.#notes, ...records]
      const others = await this.#log.append(batch)
      if (others === undefined) {
        // Only now, since an append that fails is to be tried again; and user code may have noted more meanwhile.
        this.#notes.splice(0, count)
        this.#count += batch.length
        for (const record of records) this.#reader.kept(record)
        return records
      }
      await this.#hear(others)
    }
  }

  async #hear(others: readonly LogRecord[]): Promise<void> {
    this.#unheard.push(...others)
    // One by one: what throws, such as a searcher, must not be in the way of what comes after it.
    for (let record = this.#unheard.shift(); record !== undefined; record = this.#unheard.shift()) {
      try {
        await this.#reader.heard(record)
      } finally {
        this.#count++
      }
    }
  }
}
