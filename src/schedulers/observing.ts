import type { Scheduler, TrialReport } from './scheduler.ts'

/**
 * A scheduler that can take down a report without judging the trial: what a wrapper needs that asks it only now and
 * then. All of Optuna's pruners can; one of your own can, with this method.
 */
export interface ObservingScheduler<State = unknown> extends Scheduler<State> {
  /** Remembers a report as `onReport` does, and decides nothing. */
  observe(state: State, report: TrialReport): void
}

/** Whether a scheduler can take down a report without judging it. */
export function canObserve<State>(scheduler: Scheduler<State>): scheduler is ObservingScheduler<State> {
  return 'observe' in scheduler && typeof scheduler.observe === 'function'
}
