import { unitOf } from './text.ts'

/** A mark on a time axis. */
export interface Tick {
  /** Milliseconds from the start of the axis. */
  readonly at: number
  /** Such as `30 s`. */
  readonly label: string
}

const DECIMAL = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const SIXTIES = [1, 2, 5, 10, 15, 30]
const STEPS: readonly number[] = [
  ...DECIMAL.map((step) => step / 1000),
  ...DECIMAL,
  ...SIXTIES.map((seconds) => seconds * 1000),
  ...SIXTIES.map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3_600_000),
  ...[...DECIMAL, 1000].map((days) => days * 86_400_000),
]

/** Round marks from 0 to `spanMs`, at most `most` of them besides the one at 0, all in the unit of the whole span. */
export function ticksOf(spanMs: number, most: number): readonly Tick[] {
  const [size, unit] = unitOf(spanMs)
  const step = STEPS.find((candidate) => candidate * most >= spanMs) ?? spanMs
  const ticks: Tick[] = []
  // Multiplied, not added up: 0.1 + 0.2 would give a label of 17 digits.
  for (let i = 0; i * step <= spanMs; i++) {
    const at = i * step
    ticks.push({ at, label: `${Number((at / size).toPrecision(4))} ${unit}` })
    if (step <= 0) break
  }
  return ticks
}
