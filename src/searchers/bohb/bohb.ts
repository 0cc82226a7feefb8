import { type Checks, must, readOptions } from '../../core/options.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from '../searcher.ts'
import { BohbSearch } from './search.ts'

/** Options of `bohb`. */
export interface BohbOptions extends SearcherOptions {
  /** Fewest trials of each density; at least one more than there are parameters, which is the default. Integer from 1. */
  readonly minPointsInModel?: number | undefined
  /** How many of the trials count as good, in percent. From 0 to 100. Default 15. */
  readonly topNPercent?: number | undefined
  /** How many candidates the best is chosen from. Integer from 1. Default 64. */
  readonly numSamples?: number | undefined
  /** Share of the trials that are drawn from the prior, whatever the model says. From 0 to 1. Default 1/3. */
  readonly randomFraction?: number | undefined
  /** How much wider candidates of numbers are spread than the density has it. Above 0. Default 3. */
  readonly bandwidthFactor?: number | undefined
  /** Least bandwidth, as a share of a parameter's range, so that not all candidates are one. Above 0. Default 0.05. */
  readonly minBandwidth?: number | undefined
}

const DEFAULTS = {
  ...SEARCHER_DEFAULTS,
  minPointsInModel: undefined,
  topNPercent: 15,
  numSamples: 64,
  randomFraction: 1 / 3,
  bandwidthFactor: 3,
  minBandwidth: 0.05,
}

const CHECKS: Checks<BohbOptions> = {
  ...SEARCHER_CHECKS,
  minPointsInModel: must.integerFrom(1),
  topNPercent: must.within(0, 100),
  numSamples: must.integerFrom(1),
  randomFraction: must.within(0, 1),
  bandwidthFactor: must.above(0),
  minBandwidth: must.above(0),
}

/**
 * The model-based half of BOHB: a density of good and one of bad trials, both at the largest budget that enough trials
 * have reached, and suggestions where the first is large beside the second. With `hyperbandForBohb` as scheduler it is
 * BOHB; any scheduler, or none, will do.
 *
 * Source: Falkner, Klein & Hutter 2018, arXiv:1807.01774, section 4; option names of the authors' HpBandSter. A budget is a
 * step of the scheduler's `timeAttr`: the largest one that `minPointsInModel` + 2 trials have come to, running and paused
 * ones among them. A trial that has come further counts with the value that it had there. Numbers have normal kernels on
 * their scale, ordered choices by position, others those of Aitchison & Aitken; normal domains are searched within three
 * deviations. Parameters of a branch have a model of their own, from the trials that took the branch.
 *
 * `minBandwidth` is 0.001 in HpBandSter, with which all candidates of a noiseless function soon fall on the first good
 * points, and the search is no better than chance.
 *
 * Drawn from the prior are a share `randomFraction` of the trials, all of them until the model has its trials, and computed
 * parameters. Failed trials, and those that break a constraint, are worse than all others; NaN counts as infinitely bad; of
 * equals the lower number is better. In a define-by-run space the parameters are learned.
 * Cost of a suggestion: O(n log n) for n trials and O(numSamples · N · d) for N of them at the budget and d parameters.
 * @param options.minPointsInModel - Fewest trials of each density. Integer from 1. Default d + 1, and never less.
 * @param options.topNPercent - Share of good trials, in percent. From 0 to 100. Default 15.
 * @param options.numSamples - Candidates for each suggestion. Integer from 1. Default 64.
 * @param options.randomFraction - Share drawn from the prior. From 0 to 1. Default 1/3.
 * @param options.bandwidthFactor - How much wider candidates are spread. Above 0. Default 3.
 * @param options.minBandwidth - Least bandwidth, as a share of the range. Above 0. Default 0.05.
 * @throws {OptionError} when an option is unknown or out of its range.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', searcher: bohb(), scheduler: hyperbandForBohb() })
 */
export function bohb(options: BohbOptions = {}): Searcher {
  const given = readOptions('bohb', options, DEFAULTS, CHECKS)
  return {
    name: 'bohb',
    options: given,
    objectives: 'one',
    start: (context) => new BohbSearch(context, given),
  }
}
