/**
 * The furthest report of a trial. Optuna's pruners look at the greatest step that a trial has reported, not at the
 * latest report, and of two reports of one step the first counts. Plain data; `advance` alone changes it.
 */
export interface Furthest {
  /** The greatest step; -Infinity before the first report. */
  step: number
  /** What was reported there first. */
  value: number
  /** The greatest step but one; -Infinity where there is none. */
  before: number
}

/** Of a trial that has reported nothing. */
export function nowhere(): Furthest {
  return { step: -Infinity, value: Number.NaN, before: -Infinity }
}

/** Takes down one report. A step of NaN changes nothing. */
export function advance(furthest: Furthest, step: number, value: number): void {
  if (step > furthest.step) {
    furthest.before = furthest.step
    furthest.step = step
    furthest.value = value
  } else if (step < furthest.step && step > furthest.before) furthest.before = step
}
