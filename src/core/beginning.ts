import type { TrialRecord } from './trial.ts'

/** What a trial had come to at its last checkpoint, for the one that goes on from there. */
export interface Beginning {
  readonly trial: number
  /** The `training_iteration` of the checkpoint. */
  readonly iteration: number
  readonly reports: readonly Readonly<Record<string, unknown>>[]
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly constraints: Readonly<Record<string, number>>
}

/** What a trial had come to at its last checkpoint; undefined when it has none. */
export function beginningFrom(trial: TrialRecord): Beginning | undefined {
  const { number, history, iteration, checkpoint, userAttrs, constraints } = trial
  if (checkpoint === undefined) return undefined
  // It has made as many reports since as it has counted on.
  const kept = Math.max(0, history.length - (iteration - checkpoint.iteration))
  const reports = history.toArray().slice(0, kept)
  return {
    trial: number,
    iteration: checkpoint.iteration,
    reports,
    userAttrs: { ...userAttrs },
    constraints: { ...constraints },
  }
}

/** Takes over what another trial had come to. Its reports count as this one's, as does the time that they took. */
export function beginFrom(
  record: TrialRecord,
  { iteration, reports, userAttrs, constraints }: Beginning,
): void {
  for (const metrics of reports) record.history.push(metrics)
  record.iteration = iteration
  Object.assign(record.userAttrs, userAttrs)
  Object.assign(record.constraints, constraints)
  record.ranMs = ((reports.at(-1)?.['time_total_s'] as number | undefined) ?? 0) * 1000
}
