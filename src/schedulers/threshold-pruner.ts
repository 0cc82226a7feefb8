import { formatNumber } from '../core/format-number.ts'
import { readNeeded } from '../core/needed-options.ts'
import { type Checks, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { type Furthest, advance, nowhere } from './furthest.ts'
import type { ObservingScheduler } from './observing.ts'
import {
  PRUNING_STEP_CHECKS,
  PRUNING_STEP_DEFAULTS,
  type PruningStepOptions,
  isFirstInInterval,
} from './pruning-steps.ts'
import { onlyObjective, refuseModeAlone } from './ranking-options.ts'
import { CONTINUE, type TrialReport } from './scheduler.ts'

/** Options of `thresholdPruner`: one bound, or both. */
export interface ThresholdPrunerOptions extends PruningStepOptions {
  /** Least value that is in order. Not above `upper`. Default: none. */
  readonly lower?: number | undefined
  /** Greatest value that is in order. Default: none. */
  readonly upper?: number | undefined
}

const DEFAULTS = { ...PRUNING_STEP_DEFAULTS, lower: undefined, upper: undefined }

const CHECKS: Checks<ThresholdPrunerOptions> = {
  ...PRUNING_STEP_CHECKS,
  lower: must.within(-Infinity, Infinity),
  upper: must.within(-Infinity, Infinity),
}

const NEEDS =
  'thresholdPruner needs a bound. Give lower, upper, or both, such as thresholdPruner({ upper: 10 }).'

/** All that `thresholdPruner` remembers. */
export interface ThresholdPrunerState {
  readonly metric: string
  /** Of the trials that have not ended. */
  readonly running: Map<number, Furthest>
}

/**
 * Stops a trial whose value is NaN or out of bounds, such as one that diverges: decision for decision Optuna's
 * `ThresholdPruner`. The bounds are in the metric's own sign, whichever way it is optimised.
 *
 * A trial is judged once in each interval, by the value at the greatest step that it has reported, whatever it
 * reported last; a second report of one step changes nothing. A value at a bound is in order, ±Infinity only at a
 * bound that is infinite too, or where there is none.
 * Source: Optuna. Cost of a decision: O(1). Failed and ended trials leave nothing.
 * @param options.lower - Least value that is in order. Default: none.
 * @param options.upper - Greatest value that is in order. Default: none.
 * @param options.nWarmupSteps - Step before which no trial is stopped. From 0. Default 0.
 * @param options.intervalSteps - Length of the intervals in each of which a trial is judged once. From 1. Default 1.
 * @param options.metric - Metric to look at. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`, which changes nothing. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @throws {OptionError} when both bounds are missing, `lower` is above `upper`, an option is unknown or out of its
 *   range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', scheduler: thresholdPruner({ upper: 10 }) })
 */
export function thresholdPruner(options: ThresholdPrunerOptions): ObservingScheduler<ThresholdPrunerState> {
  const settings = readNeeded('thresholdPruner', options, ['lower', 'upper'], NEEDS, DEFAULTS, CHECKS)
  const { metric, mode, timeAttr, lower, upper } = settings
  refuseModeAlone('thresholdPruner', settings)
  refuseNoRange(lower, upper)
  return {
    name: 'thresholdPruner',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using thresholdPruner: values ${rangeInWords(lower, upper)} are in order.`,

    init: (context) => ({
      metric: onlyObjective('thresholdPruner', context).metric,
      running: new Map(),
    }),

    observe: takeDown,

    onReport(state, report) {
      const furthest = takeDown(state, report)
      if (!isFirstInInterval(furthest, settings)) return CONTINUE
      const { step, value } = furthest
      const problem = problemOf(value)
      if (problem === undefined) return CONTINUE
      return {
        kind: 'stop',
        reason: `${state.metric} ${formatNumber(value)} ${problem} at ${timeAttr} ${formatNumber(step)}`,
        outcome: 'pruned',
        evidence: { value, lower: lower ?? null, upper: upper ?? null, step },
      }
    },

    onEnd({ running }, { trial }) {
      running.delete(trial)
    },
  }

  function problemOf(value: number): string | undefined {
    if (Number.isNaN(value)) return 'is no value'
    if (lower !== undefined && value < lower) return `is below ${formatNumber(lower)}`
    if (upper !== undefined && value > upper) return `is above ${formatNumber(upper)}`
    return undefined
  }
}

function takeDown({ running }: ThresholdPrunerState, { trial, time, values }: TrialReport): Furthest {
  let furthest = running.get(trial)
  if (furthest === undefined) {
    furthest = nowhere()
    running.set(trial, furthest)
  }
  advance(furthest, time, values[0] as number)
  return furthest
}

function refuseNoRange(lower: number | undefined, upper: number | undefined): void {
  if (lower !== undefined && upper !== undefined && lower > upper) {
    throw new OptionError(
      'thresholdPruner.lower',
      `thresholdPruner.lower: must not be above upper, which is ${upper}. Got ${lower}. Lower it, or raise upper.`,
      { received: lower },
    )
  }
}

function rangeInWords(lower: number | undefined, upper: number | undefined): string {
  if (lower === undefined) return `up to ${formatNumber(upper as number)}`
  return upper === undefined
    ? `from ${formatNumber(lower)} on`
    : `from ${formatNumber(lower)} to ${formatNumber(upper)}`
}
