import { type Objective, orient } from '../core/objective.ts'

/**
 * The score of a report: larger is better in either mode. -Infinity while the trial breaks a constraint, so that it stands
 * behind all that break none; NaN where nothing is optimised.
 * @param value - What was reported of the objective.
 */
export function reportScore(
  value: number | undefined,
  objective: Objective | undefined,
  feasible: boolean,
): number {
  if (objective === undefined || value === undefined) return NaN
  return feasible ? orient(value, objective.mode) : -Infinity
}
