import type { LogRecord } from '../core/log.ts'

/** The first line of a trace: which form the other lines have. */
export interface TraceHeader {
  readonly type: 'trace'
  /** Changes when a reader of the form before would no longer understand. */
  readonly schema: 1
}

const HEADER: TraceHeader = { type: 'trace', schema: 1 }

/**
 * Every message and decision of an experiment that changed something, in order, with its time: equal runs have equal
 * traces. Iterates over the records.
 */
export class Trace implements Iterable<LogRecord> {
  readonly header: TraceHeader = HEADER
  readonly #records: LogRecord[] = []

  /** How many records there are, the header not counted. */
  get length(): number {
    return this.#records.length
  }

  add(record: LogRecord): void {
    this.#records.push(record)
  }

  at(index: number): LogRecord | undefined {
    return this.#records.at(index)
  }

  [Symbol.iterator](): IterableIterator<LogRecord> {
    return this.#records[Symbol.iterator]()
  }

  /**
   * One JSON object a line, the header first. What JSON has no word for (NaN, Infinity, -Infinity) is written
   * `{ "$number": "NaN" }`.
   */
  toJSONL(): string {
    let text = JSON.stringify(HEADER) + '\n'
    for (const record of this.#records) text += JSON.stringify(encodable(record)) + '\n'
    return text
  }

  /** SHA-256 of `toJSONL()`, as 64 hexadecimal digits. */
  async hash(): Promise<string> {
    const digest = await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode(this.toJSONL()))
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }
}

/** The value itself where JSON can write it as it is, else a copy with numbers spelled out. */
function encodable(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (encodable(value[i]) !== value[i]) return value.map(encodable)
    }
    return value
  }
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (encodable(item) !== item) {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, encodable(inner)]))
    }
  }
  return value
}
