import type { LogRecord } from '../../core/log.ts'
import type { Objective } from '../../core/objective.ts'
import type { TrialRecord } from '../../core/trial.ts'
import { recordOfStudyTrial } from './recorded-study-trial.ts'

/**
 * What another program wrote of a trial, as a record.
 * @param clockStart - Milliseconds since 1970 at 0 of the experiment's clock. Without it only how long things took is kept.
 */
export function importedTrial(
  imported: Extract<LogRecord, { type: 'trial.imported' }>,
  objectives: readonly Objective[],
  name: string,
  clockStart: number | undefined,
): TrialRecord {
  const { trial: number, intermediate, startedAt, at } = imported
  return recordOfStudyTrial(
    {
      ...imported,
      number,
      source: 'imported',
      intermediate: new Map(intermediate.map(([step, value]) => [step, [value]])),
    },
    objectives,
    name,
    clockStart ?? (startedAt ?? at) - at,
  )
}
