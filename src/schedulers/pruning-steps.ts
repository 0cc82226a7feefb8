import { type Checks, must } from '../core/options.ts'
import type { Furthest } from './furthest.ts'
import { RANKING_CHECKS, RANKING_DEFAULTS, type RankingOptions } from './ranking-options.ts'

/** By which metric a pruner judges trials, and at which steps it may stop them. */
export interface PruningStepOptions extends RankingOptions {
  /** Step before which no trial is stopped, in units of `timeAttr`. From 0. Default 0. */
  readonly nWarmupSteps?: number | undefined
  /**
   * Length of the intervals, counted from `nWarmupSteps`, in each of which a trial is judged once: at the first step
   * that it reports there. From 1. Default 1.
   */
  readonly intervalSteps?: number | undefined
}

/** Defaults of `PruningStepOptions`. */
export const PRUNING_STEP_DEFAULTS = { ...RANKING_DEFAULTS, nWarmupSteps: 0, intervalSteps: 1 }

/** Checks of `PruningStepOptions`. */
export const PRUNING_STEP_CHECKS: Checks<PruningStepOptions> = {
  ...RANKING_CHECKS,
  nWarmupSteps: must.from(0),
  intervalSteps: must.from(1),
}

/** Whether the furthest step of a trial is the first that it has reported in its interval. */
export function isFirstInInterval(
  { step, before }: Furthest,
  { nWarmupSteps, intervalSteps }: Pick<typeof PRUNING_STEP_DEFAULTS, 'nWarmupSteps' | 'intervalSteps'>,
): boolean {
  if (!(step >= nWarmupSteps)) return false
  const begin = Math.floor((step - nWarmupSteps) / intervalSteps) * intervalSteps + nWarmupSteps
  return before < begin
}
