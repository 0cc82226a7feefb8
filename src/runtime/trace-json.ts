import type { LogRecord } from '../core/log.ts'
import { describe } from '../core/options.ts'
import { TroupeError } from '../errors.ts'
import type { TraceRecords } from './trace-records.ts'

/** The first line of a trace: which form the other lines have. */
export interface TraceHeader {
  readonly type: 'trace'
  /** Changes when a reader of the form before would no longer understand. */
  readonly schema: 1
}

/** The header of the traces that are written now. */
export const HEADER: TraceHeader = { type: 'trace', schema: 1 }

// So many lines are put together at a time: one text that grows by every line is a tree of all of them until it is read.
const BLOCK = 512

/** One JSON object a line, the header first, in pieces of some hundred lines. */
export function* traceToJson(records: TraceRecords): Generator<string> {
  yield JSON.stringify(HEADER) + '\n'
  for (let start = 0; start < records.length; start += BLOCK) {
    const lines: string[] = []
    for (let i = start; i < Math.min(start + BLOCK, records.length); i++)
      lines.push(records.jsonAt(i) ?? JSON.stringify(encodable(records.at(i))))
    yield lines.join('\n') + '\n'
  }
}

/**
 * The records of a trace that was written.
 * @throws {TroupeError} with code `'trace'` for text that is no trace, or one of another schema, naming the line.
 */
export function traceFromJson(text: string): LogRecord[] {
  if (typeof text !== 'string') throw notATrace(1, `${describe(text)} is no text`)
  const lines = text.trimEnd().split('\n')
  const header = parsed(lines[0] as string, 1) as Partial<TraceHeader>
  if (header.type !== 'trace') throw notATrace(1, 'it is not the header of a trace')
  if (header.schema !== HEADER.schema)
    throw notATrace(
      1,
      `its schema is ${describe(header.schema)}, and this version reads schema ${HEADER.schema}`,
    )
  return lines.slice(1).map((line, i) => {
    const record = parsed(line, i + 2) as Partial<LogRecord>
    if (typeof record.type === 'string' && typeof record.at === 'number') return record as LogRecord
    throw notATrace(i + 2, 'it has no type and time')
  })
}

function parsed(line: string, number: number): object {
  let value: unknown
  try {
    value = JSON.parse(line, (_key, inner: unknown) => decoded(inner))
  } catch (cause) {
    throw notATrace(number, 'it is no JSON', cause)
  }
  if (typeof value === 'object' && value !== null) return value
  throw notATrace(number, 'it is no object')
}

function notATrace(line: number, why: string, cause?: unknown): TroupeError {
  return new TroupeError(
    'trace',
    `Line ${line} cannot be read as a line of a trace: ${why}. Give the text that trace.toJSONL() wrote.`,
    { cause },
  )
}

const NUMBERS: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity'])

/** Numbers come back. Functions, symbols and circles stay what stands for them: they were never in the text. */
function decoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { $number, $bigint } = value as { $number?: unknown; $bigint?: unknown }
  if (Object.keys(value).length !== 1) return value
  if (NUMBERS.has($number)) return Number($number)
  return typeof $bigint === 'string' && /^-?\d+$/.test($bigint) ? BigInt($bigint) : value
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
