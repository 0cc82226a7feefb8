import { formatNumber } from '../core/format-number.ts'
import { metricOf } from '../core/metrics.ts'
import { type Mode, orient } from '../core/objective.ts'
import { readNeeded } from '../core/needed-options.ts'
import { type Checks, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { spread } from './spread.ts'
import type { Stopper } from './stopper.ts'

/** Options of `trialPlateau`. */
export interface TrialPlateauOptions {
  /** Metric to look at. Names reach into nested reports: `'val/loss'`. */
  readonly metric: string
  /** Standard deviation below which the last results are a plateau, in the metric's unit. Above 0. Default 0.01. */
  readonly std?: number | undefined
  /** How many of a trial's last results are looked at. Integer from 1. Default 4. */
  readonly numResults?: number | undefined
  /** Results before which a trial is not ended. Integer from 1. Default 4. */
  readonly gracePeriod?: number | undefined
  /** What the last result has to have reached for the trial to be ended; needs `mode`. Default: nothing. */
  readonly metricThreshold?: number | undefined
  /** Whether the threshold is reached from above (`'min'`) or from below (`'max'`). */
  readonly mode?: Mode | undefined
}

const DEFAULTS = {
  metric: undefined,
  std: 0.01,
  numResults: 4,
  gracePeriod: 4,
  metricThreshold: undefined,
  mode: undefined,
}

const CHECKS: Checks<TrialPlateauOptions> = {
  metric: (name) => (typeof name === 'string' && name !== '' ? undefined : 'must be the name of a metric.'),
  std: must.above(0),
  numResults: must.integerFrom(1),
  gracePeriod: must.integerFrom(1),
  metricThreshold: must.within(-Infinity, Infinity),
  mode: must.beOneOf('min', 'max'),
}

const NEEDS = "trialPlateau needs metric. Write trialPlateau({ metric: 'loss' })."

/** What `trialPlateau` remembers of a trial. */
interface RecentResults {
  count: number
  /** The last `numResults`, oldest first. */
  readonly values: number[]
}

/**
 * Ends a trial whose metric no longer changes: when the standard deviation of its last `numResults` results is below
 * `std`. As Ray Tune's `TrialPlateauStopper` does.
 *
 * A report without the metric does not count. While one of the last results is NaN or infinite there is no plateau.
 * Cost of a report: O(`numResults`).
 * @throws {OptionError} when `metric` is missing, `metricThreshold` stands without `mode`, or an option is unknown or
 *   out of its range.
 * @example new Tuner(train, { paramSpace, stop: trialPlateau({ metric: 'loss', std: 1e-3, gracePeriod: 10 }) })
 */
export function trialPlateau(options: TrialPlateauOptions): Stopper<Map<number, RecentResults>> {
  const { metric, std, numResults, gracePeriod, metricThreshold, mode } = readNeeded(
    'trialPlateau',
    options,
    ['metric'],
    NEEDS,
    DEFAULTS,
    CHECKS,
  )
  if (metricThreshold !== undefined && mode === undefined) {
    throw new OptionError(
      'trialPlateau.mode',
      "trialPlateau: metricThreshold is given but mode is not. Give mode: 'min' if it is to be reached from above, else 'max'.",
    )
  }
  const isReached = (value: number): boolean =>
    metricThreshold === undefined ||
    mode === undefined ||
    orient(value, mode) >= orient(metricThreshold, mode)

  return {
    name: 'trialPlateau',
    init: () => new Map(),
    onReport(trials, { trial, metrics }) {
      const value = metricOf(metrics, metric)
      if (value === undefined) return undefined
      const recent = trials.get(trial) ?? { count: 0, values: [] }
      trials.set(trial, recent)
      recent.values.push(value)
      if (recent.values.length > numResults) recent.values.shift()
      if (++recent.count < Math.max(gracePeriod, numResults) || !isReached(value)) return undefined
      const deviation = spread(recent.values)
      // Not `>= std`: it may be NaN.
      if (!(deviation < std)) return undefined
      const reason = `${metric} has a standard deviation of ${formatNumber(deviation)} over the last ${numResults} results, below ${formatNumber(std)}`
      return { scope: 'trial', reason, evidence: { metric, value, deviation, std } }
    },
    onEnd(trials, { trial }) {
      trials.delete(trial.number)
      return undefined
    },
  }
}
