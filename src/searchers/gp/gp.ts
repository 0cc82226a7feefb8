import { type Checks, must, readOptions } from '../../core/options.ts'
import { INDEPENDENT_DEFAULTS, type IndependentOptions, withIndependent } from '../independent.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from '../searcher.ts'
import { inThread, THREAD_CHECKS, THREAD_DEFAULTS, type ThreadOptions } from '../thread.ts'
import { GpSearch } from './gp-search.ts'

/** Options of `gp`. */
export interface GpOptions extends SearcherOptions, ThreadOptions, IndependentOptions {
  /** Completed trials before the model is used; until then points fill the space evenly. Integer from 1. Default 10. */
  readonly nStartupTrials?: number | undefined
  /** Whether a configuration always gives the same value, so that no noise need be fitted. Default false. */
  readonly deterministicObjective?: boolean | undefined
}

const DEFAULTS = {
  ...SEARCHER_DEFAULTS,
  ...THREAD_DEFAULTS,
  ...INDEPENDENT_DEFAULTS,
  nStartupTrials: 10,
  deterministicObjective: false,
}

const CHECKS: Checks<GpOptions> = {
  ...SEARCHER_CHECKS,
  ...THREAD_CHECKS,
  nStartupTrials: must.integerFrom(1),
  deterministicObjective: must.beBoolean,
}

/**
 * Bayesian optimisation with a Gaussian process: a model of the objective says where improvement is to be expected, and
 * each point is where that is most. For trials that take long, in up to some twenty parameters and some hundred trials.
 *
 * Kernel: Matérn 5/2 with a length scale for each parameter, Hamming distance between unordered choices. Its parameters
 * are fitted again with each result, by likelihood times prior. Acquisition: log expected improvement, times the
 * probability that each constraint is kept; with several objectives log expected hypervolume improvement (exact up to
 * three, beyond that a randomly weighted one at a time). Trials that run count as the model believes that they may end.
 * Source: Optuna 5, GPSampler; Ament et al. 2023, arXiv:2310.20708; Snoek, Larochelle & Adams 2012, arXiv:1206.2944;
 * Daulton, Balandat & Bakshy 2020, arXiv:2006.05078; Knowles 2006 for four objectives and more.
 *
 * Parameters that exist in some cases of a `branch` only are modelled together with all others, and so are those of a
 * define-by-run space that surely follow from a choice; the rest is drawn from the prior, or comes from
 * `independentSampler`. A normal domain is searched
 * within three deviations. Values that are infinite count as the worst or best finite one. Trials that failed or were
 * pruned give the model no value, and turn the search away from where they were.
 *
 * Cost of a suggestion: O(n³ + n² d) for n trials in d parameters, 15 ms for 100 trials; of more than 500 trials the best
 * half and the newest half are modelled.
 *
 * @param options.nStartupTrials - Default 10.
 * @param options.deterministicObjective - Default false.
 * @param options.independentSampler - Proposes what the model leaves out. Default: the prior.
 * @param options.thread - Whether to think in a worker thread. Default false.
 * @throws {OptionError} when an option is not known or cannot be used; where the experiment is made, when it has no metric.
 * @example new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', searcher: gp({ seed: 7 }), numSamples: 60 })
 */
export function gp(options: GpOptions = {}): Searcher {
  const given = readOptions('gp', options, DEFAULTS, CHECKS)
  const { nStartupTrials, deterministicObjective: isDeterministic } = given
  const searcher: Searcher = {
    name: 'gp',
    options: given,
    objectives: 'some',
    isRebuiltByTells: true,
    start: (context) => new GpSearch(context, { nStartupTrials, isDeterministic }),
  }
  const { independentSampler, ...own } = given
  return withIndependent(inThread(searcher, own), { independentSampler })
}
