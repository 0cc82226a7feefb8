import type { Objective } from '../../core/objective.ts'
import { describe, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { type RandomStream, randomStream } from '../../random/random.ts'
import type { StopDemand, Stopper, StopperEnd, StopperReport } from '../stopper.ts'
import { type KeptTrial, keptTrial } from './kept-trial.ts'
import { crossValidationError, medianError, type MedianErrorOptions } from './error.ts'
import { type Improvement, improvementOf, type ImprovementOptions } from './improvement.ts'
import { checkModes, TERMINATOR_CHECKS, TERMINATOR_DEFAULTS, type TerminatorOptions } from './options.ts'

export type { TerminatorOptions } from './options.ts'

/** What a terminator remembers. */
export interface TerminatorState {
  readonly trials: KeptTrial[]
  /** Folds that running trials have reported, by number. */
  readonly scores: Record<number, readonly number[]>
  /** Running trials whose last report had none, by number. */
  readonly without: Record<number, true>
  /** The error of `'median'`, once it is known. */
  median: number | undefined
}

/**
 * Ends the experiment once what is still to be gained falls below the error with which it is measured.
 * Source: Makarova et al. 2022 (regret bound), Ishibashi et al. 2023 (EMMR, median error), in the form of Optuna 5.
 *
 * It looks at the experiment each time that a trial completes. With the default error each trial has to report the values of
 * its folds as `cvScores`; the first that completes without them ends the experiment with an error that says so. Trials that failed or were pruned count for none of the
 * estimates. `'regretBound'` and `'emmr'` fit a Gaussian process over the parameters that every trial has: O(n³) for n
 * trials, 0.1 s at 200; with no such parameter they never end anything. Infinite values count as the worst finite one.
 *
 * @throws {OptionError} for an option that is not known, cannot be used, or belongs to another `improvement` or `error` than
 *   the one chosen; where the experiment is made, when not exactly one metric is optimised; and once it runs, when a
 *   trial completes without folds that `'crossValidation'` needs.
 * @example new Tuner(train, { paramSpace, stop: terminator({ improvement: 'bestValueStagnation', maxStagnationTrials: 50 }) })
 */
export function terminator(options: TerminatorOptions = {}): Stopper<TerminatorState> {
  const given = readOptions('terminator', options, TERMINATOR_DEFAULTS, TERMINATOR_CHECKS)
  const error = given.error ?? (given.improvement === 'bestValueStagnation' ? 0 : 'crossValidation')
  checkModes(options, given.improvement, error)
  const random = randomStream(given.seed)
  return {
    name: 'terminator',
    check: mustBeOne,
    init: () => ({ trials: [], scores: {}, without: {}, median: undefined }),
    onReport(state, report) {
      if (error !== 'crossValidation') return undefined
      const scores = scoresIn(report, given.cvScores)
      if (scores !== undefined) state.scores[report.trial] = scores
      else if (state.scores[report.trial] === undefined) state.without[report.trial] = true
      return undefined
    },
    onEnd(state, end) {
      const { number, state: outcome } = end.trial
      const lacksScores = state.without[number] === true && state.scores[number] === undefined
      delete state.without[number]
      keep(state, end)
      // Not only once it is the best of many: that may be hours later.
      if (lacksScores && end.isPast !== true && outcome === 'completed')
        throw noScores(number, given.cvScores)
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
  mustBeOne(end.objectives)
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
  if (best.scores === undefined) throw noScores(best.number, options.cvScores)
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

function mustBeOne(objectives: readonly Objective[]): void {
  if (objectives.length === 1) return
  const metrics = objectives.map(({ metric }) => metric)
  throw new OptionError(
    'stop',
    metrics.length === 0
      ? 'terminator needs a metric to look at. Give metric and mode, or leave the terminator out.'
      : `terminator looks at one metric, but ${metrics.length} are optimised (${metrics.join(', ')}). Give one metric, or leave the terminator out.`,
    { received: metrics },
  )
}

function noScores(trial: number, name: string): OptionError {
  return new OptionError(
    'terminator.error',
    `terminator needs the folds of each trial, but trial ${trial} reported no ${describe(name)}. Report them, an array of at least two numbers, beside the metric: trial.report({ loss, ${name}: [0.31, 0.29] }) (in a study: trial.setUserAttr(${describe(name)}, […])); or give terminator({ error: 'median' }) or a number.`,
  )
}
