import type { LogRecord } from '../core/log.ts'
import type { StudyTrialData } from './study-state.ts'

// A trial that kills whatever process takes it must not go round for ever.
const ATTEMPTS_MAX = 3

/** What becomes of running trials whose writers are dead: each waits to be asked for again, and after three attempts fails. */
export function recoveries(
  running: Iterable<StudyTrialData>,
  dead: ReadonlySet<string>,
  at: number,
): readonly LogRecord[] {
  const records: LogRecord[] = []
  for (const { number: trial, writer, attempt } of running) {
    if (writer === undefined || !dead.has(writer)) continue
    records.push(
      attempt < ATTEMPTS_MAX
        ? { at, type: 'trial.requeued', trial, attempt: attempt + 1 }
        : {
            at,
            type: 'trial.ended',
            trial,
            state: 'failed',
            values: undefined,
            error: `Its process was gone in each of ${ATTEMPTS_MAX} attempts.`,
          },
    )
  }
  return records
}
