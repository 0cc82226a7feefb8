import type { SearchContext, Searcher } from '../searcher.ts'
import { inThread } from '../thread.ts'
import type { PastTrial } from './level.ts'
import { Levels } from './levels.ts'
import { outcomeOf } from './outcome.ts'
import { levelOptionsOf, readTpeOptions, type TpeOptions } from './settings.ts'

export type { Gamma, TpeOptions } from './settings.ts'

/**
 * Searches where good trials are dense and others are not: a tree-structured Parzen estimator with the defaults of
 * Optuna 5. The first `nStartupTrials` are drawn from the prior. Then finished trials are divided into good ones and
 * others, both get a density of Gaussian kernels (numbers) and smoothed counts (choices), `nEiCandidates` points are
 * drawn from that of the good ones, and the one is suggested where the ratio of the densities is largest.
 *
 * Sources: Bergstra et al. 2011, NeurIPS 24 and 2013, ICML 28; jointly over parameters Falkner et al. 2018, ICML 35;
 * several objectives Ozaki et al. 2022, JAIR 73; all its parts Watanabe 2023, arXiv:2304.11127. The densities are
 * Optuna's to the last digits, compared in `test/conformance`. Two things differ:
 * - The best of a few points drawn is not the best there is. So the best candidate takes over, number by number, the value
 *   of any other candidate that makes the ratio larger (coordinate exchange, Meyer & Nachtsheim 1995, Technometrics 37).
 *   Of d numbers modelled jointly, more than 8, only 64 / d chosen by chance may change (at least one): a point that is
 *   better in all of them lies closer to known ones than any that is drawn, and the search settles too early. No further
 *   point is drawn.
 * - The parameters of a case of `branch` are modelled jointly from the trials that took it, each case with its own ranges;
 *   Optuna models all but the common parameters one by one. Good are those among the best of their case or of all.
 *   The same is learned for define-by-run; parameters of which it is unknown when they come are modelled one by one.
 *
 * Infeasible trials are worse than pruned ones, these than completed ones, the longest best; interrupted trials count as
 * pruned. Under a scheduler that stops many early, `countPruned: false` keeps the bad ones of those that completed from
 * being good. Failed trials, and those with NaN, are passed over; ±Infinity is a value like others. Ties keep the order of
 * trial numbers. Running trials count as bad (`constantLiar`), and so do, for the trial asked for, the points that `where`
 * turned down. `randn` is modelled within five standard deviations,
 * ordered choices by their position, `sampleFrom` not at all. What a trial drew outside of a domain that has moved since
 * is used up to the domain's own width away.
 *
 * Models are kept up to date trial by trial. Time per suggestion: O(trials · parameters) with a small factor, since
 * kernels too far away to matter are skipped; measured in `test/bench/tpe-speed.ts`. Memory: O(trials · parameters).
 *
 * @throws {OptionError} when an option is unknown or out of range, or `group` is combined with `multivariate: false`; later,
 *   when `gamma` or `weights` give what cannot be used.
 * @example new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', searcher: tpe({ seed: 7 }), numSamples: 100 })
 */
export function tpe(options: TpeOptions = {}): Searcher {
  const settings = readTpeOptions(options)
  const { nStartupTrials, constantLiar } = settings
  const searcher: Searcher = {
    name: 'tpe',
    options: settings,
    objectives: 'some',
    isRebuiltByTells: true,
    start({ parameters, objectives, random, saved }: SearchContext) {
      const levels = new Levels(parameters, levelOptionsOf(settings, objectives.length))
      const isLearned = parameters.length === 0
      const { history } = (saved ?? { history: [] }) as { readonly history: readonly PastTrial[] }
      for (const trial of history) levels.add(trial)
      return {
        suggest({ number, retry, running, rejected = [] }) {
          if (levels.history.length < nStartupTrials) return { kind: 'point', point: {} }
          // Forked by number, not drawn in turn: the order in which trials ask must not matter.
          const draws = random.fork(retry === 0 ? number : `${number}/${retry}`)
          const bad = { running: constantLiar ? running : [], rejected }
          return { kind: 'point', point: levels.suggest(draws, bad) }
        },
        tell(trial) {
          const outcome = outcomeOf(trial, objectives)
          if (outcome === undefined) return
          const { params, domains } = trial
          levels.add(isLearned ? { params, domains, outcome } : { params, outcome })
        },
        save: () => ({ history: levels.history.slice() }),
      }
    },
  }
  return inThread(searcher, settings)
}
