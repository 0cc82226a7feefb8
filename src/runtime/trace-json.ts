import type { LogRecord } from '../core/log.ts'
import { encodable, parseJson } from '../core/plain-json.ts'
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
    value = parseJson(line)
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
