import { formatNumber } from '../core/format-number.ts'
import { readNeeded } from '../core/needed-options.ts'
import { type Checks, must } from '../core/options.ts'
import type { ObservingScheduler } from './observing.ts'
import {
  PERCENTILE_RULE_CHECKS,
  PERCENTILE_RULE_DEFAULTS,
  type PercentileRuleOptions,
  type PercentileRuleState,
  percentileRule,
} from './percentile-rule.ts'

/** Options of `percentilePruner`. */
export interface PercentilePrunerOptions extends PercentileRuleOptions {
  /** How many percent of the trials are kept: 25 keeps the best quarter. From 0 to 100. */
  readonly percentile: number
}

const DEFAULTS = { ...PERCENTILE_RULE_DEFAULTS, percentile: undefined }

const CHECKS: Checks<PercentilePrunerOptions> = {
  ...PERCENTILE_RULE_CHECKS,
  percentile: must.within(0, 100),
}

/**
 * Stops a trial whose best value so far is worse than the best `percentile` percent of what the completed trials
 * reported at the same step: decision for decision Optuna's `PercentilePruner`.
 *
 * Only trials that completed are compared with, so those that were stopped do not lower the bar. The percentile is
 * interpolated; to equal it is enough. A trial is judged once in each interval, at the greatest step that it has
 * reported, whatever it reported last; a second report of one step changes nothing.
 * Source: Optuna; after Golovin et al. 2017, "Google Vizier", section 3.2.1, with another percentile than the 50th.
 *
 * A trial that has reported nothing but NaN is stopped. Else NaN is left out, of a trial's best and of the percentile.
 * ±Infinity count in their natural place. Failed, stopped and interrupted trials leave nothing.
 * Cost of a decision: O(1); of a completed trial's end, for each of its reports, O(log trials).
 * @param options.percentile - How many percent of the trials are kept. From 0 to 100. Required.
 * @param options.nStartupTrials - Completed trials before which none is stopped. Integer from 0. Default 5.
 * @param options.nWarmupSteps - Step before which no trial is stopped. From 0. Default 0.
 * @param options.intervalSteps - Length of the intervals in each of which a trial is judged once. From 1. Default 1.
 * @param options.nMinTrials - Completed trials needed at a step to compare with. Integer from 1. Default 1.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @throws {OptionError} when `percentile` is missing, an option is unknown or out of its range, or `mode` stands
 *   without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', scheduler: percentilePruner({ percentile: 25 }) })
 */
export function percentilePruner(options: PercentilePrunerOptions): ObservingScheduler<PercentileRuleState> {
  const { percentile, ...rule } = readNeeded(
    'percentilePruner',
    options,
    ['percentile'],
    'percentilePruner needs percentile. Write percentilePruner({ percentile: 25 }) to keep the best quarter.',
    DEFAULTS,
    CHECKS,
  )
  const standard = `the best ${formatNumber(percentile)} %`
  return percentileRule('percentilePruner', standard, { ...rule, percentile })
}
