import { formatNumber } from '../core/format-number.ts'
import { metricOf } from '../core/metrics.ts'
import { type Mode, orient } from '../core/objective.ts'
import { readNeeded } from '../core/needed-options.ts'
import { type Checks, must } from '../core/options.ts'
import { spread } from './spread.ts'
import type { Stopper } from './stopper.ts'

/** Options of `experimentPlateau`. */
export interface ExperimentPlateauOptions {
  /** Metric to look at. Names reach into nested reports: `'val/loss'`. */
  readonly metric: string
  /** Standard deviation up to which the best results are a plateau, in the metric's unit. Above 0. Default 0.001. */
  readonly std?: number | undefined
  /** How many of the best results are looked at, of all trials. Integer from 2. Default 10. */
  readonly top?: number | undefined
  /** Which results are best. Default `'min'`. */
  readonly mode?: Mode | undefined
  /** For how many reports in a row they have to be a plateau. Integer from 0; 0 is as 1. Default 0. */
  readonly patience?: number | undefined
}

const DEFAULTS = { metric: undefined, std: 0.001, top: 10, mode: 'min' as Mode, patience: 0 }

const CHECKS: Checks<ExperimentPlateauOptions> = {
  metric: (name) => (typeof name === 'string' && name !== '' ? undefined : 'must be the name of a metric.'),
  std: must.above(0),
  top: must.integerFrom(2),
  mode: must.beOneOf('min', 'max'),
  patience: must.integerFrom(0),
}

const NEEDS = "experimentPlateau needs metric. Write experimentPlateau({ metric: 'loss' })."

/** What `experimentPlateau` remembers. */
export interface ExperimentPlateauState {
  /** The best results, best first. */
  readonly best: number[]
  /** Reports in a row at which they were a plateau. */
  flatCount: number
}

/**
 * Ends the experiment when its best results no longer differ: when the standard deviation of the `top` best ones, of
 * whichever trials, is at most `std` at `patience` reports in a row. As Ray Tune's `ExperimentPlateauStopper` does.
 *
 * A report without the metric, or with NaN, changes nothing. While one of the best results is infinite there is no
 * plateau. Every report counts, also those of one trial: look at a metric that is reported once if trials improve
 * slowly. Cost of a report: O(`top`).
 * @throws {OptionError} when `metric` is missing, or an option is unknown or out of its range.
 * @example new Tuner(train, { paramSpace, stop: experimentPlateau({ metric: 'acc', mode: 'max', patience: 20 }) })
 */
export function experimentPlateau(options: ExperimentPlateauOptions): Stopper<ExperimentPlateauState> {
  const { metric, std, top, mode, patience } = readNeeded(
    'experimentPlateau',
    options,
    ['metric'],
    NEEDS,
    DEFAULTS,
    CHECKS,
  )
  return {
    name: 'experimentPlateau',
    init: () => ({ best: [], flatCount: 0 }),
    onReport(state, { metrics }) {
      const value = metricOf(metrics, metric)
      if (value === undefined || Number.isNaN(value)) return undefined
      const { best } = state
      const place = best.findIndex((other) => orient(value, mode) > orient(other, mode))
      best.splice(place === -1 ? best.length : place, 0, value)
      if (best.length > top) best.pop()
      const deviation = best.length === top ? spread(best) : NaN
      state.flatCount = deviation <= std ? state.flatCount + 1 : 0
      if (state.flatCount < Math.max(1, patience)) return undefined
      const reason = `the best ${top} results of ${metric} have a standard deviation of ${formatNumber(deviation)}, at most ${formatNumber(std)}, at ${state.flatCount} ${state.flatCount === 1 ? 'report' : 'reports in a row'}`
      return { scope: 'experiment', reason, evidence: { metric, best: best[0], deviation, std, top } }
    },
  }
}
