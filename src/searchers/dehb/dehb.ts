import { type Checks, must, readOptions } from '../../core/options.ts'
import { refuseTooManyBrackets } from '../../schedulers/halving/options.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from '../searcher.ts'
import { DehbSearch } from './search.ts'

/** Options of `dehb`. */
export interface DehbOptions extends SearcherOptions {
  /** The `maxT` of the scheduler. At least 1. Default 81. */
  readonly maxT?: number | undefined
  /** The `reductionFactor` of the scheduler. Above 1. Default 3. */
  readonly reductionFactor?: number | undefined
  /**
   * In which order the scheduler fills the brackets of a band: `'longestFirst'` for `hyperband`, `'shortestFirst'` for
   * `hyperbandForBohb`. Default `'longestFirst'`.
   */
  readonly bracketOrder?: 'longestFirst' | 'shortestFirst' | undefined
  /** F: how far a mutant goes along the difference of two parents. Above 0. Default 0.5. */
  readonly mutationFactor?: number | undefined
  /** p: how likely each coordinate comes from the mutant. From 0 to 1. Default 0.5. */
  readonly crossoverProb?: number | undefined
}

const DEFAULTS = {
  ...SEARCHER_DEFAULTS,
  maxT: 81,
  reductionFactor: 3,
  bracketOrder: 'longestFirst' as const,
  mutationFactor: 0.5,
  crossoverProb: 0.5,
}

const CHECKS: Checks<DehbOptions> = {
  ...SEARCHER_CHECKS,
  maxT: must.from(1),
  reductionFactor: must.above(1),
  bracketOrder: must.beOneOf('longestFirst', 'shortestFirst'),
  mutationFactor: must.above(0),
  crossoverProb: must.within(0, 1),
}

/**
 * Differential evolution over budgets: each milestone that a bracket of `hyperband` begins at has a subpopulation, whose
 * members are challenged one after the other by children of the best configurations of the budget below.
 *
 * Source: Awad, Mallik & Hutter 2021, arXiv:2105.09821, with rand/1/bin of Storn & Price 1997. There the algorithm is
 * its own scheduler; here `hyperband` (or `hyperbandForBohb`, with `bracketOrder`) is, with the same `maxT` and
 * `reductionFactor`. A searcher is not told which bracket a trial goes to, so it counts: as many of its trials as the
 * scheduler's first bracket holds are for that one's first milestone, the next for the next bracket's, and so on, band
 * after band. Points of the user's, and trials that fail and are made up for, shift the count: then a child challenges at
 * another budget than its own, and the search goes on. What is compared is measured: the value that a trial had at the
 * budget, while it ran or waits.
 *
 * A child takes the place of its target unless it is worse at their budget. Trials that are promoted further join the
 * subpopulations of larger budgets, in a free place or that of the worst. A place that nobody has is filled from the
 * prior. Parents are the best of the budget below; at the smallest, its own members; with fewer than three, all there are.
 * Numbers are vectors' coordinates on their scale, ordered choices by position, others in equal shares of [0, 1]; normal
 * domains are searched within three deviations. In a define-by-run space the parameters are learned.
 *
 * Failed trials, and those that break a constraint, challenge nobody; NaN counts as infinitely bad. Where trials do not
 * report on their way, the final value counts at every budget.
 * Cost of a suggestion: O(p log p + d) for subpopulations of p members and d parameters.
 * @param options.maxT - As of the scheduler. At least 1. Default 81.
 * @param options.reductionFactor - As of the scheduler. Above 1. Default 3.
 * @param options.bracketOrder - `'shortestFirst'` for `hyperbandForBohb`. Default `'longestFirst'`, for `hyperband`.
 * @param options.mutationFactor - F of the paper. Above 0. Default 0.5.
 * @param options.crossoverProb - p of the paper. From 0 to 1. Default 0.5.
 * @throws {OptionError} when an option is unknown or out of its range.
 * @example new Tuner(train, { paramSpace, searcher: dehb({ maxT: 27 }), scheduler: hyperband({ maxT: 27 }), numSamples: 200 })
 */
export function dehb(options: DehbOptions = {}): Searcher {
  const given = readOptions('dehb', options, DEFAULTS, CHECKS)
  refuseTooManyBrackets('dehb', given)
  return {
    name: 'dehb',
    options: given,
    objectives: 'one',
    start: (context) => new DehbSearch(context, given),
  }
}
