import type { Metrics } from '../core/metrics.ts'
import type { Objective } from '../core/objective.ts'
import type { Evidence } from '../schedulers/scheduler.ts'
import type { ToldTrial } from '../searchers/searcher.ts'

/** One report as a stopper sees it. */
export interface StopperReport {
  readonly trial: number
  readonly metrics: Metrics
  /** Milliseconds since the experiment started, on its clock. */
  readonly elapsedMs: number
}

/** One trial that has ended, as a stopper sees it. */
export interface StopperEnd {
  /** What the searcher is told of it. */
  readonly trial: ToldTrial
  /** What the experiment optimises. */
  readonly objectives: readonly Objective[]
  /** Whether it ended before this run began: to be remembered, before it is asked about those that end now. */
  readonly isPast?: boolean
}

/** What a stopper wants ended, and why. */
export interface StopDemand {
  readonly scope: 'trial' | 'experiment'
  readonly reason: string
  readonly evidence?: Evidence
}

/**
 * Ends trials, or the experiment, on what was reported. A pure policy like a scheduler: all memory is in `State`.
 * A trial that a stopper ends has reached its bound: it counts as completed.
 */
export interface Stopper<State = unknown> {
  readonly name: string
  /** Refuses objectives that it cannot judge, where the experiment is made. */
  check?(objectives: readonly Objective[]): void
  init(): State
  onReport(state: State, report: StopperReport): StopDemand | undefined
  /** Called once a trial, when it has ended. Only a demand to end the experiment can be met then. */
  onEnd?(state: State, end: StopperEnd): StopDemand | undefined
}
