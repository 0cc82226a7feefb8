import type { TrialRecord } from '../core/trial.ts'
import { isFeasible } from '../core/order.ts'
import { leavesOf } from './paths.ts'
import { formatValue } from './text.ts'

/** What one cell of a table holds. */
export type Cell = string | number | boolean | null

/** One trial as a flat row: columns that it has no value for are missing. */
export type TableRow = Readonly<Record<string, Cell>>

// In front, in this order, also when there are no rows.
const COLUMNS = [
  'number',
  'trialId',
  'name',
  'status',
  'state',
  'source',
  'attempt',
  'feasible',
  'ranMs',
  'reason',
  'error',
] as const

/** One row a trial, in the order given. */
export function tableOf(records: readonly TrialRecord[]): TableRow[] {
  return records.map((record) => {
    const row: Record<string, Cell> = {
      number: record.number,
      trialId: record.id,
      name: record.name,
      status: record.status,
      state: record.state,
      source: record.source,
      attempt: record.attempt,
      feasible: isFeasible(record.constraints),
      ranMs: record.ranMs,
    }
    if (record.reason !== undefined) row['reason'] = record.reason.text
    if (record.error !== undefined) row['error'] = record.error.message
    for (const [path, leaf] of leavesOf(record.config)) put(row, `config/${path}`, leaf)
    for (const [path, leaf] of leavesOf(record.metrics ?? {})) put(row, metricColumn(path), leaf)
    return row
  })
}

const TAKEN: ReadonlySet<string> = new Set(COLUMNS)

// Decided by the name alone, so that a metric has the same column on every row.
function metricColumn(path: string): string {
  return TAKEN.has(path) || path.startsWith('config/') || path.startsWith('metrics/')
    ? `metrics/${path}`
    : path
}

function put(row: Record<string, Cell>, column: string, leaf: unknown): void {
  if (leaf === undefined) return
  const isCell =
    leaf === null || typeof leaf === 'number' || typeof leaf === 'string' || typeof leaf === 'boolean'
  row[column] = isCell ? leaf : formatValue(leaf)
}

/** Rows as CSV after RFC 4180, CRLF included. The header is the union of all rows' columns. */
export function csvOf(rows: readonly TableRow[]): string {
  const found = new Set<string>()
  for (const row of rows) for (const column in row) found.add(column)
  const others = [...found].filter((column) => !TAKEN.has(column))
  const columns = [
    ...COLUMNS,
    ...others.filter((column) => column.startsWith('config/')),
    ...others.filter((column) => !column.startsWith('config/')),
  ]
  const lines = [columns.map(field).join(',')]
  for (const row of rows) lines.push(columns.map((column) => field(row[column])).join(','))
  return `${lines.join('\r\n')}\r\n`
}

function field(cell: Cell | undefined): string {
  if (cell === undefined) return ''
  if (typeof cell !== 'string') return String(cell)
  // Quoted when empty, to tell it from a missing value, and at outer spaces, which some readers trim.
  return cell === '' || /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}
