import { sha256 } from '#host'
import type { LogRecord } from '../core/log.ts'
import { HEADER, type TraceHeader, traceFromJson, traceToJson } from './trace-json.ts'
import { TraceRecords } from './trace-records.ts'
import { traceToText } from './trace-text.ts'

export type { TraceHeader } from './trace-json.ts'

/**
 * Every message and decision of an experiment that changed something, in order, with its time: equal runs have equal
 * traces. Iterates over the records.
 */
export class Trace implements Iterable<LogRecord> {
  readonly header: TraceHeader = HEADER
  readonly #records = new TraceRecords()

  /**
   * Reads what `toJSONL` wrote. Functions and symbols in configurations were written by name, and stay names.
   * @throws {TroupeError} with code `'trace'` for text that is no trace, naming the line.
   */
  static fromJSONL(text: string): Trace {
    const trace = new Trace()
    for (const record of traceFromJson(text)) trace.add(record)
    return trace
  }

  /** How many records there are, the header not counted. */
  get length(): number {
    return this.#records.length
  }

  add(record: LogRecord): void {
    this.#records.push(record.type === 'trial.transition' ? withoutStack(record) : record)
  }

  at(index: number): LogRecord | undefined {
    return this.#records.at(index)
  }

  [Symbol.iterator](): IterableIterator<LogRecord> {
    return this.#records[Symbol.iterator]()
  }

  /**
   * One JSON object a line, the header first. What JSON has no word for is spelled out: NaN, Infinity and -Infinity as
   * `{ "$number": "NaN" }`, and so on with `$bigint`, `$function` (its name), `$symbol` and `$circular`.
   */
  toJSONL(): string {
    return [...traceToJson(this.#records)].join('')
  }

  /** A timeline to read: a line for each record, with its time, its trial, what happened, and decisions' reasons. */
  toText(): string {
    return traceToText(this.#records)
  }

  /** The same as `toText`. */
  toString(): string {
    return this.toText()
  }

  /** SHA-256 of `toJSONL()`, as 64 hexadecimal digits. */
  hash(): Promise<string> {
    return sha256(traceToJson(this.#records))
  }
}

/** The same on every machine: a stack names files. */
function withoutStack(record: LogRecord & { readonly type: 'trial.transition' }): LogRecord {
  if (record.error === undefined) return record
  const { stack: _, ...error } = record.error
  return { ...record, error }
}
