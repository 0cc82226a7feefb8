import { quantileOfSorted } from '../math/quantile.ts'
import {
  type SplitNumbers,
  addNumber,
  largestLow,
  noNumbers,
  numberCount,
  smallestHigh,
} from '../math/split-numbers.ts'
import { firstAbove } from './rungs.ts'

/**
 * What trials reported at one step, split at a quantile, so that it costs no pass over them. Plain data.
 * In the metric's own sign: interpolating between negated neighbours would differ from numpy in the last bit.
 */
export interface StepValues extends SplitNumbers {
  /** How many reports are NaN: they count as reports, and for no quantile. */
  blanks: number
}

/** What one trial reported first at each step, in the order of the steps. Two lists: a Map for each trial costs more. */
export interface StepCurve {
  /** Ascending. */
  readonly steps: number[]
  readonly values: number[]
}

/**
 * Adds one report. A step of NaN, or one that is there, changes nothing.
 * Cost: O(1) at the end, else O(reports behind it).
 * @returns At which place; undefined when it was not added.
 */
export function addFirst({ steps, values }: StepCurve, step: number, value: number): number | undefined {
  const { length } = steps
  // Trials report in order, but for the few that are told otherwise.
  const at = length === 0 || step > (steps[length - 1] as number) ? length : firstAbove(steps, length, step)
  if (Number.isNaN(step) || steps[at - 1] === step) return undefined
  if (at === length) {
    steps.push(step)
    values.push(value)
  } else {
    steps.splice(at, 0, step)
    values.splice(at, 0, value)
  }
  return at
}

/** The values of many trials, by step. */
export type ValuesByStep = Map<number, StepValues>

/**
 * Adds all that one trial has reported. Cost for each report: O(log trials).
 * @param curve - Each step once.
 * @param q - Where the values are split, from 0 to 1; the same at each call.
 */
export function addCurve(steps: ValuesByStep, curve: StepCurve, q: number): void {
  for (let i = 0; i < curve.steps.length; i++) {
    const [step, value] = [curve.steps[i] as number, curve.values[i] as number]
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
