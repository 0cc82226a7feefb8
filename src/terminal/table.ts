import type { Paint, Style } from './style.ts'
import { cutText, padText, textWidth } from '../results/text.ts'

/** One column of a table. */
export interface Column {
  readonly label: string
  /** Plain text, one for each row. */
  readonly cells: readonly string[]
  /** Numbers stand under each other by their decimal points. */
  readonly kind: 'text' | 'number'
  /** Where room is short, the columns with the highest rank go first; rank 0 stays. */
  readonly rank: number
  /** Takes the room that the others leave, and is cut there: for texts of any length. */
  readonly rest?: boolean
  /** How the cell of a row stands out. */
  readonly style?: (row: number) => Style | undefined
}

/** Columns between two neighbours. */
const GAP = 2
/** Texts are cut at this width, however much room there is. */
const WIDEST = 40
/** And those of a column that takes the rest, at this. */
const LONGEST = 200

/**
 * A table as lines of at most `width` columns: labels, a rule, rows. Columns that do not fit are left out, and a last
 * column `…` says so; nothing is ever wrapped.
 */
export function tableLines(columns: readonly Column[], width: number, paint: Paint): string[] {
  const laid = columns.map(layOut)
  const shown = fitting(laid, width)
  const cut = shown.length < laid.length
  // When even the columns that stay are too wide, they give way: first the one of long texts, then from the left.
  let excess = widthOf(shown) + (cut ? 1 + GAP : 0) - width
  for (const column of [...shown.filter(({ rest }) => rest), ...shown]) {
    if (excess <= 0) break
    const narrower = Math.max(1, column.width - excess)
    excess -= column.width - narrower
    narrow(column, narrower)
  }
  const rows = columns[0]?.cells.length ?? 0
  const line = (
    cellOf: (column: LaidOut) => string,
    style: (column: LaidOut) => Style | undefined,
    more: string,
  ): string => {
    const last = shown.at(-1)
    const cells = shown.map((column) => {
      const cell = cellOf(column)
      return paint(style(column), column === last && more === '' ? cell.trimEnd() : cell)
    })
    return [...cells, ...(more === '' ? [] : [paint('faint', more)])].join(' '.repeat(GAP))
  }
  return [
    line(
      ({ head }) => head,
      () => 'bold',
      cut ? '…' : '',
    ),
    line(
      ({ width: length }) => '─'.repeat(length),
      () => 'faint',
      cut ? '─' : '',
    ),
    ...Array.from({ length: rows }, (_, row) =>
      line(
        ({ cells }) => cells[row] as string,
        ({ style }) => style?.(row),
        '',
      ),
    ),
  ]
}

interface LaidOut {
  readonly rank: number
  readonly rest: boolean
  readonly style: Column['style']
  width: number
  head: string
  cells: string[]
}

function layOut({ label, cells, kind, rank, rest = false, style }: Column): LaidOut {
  const aligned =
    kind === 'number' ? alignPoints(cells) : cells.map((cell) => cutText(cell, rest ? LONGEST : WIDEST))
  const title = cutText(label, WIDEST)
  const width = [title, ...aligned].reduce((most, cell) => Math.max(most, textWidth(cell)), 0)
  const side = kind === 'number' ? 'left' : 'right'
  return {
    rank,
    rest,
    style,
    width,
    head: padText(title, width, side),
    cells: aligned.map((cell) => padText(cell, width, side)),
  }
}

function narrow(column: LaidOut, width: number): void {
  const cut = (cell: string) => padText(cutText(cell.trimEnd(), width), width)
  column.width = width
  column.head = cut(column.head)
  column.cells = column.cells.map(cut)
}

// Filled up on the right, so that the decimal points (or the ends of integers) come to stand under each other.
function alignPoints(cells: readonly string[]): string[] {
  const tails = cells.map((cell) => {
    const point = cell.search(/[.e]/)
    return /\d/.test(cell) && point !== -1 ? cell.length - point : 0
  })
  const longest = Math.max(0, ...tails)
  return cells.map((cell, row) =>
    /\d/.test(cell) ? cell + ' '.repeat(longest - (tails[row] as number)) : cell,
  )
}

function fitting(columns: readonly LaidOut[], width: number): LaidOut[] {
  const shown = [...columns]
  // One column for the `…`, and its gap.
  while (widthOf(shown) + (shown.length < columns.length ? 1 + GAP : 0) > width) {
    const worst = shown.reduce((found, { rank }, i) => (rank >= (shown[found]?.rank ?? 0) ? i : found), 0)
    if (shown[worst]?.rank === 0) break
    shown.splice(worst, 1)
  }
  return shown
}

function widthOf(columns: readonly LaidOut[]): number {
  return columns.reduce((sum, column) => sum + column.width + GAP, -GAP)
}
