import { formatNumber } from '../../core/format-number.ts'
import { type Checks, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { refuseModeAlone } from '../ranking-options.ts'
import type { Scheduler } from '../scheduler.ts'
import { chooseValues } from './bandit.ts'
import { type HyperparamBounds, readBounds } from './bounds.ts'
import { customised } from './custom-explore.ts'
import { type Change, valueAt, withValue } from './explore.ts'
import { firstAllowed } from './first-allowed.ts'
import { addRanking, type BanditData, noData } from './growths.ts'
import { POPULATION_CHECKS, POPULATION_DEFAULTS, type PopulationOptions } from './population-options.ts'
import type { TrainingState } from './trainer.ts'
import { populationScheduler } from './training.ts'

/** Options of `pb2`. */
export interface Pb2Options<Config = Readonly<Record<string, unknown>>> extends PopulationOptions<Config> {
  /** What may be changed: `[min, max]` by key, nested as the configuration is. Needed. */
  readonly hyperparamBounds: { readonly [key: string]: HyperparamBounds }
}

const DEFAULTS = { ...POPULATION_DEFAULTS, hyperparamBounds: {} }

const CHECKS: Checks<Pb2Options<never>> = POPULATION_CHECKS

/** All that `pb2` remembers. */
export type Pb2State = TrainingState<BanditData>

/**
 * Population-based training that learns where to go: as `pbt`, but the configuration of a trial that exploits another is
 * not changed by chance. A Gaussian process models how fast the score grows with the hyperparameters, the score at the
 * start and the time, and the most promising values are taken. It does better than `pbt` in small populations, of 4 to
 * 10 trials. Ray Tune's `PB2`.
 *
 * Only numbers between bounds can be changed, evenly spread; where all values seen of one were whole, it stays whole.
 * Trials need checkpoints, as for `pbt`. Who exploits whom, and when, is as in `pbt` too.
 * Source: Parker-Holder et al. 2020, arXiv:2002.02518, algorithm 1.
 *
 * While less than two growths are known, values are drawn evenly. A score that is NaN or infinite ranks as in `pbt`, and
 * teaches nothing; trials that end leave what they taught. Unlike Ray Tune it models the noise of scores, adds deviations
 * where that adds variances, predicts for the interval to come, and keeps the newest 200 growths.
 * Cost of a decision: as of `pbt`; of an exploit, O(n²) for n ≤ 200 growths, about a hundred times, and O(n³) some
 * times whenever a tenth of them are new: some 10 ms at 200.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.perturbationInterval - How far a trial runs from one time to the next. Above 0. Default 60.
 * @param options.hyperparamBounds - What may be changed, and between which numbers.
 * @param options.quantileFraction - Share of best and of worst trials. From 0 to 0.5. Default 0.25.
 * @param options.customExploreFn - Changes the configuration further. Default: none.
 * @param options.where - Which configurations are allowed, as of `pbt`. Default: all.
 * @param options.logConfig - Whether the evidence of an exploit holds the configurations. Default true.
 * @param options.synch - Whether all wait for each other. Default false.
 * @throws {OptionError} when an option is unknown or out of its range, `hyperparamBounds` is missing or no bounds, or
 * `mode` stands without `metric`; and, from the experiment, when no trial has one of `hyperparamBounds`, or `numSamples`
 * is infinite.
 * @example
 * new Tuner(train, {
 *   paramSpace: { lr: uniform(0, 0.1) },
 *   metric: 'acc',
 *   mode: 'max',
 *   numSamples: 4,
 *   scheduler: pb2({ perturbationInterval: 5, hyperparamBounds: { lr: [0, 0.1] } }),
 * })
 */
export function pb2<Config = Readonly<Record<string, unknown>>>(
  options: Pb2Options<Config>,
): Scheduler<Pb2State> {
  const settings = readOptions('pb2', options, DEFAULTS, CHECKS)
  refuseModeAlone('pb2', settings)
  const { customExploreFn, perturbationInterval, where } = settings
  const parameters = readBounds('pb2.hyperparamBounds', settings.hyperparamBounds)
  if (parameters.length === 0) {
    throw new OptionError(
      'pb2.hyperparamBounds',
      'pb2: there is nothing to change. Give hyperparamBounds, such as { lr: [1e-4, 1e-1] }.',
    )
  }
  // What is no number, or not there, teaches nothing.
  const valuesOf = (config: unknown): number[] =>
    parameters.map(({ keys }) => {
      const value = valueAt(config, keys)
      return typeof value === 'number' ? value : NaN
    })
  return populationScheduler(
    'pb2',
    'population-based bandits',
    { ...settings, burnInPeriod: 0 },
    {
      option: 'pb2.hyperparamBounds',
      hyperparameters: parameters.map(({ keys }) => keys),
      init: () => noData(parameters.length),

      onRanked(data, { trial, time, score, config }) {
        addRanking(data, trial, { time, score: score as number, values: valuesOf(config) })
      },

      explore(data, { config, donor, trial, random }) {
        const mark = data.marks.get(donor)
        const explored = firstAllowed(where, config, random, (chance) => {
          const values = chooseValues(data, parameters, mark, perturbationInterval, chance)
          const changes = parameters.map(({ keys }, j): Change => {
            const to = values[j] as number
            return { path: keys.join('/'), from: valueAt(config, keys), to, by: formatNumber(to) }
          })
          const chosen = parameters.reduce<unknown>(
            (at, { keys }, j) => withValue(at, keys, values[j]),
            config,
          )
          if (customExploreFn === undefined) return { config: chosen, changes }
          return { config: customised('pb2', customExploreFn, chosen, chance.fork('custom')), changes }
        })
        // From here on it is where the donor was.
        if (mark === undefined) data.marks.delete(trial)
        else data.marks.set(trial, { ...mark, values: valuesOf(explored.config) })
        return explored
      },

      onParted: (data, { trial }) => void data.marks.delete(trial),
    },
  )
}
