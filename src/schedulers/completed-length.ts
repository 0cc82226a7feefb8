import type { Furthest } from './furthest.ts'
import type { TrialEnd } from './scheduler.ts'

/**
 * The greatest step that a completed trial has reported, with that of a report that came with its end; undefined when
 * the trial did not complete, reported nothing, or said nothing finite of how far it is.
 */
export function completedLength(
  { state, last }: TrialEnd,
  furthest: Furthest | undefined,
): number | undefined {
  if (state !== 'completed') return undefined
  // A time of NaN would make the greater of the two NaN.
  const steps = [furthest?.step, last?.time].filter((step) => step !== undefined && Number.isFinite(step))
  return steps.length === 0 ? undefined : Math.max(...(steps as number[]))
}
