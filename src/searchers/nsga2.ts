import { readOptions } from '../core/options.ts'
import { byCrowding } from './evolution/elite.ts'
import { evolve } from './evolution/evolution.ts'
import {
  checkFamily,
  EVOLUTION_CHECKS,
  EVOLUTION_DEFAULTS,
  type EvolutionOptions,
} from './evolution/options.ts'
import type { Searcher } from './searcher.ts'
import { inThread } from './thread.ts'

export type { CrossoverOptions, MutationOptions } from './evolution/operators.ts'

/** Options of `nsga2`. */
export interface Nsga2Options extends EvolutionOptions {}

/**
 * Evolves a population towards the trade-offs between any number of objectives: good configurations are crossed over
 * and mutated, those that no other beats survive, and among equals those in thinly settled parts of the front.
 * Source: Deb, Pratap, Agarwal, Meyarivan 2002, IEEE TEC 6(2). Differences from it and from Optuna 5, each better on
 * average from 100 trials on: members change with each trial instead of by generations (Durillo et al. 2009), the best
 * two fifths breed, numbers are mutated near their old value, and no child is a copy of a member.
 *
 * Numbers are crossed over on their scale; unordered choices come from either parent. A parameter of a branch is
 * inherited from parents in that branch. `randn` is searched within five standard deviations. Only completed trials
 * breed; feasible ones before infeasible ones, and these by the sum of their violations. ±Infinity is a value, NaN is
 * none. Time per suggestion: O(populationSize · parameters), whatever the number of trials.
 *
 * @param options.populationSize - Trials drawn from the prior at first, and members that live then. From 2. Default 50.
 * @param options.parentShare - Share of them that breed. Above 0, up to 1. Default 0.4.
 * @param options.crossover - `'uniform'`, `'blxAlpha'`, `'sbx'`, `'vsbx'`, `'spx'`, `'undx'`, or one of them with its
 *   options, such as `{ kind: 'sbx', eta: 10 }`. Default `'uniform'`.
 * @param options.crossoverProb - How likely a child has several parents. Default 0.9.
 * @param options.swappingProb - How likely a value comes from the second parent. Default 0.5.
 * @param options.mutation - `'polynomial'`, `'uniform'`, or `{ kind: 'polynomial', eta }`. Default `'polynomial'`.
 * @param options.mutationProb - How likely each parameter is mutated. Default: 1 / parameters.
 * @param options.thread - Whether to think in a worker thread. Default false.
 * @throws {OptionError} when an option is not known or cannot be used; where the experiment is made, when it has no
 *   metric.
 * @example new Tuner(train, { paramSpace, metric: ['loss', 'size'], mode: ['min', 'min'], searcher: nsga2(), numSamples: 200 })
 */
export function nsga2(options: Nsga2Options = {}): Searcher {
  const given = readOptions('nsga2', options, EVOLUTION_DEFAULTS, EVOLUTION_CHECKS)
  checkFamily('nsga2', given)
  const searcher: Searcher = {
    name: 'nsga2',
    options: given,
    objectives: 'some',
    isRebuiltByTells: true,
    start: (context) => evolve(context, given, { cut: () => byCrowding, isCrowdingCompared: true }),
  }
  return inThread(searcher, given)
}
