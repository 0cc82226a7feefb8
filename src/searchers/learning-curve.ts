/**
 * What a trial reported on its way, as a loss by step. For searchers that compare trials at equal lengths.
 */
import { partitionPoint } from '../core/partition-point.ts'
import { type Objective } from '../core/objective.ts'
import { lossesOf, violationOf } from './losses.ts'
import type { ToldTrial } from './searcher.ts'

/** Losses of one trial by step, both in order of step. Plain data; the functions of this file alone change it. */
export interface LearningCurve {
  readonly steps: number[]
  /** Smaller is better; never NaN. */
  readonly losses: number[]
}

/** A curve without a report. */
export function emptyCurve(): LearningCurve {
  return { steps: [], losses: [] }
}

/**
 * Adds a report. A step that was reported before begins the curve anew from there, as after a failure. NaN counts as
 * infinitely bad; a step of NaN is passed over.
 */
export function addLoss({ steps, losses }: LearningCurve, step: number, loss: number): void {
  if (Number.isNaN(step)) return
  while (steps.length > 0 && (steps.at(-1) as number) >= step) {
    steps.pop()
    losses.pop()
  }
  steps.push(step)
  losses.push(Number.isNaN(loss) ? Infinity : loss)
}

/** The curve of a trial that ended. Where it has final values and nobody knows at which step, they count for every step. */
export function curveOf(trial: ToldTrial, objectives: readonly Objective[]): LearningCurve {
  const curve = emptyCurve()
  const lossOf = (value: number): number =>
    (lossesOf({ values: [value] }, objectives) as number[])[0] as number
  for (const [step, value] of trial.intermediate.toSorted(([a], [b]) => a - b))
    addLoss(curve, step, lossOf(value))
  const final = trial.values?.[0]
  if (final !== undefined) addLoss(curve, trial.step ?? Infinity, lossOf(final))
  return curve
}

/** Whether a trial is worse than all that were measured: it failed, or breaks a constraint. */
export function isLost(trial: Pick<ToldTrial, 'state' | 'constraints'>): boolean {
  return trial.state === 'failed' || violationOf(trial) > 0
}

/** How far the trial has come; undefined without a report. */
export function reachOf({ steps }: LearningCurve): number | undefined {
  return steps.at(-1)
}

/** The loss that the trial had at `step`: that of its last report until then. Undefined before its first. Cost: O(log n). */
export function lossAt({ steps, losses }: LearningCurve, step: number): number | undefined {
  return losses[partitionPoint(steps.length, (i) => (steps[i] as number) <= step) - 1]
}
