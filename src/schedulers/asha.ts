import { type Checks, must, readOptions } from '../core/options.ts'
import {
  type AshaSettings,
  HALVING_CHECKS,
  HALVING_DEFAULTS,
  type HalvingOptions,
  refuseBadRungs,
} from './halving-options.ts'
import { type PromotionState, promotingAsha } from './asha-promotion.ts'
import { type AshaState, stoppingAsha } from './asha-stopping.ts'
import { RANKING_CHECKS, RANKING_DEFAULTS, type RankingOptions, refuseModeAlone } from './ranking-options.ts'
import type { Scheduler } from './scheduler.ts'

/** Which form of ASHA: trials that lose a rung end there, or wait at each rung to be promoted. */
export type AshaType = 'stopping' | 'promotion'

/** Options of `asha`. */
export interface AshaOptions<Type extends AshaType = AshaType> extends HalvingOptions, RankingOptions {
  /**
   * `'stopping'`: a trial goes on from a rung at once or never. `'promotion'`: every trial waits at every rung, and the
   * best go on. Default `'stopping'`.
   */
  readonly type?: Type | undefined
}

const DEFAULTS = { ...HALVING_DEFAULTS, ...RANKING_DEFAULTS, type: 'stopping' as AshaType }

const CHECKS: Checks<AshaOptions> = {
  ...HALVING_CHECKS,
  ...RANKING_CHECKS,
  type: must.beOneOf('stopping', 'promotion'),
}

/** What each form of `asha` remembers. */
interface AshaStates {
  readonly stopping: AshaState
  readonly promotion: PromotionState
}

const FORMS: { readonly [Type in AshaType]: (settings: AshaSettings) => Scheduler<AshaStates[Type]> } = {
  stopping: stoppingAsha,
  promotion: promotingAsha,
}

/**
 * Gives most time to the trials that do best early: asynchronous successive halving. Rungs lie at `gracePeriod` ·
 * `reductionFactor`ᵏ up to `maxT`, and about one in `reductionFactor` of the trials at a rung goes on to the next.
 *
 * With `type: 'stopping'` a trial goes on at once or never, decision for decision as in Ray Tune's
 * `AsyncHyperBandScheduler`. A report counts at the highest rung that it has reached and has no score at yet; it is
 * compared there with the interpolated quantile of the scores already recorded, then recorded itself. The first trial at
 * a rung has nobody to lose against and goes on. Nothing is paused or promoted later, so the first arrivals always pass:
 * that is the price of never waiting. A trial at exactly the cutoff goes on. Failed trials leave the scores they had.
 *
 * With `type: 'promotion'` each trial waits at each rung below `maxT`, in memory and without a slot. A free slot goes to
 * the best trial that is among the best ⌊n / `reductionFactor`⌋ of the n at its rung, the highest rung first; when there
 * is none, to a new trial. No trial is stopped while it could still win: when no other can come, the best of each rung
 * from which nobody went on still does, so that one trial at least comes to its full length, and the others end as
 * pruned. Where it is not known that no other can come, as when a searcher has no more to suggest, one of them makes one
 * more report first, since a scheduler must name a trial when nothing else is left.
 * A report that has jumped over rungs counts at the highest that it has reached. A trial that fails leaves its rungs, and
 * another takes its place.
 *
 * NaN is worse than every number, ±Infinity rank in their natural place; promotion breaks ties by trial number.
 * With `timeAttr: 'time_total_s'` rungs are in seconds of the trial's own running time: cheap trials are measured after
 * more iterations than dear ones.
 * Source: Li et al. 2018, arXiv:1810.05934, algorithm 2, which is the promotion type; stopping is Ray Tune's form.
 * Cost of a decision: O(rungs), at a rung O(log trials).
 * @param options.type - `'stopping'` or `'promotion'`. Default `'stopping'`.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.maxT - Full length of a trial, in units of `timeAttr`. Above 0. Default 100.
 * @param options.gracePeriod - Age before which no trial is stopped. Above 0, at most `maxT`. Default 1.
 * @param options.reductionFactor - One in how many goes on. Above 1. Default 4.
 * @param options.brackets - Brackets, each beginning one rung later; a trial's is drawn, also among those that are left
 * without rungs, which stop nobody. Integer from 1. Default 1.
 * @param options.stopLastTrials - Whether a trial ends, completed, at `maxT`. Default true.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', scheduler: asha({ maxT: 81, reductionFactor: 3 }) })
 */
export function asha<Type extends AshaType = 'stopping'>(
  options: AshaOptions<Type> = {},
): Scheduler<AshaStates[Type]> {
  const settings = readOptions('asha', options, DEFAULTS, CHECKS)
  refuseBadRungs('asha', settings)
  refuseModeAlone('asha', settings)
  return FORMS[options.type ?? ('stopping' as Type)](settings)
}

export type { AshaState }
