import type { ExperimentSnapshot, TrialSummary } from '../core/snapshot.ts'
import type { TrialState } from '../core/trial.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import type { Result } from '../results/result.ts'
import { firstLine, plainText } from '../results/text.ts'
import { trialColumns } from '../terminal/columns.ts'
import type { Style } from '../terminal/style.ts'
import type { Column } from '../terminal/table.ts'

/** How each state stands out. */
export const STATE_STYLES: Readonly<Record<TrialState, Style | undefined>> = {
  waiting: 'faint',
  running: 'cyan',
  paused: 'yellow',
  completed: 'green',
  pruned: undefined,
  failed: 'red',
  interrupted: 'yellow',
}

/** Of the columns that the live table has, those that come after name, status and place. */
const VALUES_FROM = 3

/** A table of trials: what each was, its parameters and metrics as the live table has them, and why it ended. */
export function trialTable(recorded: Recorded, trials: readonly Result[]): Column[] {
  const rows = trials.map(summaryOf)
  const view = {
    name: recorded.name,
    objectives: recorded.objectives,
    numSamples: undefined,
    parameterNames: parameterNames(rows),
  }
  const columns: Column[] = [
    { label: '#', kind: 'number', rank: 0, cells: rows.map(({ number }) => String(number)) },
    { label: 'trial', kind: 'text', rank: 85, cells: rows.map(({ name }) => plainText(name)) },
    {
      label: 'state',
      kind: 'text',
      rank: 0,
      cells: rows.map(({ state }) => state),
      style: (row) => STATE_STYLES[(rows[row] as TrialSummary).state],
    },
    ...trialColumns(view, snapshotOf(recorded, rows), rows, {}).slice(VALUES_FROM),
    {
      label: 'why',
      kind: 'text',
      rank: 75,
      rest: true,
      // Those that completed did what they were to do.
      cells: rows.map(({ state, error, reason }) =>
        state === 'completed' ? '' : firstLine(error ?? reason ?? ''),
      ),
    },
  ]
  return columns.filter(({ cells }) => cells.some((cell) => cell !== ''))
}

// Of a space that is code, constants are known from parameters by nothing but the sampled values.
function parameterNames(rows: readonly TrialSummary[]): readonly string[] {
  return [...new Set(rows.flatMap(({ params }) => Object.keys(params)))]
}

function summaryOf(result: Result): TrialSummary {
  const { trialId: id, ranMs, error, reason, ...rest } = result
  return {
    ...rest,
    id,
    location: undefined,
    timeTotalS: ranMs / 1000,
    error: error && (error.message || error.name),
    reason: reason?.text,
  }
}

function snapshotOf(
  { name, lastAt, searcher, scheduler }: Recorded,
  trials: readonly TrialSummary[],
): ExperimentSnapshot {
  return {
    status: 'done',
    name,
    elapsedMs: lastAt,
    best: undefined,
    waitingFor: [],
    trials,
    scheduler: scheduler ?? '',
    searcher: searcher ?? '',
    resources: { used: {}, total: {} },
    slots: { used: 0, total: 0 },
  }
}
