import type { TrialStatus } from '../core/trial.ts'
import type { Lane, Lanes } from './lanes.ts'

// Mermaid's default `maxTextSize`.
const MAX_LENGTH = 50_000

// Mermaid has four looks for a task; a fifth is the plain one. Ends are told by milestones instead.
const TAGS: Readonly<Record<TrialStatus, string | undefined>> = {
  pending: '',
  running: 'active, ',
  stopping: 'crit, active, ',
  paused: 'done, ',
  retrying: 'crit, ',
  terminated: undefined,
  error: undefined,
}

/** The timeline as a Mermaid `gantt` diagram: a section a trial, a task a stay, a milestone where it ended. */
export function timelineMermaid(timeline: Lanes): string {
  const lines = [
    'gantt',
    // Room for the names. Not `displayMode: compact`, which writes the labels of short stays over each other.
    '  %%{init: {"gantt": {"leftPadding": 150}}}%%',
    '  title Timeline of trials',
    // Both read and written in the viewer's own time zone, so that the axis starts at 0 everywhere.
    '  dateFormat YYYY-MM-DD HH:mm:ss.SSS',
    `  axisFormat ${axisFormat(timeline.elapsedMs)}`,
  ]
  let length = lines.join('\n').length
  for (const [i, lane] of timeline.lanes.entries()) {
    const section = sectionOf(lane, timeline.elapsedMs)
    const more = `  %% ${timeline.lanes.length - i} more trials`
    if (length + section.length + more.length + 3 > MAX_LENGTH) {
      lines.push(more)
      break
    }
    lines.push(section)
    length += section.length + 1
  }
  return `${lines.join('\n')}\n`
}

function sectionOf({ name, stays, state, endedAt }: Lane, elapsedMs: number): string {
  const lines = [`  section ${word(name)}`]
  for (const { status, from, to = elapsedMs } of stays) {
    const tags = TAGS[status]
    if (tags !== undefined && to > from) lines.push(`  ${status} :${tags}${dateOf(from)}, ${dateOf(to)}`)
  }
  if (endedAt !== undefined) {
    lines.push(`  ${state} :${state === 'failed' ? 'crit, ' : ''}milestone, ${dateOf(endedAt)}, 0ms`)
  }
  return lines.join('\n')
}

// Colons, semicolons, hashes and percent signs are syntax.
function word(name: string): string {
  const kept = name.replace(/[^\p{L}\p{N}_.\- ]+/gu, ' ').trim()
  return kept === '' ? 'trial' : kept
}

// A day without a change of clocks anywhere, at the start of a month: day 1 is the first.
const DAY_0 = Date.UTC(2001, 0, 1)

function dateOf(ms: number): string {
  return new Date(DAY_0 + Math.round(ms)).toISOString().replace('T', ' ').replace('Z', '')
}

function axisFormat(spanMs: number): string {
  if (spanMs < 10_000) return '%S.%L s'
  if (spanMs < 3_600_000) return '%M:%S'
  return spanMs < 86_400_000 ? '%H:%M:%S' : 'day %j, %H:%M'
}
