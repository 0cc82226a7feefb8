import type { TrialStatus } from '../core/trial.ts'
import type { Lane, Lanes } from './lanes.ts'
import { must, readOptions } from '../core/options.ts'
import { cutText, formatDuration, padText, plainText, textWidth } from './text.ts'
import { ticksOf } from './time-axis.ts'

/** How much of a timeline is written, and how wide. */
export interface TimelineTextOptions {
  /** Columns of the widest line. Integer from 40. Default 100. */
  readonly width?: number
  /** Lanes that are drawn, from the first trial on. Integer from 1. Default 1000. */
  readonly maxTrials?: number
}

const DEFAULTS = { width: 100, maxTrials: 1000 }
const CHECKS = { width: must.integerFrom(40), maxTrials: must.integerFrom(1) }

const MARKS: Readonly<Record<TrialStatus, string>> = {
  pending: '·',
  running: '█',
  stopping: '▓',
  paused: '░',
  retrying: '~',
  // Told by the outcome instead.
  terminated: '',
  error: '',
}
const OUTCOMES = { completed: '✓', pruned: '/', failed: '✗', interrupted: '‖' } as const

/** The timeline as lines of fixed width: names, then one column for each slice of time. */
export function timelineText(timeline: Lanes, options: TimelineTextOptions): string {
  const { width, maxTrials } = readOptions('timeline.toText', options, DEFAULTS, CHECKS)
  if (timeline.lanes.length === 0) return 'There are no trials.'
  const shown = timeline.lanes.slice(0, maxTrials)
  const nameWidth = Math.min(28, Math.max(5, ...shown.map(({ name }) => textWidth(plainText(name)))))
  const columns = width - nameWidth - 2
  // One more than the span needs, so that what ends last has its mark inside of the frame.
  const sliceMs = timeline.elapsedMs / (columns - 1) || 1
  const lines = [`${' '.repeat(nameWidth)}  ${axisLine(timeline.elapsedMs, sliceMs, columns)}`]
  for (const lane of shown) {
    const name = padText(cutText(plainText(lane.name), nameWidth), nameWidth)
    lines.push(`${name}  ${laneLine(lane, timeline.elapsedMs, sliceMs, columns)}`.trimEnd())
  }
  const left = timeline.lanes.length - shown.length
  if (left > 0) lines.push(`… ${left} more trials`)
  lines.push('', ...legend(shown, width), `One column is ${formatDuration(sliceMs)}.`)
  return lines.join('\n')
}

function axisLine(spanMs: number, sliceMs: number, columns: number): string {
  let line = ''
  for (const { at, label } of ticksOf(spanMs, Math.max(1, Math.floor(columns / 14)))) {
    const column = Math.round(at / sliceMs)
    if (column < line.length || column + label.length > columns) continue
    line = `${line.padEnd(column)}${label}`
  }
  return line
}

function laneLine(lane: Lane, elapsedMs: number, sliceMs: number, columns: number): string {
  const cells = Array.from({ length: columns }, () => ' ')
  const longest = new Float64Array(columns)
  for (const { status, from, to = elapsedMs } of lane.stays) {
    if (MARKS[status] === '') continue
    const last = Math.min(columns - 1, Math.floor(to / sliceMs))
    for (let i = Math.floor(from / sliceMs); i <= last; i++) {
      // Of several states within one column the one that took most of it is shown.
      const overlap = Math.min(to, (i + 1) * sliceMs) - Math.max(from, i * sliceMs)
      if (overlap <= (longest[i] as number)) continue
      longest[i] = overlap
      cells[i] = MARKS[status]
    }
  }
  if (lane.endedAt !== undefined && lane.state in OUTCOMES) {
    cells[Math.min(columns - 1, Math.floor(lane.endedAt / sliceMs))] =
      OUTCOMES[lane.state as keyof typeof OUTCOMES]
  }
  return cells.join('')
}

// Only what occurs, in as many lines as the width asks for.
function legend(lanes: readonly Lane[], width: number): string[] {
  const words = new Set<string>()
  for (const { stays, state, endedAt } of lanes) {
    for (const { status } of stays) words.add(status)
    if (endedAt !== undefined) words.add(state)
  }
  const lines: string[] = []
  for (const [word, mark] of [...Object.entries(MARKS), ...Object.entries(OUTCOMES)]) {
    if (mark === '' || !words.has(word)) continue
    const last = lines.at(-1)
    const longer = `${last}   ${mark} ${word}`
    if (last === undefined || longer.length > width) lines.push(`${mark} ${word}`)
    else lines[lines.length - 1] = longer
  }
  return lines
}
