import { readOptions } from '../core/options.ts'
import type { ObservingScheduler } from './observing.ts'
import {
  PERCENTILE_RULE_CHECKS,
  PERCENTILE_RULE_DEFAULTS,
  type PercentileRuleOptions,
  type PercentileRuleState,
  percentileRule,
} from './percentile-rule.ts'

/** Options of `medianPruner`. */
export type MedianPrunerOptions = PercentileRuleOptions

const DEFAULTS = PERCENTILE_RULE_DEFAULTS

/**
 * Stops a trial whose best value so far is worse than the median of what the completed trials reported at the same
 * step: decision for decision Optuna's `MedianPruner`, and `percentilePruner({ percentile: 50 })`, which says more.
 *
 * Unlike `medianStopping`, which is Ray Tune's, it compares with completed trials alone, and with what they reported at
 * that step rather than with their means up to it.
 * Source: Optuna; after Golovin et al. 2017, "Google Vizier", section 3.2.1.
 *
 * A trial that has reported nothing but NaN is stopped. Else NaN is left out, of a trial's best and of the median.
 * ±Infinity count in their natural place. Failed, stopped and interrupted trials leave nothing.
 * Cost of a decision: O(1); of a completed trial's end, for each of its reports, O(log trials).
 * @param options.nStartupTrials - Completed trials before which none is stopped. Integer from 0. Default 5.
 * @param options.nWarmupSteps - Step before which no trial is stopped. From 0. Default 0.
 * @param options.intervalSteps - Length of the intervals in each of which a trial is judged once. From 1. Default 1.
 * @param options.nMinTrials - Completed trials needed at a step to compare with. Integer from 1. Default 1.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', scheduler: medianPruner({ nWarmupSteps: 5 }) })
 */
export function medianPruner(options: MedianPrunerOptions = {}): ObservingScheduler<PercentileRuleState> {
  const rule = readOptions('medianPruner', options, DEFAULTS, PERCENTILE_RULE_CHECKS)
  return percentileRule('medianPruner', 'the median', { ...rule, percentile: 50 })
}
