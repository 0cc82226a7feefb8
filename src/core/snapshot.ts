import type { Metrics } from './metrics.ts'
import type { Mode } from './objective.ts'
import type { Params, Resources, TrialRecord, TrialSource, TrialState, TrialStatus } from './trial.ts'
import { isFeasible } from './order.ts'

/** Where an experiment's machine is: the names of its states. */
export type ExperimentStatus = 'idle' | 'running' | 'stopping' | 'done' | 'failed'

/** One trial at one moment, as watchers get it: plain data that never changes afterwards. */
export interface TrialSummary {
  readonly id: string
  readonly number: number
  readonly name: string
  /** Where the trial's machine is. */
  readonly status: TrialStatus
  /** What the trial is in the study's words. */
  readonly state: TrialState
  readonly source: TrialSource
  /** Where it runs, or ran last; undefined before its first start. */
  readonly location: string | undefined
  readonly config: unknown
  /** The sampled values by path, without constants. */
  readonly params: Params
  /** The last report; undefined before the first. */
  readonly metrics: Metrics | undefined
  /** The last value of each objective; undefined before the first report. */
  readonly values: readonly number[] | undefined
  /** Last `training_iteration`; 0 before the first report. */
  readonly iteration: number
  /** Seconds that it has run up to its last report, pauses left out. */
  readonly timeTotalS: number
  /** From 1. */
  readonly attempt: number
  /** How often it failed so far. */
  readonly failures: number
  readonly feasible: boolean
  /** Message of the last failure, or the name of an error without one. Undefined when a later attempt made it good. */
  readonly error: string | undefined
  /** Why it ended or paused, in words. */
  readonly reason: string | undefined
}

/** The best trial so far, and what makes it so. */
export interface BestTrial extends TrialSummary {
  readonly metric: string
  readonly mode: Mode
  readonly value: number
}

/** A whole experiment at one moment. Equal trials are the same object from one snapshot to the next. */
export interface ExperimentSnapshot {
  readonly status: ExperimentStatus
  readonly name: string
  /** Milliseconds since the start, on the experiment's clock. */
  readonly elapsedMs: number
  /** Best by the last value of the one objective; undefined with several or none, and while no trial has a value. */
  readonly best: BestTrial | undefined
  /** What has to happen before the experiment goes on, one sentence each; empty when it waits for nothing. */
  readonly waitingFor: readonly string[]
  /** All trials, in order of number. */
  readonly trials: readonly TrialSummary[]
  /** The scheduler's line, such as `'Using FIFO scheduling algorithm.'` */
  readonly scheduler: string
  /** The searcher's name. */
  readonly searcher: string
  readonly resources: { readonly used: Resources; readonly total: Resources }
  /** Trials that run now, and how many may. */
  readonly slots: { readonly used: number; readonly total: number }
}

/**
 * The summary of a trial as its record stands now.
 * @param location - Where the executor runs trials.
 * @param previous - The trial's summary in the last snapshot: given back when nothing has changed since, so that a
 *   snapshot of many ended trials costs no copies.
 */
export function summarise(record: TrialRecord, location: string, previous?: TrialSummary): TrialSummary {
  if (previous !== undefined && isCurrent(previous, record)) return previous
  const { metrics } = record
  return {
    id: record.id,
    number: record.number,
    name: record.name,
    status: record.status,
    state: record.state,
    source: record.source,
    location: record.startedAt === undefined ? undefined : location,
    config: record.config,
    params: record.params,
    metrics,
    values: record.values,
    iteration: record.iteration,
    timeTotalS: typeof metrics?.['time_total_s'] === 'number' ? metrics['time_total_s'] : record.ranMs / 1000,
    attempt: record.attempt,
    failures: record.failures,
    feasible: isFeasible(record.constraints),
    // Some errors say it all with their name.
    error: record.error && (record.error.message || record.error.name),
    reason: record.reason?.text,
  }
}

// Every report brings a new metrics object. Constraints are the one thing that can change without any of these.
function isCurrent(previous: TrialSummary, record: TrialRecord): boolean {
  return (
    previous.status === record.status &&
    previous.state === record.state &&
    previous.metrics === record.metrics &&
    previous.values === record.values &&
    previous.attempt === record.attempt &&
    previous.failures === record.failures &&
    previous.config === record.config &&
    previous.reason === record.reason?.text &&
    previous.feasible === isFeasible(record.constraints)
  )
}
