import { formatNumber } from '../core/format-number.ts'
import { type Checks, must, readOptions } from '../core/options.ts'
import { signedRankTest } from '../math/wilcoxon.ts'
import type { ObservingScheduler } from './observing.ts'
import { RANKING_CHECKS, RANKING_DEFAULTS, type RankingOptions, refuseModeAlone } from './ranking-options.ts'
import { CONTINUE, type TrialReport } from './scheduler.ts'

/** Options of `wilcoxonPruner`. */
export interface WilcoxonPrunerOptions extends RankingOptions {
  /** How small the p-value must be for a trial to be stopped. From 0 to 1. Default 0.1. */
  readonly pThreshold?: number | undefined
  /** How many evaluations a trial must have in common with the best. Integer from 0; less than 2 is 2. Default 2. */
  readonly nStartupSteps?: number | undefined
}

const DEFAULTS = {
  ...RANKING_DEFAULTS,
  pThreshold: 0.1,
  nStartupSteps: 2,
}

const CHECKS: Checks<WilcoxonPrunerOptions> = {
  ...RANKING_CHECKS,
  pThreshold: must.within(0, 1),
  nStartupSteps: must.integerFrom(0),
}

/** All that `wilcoxonPruner` remembers. Scores are oriented: larger is better. */
export interface WilcoxonState {
  /** Scores of the trials that have not ended, by step. */
  readonly running: Map<number, Map<number, number>>
  /** The best of the trials that completed. */
  best:
    | { readonly trial: number; readonly value: number; readonly scores: ReadonlyMap<number, number> }
    | undefined
}

/**
 * Stops a trial that is worse than the best one so far by a signed-rank test over the evaluations that both have: for
 * objectives that are the mean of many evaluations, such as of a solver on instances of a problem, or of the folds of a
 * cross-validation. Report each evaluation under its own `timeAttr`, the same one in every trial, and the mean at last,
 * as the return value.
 *
 * A trial is stopped when the one-sided p-value of its differences to the best trial is below `pThreshold`, unless its
 * mean so far is as good as that of the best. It is tested at each report, so that more trials than `pThreshold` are
 * stopped by chance. The best is that of the completed trials with the best value, of equally good ones the first to
 * complete; a trial's value is that of a last report that came with its end, else the mean of its reports.
 *
 * A trial with a report that is NaN or infinite is never stopped, and none is while the best has such a report. Of two
 * reports of one step the first counts, and reports of steps that the best lacks do not. Differences of 0 count half
 * for each side.
 * Source: Optuna's WilcoxonPruner; Wilcoxon 1945, the test as `scipy.stats.wilcoxon` does it.
 * Cost of a decision: O(n³) for n up to 50 common steps, which is half a millisecond, then O(n log n).
 * @param options.pThreshold - How small the p-value must be. From 0 to 1. Default 0.1.
 * @param options.nStartupSteps - Common evaluations before which no trial is stopped. Integer from 0. Default 2.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(solveAll, { paramSpace, metric: 'cost', mode: 'min', scheduler: wilcoxonPruner({ pThreshold: 0.05 }) })
 */
export function wilcoxonPruner(options: WilcoxonPrunerOptions = {}): ObservingScheduler<WilcoxonState> {
  const settings = readOptions('wilcoxonPruner', options, DEFAULTS, CHECKS)
  const { metric, mode, timeAttr, pThreshold, nStartupSteps } = settings
  refuseModeAlone('wilcoxonPruner', settings)
  return {
    name: 'wilcoxonPruner',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using the Wilcoxon pruner: p below ${formatNumber(pThreshold)} against the best trial.`,

    init: () => ({ running: new Map(), best: undefined }),

    observe: takeDown,

    onReport(state, report) {
      const scores = takeDown(state, report)
      const { best } = state
      if (best === undefined) return CONTINUE
      const goesOn = { kind: 'continue', evidence: { best: best.trial } } as const
      if (!areFinite(scores) || !areFinite(best.scores)) return goesOn
      const differences: number[] = []
      for (const [step, own] of scores) {
        const other = best.scores.get(step)
        if (other !== undefined) differences.push(own - other)
      }
      if (differences.length < Math.max(2, nStartupSteps)) return goesOn
      const { p } = signedRankTest(differences, { alternative: 'less', zeroMethod: 'zsplit' })
      const evidence = { p, pThreshold, best: best.trial, steps: differences.length }
      if (p >= pThreshold || mean(scores) >= mean(best.scores)) return { kind: 'continue', evidence }
      return {
        kind: 'stop',
        reason: `worse than trial ${best.trial} over ${differences.length} common steps: p = ${formatNumber(p)}, under ${formatNumber(pThreshold)}`,
        outcome: 'pruned',
        evidence,
      }
    },

    onEnd(state, { trial, state: outcome, last }) {
      const scores = state.running.get(trial) ?? new Map<number, number>()
      state.running.delete(trial)
      if (outcome !== 'completed' || last === undefined) return
      const value = scores.get(last.time) === last.score ? mean(scores) : last.score
      const { best } = state
      // Of equally good ones the first to complete stays, as in Optuna, whatever their numbers.
      const isBetter = best === undefined || value > best.value
      if (isBetter && !Number.isNaN(value)) state.best = { trial, value, scores }
    },
  }
}

function takeDown({ running }: WilcoxonState, { trial, time, score }: TrialReport): Map<number, number> {
  let scores = running.get(trial)
  if (scores === undefined) {
    scores = new Map()
    running.set(trial, scores)
  }
  if (!scores.has(time)) scores.set(time, score)
  return scores
}

function areFinite(scores: ReadonlyMap<number, number>): boolean {
  for (const score of scores.values()) if (!Number.isFinite(score)) return false
  return true
}

function mean(scores: ReadonlyMap<number, number>): number {
  let sum = 0
  for (const score of scores.values()) sum += score
  return sum / scores.size
}
