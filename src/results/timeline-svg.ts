import type { Stay, TrialStatus } from '../core/trial.ts'
import type { Lane, Lanes } from './lanes.ts'
import { must, readOptions } from '../core/options.ts'
import { cutText, formatDuration, plainText, textWidth } from './text.ts'
import { ticksOf } from './time-axis.ts'

/** How much of a timeline is drawn, and how wide. */
export interface TimelineSVGOptions {
  /** Pixels. Integer from 480. Default 960. */
  readonly width?: number
  /** Lanes that are drawn, from the first trial on. Integer from 1. Default 1000. */
  readonly maxTrials?: number
}

const DEFAULTS = { width: 960, maxTrials: 1000 }
const CHECKS = { width: must.integerFrom(480), maxTrials: must.integerFrom(1) }

const STATUSES: readonly TrialStatus[] = ['pending', 'running', 'stopping', 'paused', 'retrying']
const OUTCOMES = ['completed', 'pruned', 'interrupted', 'failed'] as const
type Outcome = (typeof OUTCOMES)[number]

// Each with its shade on light and on dark ground.
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  ground: ['#ffffff', '#11161d'],
  band: ['#f6f8fa', '#161d26'],
  grid: ['#e2e8f0', '#29323f'],
  ink: ['#1e293b', '#e6ebf2'],
  faint: ['#64748b', '#94a3b8'],
  pending: ['#cbd5e1', '#475569'],
  running: ['#3b82f6', '#4c8ef5'],
  stopping: ['#0d9488', '#2dd4bf'],
  paused: ['#fcd34d', '#b7892b'],
  retrying: ['#c084fc', '#a566e8'],
  completed: ['#15803d', '#34d27b'],
  pruned: ['#475569', '#cbd5e1'],
  interrupted: ['#c2410c', '#fb923c'],
  failed: ['#dc2626', '#f87171'],
}

const EDGE = 20
const NAME_COLUMN_PX = 6.7
const HEAD = 92

/** Where everything is drawn, in pixels. */
interface Frame {
  readonly width: number
  readonly height: number
  /** Left and right end of the time axis. */
  readonly left: number
  readonly right: number
  /** From one lane to the next, and how much of it the bar takes. */
  readonly pitch: number
  readonly bar: number
  readonly spanMs: number
}

/** The timeline as a self-contained SVG document. Its styles reach nothing outside of it. */
export function timelineSVG(timeline: Lanes, options: TimelineSVGOptions): string {
  const { width, maxTrials } = readOptions('timeline.toSVG', options, DEFAULTS, CHECKS)
  const shown = timeline.lanes.slice(0, maxTrials)
  const frame = frameOf(shown, width, timeline.elapsedMs)
  const label = `Timeline of ${count(timeline.lanes.length, 'trial')} over ${formatDuration(timeline.elapsedMs)}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="troupe-timeline" width="${width}" height="${frame.height}" viewBox="0 0 ${width} ${frame.height}" role="img" aria-label="${escape(label)}">`,
    `<style>${styles()}</style>`,
    `<rect class="ground" width="${width}" height="${frame.height}" rx="6"/>`,
    heading(timeline, shown.length, frame),
    legend(shown, timeline.elapsedMs),
    ...shown.map((_, i) => band(i, frame)),
    axis(frame),
    ...shown.map((lane, i) => drawLane(lane, i, frame)),
    '</svg>',
    '',
  ].join('\n')
}

function frameOf(lanes: readonly Lane[], width: number, spanMs: number): Frame {
  const nameWidth = lanes.reduce((most, lane) => Math.max(most, textWidth(nameOf(lane))), 0)
  // As tall as a screen where names can be read; thinner beyond, so that a thousand trials are one picture.
  const pitch = Math.min(22, Math.max(2, 1600 / Math.max(1, lanes.length)))
  return {
    width,
    height: Math.ceil(HEAD + Math.max(1, lanes.length) * pitch + EDGE + 16),
    left: Math.round(EDGE + nameWidth * NAME_COLUMN_PX + 12),
    right: width - EDGE - 8,
    pitch,
    bar: pitch * 0.66,
    spanMs: spanMs || 1,
  }
}

function nameOf({ name }: Lane): string {
  return cutText(plainText(name), 28)
}

function heading(timeline: Lanes, shown: number, { width }: Frame): string {
  const left = timeline.lanes.length - shown
  const facts = [count(timeline.lanes.length, 'trial'), formatDuration(timeline.elapsedMs)]
  if (left > 0) facts.push(`the first ${shown} are drawn`)
  return [
    `<text class="title" x="${EDGE}" y="32">Trials over time</text>`,
    `<text class="faint" x="${width - EDGE}" y="32" text-anchor="end">${escape(facts.join(' · '))}</text>`,
  ].join('')
}

// Only what occurs, so that a plain experiment has a plain legend.
function legend(lanes: readonly Lane[], elapsedMs: number): string {
  const statuses = new Set(
    lanes.flatMap(({ stays }) => stays.filter((stay) => lasts(stay, elapsedMs)).map((s) => s.status)),
  )
  const states = new Set(lanes.map(({ state }) => state))
  let x = EDGE
  const items: string[] = []
  for (const word of STATUSES.filter((status) => statuses.has(status))) {
    items.push(
      `<rect class="${word}" x="${x}" y="47" width="16" height="10" rx="2"/>`,
      legendWord(word, x + 22),
    )
    x += 22 + word.length * 6.2 + 20
  }
  for (const word of OUTCOMES.filter((state) => states.has(state))) {
    items.push(marker(word, x + 6, 52), legendWord(word, x + 17))
    x += 17 + word.length * 6.2 + 20
  }
  return items.join('')
}

function legendWord(word: string, x: number): string {
  return `<text class="faint" x="${round(x)}" y="56">${word}</text>`
}

function band(i: number, { width, pitch }: Frame): string {
  if (i % 2 === 1 || pitch < 10) return ''
  return `<rect class="band" x="${EDGE - 8}" y="${round(HEAD + i * pitch)}" width="${width - 2 * EDGE + 16}" height="${round(pitch)}"/>`
}

function axis(frame: Frame): string {
  const [top, bottom] = [HEAD, frame.height - EDGE - 16]
  const most = Math.max(1, Math.floor((frame.right - frame.left) / 90))
  return ticksOf(frame.spanMs, most)
    .map(({ at, label }) => {
      const x = toX(at, frame)
      return [
        `<path class="grid" d="M${x} ${top - 4}V${bottom + 4}"/>`,
        `<text class="tick" x="${x}" y="${top - 10}">${label}</text>`,
        frame.height > 500 ? `<text class="tick" x="${x}" y="${bottom + 18}">${label}</text>` : '',
      ].join('')
    })
    .join('')
}

function drawLane(lane: Lane, i: number, frame: Frame): string {
  const middle = HEAD + (i + 0.5) * frame.pitch
  const parts: string[] = []
  // Names need 12 pixels each: on thin lanes only some are written.
  if (i % Math.ceil(12 / frame.pitch) === 0) {
    parts.push(`<text class="name" x="${EDGE}" y="${round(middle + 3.8)}">${escape(nameOf(lane))}</text>`)
  }
  let drawnTo = -Infinity
  for (const stay of lane.stays) {
    const { status, from, to = frame.spanMs } = stay
    if (!lasts(stay, frame.spanMs)) continue
    const [x, end] = [toX(from, frame), toX(to, frame)]
    // A trial that pauses ten thousand times has no more bars than its lane has pixels.
    if (end - x < 1 && x < drawnTo + 1) continue
    drawnTo = end
    parts.push(
      `<rect class="${status}" x="${x}" y="${round(middle - frame.bar / 2)}" width="${round(Math.max(0.5, end - x))}" height="${round(frame.bar)}"${frame.bar > 8 ? ' rx="2"' : ''}><title>${escape(stayInWords(lane, stay, to))}</title></rect>`,
    )
  }
  if (lane.endedAt !== undefined && isOutcome(lane.state)) {
    parts.push(outcomeMark(lane.state, toX(lane.endedAt, frame), middle, frame, outcomeInWords(lane)))
  }
  return `<g>${parts.join('')}</g>`
}

// Shapes besides colours, for those who cannot tell red from green. Drawn around the origin, 12 pixels tall.
const SHAPES: Readonly<Record<Outcome, string>> = {
  completed: '<circle r="5"/>',
  pruned: '<path d="M0-6l6 6-6 6-6-6z"/>',
  interrupted: '<path d="M-5-5.5h3.6v11h-3.6zM1.4-5.5h3.6v11h-3.6z"/>',
  failed: '<path d="M-5.5-3.5l2-2L0-2l3.5-3.5 2 2L2 0l3.5 3.5-2 2L0 2l-3.5 3.5-2-2L-2 0z"/>',
}

function marker(state: Outcome, x: number, y: number, scale = 1, tooltip = ''): string {
  const title = tooltip === '' ? '' : `<title>${escape(tooltip)}</title>`
  const size = scale === 1 ? '' : ` scale(${Math.round(scale * 100) / 100})`
  return `<g class="${state} mark" transform="translate(${round(x)} ${round(y)})${size}">${title}${SHAPES[state]}</g>`
}

// On lanes too thin for shapes, an end is a stroke in its colour.
function outcomeMark(state: Outcome, x: number, y: number, { pitch }: Frame, tooltip: string): string {
  if (pitch >= 10) return marker(state, x, y, Math.min(1, pitch / 20), tooltip)
  return `<rect class="${state}" x="${round(x - 1.5)}" y="${round(y - pitch / 2)}" width="3" height="${round(pitch)}"><title>${escape(tooltip)}</title></rect>`
}

function stayInWords({ name }: Lane, { status, from, cause, attempt }: Stay, to: number): string {
  const times = `${formatDuration(from)} to ${formatDuration(to)} (${formatDuration(to - from)})`
  return `${plainText(name)}: ${status}, ${times}, attempt ${attempt}, since ${cause}`
}

function outcomeInWords({ name, state, reason, endedAt = 0 }: Lane): string {
  const why = reason === undefined ? '' : `: ${cutText(plainText(reason), 200)}`
  return `${plainText(name)}: ${state} at ${formatDuration(endedAt)}${why}`
}

function lasts({ status, from, to }: Stay, elapsedMs: number): boolean {
  return STATUSES.includes(status) && (to ?? elapsedMs) > from
}

function isOutcome(state: string): state is Outcome {
  return (OUTCOMES as readonly string[]).includes(state)
}

function toX(ms: number, { left, right, spanMs }: Frame): number {
  return round(left + ((right - left) * Math.min(ms, spanMs)) / spanMs)
}

// A tenth of a pixel is more than is seen, and a third of the size of all digits.
function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}

function styles(): string {
  const shades = (i: 0 | 1) => Object.entries(COLOURS).map(([name, pair]) => `--${name}:${pair[i]}`)
  const fills = Object.keys(COLOURS).map((name) => `.troupe-timeline .${name}{fill:var(--${name})}`)
  return [
    `.troupe-timeline{${shades(0).join(';')};font:11px ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif}`,
    `@media (prefers-color-scheme:dark){.troupe-timeline{${shades(1).join(';')}}}`,
    ...fills,
    '.troupe-timeline .title{fill:var(--ink);font-size:16px;font-weight:600}',
    '.troupe-timeline .name{fill:var(--ink);font:11px ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace}',
    '.troupe-timeline .tick{fill:var(--faint);text-anchor:middle;font-variant-numeric:tabular-nums}',
    '.troupe-timeline .grid{stroke:var(--grid);fill:none}',
    '.troupe-timeline .mark{stroke:var(--ground);stroke-width:1.5;paint-order:stroke}',
  ].join('\n')
}
