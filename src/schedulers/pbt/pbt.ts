import { formatNumber } from '../../core/format-number.ts'
import type { Mode } from '../../core/objective.ts'
import { type Checks, describe, must, readOptions } from '../../core/options.ts'
import { OptionError, TroupeError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import { copyPlain } from '../../space/same-value.ts'
import type { Scheduler } from '../scheduler.ts'
import { explore } from './explore.ts'
import { type Mutation, readMutations } from './mutation.ts'
import { populationTraining, type TrainingState } from './training.ts'

/** Changes a copy of a configuration, and gives what is to be used. */
export type ExploreFunction<Config = Readonly<Record<string, unknown>>> = (
  config: Config,
  random: RandomStream,
) => unknown

/** Options of `pbt`. */
export interface PbtOptions<Config = Readonly<Record<string, unknown>>> {
  /** Metric to rank by. Default: the experiment's; needed when that has several objectives. */
  readonly metric?: string | undefined
  /** `'min'` or `'max'`, beside `metric`. Default: the mode that the experiment gives for this metric. */
  readonly mode?: Mode | undefined
  /** The metric that says how far a trial is; it should grow. Default `'training_iteration'`. */
  readonly timeAttr?: string | undefined
  /** How far a trial runs before it is considered, and from then to the next time. Above 0. Default 60. */
  readonly perturbationInterval?: number | undefined
  /** How far a trial runs at least before it is considered for the first time. From 0. Default 0. */
  readonly burnInPeriod?: number | undefined
  /** What may be changed, by key, nested as the configuration is. This or `customExploreFn` is needed. */
  readonly hyperparamMutations?: { readonly [key: string]: Mutation } | undefined
  /** The share of trials that count as best, and as worst. From 0, which exploits nobody, to 0.5. Default 0.25. */
  readonly quantileFraction?: number | undefined
  /** With which probability a value is drawn anew, in place of going to one near it. From 0 to 1. Default 0.25. */
  readonly resampleProbability?: number | undefined
  /** What a number is multiplied by, one of them drawn. Above 0. Default [1.2, 0.8]. */
  readonly perturbationFactors?: readonly number[] | undefined
  /** Changes the configuration further, after `hyperparamMutations`. It gets a copy, and returns what is to be used. */
  readonly customExploreFn?: ExploreFunction<Config> | undefined
  /** Whether the evidence of an exploit holds both configurations and what was changed. Default true. */
  readonly logConfig?: boolean | undefined
  /** Whether all trials wait for each other at each interval, and are considered together. Default false. */
  readonly synch?: boolean | undefined
}

const DEFAULTS = {
  metric: undefined,
  mode: undefined,
  timeAttr: 'training_iteration',
  perturbationInterval: 60,
  burnInPeriod: 0,
  hyperparamMutations: {},
  quantileFraction: 0.25,
  resampleProbability: 0.25,
  perturbationFactors: [1.2, 0.8],
  customExploreFn: undefined,
  logConfig: true,
  synch: false,
}

const CHECKS: Checks<PbtOptions<never>> = {
  metric: (name) => (isName(name) ? undefined : 'must be the name of one metric.'),
  mode: must.beOneOf('min', 'max'),
  timeAttr: (name) => (isName(name) ? undefined : 'must be the name of a metric.'),
  perturbationInterval: must.above(0),
  burnInPeriod: must.from(0),
  quantileFraction: must.within(0, 0.5),
  resampleProbability: must.within(0, 1),
  perturbationFactors: (factors) =>
    Array.isArray(factors) && factors.length > 0 && factors.every((factor) => factor > 0 && factor < Infinity)
      ? undefined
      : 'must be an array of finite numbers above 0, such as [1.2, 0.8].',
  customExploreFn: must.beFunction,
  logConfig: must.beBoolean,
  synch: must.beBoolean,
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
 * `defineTrainable` with `save` and `load`. `numSamples` is the size of the population; all of it is made before the
 * first trial starts (of more than 100, the first 100). Where there are fewer slots than trials, these take turns, each
 * for an interval.
 * Source: Jaderberg et al. 2017, arXiv:1711.09846, algorithm 1 and section 4.1.1 (truncation selection); `synch`: A.1.
 *
 * One of the best that has no checkpoint, or was not among the best when it was last considered, is not exploited: the
 * other goes on as it is. NaN is worse than every number and is never exploited; ±Infinity rank in their natural place;
 * of equals the later trial is better. Trials that end leave the population. With `synch`, where Ray Tune waits for ever
 * for a trial that failed or when all have run too far, the others go on. Numbers stay within their domain.
 * Cost of a decision: O(log n) for n trials and one move of memory; with `synch`, O(n log n) once an interval.
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
 * @param options.logConfig - Whether the evidence of an exploit holds the configurations. Default true.
 * @param options.synch - Whether all wait for each other. Default false.
 * @throws {OptionError} when an option is unknown or out of its range, nothing is to be changed, or `mode` stands without
 * `metric`.
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
  const { metric, mode, timeAttr, perturbationInterval, customExploreFn, synch } = settings
  if (mode !== undefined && metric === undefined) {
    throw new OptionError('pbt.metric', 'pbt: mode is given but metric is not. Give both, or neither.')
  }
  const mutators = readMutations('pbt.hyperparamMutations', settings.hyperparamMutations)
  if (mutators.length === 0 && customExploreFn === undefined) {
    throw new OptionError(
      'pbt.hyperparamMutations',
      'pbt: there is nothing to change. Give hyperparamMutations, such as { lr: loguniform(1e-4, 1e-1) }, or customExploreFn.',
    )
  }
  const training = populationTraining('pbt', settings, {
    init: () => null,
    explore(_, { config, random }) {
      const explored = explore(config, mutators, settings, random)
      if (customExploreFn === undefined) return explored
      return {
        ...explored,
        config: customised('pbt', customExploreFn, explored.config, random.fork('custom')),
      }
    },
  })
  return {
    name: 'pbt',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using population-based training: ${synch ? 'all together ' : ''}every ${formatNumber(perturbationInterval)} ${timeAttr}.`,
    ...training,
  }
}

/** What the user's own function makes of a copy of a configuration. */
export function customised(
  owner: string,
  customExploreFn: ExploreFunction<never>,
  config: unknown,
  random: RandomStream,
): unknown {
  const changed = customExploreFn(copyPlain(config) as never, random)
  if (typeof changed === 'object' && changed !== null) return changed
  throw new TroupeError(
    'badConfig',
    `${owner}.customExploreFn gave ${describe(changed)}. Return the configuration that is to be used.`,
  )
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}
