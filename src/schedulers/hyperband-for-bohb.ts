import { bracketScheduler } from './halving/bracket-scheduler.ts'
import type { HyperbandState } from './halving/bands.ts'
import type { Bracket } from './halving/bracket.ts'
import { type HyperbandOptions, readHyperbandOptions } from './halving/options.ts'
import { complete, conclude, hasArrived, waitForOthers } from './halving/rounds.ts'
import type { Decision, Scheduler } from './scheduler.ts'

/**
 * HyperBand in the order that suits a searcher with a model, such as `bohb`: brackets from many short trials to few long
 * ones, one after the other. A bracket is halved only when it is full and all of its trials are at the milestone, so that
 * the searcher has seen all of them; what is ready in an earlier bracket goes before anything of a later one, so that
 * results at larger budgets come as early as they can.
 * Source: Falkner, Klein & Hutter 2018, arXiv:1807.01774, with the brackets of Li et al. 2017; after Ray Tune's
 * `HyperBandForBOHB`.
 *
 * While a bracket waits, new trials fill it, and then the next one. A bracket that no more trials will come for is halved
 * with those it has, and it takes in none after its first halving: a trial that fails is made up for until then, and
 * counts as lost after. NaN is worse than every number, ±Infinity rank in their natural place, and of
 * equals the later trial is better. A time of NaN is no progress.
 * Cost of a decision: amortised O(log n) for a bracket of n trials; of a choice, O(brackets of a band + log trials).
 * @param options - As of `hyperband`, with the same defaults.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', searcher: bohb(), scheduler: hyperbandForBohb() })
 */
export function hyperbandForBohb(options: HyperbandOptions = {}): Scheduler<HyperbandState> {
  const settings = readHyperbandOptions('hyperbandForBohb', options)
  return bracketScheduler({
    name: 'hyperbandForBohb',
    title: 'HyperBand for BOHB',
    settings,
    order: 'shortestFirst',
    turn: 'inTurn',
    budget: Infinity,
    onArrival: decide,
    onLeft(state, bracket) {
      if (bracket.live.size > 0) decide(state, bracket)
    },
  })

  /** Halves or ends a bracket when nobody is missing, and says what that means for `current`. */
  function decide(state: HyperbandState, bracket: Bracket, current?: number): Decision {
    // Nothing is left to be decided about it, and it makes room.
    if (current !== undefined && bracket.halvings === 0 && settings.stopLastTrials)
      return complete(state, bracket, settings, current)
    if (!hasArrived(state, bracket)) return waitForOthers(state, bracket, settings)
    let decision = conclude(state, bracket, settings, current)
    // Those who won may all have passed the next milestone already.
    while (bracket.behind === 0 && bracket.halvings > 0 && bracket.live.size > 0) {
      const { kind } = decision
      const next = conclude(state, bracket, settings, kind === 'pause' ? current : undefined)
      if (kind === 'pause') decision = next
    }
    return decision
  }
}
