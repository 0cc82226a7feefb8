import type { EndedBy } from '../core/events.ts'
import type { ExperimentEnd, ExperimentView } from '../results/reporter.ts'
import type { Look } from './display.ts'
import { NoResultError } from '../errors.ts'
import { cutText, firstLine } from '../results/text.ts'
import { failureLines } from './failures.ts'
import { bestLines, type Winner } from './status.ts'
import { ansiPaint, type Paint, plainPaint } from './style.ts'

const WARNINGS = 10

const ENDINGS: Readonly<Record<EndedBy, string>> = {
  finished: '',
  stopper: 'Ended by a stopper.',
  timeBudget: 'Ended by its time budget.',
  stop: 'Ended by stop().',
  signal: 'Ended by its signal.',
  failFast: 'Ended by the first failure, as failFast asks.',
  error: 'Ended by an error.',
}

/** What `verbose: 0` says at the end: the failures, the best trials, and how it ended unless it ran to its end. */
export function outcomeLines(view: ExperimentView, end: ExperimentEnd, look: Look, width: number): string[] {
  const paint = look.color ? ansiPaint : plainPaint
  const lines = [
    ...failureLines(end.snapshot.trials, look.maxRows, width, paint),
    ...view.objectives.flatMap((_, i) => winnerLines(view, end, i, width, paint)),
    ...endingLines(end, width, paint),
  ]
  return lines[0] === '' ? lines.slice(1) : lines
}

/** What follows the last table: what the table does not say already. */
export function closingLines(view: ExperimentView, end: ExperimentEnd, look: Look, width: number): string[] {
  const paint = look.color ? ansiPaint : plainPaint
  const lines = [
    // The one objective's best is above the table.
    ...(view.objectives.length > 1
      ? view.objectives.flatMap((_, i) => winnerLines(view, end, i, width, paint))
      : []),
    ...warningLines(end, width, paint),
    ...endingLines(end, width, paint),
  ]
  return lines.length === 0 ? [] : ['', ...lines]
}

function winnerLines(
  view: ExperimentView,
  { results }: ExperimentEnd,
  index: number,
  width: number,
  paint: Paint,
): string[] {
  const objective = view.objectives[index]
  if (objective === undefined) return []
  const title = view.objectives.length === 1 ? 'Best trial' : `Best ${objective.metric} (${objective.mode})`
  try {
    const { name, params, feasible, iteration, best } = results.getBestResult(
      objective.metric,
      objective.mode,
    )
    const winner: Winner = {
      name,
      params,
      feasible,
      metric: best.metric,
      value: best.value,
      iteration: best.iteration ?? iteration,
    }
    return bestLines(winner, width, paint, title)
  } catch (error) {
    if (error instanceof NoResultError) return [`${title}: none`]
    throw error
  }
}

function warningLines({ results: { warnings } }: ExperimentEnd, width: number, paint: Paint): string[] {
  const lines = warnings
    .slice(0, WARNINGS)
    .map(({ message }) => paint('yellow', cutText(`Warning: ${firstLine(message)}`, width)))
  return warnings.length > WARNINGS
    ? [...lines, paint('faint', `… ${warnings.length - WARNINGS} more warnings`)]
    : lines
}

function endingLines({ results, error }: ExperimentEnd, width: number, paint: Paint): string[] {
  if (error !== undefined) return [paint('red', cutText(`Failed: ${firstLine(error.message)}`, width))]
  const ending = ENDINGS[results.endedBy]
  if (ending === '') return []
  const reason = results.endReason?.text
  return [reason === undefined ? ending : cutText(`${ending.slice(0, -1)}: ${firstLine(reason)}`, width)]
}
