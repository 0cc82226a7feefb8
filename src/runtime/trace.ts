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
   * One JSON object a line, the header first. What JSON has no word for is spelled out: NaN, Infinity and -Infinity as
   * `{ "$number": "NaN" }`, and so on with `$bigint`, `$function` (its name), `$symbol` and `$circular`.
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

/**
 * The value itself where JSON can write it as it is, else a copy in which what JSON has no word for is spelled out:
 * left out, it could make unequal runs equal. Configurations may hold anything.
 */
function encodable(value: unknown, within: object[] = []): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) }
    case 'bigint':
      return { $bigint: String(value) }
    case 'function':
      return { $function: value.name }
    case 'symbol':
      return { $symbol: value.description ?? '' }
    case 'object':
      return value === null ? value : encodableObject(value, within)
    default:
      return value
  }
}

function encodableObject(value: object, within: object[]): unknown {
  if (within.includes(value)) return { $circular: true }
  within.push(value)
  const copy = Array.isArray(value) ? encodedItems(value, within) : encodedFields(value, within)
  within.pop()
  return copy
}

// Nearly always nothing needs a copy, and a trace has a hundred thousand records.
function encodedItems(items: readonly unknown[], within: object[]): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let i = 0; i < items.length; i++) {
    const encoded = encodable(items[i], within)
    if (encoded !== items[i]) (copy ??= [...items])[i] = encoded
  }
  return copy ?? items
}

function encodedFields(fields: object, within: object[]): object {
  let copy: Record<string, unknown> | undefined
  for (const [key, value] of Object.entries(fields)) {
    const encoded = encodable(value, within)
    if (encoded !== value) (copy ??= { ...fields })[key] = encoded
  }
  return copy ?? fields
}
