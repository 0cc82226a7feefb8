import { type Objective, orient } from '../core/objective.ts'
import type { ToldTrial } from './searcher.ts'

/**
 * The values of a trial turned so that smaller is better, as the papers on optimisation have it. NaN stays NaN.
 * @returns One loss an objective; undefined when the trial has no values.
 */
export function lossesOf(
  { values }: Pick<ToldTrial, 'values'>,
  objectives: readonly Objective[],
): number[] | undefined {
  // `+ 0` since a loss of -0 would sort before 0 in some comparisons.
  return values?.map((value, i) => -orient(value, (objectives[i] as Objective).mode) + 0)
}

/**
 * By how much a trial breaks its constraints: the sum of those above 0; NaN counts as infinitely much.
 * @returns 0 for a feasible trial, and for one without constraints.
 */
export function violationOf({ constraints }: Pick<ToldTrial, 'constraints'>): number {
  let sum = 0
  for (const key in constraints) {
    const value = constraints[key] as number
    if (!(value <= 0)) sum += Number.isNaN(value) ? Infinity : value
  }
  return sum
}
