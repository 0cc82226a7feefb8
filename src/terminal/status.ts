import type { BestTrial, ExperimentSnapshot, TrialSummary } from '../core/snapshot.ts'
import type { Resources, TrialStatus } from '../core/trial.ts'
import type { ExperimentView } from '../results/reporter.ts'
import { formatNumber } from '../core/format-number.ts'
import { cutText, formatElapsed, formatValue, plainText, textWidth } from '../results/text.ts'
import { type ColumnChoices, trialColumns } from './columns.ts'
import { fittingFailureLines, lastFailureLine } from './failures.ts'
import { leaderWords } from './leaders.ts'
import { countByStatus, shownTrials } from './rows.ts'
import { ansiPaint, type Paint, plainPaint } from './style.ts'
import { tableLines } from './table.ts'

/** Where and when a status is drawn. */
export interface StatusOptions extends ColumnChoices {
  /** Columns that a line may take. */
  readonly width: number
  /** Lines that there is room for. Default: any number. */
  readonly height?: number | undefined
  /** Rows of the table of trials. Default 20. */
  readonly maxRows?: number | undefined
  readonly now: Date
  /** Bytes of this machine's memory. Without it the line is left out. */
  readonly memory?: { readonly used: number; readonly total: number } | undefined
  /** Whether colours are wanted. Default false. */
  readonly color?: boolean | undefined
}

/** Below this height the head is two lines and failures are one. */
const LOW = 22

/**
 * The state of an experiment as lines of text: the time, the scheduler, the resources, the best trial, the table of
 * trials and the failures. The same arguments give the same lines. No line is wider than `width`, and there are
 * never more than `height`.
 */
export function renderStatus(
  view: ExperimentView,
  snapshot: ExperimentSnapshot,
  options: StatusOptions,
): string[] {
  const { width, height = Infinity, maxRows = 20 } = options
  const paint = options.color === true ? ansiPaint : plainPaint
  const low = height < LOW
  const head = [
    ...(low ? lowHeadLines(snapshot, options) : headLines(snapshot, options, paint)),
    cutText(countLine(view, snapshot.trials), width),
    ...leaderLines(view, snapshot, width, paint),
    ...waitingLines(snapshot, width, paint),
  ]
  // An empty line and two over the rows, one under them for those left out.
  const room = height - head.length - 4
  const failed = low
    ? lastFailureLine(snapshot.trials, width, paint)
    : fittingFailureLines(snapshot.trials, room, maxRows, width, paint)
  const rows = Math.max(1, Math.min(maxRows, room - failed.length))
  const lines = [...head, ...trialLines(view, snapshot, rows, options, paint), ...failed]
  return lines.slice(0, Math.max(1, height))
}

function headLines(
  snapshot: ExperimentSnapshot,
  { width, now, memory }: StatusOptions,
  paint: Paint,
): string[] {
  const facts: [label: string, value: string][] = [
    ['Current time', clockOf(now)],
    ['Running for', formatElapsed(snapshot.elapsedMs)],
  ]
  if (memory !== undefined) facts.push(['Memory', memoryOf(memory)])
  return [
    ...facts.map(([label, value]) => {
      const line = cutText(`${label}:`.padEnd(14) + value, width)
      return paint('faint', line.slice(0, 14)) + line.slice(14)
    }),
    '',
    cutText(plainText(snapshot.scheduler), width),
    cutText(resourceLine(snapshot), width),
  ]
}

function lowHeadLines(snapshot: ExperimentSnapshot, { width, now }: StatusOptions): string[] {
  return [
    cutText(
      `${clockOf(now)}, running for ${formatElapsed(snapshot.elapsedMs)}. ${plainText(snapshot.scheduler)}`,
      width,
    ),
  ]
}

function waitingLines(
  { slots, status, waitingFor }: ExperimentSnapshot,
  width: number,
  paint: Paint,
): string[] {
  if (slots.used > 0 || status !== 'running') return []
  return waitingFor
    .slice(0, 3)
    .map((what) => paint('yellow', cutText(`Waiting for ${plainText(what)}`, width)))
}

function trialLines(
  view: ExperimentView,
  snapshot: ExperimentSnapshot,
  maxRows: number,
  options: StatusOptions,
  paint: Paint,
): string[] {
  if (snapshot.trials.length === 0) return []
  const { rows, hidden } = shownTrials(snapshot, maxRows)
  const lines = ['', ...tableLines(trialColumns(view, snapshot, rows, options), options.width, paint)]
  if (hidden.size > 0) {
    const count = [...hidden.values()].reduce((sum, n) => sum + n, 0)
    lines.push(paint('faint', cutText(`… ${count} more (${byStatus(hidden)})`, options.width)))
  }
  return lines
}

// Of several objectives each has a leader, and what is said of one has no place for the configurations.
function leaderLines(
  view: ExperimentView,
  snapshot: ExperimentSnapshot,
  width: number,
  paint: Paint,
): string[] {
  if (snapshot.best !== undefined) return bestLines(snapshot.best, width, paint)
  const words = leaderWords(view, snapshot)
  return words === '' ? [] : [paint('green', cutText(`B${words.slice(1)}`, width))]
}

/** What is said of a best trial. */
export type Winner = Pick<BestTrial, 'name' | 'params' | 'metric' | 'value' | 'iteration' | 'feasible'>

/** The best trial in one line, or in two where one is too narrow. */
export function bestLines(best: Winner, width: number, paint: Paint, title = 'Best trial'): string[] {
  const params = Object.entries(best.params).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const config = params.map(([name, value]) => `${plainText(name)}=${formatValue(value)}`).join(', ')
  const infeasible = best.feasible ? '' : ', infeasible'
  const facts = `${plainText(best.name)} with ${plainText(best.metric)}=${formatNumber(best.value)} at iteration ${best.iteration}${infeasible}`
  const prefix = cutText(`${title}: `, width)
  const whole = config === '' ? facts : `${facts} (${config})`
  if (textWidth(prefix + whole) <= width) return [prefix + paint('green', whole)]
  return [
    prefix + paint('green', cutText(facts, width - textWidth(prefix))),
    ...(config === '' ? [] : [`  ${paint('green', cutText(config, width - 2))}`]),
  ]
}

/** How many trials there are, of how many, and in which status: `Number of trials: 10/1000 (4 RUNNING, 6 TERMINATED)`. */
export function countLine({ numSamples }: ExperimentView, trials: readonly TrialSummary[]): string {
  const total = numSamples === undefined ? '' : `/${numSamples === Infinity ? '∞' : numSamples}`
  const counts = countByStatus(trials)
  return `Number of trials: ${trials.length}${total}${counts.size === 0 ? '' : ` (${byStatus(counts)})`}`
}

function byStatus(counts: ReadonlyMap<TrialStatus, number>): string {
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([status, count]) => `${count} ${status.toUpperCase()}`)
    .join(', ')
}

/** `Logical resource usage: 1.0/12 CPUs, 0/0 GPUs`, then whatever else there is. */
function resourceLine({ resources: { used, total } }: ExperimentSnapshot): string {
  const others = Object.keys({ ...total, ...used }).filter((name) => name !== 'cpu' && name !== 'gpu')
  const usages = [`${usage(used, total, 'cpu')} CPUs`, `${usage(used, total, 'gpu')} GPUs`]
  return `Logical resource usage: ${[...usages, ...others.map((name) => `${usage(used, total, name)} ${plainText(name)}`)].join(', ')}`
}

function usage(used: Resources, total: Resources, name: string): string {
  const [taken, all] = [used[name] ?? 0, total[name] ?? 0]
  // Taken room is a float in Ray Tune, which is how its users know it.
  const share = taken !== 0 && Number.isInteger(taken) ? `${taken}.0` : formatNumber(taken)
  return `${share}/${all === Infinity ? '∞' : formatNumber(all)}`
}

function clockOf(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

function memoryOf({ used, total }: { readonly used: number; readonly total: number }): string {
  return `${(used / 2 ** 30).toFixed(1)}/${(total / 2 ** 30).toFixed(1)} GiB`
}
