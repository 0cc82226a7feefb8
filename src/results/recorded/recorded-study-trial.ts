import type { Objective } from '../../core/objective.ts'
import {
  newTrialRecord,
  type Params,
  type TrialRecord,
  type TrialSource,
  type TrialState,
  type TrialStatus,
} from '../../core/trial.ts'

/** Where a trial of a study would be, if it had a machine. */
const STATUS_OF: Readonly<Record<TrialState, TrialStatus>> = {
  waiting: 'pending',
  running: 'running',
  paused: 'paused',
  completed: 'terminated',
  pruned: 'terminated',
  failed: 'error',
  interrupted: 'paused',
}

/** What is known of a trial that no experiment ran. Times are in milliseconds since 1970. */
export interface AskedTrial {
  readonly number: number
  readonly id: string
  readonly source: TrialSource
  readonly state: TrialState
  readonly values: readonly number[] | undefined
  readonly config: object
  readonly params: Params
  /** Values of the objectives by step; of imported trials that of the first. */
  readonly intermediate: ReadonlyMap<number, readonly number[]>
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly constraints: Readonly<Record<string, number>>
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

/**
 * A trial of a study as experiments have theirs: each reported step is a report of the objectives, at that
 * `training_iteration`.
 * @param onClock - What the clock said at a time in milliseconds since 1970.
 */
export function recordOfStudyTrial(
  trial: AskedTrial,
  objectives: readonly Objective[],
  name: string,
  onClock: (time: number) => number,
): TrialRecord {
  const { number, id, config, params, source, state, startedAt, endedAt } = trial
  const createdAt = startedAt === undefined ? 0 : onClock(startedAt)
  const record = newTrialRecord({ number, id, name, config, params, source, resources: {}, createdAt })
  Object.assign(record.userAttrs, trial.userAttrs)
  Object.assign(record.constraints, trial.constraints)
  record.state = state
  record.status = STATUS_OF[state]
  record.startedAt = startedAt === undefined ? undefined : onClock(startedAt)
  record.endedAt = endedAt === undefined ? undefined : onClock(endedAt)
  record.values = trial.values
  readReports(record, trial, objectives)
  record.life.enter('pending', createdAt, 'trial.created', 1)
  if (record.startedAt !== undefined) record.life.enter('running', record.startedAt, 'trial.asked', 1)
  if (record.endedAt !== undefined) record.life.enter(record.status, record.endedAt, 'trial.told', 1)
  if (record.startedAt !== undefined && record.endedAt !== undefined)
    record.ranMs = record.endedAt - record.startedAt
  return record
}

function readReports(
  record: TrialRecord,
  { intermediate, values }: AskedTrial,
  objectives: readonly Objective[],
): void {
  const steps = [...intermediate].toSorted(([a], [b]) => a - b)
  for (const [step, reported] of steps) {
    record.history.push({ ...byMetric(objectives, reported), training_iteration: step })
    record.iteration = step
    record.valuesAt = step
  }
  const last = record.history.at(-1)
  const told = byMetric(objectives, values ?? [])
  // What it was told at the end is its last word, whatever it reported on the way.
  if (last !== undefined && Object.entries(told).some(([metric, value]) => !Object.is(last[metric], value))) {
    record.history.push({ ...told, training_iteration: record.iteration })
  }
  record.metrics = record.history.at(-1) ?? (values === undefined ? undefined : told)
}

function byMetric(
  objectives: readonly Objective[],
  values: readonly number[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    objectives.flatMap(({ metric }, k) => (values[k] === undefined ? [] : [[metric, values[k]]])),
  )
}
