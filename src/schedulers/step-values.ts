import { quantileOfSorted } from '../math/quantile.ts'
import {
  type SplitNumbers,
  addNumber,
  largestLow,
  noNumbers,
  numberCount,
  smallestHigh,
} from '../math/split-numbers.ts'

/**
 * What trials reported at one step, split at a quantile, so that it costs no pass over them. Plain data.
 * In the metric's own sign: interpolating between negated neighbours would differ from numpy in the last bit.
 */
export interface StepValues extends SplitNumbers {
  /** How many reports are NaN: they count as reports, and for no quantile. */
  blanks: number
}

/** The values of many trials, by step. */
export type ValuesByStep = Map<number, StepValues>

/**
 * Adds all that one trial has reported. Cost for each report: O(log trials).
 * @param q - Where the values are split, from 0 to 1; the same at each call.
 */
export function addCurve(steps: ValuesByStep, curve: ReadonlyMap<number, number>, q: number): void {
  for (const [step, value] of curve) {
    let values = steps.get(step)
    if (values === undefined) {
      values = { ...noNumbers(), blanks: 0 }
      steps.set(step, values)
    }
    if (Number.isNaN(value)) values.blanks++
    else addNumber(values, value, Math.floor(numberCount(values) * q) + 1)
  }
}

/** How many trials have reported at a step. */
export function reportCount(values: StepValues | undefined): number {
  return values === undefined ? 0 : numberCount(values) + values.blanks
}

/**
 * The quantile of what was reported at a step, interpolated as numpy does; undefined where nothing but NaN was.
 * ±Infinity count in their natural place. Cost: O(1).
 * @param q - Where the values are split.
 */
export function quantileOf(values: StepValues | undefined, q: number): number | undefined {
  const below = values && largestLow(values)
  if (values === undefined || below === undefined) return undefined
  const position = (numberCount(values) - 1) * q
  const above = smallestHigh(values) ?? below
  return quantileOfSorted([below, above], 2, position - Math.floor(position))
}
