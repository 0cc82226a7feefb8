import { type Mode, orient } from './objective.ts'

/** What the one order looks at. */
export interface Ranked {
  readonly number: number
  /** Undefined when missing; NaN ranks like missing. */
  readonly value: number | undefined
  readonly feasible: boolean
}

/**
 * The one order used everywhere, best first: feasible before infeasible; then by value, ±Infinity in its natural
 * place; NaN and missing last; ties by trial number.
 * @returns Negative when `a` is better, positive when `b` is; never 0 for two trials.
 */
export function compareRanked(a: Ranked, b: Ranked, mode: Mode): number {
  if (a.feasible !== b.feasible) return a.feasible ? -1 : 1
  return compareValues(a.value, b.value, mode) || a.number - b.number
}

/** The order of two values, best first; 0 when neither is better. */
export function compareValues(a: number | undefined, b: number | undefined, mode: Mode): number {
  const aLast = a === undefined || Number.isNaN(a)
  const bLast = b === undefined || Number.isNaN(b)
  if (aLast || bLast) return Number(aLast) - Number(bLast)
  // Not a difference: Infinity - Infinity is NaN.
  const x = orient(a, mode)
  const y = orient(b, mode)
  return x > y ? -1 : x < y ? 1 : 0
}

/** Whether every constraint holds; a trial without constraints is feasible. A constraint holds when its value is ≤ 0. */
export function isFeasible(constraints: Readonly<Record<string, number>> | undefined): boolean {
  for (const key in constraints) if (!((constraints[key] as number) <= 0)) return false
  return true
}
