import type { Objective } from '../../core/objective.ts'
import { lossesOf, violationOf } from '../losses.ts'
import type { ToldTrial } from '../searcher.ts'

/** How a trial ended, as far as the order of trials depends on it. Smaller is better everywhere. */
export type Outcome =
  | { readonly kind: 'infeasible'; readonly number: number; readonly violation: number }
  | { readonly kind: 'complete'; readonly number: number; readonly losses: readonly number[] }
  /** The last step reported, and the loss there; undefined when nothing was. */
  | { readonly kind: 'pruned'; readonly number: number; readonly last: LastReport | undefined }

/** A report of one objective. */
export interface LastReport {
  readonly step: number
  readonly loss: number
}

/**
 * Reads how a trial ended. Interrupted ones count as pruned, whether or not they reported.
 * @returns Undefined for a trial that says nothing: failed, or completed without a number for each objective.
 */
export function outcomeOf(trial: ToldTrial, objectives: readonly Objective[]): Outcome | undefined {
  const { number, state } = trial
  if (state === 'failed') return undefined
  const losses = lossesOf(trial, objectives)
  if (state === 'completed' && (losses === undefined || losses.some(Number.isNaN))) return undefined
  const violation = violationOf(trial)
  if (violation > 0) return { kind: 'infeasible', number, violation }
  if (state === 'completed') return { kind: 'complete', number, losses: losses as number[] }
  return { kind: 'pruned', number, last: lastReport(trial, objectives, losses) }
}

function lastReport(
  { step, intermediate }: ToldTrial,
  objectives: readonly Objective[],
  losses: readonly number[] | undefined,
): LastReport | undefined {
  let last: readonly [step: number, value: number] | undefined
  for (const report of intermediate) if (last === undefined || report[0] >= last[0]) last = report
  if (last !== undefined) {
    const [loss] = lossesOf({ values: [last[1]] }, objectives) as [number]
    return { step: last[0], loss }
  }
  return losses === undefined || step === undefined ? undefined : { step, loss: losses[0] as number }
}
