import type { TrialInfo } from '../../core/events.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { CallbackSession, CallbackView } from '../../tuner/callback.ts'
import { restoredTrials } from '../restored-trials.ts'
import { dateText } from './dates.ts'
import type { ExperimentFiles } from './experiment-files.ts'
import { type ReportRow, RowFile, type RowFormat, type RowOrigin } from './row-file.ts'

/** What a file with one row a report needs to know. */
export interface ReportRows<Row> {
  readonly files: ExperimentFiles
  readonly view: CallbackView
  readonly format: () => RowFormat<Row>
  readonly rowOf: (trial: TrialInfo, report: Metrics) => Row
}

/** Writes one row a report into a file of each trial, through retries, exploits and restores. */
export function reportRows<Row>({ files, view, format, rowOf }: ReportRows<Row>): CallbackSession {
  const open = new Map<number, RowFile<Row>>()

  const make = (trial: TrialInfo, history: Iterable<Metrics>): RowFile<Row> =>
    new RowFile(
      files,
      files.trial(trial),
      format(),
      view.restored ? () => rowsOf(trial, history, rowOf) : undefined,
    )

  const fileOf = (trial: TrialInfo): RowFile<Row> => {
    let file = open.get(trial.number)
    if (file === undefined) open.set(trial.number, (file = make(trial, [])))
    return file
  }
  const close = ({ trial }: { readonly trial: TrialInfo }): void => void open.delete(trial.number)

  // All of them, also those that have ended: their last rows may not have been written when the run was cut.
  for (const { trial, history, isOver } of restoredTrials(view)) {
    const file = make(trial, history)
    if (!isOver) open.set(trial.number, file)
  }

  return {
    'trial.start': ({ trial }) => open.get(trial.number)?.restart(trial.iteration),
    'trial.report': ({ trial, metrics }) => {
      const row = rowOf(trial, stamped(trial, metrics, Date.now()))
      fileOf(trial).add({ ...originOf(metrics), row })
    },
    'trial.exploit': ({ trial }) => fileOf(trial).branch(),
    'trial.complete': close,
    'trial.stop': close,
    'trial.error': close,
    end: () => files.flush(),
  }
}

function rowsOf<Row>(
  trial: TrialInfo,
  history: Iterable<Metrics>,
  rowOf: (trial: TrialInfo, report: Metrics) => Row,
): ReportRow<Row>[] {
  // When they came is not known any more.
  return Array.from(history, (metrics) => ({
    ...originOf(metrics),
    row: rowOf(trial, stamped(trial, metrics, undefined)),
  }))
}

function originOf(metrics: Metrics): RowOrigin {
  return { iteration: Number(metrics['training_iteration']), seconds: Number(metrics['time_total_s']) }
}

/** The report with what Ray Tune adds to it. What the user reported under such a name stays. */
function stamped({ id }: TrialInfo, metrics: Metrics, atMs: number | undefined): Metrics {
  const own = { ...metrics }
  own['trial_id'] ??= id
  if (atMs === undefined) return own
  own['date'] ??= dateText(atMs)
  own['timestamp'] ??= Math.floor(atMs / 1000)
  return own
}
