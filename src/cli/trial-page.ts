import { formatNumber } from '../core/format-number.ts'
import { counted } from '../core/options.ts'
import { laneOf } from '../results/lanes.ts'
import { leavesOf, valueAt } from '../results/paths.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import type { Result } from '../results/result.ts'
import { formatDuration, formatElapsed, formatValue, plainText } from '../results/text.ts'
import type { Column } from '../terminal/table.ts'
import type { Page } from './page.ts'
import { STATE_STYLES } from './trial-table.ts'

/** Everything about one trial. */
export function printTrial(page: Page, trial: Result, recorded: Recorded, maxReports: number): void {
  printFacts(page, trial, recorded)
  printValues(page, 'Configuration', trial.config)
  printValues(page, 'Attributes', trial.userAttrs)
  printValues(page, 'Constraints (at most 0 is feasible)', trial.constraints)
  printLife(page, trial, recorded)
  printReports(page, trial, maxReports)
  if (trial.error === undefined) return
  page.heading('Error')
  page.lines(
    errorLines(trial.error).map((line) => `  ${plainText(line).trimEnd()}`),
    'red',
  )
}

/** Message and stack, without the places in Node itself. */
function errorLines({ name, message, stack }: Error): string[] {
  const lines = (stack ?? `${name}: ${message}`).split('\n')
  return lines.filter((line) => !/^\s+at .*\(?(node:internal|node:async_hooks)/.test(line))
}

function printFacts(page: Page, trial: Result, { name, objectives }: Recorded): void {
  const { values, state, reason, attempt, failures, ranMs, source, iteration } = trial
  page.print(`${page.paint('bold', plainText(trial.name))}, trial ${trial.number} of ${plainText(name)}`)
  const worth = objectives.map(({ metric }, i) => `${plainText(metric)}=${formatNumber(values?.[i] ?? NaN)}`)
  page.facts([
    ['State', trial.feasible ? state : `${state}, infeasible`, STATE_STYLES[state]],
    ['Reason', reason?.text],
    [objectives.length > 1 ? 'Values' : 'Value', values === undefined ? undefined : worth.join(', ')],
    [
      'Reports',
      trial.history.length === 0 ? undefined : `${trial.history.length}, up to iteration ${iteration}`,
    ],
    ['Ran for', ranMs > 0 ? formatDuration(ranMs) : undefined],
    [
      'Attempt',
      attempt > 1 ? `${attempt}${failures > 0 ? `, after ${counted(failures, 'failure')}` : ''}` : undefined,
    ],
    ['Source', source],
  ])
}

function printValues(page: Page, heading: string, values: unknown): void {
  const leaves = [...leavesOf(values)]
  if (leaves.length === 0) return
  page.heading(heading)
  page.facts(
    leaves.map(([path, leaf]) => [plainText(path), formatValue(leaf)] as const),
    '  ',
  )
}

function printLife(page: Page, { number }: Result, { trials, lastAt }: Recorded): void {
  const record = trials.find((trial) => trial.number === number)
  if (record === undefined) return
  const { stays } = laneOf(record)
  page.heading('Life')
  page.table([
    { label: 'at', kind: 'text', rank: 0, cells: stays.map(({ from }) => formatElapsed(from)) },
    { label: 'state', kind: 'text', rank: 0, cells: stays.map(({ status }) => status) },
    {
      label: 'for',
      kind: 'text',
      rank: 2,
      cells: stays.map(({ status, from, to = lastAt }) =>
        status === 'terminated' || status === 'error' ? '' : formatDuration(Math.max(0, to - from)),
      ),
    },
    { label: 'attempt', kind: 'number', rank: 3, cells: stays.map(({ attempt }) => String(attempt)) },
    { label: 'because of', kind: 'text', rank: 1, cells: stays.map(({ cause }) => cause) },
  ])
}

/** The last reports, one a row. */
function printReports(page: Page, { history }: Result, maxReports: number): void {
  if (history.length === 0) return
  const shown = history.slice(-maxReports)
  const left = history.length - shown.length
  const paths = new Set(shown.flatMap((metrics) => [...leavesOf(metrics)].map(([path]) => path)))
  page.heading(
    left === 0
      ? 'Reports'
      : `Reports (the last ${shown.length} of ${history.length}; --limit all shows them)`,
  )
  const iteration = 'training_iteration'
  const clock = 'time_total_s'
  const ordered = [iteration, ...[...paths].filter((path) => path !== iteration && path !== clock), clock]
  page.table(
    ordered
      .filter((path) => paths.has(path))
      .map((path, rank): Column => {
        const values = shown.map((metrics) => valueAt(metrics, path))
        const kind = values.every((value) => value === undefined || typeof value === 'number')
          ? 'number'
          : 'text'
        return { label: plainText(path), kind, rank, cells: values.map(formatValue) }
      }),
  )
}
