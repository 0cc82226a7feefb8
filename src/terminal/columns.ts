import type { Objective } from '../core/objective.ts'
import type { ExperimentSnapshot, TrialSummary } from '../core/snapshot.ts'
import type { TrialStatus } from '../core/trial.ts'
import type { ExperimentView } from '../results/reporter.ts'
import type { Style } from './style.ts'
import type { Column } from './table.ts'
import { leavesOf, valueAt } from '../results/paths.ts'
import { formatValue, plainText } from '../results/text.ts'

/** Columns by name, or by name with the label each is to have. */
export type ColumnChoice = readonly string[] | Readonly<Record<string, string>>

/** Which columns are wanted; undefined for what the rules give. */
export interface ColumnChoices {
  readonly metricColumns?: ColumnChoice | undefined
  readonly parameterColumns?: ColumnChoice | undefined
}

/** Metrics that come first, in this order and under these labels: Ray Tune's. */
const KNOWN_METRICS: Readonly<Record<string, string>> = {
  mean_accuracy: 'acc',
  mean_loss: 'loss',
  training_iteration: 'iter',
  time_total_s: 'total time (s)',
  timesteps_total: 'ts',
  episode_reward_mean: 'reward',
}
/** How many of the user's metrics are shown unasked; objectives always are. */
const INFERRED_METRICS = 3
/** Trials that are looked through for metrics and parameters, besides those shown. */
const SAMPLE = 50

/** How each status stands out. */
export const STATUS_STYLES: Readonly<Record<TrialStatus, Style | undefined>> = {
  pending: 'faint',
  running: 'cyan',
  stopping: 'cyan',
  paused: 'yellow',
  retrying: 'yellow',
  terminated: 'green',
  error: 'red',
}

/**
 * The columns of the table of trials, as Ray Tune has them: name, status, place; the parameters by name; the known
 * metrics that were reported, in their fixed order; then the user's numeric metrics, at most three, in the order in
 * which they were first reported.
 */
export function trialColumns(
  view: ExperimentView,
  snapshot: ExperimentSnapshot,
  rows: readonly TrialSummary[],
  choices: ColumnChoices,
): Column[] {
  const sample = sampleOf(snapshot, rows)
  const parameters =
    namesAndLabels(choices.parameterColumns) ?? parametersOf(view, sample).map((name) => [name, name])
  const metrics = namesAndLabels(choices.metricColumns) ?? metricsOf(view.objectives, sample)
  const objectives = new Set(view.objectives.map(({ metric }) => metric))
  return [
    textColumn(
      'Trial name',
      0,
      rows.map(({ name }) => plainText(name)),
    ),
    {
      ...textColumn(
        'status',
        0,
        rows.map(({ status }) => status.toUpperCase()),
      ),
      style: (row) => STATUS_STYLES[(rows[row] as TrialSummary).status],
    },
    textColumn(
      'loc',
      90,
      rows.map(({ location }) => formatValue(location)),
    ),
    ...parameters.map(([name, label], i) =>
      valueColumn(
        label,
        50 + Math.min(i, 9),
        rows.map((trial) => parameterOf(trial, name)),
      ),
    ),
    ...metrics.map(([name, label], i) =>
      valueColumn(
        label,
        rankOf(name, i, objectives),
        rows.map(({ metrics: report }) => valueAt(report, name)),
      ),
    ),
  ]
}

// The objectives are what it is all about, then the first parameters; the clock is missed least.
function rankOf(metric: string, i: number, objectives: ReadonlySet<string>): number {
  if (objectives.has(metric)) return 10
  if (metric === 'training_iteration') return 54
  return metric === 'time_total_s' ? 80 : 60 + Math.min(i, 9)
}

function sampleOf(
  { trials, best }: ExperimentSnapshot,
  rows: readonly TrialSummary[],
): readonly TrialSummary[] {
  const some = new Set([...trials.slice(0, SAMPLE), ...rows])
  return [...some, ...(best === undefined ? [] : [best])].toSorted((a, b) => a.number - b.number)
}

function parametersOf(
  { parameterNames }: ExperimentView,
  sample: readonly TrialSummary[],
): readonly string[] {
  const found = new Set<string>()
  for (const { params, config } of sample) {
    // Define-by-run: its constants are in the configuration alone.
    if (parameterNames === undefined) for (const [path] of leavesOf(config)) found.add(path)
    else for (const path in params) found.add(path)
  }
  const known = parameterNames && new Set(parameterNames)
  return [...found].filter((path) => known === undefined || known.has(path)).toSorted()
}

function parameterOf({ params, config }: TrialSummary, path: string): unknown {
  return Object.hasOwn(params, path) ? params[path] : valueAt(config, path)
}

function metricsOf(
  objectives: readonly Objective[],
  sample: readonly TrialSummary[],
): (readonly [name: string, label: string])[] {
  const reported = new Set<string>()
  for (const { metrics } of sample) {
    for (const [path, leaf] of leavesOf(metrics ?? {})) if (typeof leaf === 'number') reported.add(path)
  }
  const known = Object.entries(KNOWN_METRICS).filter(([name]) => reported.has(name))
  const others = [...reported].filter((name) => !Object.hasOwn(KNOWN_METRICS, name))
  const wanted = new Set(objectives.map(({ metric }) => metric))
  let room = INFERRED_METRICS - others.filter((name) => wanted.has(name)).length
  const inferred = others.filter((name) => wanted.has(name) || room-- > 0)
  return [
    // `mean_loss` keeps its name beside a metric that is called `loss`.
    ...known.map(([name, label]) => [name, inferred.includes(label) ? name : label] as const),
    ...inferred.map((name) => [name, name] as const),
  ]
}

function namesAndLabels(
  choice: ColumnChoice | undefined,
): (readonly [name: string, label: string])[] | undefined {
  if (choice === undefined) return undefined
  return Array.isArray(choice)
    ? choice.map((name: string) => [name, name])
    : Object.entries(choice as Record<string, string>)
}

function textColumn(label: string, rank: number, cells: readonly string[]): Column {
  return { label: plainText(label), kind: 'text', rank, cells }
}

function valueColumn(label: string, rank: number, values: readonly unknown[]): Column {
  const given = values.filter((value) => value !== undefined)
  const kind = given.length > 0 && given.every((value) => typeof value === 'number') ? 'number' : 'text'
  return { label: plainText(label), kind, rank, cells: values.map(formatValue) }
}
