import type { LogRecord } from '../../core/log.ts'
import { isPlainObject } from '../../core/metrics.ts'
import { parseJson, toJson } from '../../core/plain-json.ts'
import { StorageError } from '../../errors.ts'

/** What this version reads and writes. */
const SCHEMA = 1
const FORMAT = 'troupe-journal'

/** The first line of a journal. */
export const HEADER = `${toJson({ format: FORMAT, schema: SCHEMA })}\n`

/**
 * What one line says of a log: records that were appended together, who alone may append from here on (null: whoever
 * wants), or that it is forgotten.
 */
export type LogLine =
  | { readonly records: readonly LogRecord[] }
  | { readonly holder: Holder | null }
  | { readonly deleted: true }

/** Who has opened a log for itself. */
export interface Holder {
  /** Of the opening: no two are the same. */
  readonly id: string
  /** The mark of the process. */
  readonly process: string
  /** The machine's name. */
  readonly host: string
  readonly since: string
  /** The number of the file that was opened: a copy of the journal is held by nobody. */
  readonly file: number
}

/** How the lines of a log begin. To compare this is all that is done to the lines of other logs. */
export function linePrefix(log: string): string {
  return `{"log":${toJson(log)},`
}

// An append longer than this is written as several lines, of which a crash may keep the first ones alone.
const RECORDS_A_LINE = 10_000

/** The lines that keep these records. */
export function recordLines(log: string, records: readonly LogRecord[]): string {
  const prefix = `${linePrefix(log)}"records":`
  let text = ''
  for (let i = 0; i < records.length; i += RECORDS_A_LINE) {
    text += `${prefix}${toJson(records.slice(i, i + RECORDS_A_LINE))}}\n`
  }
  return text
}

export function holderLine(log: string, holder: Holder | null): string {
  return `${linePrefix(log)}"holder":${toJson(holder)}}\n`
}

export function deletedLine(log: string): string {
  return `${linePrefix(log)}"deleted":true}\n`
}

/** The log that a line is about, and what it says. Undefined for a line that is broken. */
export function readLine(text: string): { readonly log: string; readonly line: LogLine } | undefined {
  let fields: unknown
  try {
    fields = parseJson(text)
  } catch {
    return undefined
  }
  if (!isPlainObject(fields) || typeof fields['log'] !== 'string') return undefined
  const line = asLogLine(fields)
  return line === undefined ? undefined : { log: fields['log'], line }
}

function asLogLine({ records, holder, deleted }: Record<string, unknown>): LogLine | undefined {
  if (Array.isArray(records)) return { records }
  if (deleted === true) return { deleted }
  if (holder === null) return { holder }
  return isPlainObject(holder) ? { holder: holder as object as Holder } : undefined
}

/**
 * Refuses a file that is no journal, before anything in it is read or mended.
 * @param first - Its first line.
 * @throws {StorageError} with code `'newerSchema'` or `'notAJournal'`.
 */
export function checkHeader(path: string, first: string): void {
  let fields: unknown
  try {
    fields = JSON.parse(first)
  } catch {
    // Then it is no journal, which is said below.
  }
  if (!isPlainObject(fields) || fields['format'] !== FORMAT) {
    const isOptunas = isPlainObject(fields) && 'op_code' in fields
    throw new StorageError(
      'notAJournal',
      `${path} is no journal of Troupe: its first line is another. ${isOptunas ? 'It looks like one of Optuna: open it as optuna-journal:///FILE.' : 'Give the path of a new file, or of one that journalStore made.'}`,
    )
  }
  if (fields['schema'] === SCHEMA) return
  throw new StorageError(
    'newerSchema',
    `${path} was written by a newer version of Troupe: its schema is ${String(fields['schema'])}, and this version reads ${SCHEMA}. Update Troupe to open it.`,
  )
}

/** Whether a text without an end of line may be what a crash left of the header. */
export function isTornHeader(text: string): boolean {
  return HEADER.startsWith(text)
}
