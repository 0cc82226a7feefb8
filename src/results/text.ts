import { formatNumber } from '../core/format-number.ts'

/**
 * Text for people: durations as they read well, and strings measured and cut in terminal columns.
 */

/** A value of a configuration or a report in one short line; `''` for undefined. Never throws. */
export function formatValue(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'string') return plainText(value)
  if (typeof value === 'function') return value.name === '' ? 'function' : plainText(value.name)
  if (typeof value === 'symbol') return plainText(value.toString())
  try {
    // BigInts are refused by JSON; and it gives undefined, against its type, where a `toJSON` does.
    const text: string | undefined = typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
    return text === undefined ? '' : plainText(text)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** Time as on a stop watch: `00:00:35.68`, and `2 days, 01:00:00.00` from a day on. */
export function formatElapsed(ms: number): string {
  // In whole hundredths, so that 59.999 s does not read 60.00.
  const hundredths = Math.round(Math.max(0, ms) / 10)
  const days = Math.floor(hundredths / 8_640_000)
  const [hours, minutes] = [Math.floor(hundredths / 360_000) % 24, Math.floor(hundredths / 6000) % 60]
  const clock = [
    two(hours),
    two(minutes),
    `${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`,
  ].join(':')
  return days === 0 ? clock : `${days} ${days === 1 ? 'day' : 'days'}, ${clock}`
}

/** A duration in its largest fitting unit: `250 ms`, `10.4 s`, `3.5 min`, `2 h`, `4 d`. */
export function formatDuration(ms: number): string {
  const [size, unit] = unitOf(ms)
  return `${Number((ms / size).toPrecision(3))} ${unit}`
}

/** The largest unit of time that a duration fills at least once, in milliseconds and by name. */
export function unitOf(ms: number): readonly [size: number, unit: string] {
  if (ms < 1000) return [1, 'ms']
  if (ms < 60_000) return [1000, 's']
  if (ms < 3_600_000) return [60_000, 'min']
  if (ms < 86_400_000) return [3_600_000, 'h']
  return [86_400_000, 'd']
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}

const ESCAPE_SEQUENCES = new RegExp(
  // Control sequences (colours, cursor), and operating system commands (titles, links) up to their end.
  String.raw`\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?)`,
  'gu',
)

/** One line of text without anything that could drive a terminal: escape sequences, control and direction characters. */
export function plainText(text: string): string {
  if (/^[\u0020-\u007E]*$/.test(text)) return text
  return text
    .replace(ESCAPE_SEQUENCES, '')
    .replace(/[\n\r\t\u2028\u2029]+/g, ' ')
    .replace(/\p{Cs}/gu, '\uFFFD')
    .replace(/(?!\u200D)[\p{Cc}\p{Cf}]/gu, '')
}

/** The first line of a text that says something, made plain. */
export function firstLine(text: string): string {
  return plainText(text.split(/[\n\r]+/).find((line) => line.trim() !== '') ?? '').trim()
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

// East Asian Width W and F (Unicode Annex 11) in coarse blocks; emoji are told by their own property.
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}|\uFE0F/u

function graphemeWidth(grapheme: string): number {
  if (WIDE.test(grapheme)) return 2
  return /^\p{M}+$/u.test(grapheme) ? 0 : 1
}

/** How many columns a plain text takes in a terminal: wide characters two, combining marks none. */
export function textWidth(text: string): number {
  if (/^[\u0020-\u007E]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

/** The text itself when it fits into `width` columns, else its beginning and `…`. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  if (width < 1) return ''
  let kept = ''
  let room = width - 1
  for (const { segment } of graphemes.segment(text)) {
    room -= graphemeWidth(segment)
    if (room < 0) break
    kept += segment
  }
  return `${kept}…`
}

/** The text filled up with spaces to `width` columns. */
export function padText(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - textWidth(text)))
  return side === 'right' ? text + spaces : spaces + text
}
