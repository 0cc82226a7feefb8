import type { Mode, Objective } from '../core/objective.ts'
import type { TrialRecord } from '../core/trial.ts'
import { type Metrics, metricOf } from '../core/metrics.ts'
import { compareRanked, compareValues, isFeasible } from '../core/order.ts'

/**
 * What a trial is ranked by, as in Ray Tune: its last value, the mean of all, the mean of its last five or ten, or
 * its best. Reports without the metric do not count.
 */
export type Scope = 'last' | 'avg' | 'last-5-avg' | 'last-10-avg' | 'all'

/** All scopes, the default first. */
export const SCOPES: readonly Scope[] = ['last', 'avg', 'last-5-avg', 'last-10-avg', 'all']

/** By what trials are ranked. */
export interface Criterion extends Objective {
  readonly scope: Scope
}

/** What a trial is worth by one criterion. */
export interface Score {
  readonly value: number
  /** The `training_iteration` whose report had the value; undefined for averages. */
  readonly iteration: number | undefined
  /** That report; undefined for averages and given values. */
  readonly metrics: Metrics | undefined
}

/**
 * The best trial by one metric, by the one order. Failed trials, and those without a value (none reported, or NaN),
 * are not ranked; running, paused, pruned and interrupted ones are, by what they reported so far.
 * Cost: O(trials) for `last`, else O(reports).
 * @param objectives - The experiment's, to read trials that were given with values and never reported.
 */
export function bestOf(
  records: Iterable<TrialRecord>,
  criterion: Criterion,
  objectives: readonly Objective[],
): { readonly record: TrialRecord; readonly score: Score } | undefined {
  const given = objectives.findIndex(({ metric }) => metric === criterion.metric)
  let best: { record: TrialRecord; score: Score; feasible: boolean } | undefined
  for (const record of records) {
    if (record.state === 'failed') continue
    const score = scoreOf(record, criterion, given)
    if (score === undefined || Number.isNaN(score.value)) continue
    const feasible = isFeasible(record.constraints)
    const ahead =
      best === undefined ||
      compareRanked(
        { number: record.number, value: score.value, feasible },
        { number: best.record.number, value: best.score.value, feasible: best.feasible },
        criterion.mode,
      ) < 0
    if (ahead) best = { record, score, feasible }
  }
  return best
}

/** What a trial is worth by a criterion, or undefined when it never had a value. */
function scoreOf(record: TrialRecord, { metric, mode, scope }: Criterion, given: number): Score | undefined {
  switch (scope) {
    case 'last':
      return lastScore(record, metric) ?? givenScore(record, given)
    case 'all':
      return bestScore(record, metric, mode) ?? givenScore(record, given)
    case 'avg':
      return averageScore(record, metric, Infinity) ?? givenScore(record, given)
    case 'last-5-avg':
      return averageScore(record, metric, 5) ?? givenScore(record, given)
    case 'last-10-avg':
      return averageScore(record, metric, 10) ?? givenScore(record, given)
  }
}

// Trials of `evaluatedRewards` and those added to a study have values but no reports.
function givenScore({ values, valuesAt, history }: TrialRecord, index: number): Score | undefined {
  const value = history.length === 0 ? values?.[index] : undefined
  return value === undefined ? undefined : { value, iteration: valuesAt, metrics: undefined }
}

function lastScore(record: TrialRecord, metric: string): Score | undefined {
  for (const score of fromLast(record, metric)) return score
  return undefined
}

function averageScore(record: TrialRecord, metric: string, window: number): Score | undefined {
  let [sum, count] = [0, 0]
  for (const { value } of fromLast(record, metric)) {
    sum += value
    if (++count === window) break
  }
  return count === 0 ? undefined : { value: sum / count, iteration: undefined, metrics: undefined }
}

function bestScore(record: TrialRecord, metric: string, mode: Mode): Score | undefined {
  let best: Score | undefined
  for (const score of fromLast(record, metric)) {
    // Of equal values the earliest, as of equal trials: it was there first.
    if (best === undefined || compareValues(score.value, best.value, mode) <= 0) best = score
  }
  return best
}

function* fromLast({ history }: TrialRecord, metric: string): IterableIterator<Score> {
  for (let i = history.length - 1; i >= 0; i--) {
    const report = history.at(i)
    if (report === undefined) continue
    const value = metricOf(report, metric)
    if (value === undefined) continue
    yield { value, iteration: metricOf(report, 'training_iteration') ?? i + 1, metrics: report }
  }
}
