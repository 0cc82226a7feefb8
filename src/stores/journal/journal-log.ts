import type { LogRecord } from '../../core/log.ts'
import { freshSeed } from '../../random/random.ts'
import { notHeld } from '../refusals.ts'
import type { Durability, OpenLog, OpenOptions } from '../store.ts'
import type { JournalFile } from './journal-file.ts'
import { type Holder, holderLine, type LogLine, recordLines } from './journal-line.ts'
import { holderNow, inUse, isHeld } from './holder.ts'
import { LogReader } from './log-reader.ts'
import type { WriterBeats } from './writer-beats.ts'

/** What the lines of a log come to. */
export interface LogContent {
  readonly records: LogRecord[]
  /** Who alone may append. */
  readonly holder: Holder | null
}

/** Undefined when there is no such log. */
export function contentOf(lines: readonly LogLine[]): LogContent | undefined {
  let content: LogContent | undefined
  for (const line of lines) {
    if ('deleted' in line) content = undefined
    else if ('holder' in line) content = { records: content?.records ?? [], holder: line.holder }
    else {
      content ??= { records: [], holder: null }
      for (const record of line.records) content.records.push(record)
    }
  }
  return content
}

/**
 * Opens one log of a journal. Who holds it is a line of the journal itself, so that it is decided in the same place as what
 * is appended: a writer sees that it has lost the log before it can write another line to it.
 */
export async function openJournalLog(
  file: JournalFile,
  name: string,
  beats: WriterBeats,
  { durability = 'trial', shared = false }: OpenOptions,
): Promise<OpenLog> {
  const reader = new LogReader(file.path, name)
  const id = freshSeed()
  let records: readonly LogRecord[] = []
  let isTaken = false
  // A long log takes longer to read than others can be kept from writing.
  await reader.readAhead()
  file.enter()
  try {
    await file.do({
      reader,
      isSynced: false,
      decide(seen, ino) {
        const content = contentOf(seen)
        const holder = content?.holder ?? null
        if (holder !== null && isHeld(holder, ino)) throw inUse(name, holder, ino)
        records = content?.records ?? []
        if (!shared) return holderLine(name, holderNow(id, ino))
        // Whoever only looks takes it from nobody.
        isTaken = holder !== null
        return content === undefined ? holderLine(name, null) : ''
      },
    })
    await (shared ? beats.add(id) : beats.removeAll())
  } catch (error) {
    file.leave()
    throw error
  }
  const log = new JournalLog({ file, name, reader, durability, records, isTaken })
  return shared ? sharedLog(log, id, beats) : exclusiveLog(log)
}

function exclusiveLog(log: JournalLog): OpenLog {
  return {
    records: log.records,
    async append(records) {
      await log.append(records)
    },
    close: () => log.close((name) => holderLine(name, null)),
  }
}

function sharedLog(log: JournalLog, writer: string, beats: WriterBeats): OpenLog {
  const beat = async () => {
    if (!(await beats.beat(writer))) throw notHeld(log.name)
  }
  return {
    records: log.records,
    writer,
    append: (records) => log.append(records),
    poll: () => log.poll(),
    beat,
    async deadWriters(leaseMs) {
      await beat()
      return beats.silent(leaseMs, writer)
    },
    async close() {
      await log.close(() => '')
      await beats.remove(writer)
    },
  }
}

/** The side of a log that appends, as far as it is the same for one writer and for several. */
class JournalLog {
  readonly records: readonly LogRecord[]
  readonly #file: JournalFile
  readonly name: string
  readonly #reader: LogReader
  readonly #durability: Durability
  #isHeld = true
  #isTaken: boolean
  // What others appended was found so many times, and so many times the caller was told.
  #foundCount = 0
  #toldCount = 0
  #closing: Promise<void> | undefined

  constructor(parts: {
    readonly file: JournalFile
    readonly name: string
    readonly reader: LogReader
    readonly durability: Durability
    readonly records: readonly LogRecord[]
    /** Whether another one holds it, that is to lose it to what is appended here. */
    readonly isTaken: boolean
  }) {
    this.#file = parts.file
    this.name = parts.name
    this.#reader = parts.reader
    this.#durability = parts.durability
    this.records = parts.records
    this.#isTaken = parts.isTaken
  }

  /** @returns What others have appended: then nothing was kept. */
  append(records: readonly LogRecord[]): Promise<readonly LogRecord[] | undefined> {
    // Written down now, since the caller may go on to change what it handed in.
    const lines = recordLines(this.name, records)
    return this.#do(lines, this.#mustSync(records))
  }

  async poll(): Promise<readonly LogRecord[]> {
    return (await this.#do('', false)) ?? []
  }

  /** @param lastLine - What is to be said of the log at last, when it is still held. */
  close(lastLine: (name: string) => string): Promise<void> {
    this.#closing ??= this.#close(lastLine)
    return this.#closing
  }

  async #close(lastLine: (name: string) => string): Promise<void> {
    try {
      await this.#file.do({
        reader: this.#reader,
        isSynced: true,
        decide: (seen) => (this.#stillHolds(seen) ? lastLine(this.name) : ''),
      })
    } catch {
      // What was acknowledged is kept. And to say that nobody holds the log any more is a courtesy: what holds it is this
      // process, and others see when that has ended.
    } finally {
      this.#isHeld = false
      this.#file.leave()
    }
  }

  async #do(lines: string, isSynced: boolean): Promise<readonly LogRecord[] | undefined> {
    if (this.#closing !== undefined) throw notHeld(this.name)
    const told = this.#toldCount
    const nobodysLine = holderLine(this.name, null)
    let others: readonly LogRecord[] | undefined
    await this.#file.do({
      reader: this.#reader,
      isSynced,
      decide: (seen) => {
        if (!this.#stillHolds(seen)) throw notHeld(this.name)
        const found = contentOf(seen)?.records ?? []
        if (found.length > 0) this.#foundCount++
        // It was asked for by one that had not been told yet, and so does not follow from what there is.
        if (told === this.#foundCount) return this.#isTaken && lines !== '' ? `${nobodysLine}${lines}` : lines
        others = found
        return ''
      },
    })
    if (others !== undefined) this.#toldCount = this.#foundCount
    else if (lines !== '') this.#isTaken = false
    return others
  }

  #stillHolds(seen: readonly LogLine[]): boolean {
    if (seen.some((line) => 'deleted' in line || 'holder' in line)) this.#isHeld = false
    return this.#isHeld
  }

  #mustSync(records: readonly LogRecord[]): boolean {
    switch (this.#durability) {
      case 'report':
        return true
      case 'trial':
        return records.some(({ type }) => type === 'trial.ended')
      case 'interval':
        return false
    }
  }
}
