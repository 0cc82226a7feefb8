import { linePrefix, type LogLine, readLine } from './journal-line.ts'
import { LineReader } from './line-reader.ts'

/** Reads what is said of one log. */
export class LogReader extends LineReader {
  readonly log: string
  readonly #prefix: string
  #seen: LogLine[] = []

  constructor(path: string, log: string) {
    super(path)
    this.log = log
    this.#prefix = linePrefix(log)
  }

  /** What was read since this was asked last. */
  seen(): readonly LogLine[] {
    const seen = this.#seen
    this.#seen = []
    return seen
  }

  protected override restart(): void {
    super.restart()
    this.#seen = []
  }

  protected override take(text: string, from: number, to: number): void {
    if (!text.startsWith(this.#prefix, from) && isWholeAtSight(text, from, to)) return
    const { log, line } = readLine(text.slice(from, to)) ?? this.refuse()
    if (log === this.log) this.#seen.push(line)
  }
}

/** Reads who may append to one log, and none of its records. */
export class HolderReader extends LogReader {
  readonly #records: string

  constructor(path: string, log: string) {
    super(path, log)
    this.#records = `${linePrefix(log)}"records":`
  }

  protected override take(text: string, from: number, to: number): void {
    if (!text.startsWith(this.#records, from)) super.take(text, from, to)
  }
}

/** Reads which logs there are that hold records. */
export class NamesReader extends LineReader {
  // In order of creation, each with whether it holds records.
  readonly #logs = new Map<string, boolean>()
  // How the lines of records begin that belong to these: nearly all are of that kind.
  readonly #known = new Set<string>()

  get names(): readonly string[] {
    return [...this.#logs].flatMap(([name, hasRecords]) => (hasRecords ? name : []))
  }

  protected override take(text: string, from: number, to: number): void {
    // Within a text the quotes would be escaped, so what is found first is the field.
    const prefix = text.slice(from, text.indexOf('"records":', from))
    if (this.#known.has(prefix) && isWholeAtSight(text, from, to)) return
    const { log, line } = readLine(text.slice(from, to)) ?? this.refuse()
    if ('deleted' in line) {
      this.#logs.delete(log)
      this.#known.clear()
      return
    }
    const hasRecords = 'records' in line && line.records.length > 0
    this.#logs.set(log, hasRecords || this.#logs.get(log) === true)
    if (hasRecords) this.#known.add(linePrefix(log))
  }
}

function isWholeAtSight(text: string, from: number, to: number): boolean {
  return text.startsWith('{"log":"', from) && text[to - 1] === '}'
}
