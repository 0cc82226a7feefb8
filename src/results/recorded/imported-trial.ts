import type { LogRecord } from '../../core/log.ts'
import type { Objective } from '../../core/objective.ts'
import type { TrialRecord } from '../../core/trial.ts'
import type { WallClock } from './wall-clock.ts'
import { recordOfStudyTrial } from './recorded-study-trial.ts'

/**
 * What another program wrote of a trial, as a record on the clock of the experiment. Where that is not known, its start is 0.
 */
export function importedTrial(
  imported: Extract<LogRecord, { type: 'trial.imported' }>,
  objectives: readonly Objective[],
  name: string,
  clock: WallClock,
): TrialRecord {
  const { trial: number, intermediate, startedAt } = imported
  return recordOfStudyTrial(
    {
      ...imported,
      number,
      source: 'imported',
      intermediate: new Map(intermediate.map(([step, value]) => [step, [value]])),
    },
    objectives,
    name,
    (wall) => clock.atWall(wall) ?? wall - (startedAt ?? wall),
  )
}
