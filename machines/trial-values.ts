import { type Metrics, metricOf } from '../src/core/metrics.ts'
import { isFeasible } from '../src/core/order.ts'
import { type TrialRecord, valuesOf } from '../src/core/trial.ts'
import { TroupeError } from '../src/errors.ts'
import { reportScore } from '../src/schedulers/report-score.ts'
import type { TrialReport } from '../src/schedulers/scheduler.ts'
import type { ExperimentPlan } from './plan.ts'

type Measures = Pick<ExperimentPlan, 'objectives' | 'rankedBy' | 'timeAttr'>

/** What was reported, with what the runtime counts itself. */
export function withClocks(reported: Metrics, iteration: number, ranMs: number): Metrics {
  // Key by key: to add to what was spread takes V8 2 µs, which is a third of all that is done with a report.
  const metrics: Record<string, unknown> = {}
  for (const key of Object.keys(reported)) metrics[key] = reported[key]
  metrics['training_iteration'] = iteration
  metrics['time_total_s'] = ranMs / 1000
  return metrics
}

/** Takes over what a report says of the objectives. Undefined, and nothing taken over, when it lacks one. */
export function readValues(
  record: TrialRecord,
  metrics: Metrics,
  { objectives, timeAttr }: Measures,
): number[] | undefined {
  const values = objectives.length > 0 ? valuesOf(metrics, objectives) : undefined
  if (values === undefined) return undefined
  record.values = values
  record.valuesAt = metricOf(metrics, timeAttr) ?? record.iteration
  return values
}

/** What the reports that are left say: those that are gone must not decide how the trial is ranked. */
export function readHistory(record: TrialRecord, measures: Measures): void {
  const { history } = record
  record.metrics = history.at(-1)
  record.values = undefined
  record.valuesAt = 0
  for (let i = history.length - 1; i >= 0 && record.values === undefined; i--) {
    readValues(record, history.at(i) as Metrics, measures)
  }
}

/**
 * The report as a scheduler ranks it; undefined when it lacks an objective or the time.
 * @param values - Those of the experiment's objectives, which are mostly what the scheduler ranks by.
 */
export function rankable(
  record: TrialRecord,
  metrics: Metrics,
  values: number[] | undefined,
  { objectives, rankedBy, timeAttr }: Measures,
): TrialReport | undefined {
  const ranked = rankedBy === objectives ? values : valuesOf(metrics, rankedBy)
  const time = metricOf(metrics, timeAttr)
  if (ranked === undefined || time === undefined) return undefined
  const { attempt } = record
  const feasible = isFeasible(record.constraints)
  const report: TrialReport = {
    trial: record.number,
    time,
    score: reportScore(ranked[0], rankedBy[0], feasible),
    values: ranked,
    metrics,
    config: record.config,
    hasCheckpoint: record.checkpoint !== undefined,
  }
  // What is said of few is not put into all: there are thousands.
  return feasible && attempt === 1 ? report : { ...report, feasible, attempt }
}

/** Whether the last report that carried the objectives gave numbers that can be ranked. */
export function hasFinalValue(record: TrialRecord, { objectives }: Pick<Measures, 'objectives'>): boolean {
  if (objectives.length === 0) return true
  return record.values !== undefined && !record.values.some(Number.isNaN)
}

/**
 * What a trial failed of that ended without a value that can be ranked.
 * @param returned - What it returned, in words, when that was no report and not nothing.
 */
export function noFinalValue(
  { number, values }: TrialRecord,
  { objectives }: Pick<Measures, 'objectives'>,
  returned?: string,
): TroupeError {
  const metrics = objectives.map(({ metric }) => metric)
  const names = metrics.join(', ')
  if (values !== undefined) {
    return new TroupeError(
      'nanResult',
      `Trial ${number} ended with ${names} = ${values.join(', ')}: NaN cannot be ranked.`,
    )
  }
  const lack =
    metrics.length > 1
      ? `Trial ${number} ended without a report that carries ${names} together, as numbers.`
      : `Trial ${number} ended without a report of ${names} that is a number.`
  return new TroupeError('noResult', `${lack} ${remedyFor(metrics, returned)}`)
}

function remedyFor(metrics: readonly string[], returned: string | undefined): string {
  if (returned === undefined)
    return metrics.length > 1
      ? 'Put all of them into one report, or name other metrics.'
      : 'Report it, or name another metric.'
  // What was returned is mostly the value itself.
  const value = Number.isNaN(Number(returned)) ? '0.3' : returned
  const example = metrics.map(
    (metric) => `${/^[A-Za-z_$][\w$]*$/.test(metric) ? metric : `'${metric}'`}: ${value}`,
  )
  return `It returned ${returned}, which names no metric: return { ${example.join(', ')} }.`
}
