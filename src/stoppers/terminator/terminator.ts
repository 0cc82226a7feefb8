import { type Checks, describe, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { type RandomStream, randomStream, type Seed } from '../../random/random.ts'
import type { StopDemand, Stopper, StopperEnd, StopperReport } from '../stopper.ts'
import { type KeptTrial, keptTrial } from './kept-trial.ts'
import { crossValidationError, medianError, type MedianErrorOptions } from './error.ts'
import { type Improvement, improvementOf, type ImprovementOptions } from './improvement.ts'

/** Options of `terminator`. */
export interface TerminatorOptions {
  /**
   * How much is still to be gained. Default `'regretBound'`.
   * - `'regretBound'`: by how much the best trial may at most fall short, with high probability.
   * - `'emmr'`: how much one more trial still changes what is expected of the best one.
   * - `'bestValueStagnation'`: how many trials may still pass without a new best value.
   */
  readonly improvement?: Improvement | undefined
  /**
   * How small it must become. Default: 0 for `'bestValueStagnation'`, else `'crossValidation'`.
   * - `'crossValidation'`: below the statistical error of the best trial, whose folds it reported as `cvScores`.
   * - `'median'`: below a share of the median improvement of the first trials.
   * - a number: below that, in the unit of the improvement.
   */
  readonly error?: 'crossValidation' | 'median' | number | undefined
  /** Completed trials before the experiment may end. Integer from 1. Default 20. */
  readonly minNTrials?: number | undefined
  /** For `'regretBound'`: the share of the trials, best first, that is modelled. In (0, 1]. Default 0.5. */
  readonly topTrialsRatio?: number | undefined
  /** For `'bestValueStagnation'`: trials without a new best value. Integer from 0. Default 30. */
  readonly maxStagnationTrials?: number | undefined
  /** For `'emmr'`: whether a configuration always gives the same value. Default false. */
  readonly deterministicObjective?: boolean | undefined
  /** The probability with which the bounds may fail. In (0, 1). Default 0.1. */
  readonly delta?: number | undefined
  /** For `'median'`: trials at the beginning that do not count. Integer from 0. Default 10. */
  readonly warmUpTrials?: number | undefined
  /** For `'median'`: trials after them that count. Integer from 1. Default 20. */
  readonly nInitialTrials?: number | undefined
  /** For `'median'`: the share of the median. Above 0. Default 0.01. */
  readonly thresholdRatio?: number | undefined
  /** For `'crossValidation'`: the metric that holds the values of the folds, an array. Default `'cvScores'`. */
  readonly cvScores?: string | undefined
  /** Seed of the points at which the model is looked at. Default 0. */
  readonly seed?: Seed | undefined
}

const DEFAULTS = {
  improvement: 'regretBound' as Improvement,
  error: undefined,
  minNTrials: 20,
  topTrialsRatio: 0.5,
  maxStagnationTrials: 30,
  deterministicObjective: false,
  delta: 0.1,
  warmUpTrials: 10,
  nInitialTrials: 20,
  thresholdRatio: 0.01,
  cvScores: 'cvScores',
  seed: 0,
}

const CHECKS: Checks<TerminatorOptions> = {
  improvement: must.beOneOf('regretBound', 'emmr', 'bestValueStagnation'),
  error: (error) =>
    error === 'crossValidation' || error === 'median' || (typeof error === 'number' && Number.isFinite(error))
      ? undefined
      : "must be 'crossValidation', 'median' or a finite number.",
  minNTrials: must.integerFrom(1),
  topTrialsRatio: (ratio) => (ratio > 0 && ratio <= 1 ? undefined : 'must be above 0 and at most 1.'),
  maxStagnationTrials: must.integerFrom(0),
  deterministicObjective: must.beBoolean,
  delta: (delta) => (delta > 0 && delta < 1 ? undefined : 'must be between 0 and 1.'),
  warmUpTrials: must.integerFrom(0),
  nInitialTrials: must.integerFrom(1),
  thresholdRatio: must.above(0),
  cvScores: (name) => (typeof name === 'string' && name !== '' ? undefined : 'must be the name of a metric.'),
  seed: must.beSeed,
}

/** What a terminator remembers. */
export interface TerminatorState {
  readonly trials: KeptTrial[]
  /** Folds that running trials have reported, by number. */
  readonly scores: Record<number, readonly number[]>
  /** The error of `'median'`, once it is known. */
  median: number | undefined
}

/**
 * Ends the experiment once what is still to be gained falls below the error with which it is measured.
 * Source: Makarova et al. 2022 (regret bound), Ishibashi et al. 2023 (EMMR, median error), in the form of Optuna 5.
 *
 * It looks at the experiment each time that a trial completes. Trials that failed or were pruned count for none of the
 * estimates. `'regretBound'` and `'emmr'` fit a Gaussian process over the parameters that every trial has: O(n³) for n
 * trials, 0.1 s at 200; with no such parameter they never end anything. Infinite values count as the worst finite one.
 *
 * @throws {OptionError} for an option that is not known or cannot be used, and, once the experiment runs, when several
 *   metrics are optimised, or `'crossValidation'` finds that the best trial reported no folds.
 * @example new Tuner(train, { paramSpace, stop: terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 50 }) })
 */
export function terminator(options: TerminatorOptions = {}): Stopper<TerminatorState> {
  const given = readOptions('terminator', options, DEFAULTS, CHECKS)
  const error = given.error ?? (given.improvement === 'bestValueStagnation' ? 0 : 'crossValidation')
  const random = randomStream(given.seed)
  return {
    name: 'terminator',
    init: () => ({ trials: [], scores: {}, median: undefined }),
    onReport(state, report) {
      const scores = error === 'crossValidation' ? scoresIn(report, given.cvScores) : undefined
      if (scores !== undefined) state.scores[report.trial] = scores
      return undefined
    },
    onEnd(state, end) {
      keep(state, end)
      if (end.isPast === true || end.trial.state !== 'completed') return undefined
      const completed = state.trials.filter(({ loss }) => loss !== undefined)
      if (completed.length < given.minNTrials) return undefined
      const limit = typeof error === 'number' ? error : errorOf(state, completed, error, given, random)
      const improvement = improvementOf(state.trials, given, random.fork(completed.length))
      return improvement < limit ? demand(given.improvement, improvement, limit) : undefined
    },
  }
}

function keep(state: TerminatorState, end: StopperEnd): void {
  if (end.objectives.length !== 1) throw severalObjectives(end)
  const { number } = end.trial
  state.trials.push(keptTrial(end, state.scores[number]))
  delete state.scores[number]
}

function errorOf(
  state: TerminatorState,
  completed: readonly KeptTrial[],
  error: 'crossValidation' | 'median',
  options: ImprovementOptions & MedianErrorOptions & { readonly cvScores: string },
  random: RandomStream,
): number {
  if (error === 'median') {
    if (state.median !== undefined) return state.median
    const inOrder = completed.toSorted((a, b) => a.number - b.number)
    const median = medianError(
      inOrder,
      (trials) => improvementOf(trials, options, random.fork('median')),
      options,
    )
    if (median >= 0) state.median = median
    return median
  }
  const best = completed.reduce((a, b) => ((b.loss as number) < (a.loss as number) ? b : a))
  if (best.scores === undefined) throw noScores(best, options.cvScores)
  return crossValidationError(best.scores)
}

/** The folds of a report, when it has them. */
function scoresIn({ metrics }: StopperReport, name: string): readonly number[] | undefined {
  const scores = metrics[name]
  const isUsable =
    Array.isArray(scores) && scores.length > 1 && scores.every((score) => typeof score === 'number')
  return isUsable ? scores : undefined
}

function demand(name: Improvement, improvement: number, error: number): StopDemand {
  return {
    scope: 'experiment',
    reason: `the improvement to be expected (${name}), ${short(improvement)}, is below the error, ${short(error)}`,
    evidence: { improvement, error },
  }
}

function short(x: number): string {
  return String(Number(x.toPrecision(4)))
}

function severalObjectives({ objectives }: StopperEnd): OptionError {
  const metrics = objectives.map(({ metric }) => metric)
  return new OptionError(
    'stop',
    `terminator looks at one metric, but ${metrics.length} are optimised (${metrics.join(', ')}). Give one metric, or leave the terminator out.`,
    { received: metrics },
  )
}

function noScores({ number }: KeptTrial, name: string): OptionError {
  return new OptionError(
    'terminator.error',
    `terminator needs the folds of the best trial, but trial ${number} reported no ${describe(name)}. Report them, an array of at least two numbers, beside the metric: trial.report({ loss, ${name}: [0.31, 0.29] }); or give terminator({ error: 'median' }) or a number.`,
  )
}
