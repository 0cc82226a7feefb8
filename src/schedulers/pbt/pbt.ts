import { type Checks, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { refuseModeAlone } from '../ranking-options.ts'
import type { Scheduler } from '../scheduler.ts'
import { customised } from './custom-explore.ts'
import { explore } from './explore.ts'
import { firstAllowed } from './first-allowed.ts'
import { type Mutation, readMutations } from './mutation.ts'
import { POPULATION_CHECKS, POPULATION_DEFAULTS, type PopulationOptions } from './population-options.ts'
import type { TrainingState } from './trainer.ts'
import { populationScheduler } from './training.ts'

export type { ExploreFunction } from './custom-explore.ts'

/** Options of `pbt`. */
export interface PbtOptions<Config = Readonly<Record<string, unknown>>> extends PopulationOptions<Config> {
  /** How far a trial runs at least before it is considered for the first time. From 0. Default 0. */
  readonly burnInPeriod?: number | undefined
  /** What may be changed, by key, nested as the configuration is. This or `customExploreFn` is needed. */
  readonly hyperparamMutations?: { readonly [key: string]: Mutation } | undefined
  /** With which probability a value is drawn anew, in place of going to one near it. From 0 to 1. Default 0.25. */
  readonly resampleProbability?: number | undefined
  /** What a number is multiplied by, one of them drawn. Above 0. Default [1.2, 0.8]. */
  readonly perturbationFactors?: readonly number[] | undefined
}

const DEFAULTS = {
  ...POPULATION_DEFAULTS,
  burnInPeriod: 0,
  hyperparamMutations: {},
  resampleProbability: 0.25,
  perturbationFactors: [1.2, 0.8],
}

const CHECKS: Checks<PbtOptions<never>> = {
  ...POPULATION_CHECKS,
  burnInPeriod: must.from(0),
  resampleProbability: must.within(0, 1),
  perturbationFactors: (factors) =>
    Array.isArray(factors) && factors.length > 0 && factors.every((factor) => factor > 0 && factor < Infinity)
      ? undefined
      : 'must be an array of finite numbers above 0, such as [1.2, 0.8].',
}

/** All that `pbt` remembers. */
export type PbtState = TrainingState<null>

/**
 * Trains a population whose worst members take over the weights of the best and change their hyperparameters, while they
 * train: population-based training, decision for decision Ray Tune's `PopulationBasedTraining`. What comes of it is a
 * schedule of hyperparameters, and a model that was trained by it.
 *
 * Each time that a trial has come `perturbationInterval` further, it is ranked by the score that it has then. One among
 * the worst `quantileFraction` exploits one drawn among the best: it goes on from that trial's latest checkpoint, with a
 * changed copy of its configuration. Trials need checkpoints: by `report(metrics, { checkpoint })`, or by
 * `defineTrainable` with `save` and `load`. `numSamples` is the size of the population, which cannot be endless; all of it
 * is made before the first trial starts. Where there are fewer slots than trials, these take turns, each for an interval.
 * Source: Jaderberg et al. 2017, arXiv:1711.09846, algorithm 1 and section 4.1.1 (truncation selection); `synch`: A.1.
 *
 * One of the best that has no checkpoint, or was not among the best when it was last considered, is not exploited: the
 * other goes on as it is. Where it is the checkpoint, the first exploit is asked for nevertheless, so that a warning says
 * so. What the experiment's `where` forbids can come of a change, unless `where` is given here too: then a configuration
 * is changed anew until it is allowed, and after 20 times the best one's own is taken over. NaN is worse than every number
 * and is never exploited; ±Infinity rank in their natural place; of equals the later trial is better. Trials that end leave the population. With `synch`, where Ray Tune waits for ever
 * for a trial that failed or when all have run too far, the others go on. Numbers stay within their domain.
 * Cost of a decision: O(log n + n / 256) for n trials; with `synch`, O(n log n) once an interval.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.perturbationInterval - How far a trial runs from one time to the next. Above 0. Default 60.
 * @param options.burnInPeriod - How far it runs before the first time. From 0. Default 0.
 * @param options.hyperparamMutations - What may be changed, and how. Default: nothing.
 * @param options.quantileFraction - Share of best and of worst trials. From 0 to 0.5. Default 0.25.
 * @param options.resampleProbability - How often a value is drawn anew. From 0 to 1. Default 0.25.
 * @param options.perturbationFactors - What numbers are multiplied by. Default [1.2, 0.8].
 * @param options.customExploreFn - Changes the configuration further. Default: none.
 * @param options.where - Which configurations are allowed. Default: all.
 * @param options.logConfig - Whether the evidence of an exploit holds the configurations. Default true.
 * @param options.synch - Whether all wait for each other. Default false.
 * @throws {OptionError} when an option is unknown or out of its range, nothing is to be changed, or `mode` stands without
 * `metric`; and, from the experiment, when no trial has one of `hyperparamMutations`, or `numSamples` is infinite.
 * @example
 * new Tuner(train, {
 *   paramSpace: { lr: loguniform(1e-4, 1e-1) },
 *   metric: 'acc',
 *   mode: 'max',
 *   numSamples: 8,
 *   scheduler: pbt({ perturbationInterval: 5, hyperparamMutations: { lr: loguniform(1e-4, 1e-1) } }),
 * })
 */
export function pbt<Config = Readonly<Record<string, unknown>>>(
  options: PbtOptions<Config> = {},
): Scheduler<PbtState> {
  const settings = readOptions('pbt', options, DEFAULTS, CHECKS)
  refuseModeAlone('pbt', settings)
  const { customExploreFn, where } = settings
  const mutators = readMutations('pbt.hyperparamMutations', settings.hyperparamMutations)
  if (mutators.length === 0 && customExploreFn === undefined) {
    throw new OptionError(
      'pbt.hyperparamMutations',
      'pbt: there is nothing to change. Give hyperparamMutations, such as { lr: loguniform(1e-4, 1e-1) }, or customExploreFn.',
    )
  }
  return populationScheduler('pbt', 'population-based training', settings, {
    option: 'pbt.hyperparamMutations',
    hyperparameters: mutators.map(({ keys }) => keys),
    init: () => null,
    explore(_, { config, random }) {
      return firstAllowed(where, config, random, (chance) => {
        const explored = explore(config, mutators, settings, chance)
        if (customExploreFn === undefined) return explored
        return {
          ...explored,
          config: customised('pbt', customExploreFn, explored.config, chance.fork('custom')),
        }
      })
    },
  })
}
