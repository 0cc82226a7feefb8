import type { Failure } from '../../machines/protocol.ts'
import type { LogRecord } from '../core/log.ts'
import { ExperimentError } from '../errors.ts'
import type { StoredCheckpointsOf } from '../results/result-checkpoint.ts'
import { readRecorded } from '../results/recorded/read-recorded.ts'
import { Results } from '../results/results.ts'
import type { Ending, Experiment } from '../runtime/experiment.ts'
import type { Composition } from './compose.ts'

/**
 * What came of an experiment that has ended.
 * @param past - The log that it did not come to the end of: then that says what came of it.
 */
export function resultsOf<Config>(
  experiment: Experiment,
  { settings }: Composition,
  { endedBy, endReason }: Ending,
  storedOf?: StoredCheckpointsOf,
  past?: readonly LogRecord[],
): Results<Config> {
  return new Results<Config>({
    records: past === undefined ? experiment.records : readRecorded(past).trials,
    objectives: settings.plan.objectives,
    endedBy,
    endReason,
    warnings: experiment.warnings,
    elapsedMs: experiment.elapsedMs,
    space: settings.space,
    storedOf,
  })
}

/** What `fit` rejects with when an experiment failed. */
export function errorOf<Config>(
  failure: Failure | undefined,
  results: Results<Config>,
): ExperimentError<Results<Config>> | undefined {
  if (failure === undefined) return undefined
  return new ExperimentError(failure.code, failure.message, { cause: failure.cause, results })
}
