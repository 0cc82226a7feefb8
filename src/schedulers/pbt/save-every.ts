/** When trials are considered. */
export interface Timing {
  readonly timeAttr: string
  readonly perturbationInterval: number
  readonly burnInPeriod: number
}

/**
 * How often a trial has to leave a checkpoint so that it has a new one whenever it is considered. Of other measures of
 * time than iterations there is no saying.
 */
export function saveEveryOf({ timeAttr, perturbationInterval, burnInPeriod }: Timing): number {
  if (timeAttr !== 'training_iteration') return 1
  const interval = Math.ceil(perturbationInterval)
  return greatestDivisor(interval, Math.max(interval, Math.ceil(burnInPeriod)))
}

/** The largest integer that divides both; of 0 and another, the other. */
export function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}
