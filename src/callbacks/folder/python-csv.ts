import { isPlainObject } from '../../core/metrics.ts'
import { pythonJson } from './python-json.ts'

/** The cells of one row by column, in order. */
export type Cells = ReadonlyMap<string, string>

/** Nested objects become columns such as `val/loss`; arrays stay one cell. `config` is left out. */
export function cellsOf(report: Readonly<Record<string, unknown>>): Cells {
  const cells = new Map<string, string>()
  const add = (value: unknown, column: string): void => {
    if (isPlainObject(value)) for (const key of Object.keys(value)) add(value[key], `${column}/${key}`)
    else if (value !== undefined) cells.set(column, cellText(value))
  }
  for (const key of Object.keys(report)) if (key !== 'config') add(report[key], key)
  return cells
}

// Python's words, so that pandas gives a column of numbers, or of truth values, and not of texts.
function cellText(value: unknown): string {
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'nan'
    return Number.isFinite(value) ? String(value) : value > 0 ? 'inf' : '-inf'
  }
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value === null) return ''
  return typeof value === 'string' ? value : pythonJson(value)
}

/** One line, with its end. */
export function csvLine(cells: Iterable<string>): string {
  const fields = Array.from(cells, (cell) =>
    /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  )
  return `${fields.join(',')}\r\n`
}

/** A line that was read back, and where it ends in the text. */
export interface CsvRow {
  readonly cells: readonly string[]
  readonly end: number
}

/** The lines of a text; one without an end, which a crash has torn, is left out. */
export function csvRows(text: string): CsvRow[] {
  const rows: CsvRow[] = []
  let cells: string[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/y
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    const [, quoted, plain, end] = match
    cells.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'))
    if (end === ',') continue
    rows.push({ cells, end: field.lastIndex })
    cells = []
  }
  return rows
}
