import { bracketScheduler } from './halving/bracket-scheduler.ts'
import type { HyperbandState } from './halving/bands.ts'
import { isFinished } from './halving/bracket.ts'
import { type HyperbandOptions, readHyperbandOptions } from './halving/options.ts'
import { conclude, hasArrived, waitForOthers } from './halving/rounds.ts'
import type { Scheduler } from './scheduler.ts'

export type { HyperbandState } from './halving/bands.ts'
export type { HyperbandOptions } from './halving/options.ts'

/**
 * Halves the trials of a bracket whenever all of them have reached its next milestone: those that got there first are
 * paused, and the best 1 / `reductionFactor` go on. Several brackets, from few long trials to many short ones, make a
 * band, and bands follow each other: HyperBand, decision for decision Ray Tune's `HyperBandScheduler`.
 *
 * Trials fill bracket 0 (all of them run to `maxT`), then bracket 1 (one halving), and so on. A bracket that trials ran
 * out for is halved with those it has; where nobody knows how many trials there will be, as in a study, so is one whose
 * trials have all arrived before others came. Of those that can run, the first band's least complete bracket goes first.
 * Source: Li et al. 2017, JMLR 18 (185), algorithm 1.
 *
 * A trial that fails leaves its bracket: it is made up for before the first halving, and counts as lost after, as does one
 * that ends by itself. Where that, or trials that ran past the
 * next milestone, leaves nobody to run in a bracket, Ray Tune waits for ever; here the bracket is halved again once
 * nothing else can run. NaN is worse than every number, ±Infinity rank in their natural place, and of equals the later
 * trial is better. A time of NaN is no progress.
 * Cost of a decision: amortised O(log n) for a bracket of n trials; of a choice, O(brackets of a band + log trials).
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.maxT - Full length of a trial, in units of `timeAttr`. At least 1. Default 81.
 * @param options.reductionFactor - One in how many goes on. Above 1. Default 3.
 * @param options.stopLastTrials - Whether trials end, completed, at their full length. Default true.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', scheduler: hyperband({ maxT: 81 }) })
 */
export function hyperband(options: HyperbandOptions = {}): Scheduler<HyperbandState> {
  const settings = readHyperbandOptions('hyperband', options)
  return bracketScheduler({
    name: 'hyperband',
    title: 'HyperBand',
    settings,
    order: 'longestFirst',
    turn: 'fair',
    // Kept from Ray: a bracket waits for nobody of whom it does not know.
    budget: 0,
    // Kept from Ray: also after the first halving, where trials have ended by themselves.
    hasRoomUncounted: ({ live, size }) => live.size !== size,
    onArrival: (state, bracket, current) =>
      hasArrived(state, bracket)
        ? conclude(state, bracket, settings, current)
        : waitForOthers(state, bracket, settings),
    onLeft(state, bracket) {
      // Kept from Ray: after the first halving, a trial that ends sets nothing in motion.
      const isSettled = bracket.wasHalved || isFinished(bracket, settings)
      if (!isSettled && hasArrived(state, bracket)) conclude(state, bracket, settings)
    },
  })
}
