import { type Checks, must, readOptions } from '../core/options.ts'
import type { Mode } from '../core/objective.ts'
import { OptionError } from '../errors.ts'
import type { SplitNumbers } from '../math/split-numbers.ts'
import { completedLength } from './completed-length.ts'
import { advance } from './furthest.ts'
import { type HalvingClimber, atTheFoot, climb, isBelowNext } from './rung-climb.ts'
import type { ObservingScheduler } from './observing.ts'
import {
  RANKING_CHECKS,
  RANKING_DEFAULTS,
  type RankingOptions,
  onlyObjective,
  refuseModeAlone,
} from './ranking-options.ts'
import { CONTINUE, type TrialReport } from './scheduler.ts'

/** Options of `successiveHalvingPruner`. */
export interface SuccessiveHalvingPrunerOptions extends RankingOptions {
  /**
   * Where the lowest rung lies, in units of `timeAttr`, before `minEarlyStoppingRate`. Integer from 1, or `'auto'`: a
   * hundredth of the longest trial that has completed when one is judged first, and 1 at least. Default `'auto'`.
   */
  readonly minResource?: number | 'auto' | undefined
  /** One in how many trials passes a rung, and the distance between rungs as a factor. Integer from 2. Default 4. */
  readonly reductionFactor?: number | undefined
  /** How many of the lowest rungs are left out. Integer from 0. Default 0. */
  readonly minEarlyStoppingRate?: number | undefined
  /** How many trials arrive at a rung before one can pass; needs a number as `minResource`. Integer from 0. Default 0. */
  readonly bootstrapCount?: number | undefined
}

const DEFAULTS = {
  ...RANKING_DEFAULTS,
  minResource: 'auto' as const,
  reductionFactor: 4,
  minEarlyStoppingRate: 0,
  bootstrapCount: 0,
}

const CHECKS: Checks<SuccessiveHalvingPrunerOptions> = {
  ...RANKING_CHECKS,
  minResource: (value) =>
    value === 'auto' || must.integerFrom(1)(value) === undefined
      ? undefined
      : "must be an integer from 1, or 'auto'.",
  reductionFactor: must.integerFrom(2),
  minEarlyStoppingRate: must.integerFrom(0),
  bootstrapCount: must.integerFrom(0),
}

/** All that `successiveHalvingPruner` remembers. */
export interface SuccessiveHalvingPrunerState {
  readonly metric: string
  readonly mode: Mode
  /** Undefined until a completed trial tells. */
  minResource: number | undefined
  /** Greatest step of the completed trials. */
  longest: number | undefined
  /** Lowest first. */
  readonly rungs: SplitNumbers[]
  /** Trials that have not ended. */
  readonly climbers: Map<number, HalvingClimber>
}

/**
 * Stops a trial at each rung where it is not among the best 1 / `reductionFactor` of those that have come there, itself
 * included: decision for decision Optuna's `SuccessiveHalvingPruner`.
 *
 * Rungs lie at `minResource` · `reductionFactor` ^ (`minEarlyStoppingRate` + k), without an end. At each that it has
 * reached since it was judged last, the value at the greatest step that a trial has reported is recorded and compared,
 * rung by rung until it loses; a second report of one step changes nothing. While fewer than `reductionFactor` have
 * come to a rung, only one as good as the best passes. `asha` is Ray Tune's form of the same: it compares with an
 * interpolated quantile of those that came before, records a trial at its highest rung alone, and ends it at `maxT`.
 * Source: Optuna; Li et al. 2018, arXiv:1810.05934.
 *
 * NaN is stopped at the next rung and recorded nowhere. ±Infinity rank in their natural place; ties pass. Failed and
 * interrupted trials leave the values that they had at rungs. With `minResource: 'auto'` nothing is stopped until a
 * trial has completed.
 * Cost of a decision: O(1), at a rung O(log trials).
 * @param options.minResource - Where the lowest rung lies. Integer from 1, or `'auto'`. Default `'auto'`.
 * @param options.reductionFactor - One in how many passes. Integer from 2. Default 4.
 * @param options.minEarlyStoppingRate - Rungs left out at the beginning. Integer from 0. Default 0.
 * @param options.bootstrapCount - How many arrive at a rung before one can pass; those are stopped. Integer from 0.
 *   Default 0.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @throws {OptionError} when an option is unknown or out of its range, `bootstrapCount` stands beside `'auto'`, or
 *   `mode` without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', scheduler: successiveHalvingPruner({ minResource: 1 }) })
 */
export function successiveHalvingPruner(
  options: SuccessiveHalvingPrunerOptions = {},
): ObservingScheduler<SuccessiveHalvingPrunerState> {
  const settings = readOptions('successiveHalvingPruner', options, DEFAULTS, CHECKS)
  const { metric, mode, timeAttr, minResource, reductionFactor, bootstrapCount } = settings
  refuseModeAlone('successiveHalvingPruner', settings)
  refuseBootstrapOfAuto('successiveHalvingPruner', 'minResource', minResource, bootstrapCount)
  return {
    name: 'successiveHalvingPruner',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using successiveHalvingPruner: the best 1 in ${reductionFactor} pass each rung${minResource === 'auto' ? '' : ` from ${timeAttr} ${minResource * reductionFactor ** settings.minEarlyStoppingRate} on`}.`,

    init: (context) => ({
      ...onlyObjective('successiveHalvingPruner', context),
      minResource: minResource === 'auto' ? undefined : minResource,
      longest: undefined,
      rungs: [],
      climbers: new Map(),
    }),

    observe: takeDown,

    onReport(state, report) {
      const climber = takeDown(state, report)
      // Not when the trial completes: others may complete before the next report, and be longer.
      if (state.minResource === undefined && state.longest !== undefined) {
        state.minResource = Math.max(1, Math.floor(state.longest / 100))
      }
      if (state.minResource === undefined || isBelowNext(climber)) return CONTINUE
      const rules = { ...settings, minResource: state.minResource }
      return climb(state.rungs, climber, rules, { metric: state.metric, mode: state.mode, bracket: '' })
    },

    onEnd(state, end) {
      const length = completedLength(end, state.climbers.get(end.trial)?.furthest)
      if (length !== undefined) state.longest = Math.max(length, state.longest ?? length)
      state.climbers.delete(end.trial)
    },
  }
}

function takeDown(
  { climbers }: SuccessiveHalvingPrunerState,
  { trial, time, values }: TrialReport,
): HalvingClimber {
  let climber = climbers.get(trial)
  if (climber === undefined) {
    climber = atTheFoot()
    climbers.set(trial, climber)
  }
  advance(climber.furthest, time, values[0] as number)
  return climber
}

/** @throws {OptionError} when trials shall gather at rungs that are only known once one has completed. */
export function refuseBootstrapOfAuto(
  owner: string,
  option: string,
  resource: number | 'auto',
  bootstrapCount: number,
): void {
  if (bootstrapCount === 0 || resource !== 'auto') return
  throw new OptionError(
    `${owner}.bootstrapCount`,
    `${owner}.bootstrapCount: needs to know the rungs from the beginning, but ${option} is 'auto'. Got ${bootstrapCount}. Give ${option} as a number, or leave bootstrapCount out.`,
    { received: bootstrapCount },
  )
}
