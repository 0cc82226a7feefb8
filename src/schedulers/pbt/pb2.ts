import { formatNumber } from '../../core/format-number.ts'
import type { Mode } from '../../core/objective.ts'
import { type Checks, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import type { Scheduler } from '../scheduler.ts'
import { addRanking, type BanditData, chooseValues, noData } from './bandit.ts'
import { type HyperparamBounds, readBounds } from './bounds.ts'
import { type Change, valueAt, withValue } from './explore.ts'
import { customised, type ExploreFunction } from './pbt.ts'
import { populationTraining, type TrainingState } from './training.ts'

/** Options of `pb2`. */
export interface Pb2Options<Config = Readonly<Record<string, unknown>>> {
  /** Metric to rank by. Default: the experiment's; needed when that has several objectives. */
  readonly metric?: string | undefined
  /** `'min'` or `'max'`, beside `metric`. Default: the mode that the experiment gives for this metric. */
  readonly mode?: Mode | undefined
  /** The metric that says how far a trial is; it should grow. Default `'training_iteration'`. */
  readonly timeAttr?: string | undefined
  /** How far a trial runs before it is considered, and from then to the next time. Above 0. Default 60. */
  readonly perturbationInterval?: number | undefined
  /** What may be changed: `[min, max]` by key, nested as the configuration is. Needed. */
  readonly hyperparamBounds: { readonly [key: string]: HyperparamBounds }
  /** The share of trials that count as best, and as worst. From 0, which exploits nobody, to 0.5. Default 0.25. */
  readonly quantileFraction?: number | undefined
  /** Changes the configuration further. It gets a copy, and returns what is to be used. */
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
  hyperparamBounds: {},
  quantileFraction: 0.25,
  customExploreFn: undefined,
  logConfig: true,
  synch: false,
}

const CHECKS: Checks<Pb2Options<never>> = {
  metric: (name) => (isName(name) ? undefined : 'must be the name of one metric.'),
  mode: must.beOneOf('min', 'max'),
  timeAttr: (name) => (isName(name) ? undefined : 'must be the name of a metric.'),
  perturbationInterval: must.above(0),
  quantileFraction: must.within(0, 0.5),
  customExploreFn: must.beFunction,
  logConfig: must.beBoolean,
  synch: must.beBoolean,
}

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
 * Cost of a decision: as of `pbt`; of an exploit, O(n³) for n ≤ 200 growths, some tens of times.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.perturbationInterval - How far a trial runs from one time to the next. Above 0. Default 60.
 * @param options.hyperparamBounds - What may be changed, and between which numbers.
 * @param options.quantileFraction - Share of best and of worst trials. From 0 to 0.5. Default 0.25.
 * @param options.customExploreFn - Changes the configuration further. Default: none.
 * @param options.logConfig - Whether the evidence of an exploit holds the configurations. Default true.
 * @param options.synch - Whether all wait for each other. Default false.
 * @throws {OptionError} when an option is unknown or out of its range, `hyperparamBounds` is missing or no bounds, or
 * `mode` stands without `metric`.
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
  const { metric, mode, timeAttr, perturbationInterval, customExploreFn, synch } = settings
  if (mode !== undefined && metric === undefined) {
    throw new OptionError('pb2.metric', 'pb2: mode is given but metric is not. Give both, or neither.')
  }
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
  const training = populationTraining(
    'pb2',
    { ...settings, burnInPeriod: 0 },
    {
      init: () => noData(parameters.length),

      onRanked(data, { trial, time, score, config }) {
        addRanking(data, trial, { time, score: score as number, values: valuesOf(config) })
      },

      explore(data, { config, donor, trial, random }) {
        const mark = data.marks.get(donor)
        const values = chooseValues(data, parameters, mark, perturbationInterval, random)
        const changes = parameters.map(({ keys }, j): Change => {
          const to = values[j] as number
          return { path: keys.join('/'), from: valueAt(config, keys), to, by: formatNumber(to) }
        })
        const chosen = parameters.reduce<unknown>((at, { keys }, j) => withValue(at, keys, values[j]), config)
        const used =
          customExploreFn === undefined
            ? chosen
            : customised('pb2', customExploreFn, chosen, random.fork('custom'))
        // From here on it is where the donor was.
        if (mark === undefined) data.marks.delete(trial)
        else data.marks.set(trial, { ...mark, values: valuesOf(used) })
        return { config: used, changes }
      },

      onParted: (data, { trial }) => void data.marks.delete(trial),
    },
  )
  return {
    name: 'pb2',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using population-based bandits: ${synch ? 'all together ' : ''}every ${formatNumber(perturbationInterval)} ${timeAttr}.`,
    ...training,
  }
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}
