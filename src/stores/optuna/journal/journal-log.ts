import type { LogRecord } from '../../../core/log.ts'
import { StorageError } from '../../../errors.ts'
import { copyPlain } from '../../../space/same-value.ts'
import { notHeld } from '../../refusals.ts'
import type { Durability, OpenLog } from '../../store.ts'
import type { OptunaOperation } from '../operation.ts'
import { WRITER_KEY } from '../own-keys.ts'
import { Projection } from '../projection.ts'
import type { JournalFile } from './journal-file.ts'
import { type JournalIds, type JournalLine, lineOf, readLine } from './journal-line.ts'
import type { RecordReader } from './record-reader.ts'

/** What holds of every log in Optuna's journal. */
export const NOTICE =
  "Optuna's journal holds what Optuna has: no pauses, checkpoints or decisions. A study goes on from it; an experiment cannot be resumed. Use sqlite:///FILE or journal:///FILE for that."

/** How a log is held. */
export interface Held {
  readonly file: JournalFile
  readonly reader: RecordReader
  readonly name: string
  readonly writer: string
  readonly durability: Durability
  readonly isShared: boolean
}

/** One study of a journal, open for writing. */
export class JournalLog {
  readonly #held: Held
  readonly #projection = new Projection({ alone: true })
  // Ids of the trials that were made here, where Optuna may have made others in between.
  readonly #ids = new Map<number, number>()
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false
  // The id of the study, since another one may have its name later.
  #study: number | undefined
  // Who had it alone when it was opened as shared: that one keeps it until something is appended here.
  #holder: unknown

  constructor(held: Held) {
    this.#held = held
  }

  /**
   * Reads what there is, and makes this the only writer, unless it is shared.
   * @returns What the log holds.
   */
  async begin(): Promise<readonly LogRecord[]> {
    const { file, reader, isShared } = this.#held
    const records = [...reader.take(await file.read())]
    if (isShared) this.#holder = reader.study?.systemAttrs[WRITER_KEY]
    if (!this.#isOurs()) {
      await file.append((lines) => {
        records.push(...reader.take(lines))
        const text = this.#isOurs() ? '' : this.#lines([this.#claim()])
        reader.take(parsed(text))
        return text
      }, false)
    }
    this.#study = reader.study?.id
    this.#projection.follow(records)
    return records
  }

  append(added: readonly LogRecord[]): Promise<readonly LogRecord[] | undefined> {
    // Read at once: a caller may go on to change what it handed in.
    const records = added.map((record) => copyPlain(record) as LogRecord)
    return this.#alone(async ({ file, durability }) => {
      const isSynced =
        durability === 'report' ||
        (durability === 'trial' && records.some(({ type }) => type === 'trial.ended'))
      let news: readonly LogRecord[] = []
      let written: Written | undefined
      await file.append((lines) => {
        news = this.#take(lines)
        written = news.length > 0 ? undefined : this.#write(records)
        return written?.text ?? ''
      }, isSynced)
      if (written === undefined) return news
      written.keep()
      return undefined
    })
  }

  poll(): Promise<readonly LogRecord[]> {
    return this.#alone(async ({ file }) => this.#take(await file.read()))
  }

  async close(): Promise<void> {
    await this.#last.catch(() => {})
    this.#isClosed = true
  }

  /** @returns What others have said, of a log that they may write to. */
  #take(lines: readonly JournalLine[]): readonly LogRecord[] {
    const { reader, isShared } = this.#held
    const news = reader.take(lines)
    this.#mustBeHeld()
    if (!isShared) return []
    this.#projection.follow(news)
    return news
  }

  #mustBeHeld(): void {
    const { reader, name } = this.#held
    const id = reader.study?.id
    if (!this.#isOurs() || (this.#study !== undefined && this.#study !== id)) throw notHeld(name)
    this.#study = id
  }

  get #owner(): string | null {
    return this.#held.isShared ? null : this.#held.writer
  }

  #isOurs(): boolean {
    const { study } = this.#held.reader
    if (study === undefined) return true
    const holder = study.systemAttrs[WRITER_KEY] ?? null
    return holder === this.#owner || (this.#held.isShared && holder === this.#holder)
  }

  /** Whether what is shared is still another one's alone. */
  #isAnothers(): boolean {
    return this.#held.isShared && (this.#held.reader.study?.systemAttrs[WRITER_KEY] ?? null) !== null
  }

  #claim(): OptunaOperation {
    return { kind: 'studySystemAttr', key: WRITER_KEY, value: this.#owner }
  }

  #write(records: readonly LogRecord[]): Written {
    const { reader, name, isShared } = this.#held
    const { operations, keep } = this.#projection.project(records)
    const [first, ...rest] = operations
    if (first !== undefined && (first.kind === 'study') !== (reader.study === undefined)) throw notBegun(name)
    const begun = first?.kind === 'study' && !isShared ? [first, this.#claim(), ...rest] : operations
    const all = this.#isAnothers() ? [this.#claim(), ...begun] : begun
    const made = new Map<number, number>()
    const text = this.#lines(all, made)
    return {
      text,
      keep: () => {
        keep()
        reader.take(parsed(text))
        this.#study = reader.study?.id
        for (const [number, id] of made) this.#ids.set(number, id)
      },
    }
  }

  /** @param made - Is told the ids of the trials that are made. */
  #lines(operations: readonly OptunaOperation[], made = new Map<number, number>()): string {
    const { state, study } = this.#held.reader
    const ids: JournalIds = {
      study: study?.id ?? state.nextStudyId,
      trial: (number) => made.get(number) ?? this.#ids.get(number) ?? (study?.trials[number]?.id as number),
    }
    let text = ''
    for (const operation of operations) {
      if (operation.kind === 'trial') made.set(operation.trial, state.nextTrialId + made.size)
      text += lineOf(operation, this.#held.writer, ids)
    }
    return text
  }

  #alone<T>(work: (held: Held) => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      if (this.#isClosed) throw notHeld(this.#held.name)
      return work(this.#held)
    })
    this.#last = done.catch(() => {})
    return done
  }
}

interface Written {
  readonly text: string
  keep(): void
}

/** A log as `open` gives it. */
export interface OptunaJournalLog extends OpenLog {
  /** What this kind of storage does not keep, in words. */
  readonly notice: string
}

function parsed(text: string): readonly JournalLine[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => readLine(line) as JournalLine)
}

function notBegun(name: string): StorageError {
  return new StorageError(
    'notBegun',
    `${name} cannot be kept in Optuna's journal: there, a study begins with its name and directions, once. Make it by createStudy or a Tuner, under a name that is not taken.`,
  )
}
