import type { TrialSummary } from '../core/snapshot.ts'
import { counted } from '../core/options.ts'
import { cutText, firstLine, plainText } from '../results/text.ts'
import type { Paint } from './style.ts'
import { type Column, tableLines } from './table.ts'

/** Failures that are listed where lines are few. */
const LISTED = 5
/** Rows of trials that failures leave room for, however many there are. */
const TRIAL_ROWS = 8

/**
 * The trials that failed, or that failed and are tried again: name, how often, and the first line of what was thrown
 * last. One that came through in the end is none of them.
 */
export function failureLines(
  trials: readonly TrialSummary[],
  maxRows: number,
  width: number,
  paint: Paint,
): string[] {
  const troubled = trials.filter(isTroubled)
  if (troubled.length === 0) return []
  const rows = troubled.slice(0, maxRows)
  const columns: Column[] = [
    { label: 'Trial name', kind: 'text', rank: 0, cells: rows.map(({ name }) => plainText(name)) },
    { label: '# failures', kind: 'number', rank: 0, cells: rows.map(({ failures }) => String(failures)) },
    { label: 'error', kind: 'text', rank: 0, rest: true, cells: rows.map(failureOf) },
  ]
  const left = troubled.length - rows.length
  const more = left > 0 ? [paint('faint', cutText(`… ${left} more`, width))] : []
  return ['', paint('red', cutText(countOf(troubled), width)), ...tableLines(columns, width, paint), ...more]
}

/**
 * The failures in as many lines as they may take of `room`, which the table of trials shares.
 * @param maxRows - Rows of the table of trials.
 */
export function fittingFailureLines(
  trials: readonly TrialSummary[],
  room: number,
  maxRows: number,
  width: number,
  paint: Paint,
): string[] {
  if (room === Infinity) return failureLines(trials, maxRows, width, paint)
  const kept = Math.min(trials.length, maxRows, TRIAL_ROWS)
  for (let rows = LISTED; rows > 0; rows--) {
    const lines = failureLines(trials, rows, width, paint)
    if (room - lines.length >= kept) return lines
  }
  return lastFailureLine(trials, width, paint)
}

/** The failures in one line, with the last of them. */
export function lastFailureLine(trials: readonly TrialSummary[], width: number, paint: Paint): string[] {
  const troubled = trials.filter(isTroubled)
  const last = troubled.at(-1)
  if (last === undefined) return []
  const text = `${countOf(troubled)}, the last ${plainText(last.name)}: ${failureOf(last)}`
  return ['', paint('red', cutText(text, width))]
}

function isTroubled(trial: TrialSummary): boolean {
  return hasFailed(trial) || triesAgain(trial)
}

function hasFailed({ status }: TrialSummary): boolean {
  return status === 'error'
}

// Its error stays until an attempt has made it good.
function triesAgain({ state, error }: TrialSummary): boolean {
  return error !== undefined && (state === 'waiting' || state === 'running' || state === 'paused')
}

function failureOf({ error, reason }: TrialSummary): string {
  return firstLine(error ?? reason ?? '')
}

function countOf(troubled: readonly TrialSummary[]): string {
  const failed = troubled.filter(hasFailed).length
  const again = troubled.length - failed
  if (failed === 0) return `${counted(again, 'trial')} failed and will be tried again`
  return `Number of failed trials: ${failed}${again === 0 ? '' : `, and ${again} to be tried again`}`
}
