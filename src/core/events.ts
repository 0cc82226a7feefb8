import type { Metrics } from './metrics.ts'
import type { Reason, TrialRecord, TrialStatus } from './trial.ts'

/** A trial as events carry it: the live record, to be read at once and never written. Copy what you keep. */
export type TrialInfo = Readonly<
  Pick<
    TrialRecord,
    | 'id'
    | 'number'
    | 'name'
    | 'config'
    | 'params'
    | 'source'
    | 'status'
    | 'state'
    | 'attempt'
    | 'iteration'
    | 'metrics'
    | 'values'
    | 'error'
    | 'reason'
    | 'userAttrs'
    | 'constraints'
  >
>

/** What was decided about a report, and on which evidence (for `asha`: rung, cutoff, competitors). */
export interface DecisionInfo {
  readonly kind: 'continue' | 'pause' | 'stop' | 'exploit'
  readonly by: 'scheduler' | 'stopper' | 'user'
  readonly reason: string | undefined
  readonly evidence: Readonly<Record<string, unknown>> | undefined
}

/** Something that went wrong without harm to the experiment. */
export interface Warning {
  readonly at: number
  readonly kind:
    | 'listener'
    | 'callback'
    /** The storage does not keep all that there is to keep. */
    | 'storage'
    /** A checkpoint cannot be used, and the one before is. */
    | 'checkpoint'
    | 'inspector'
    | 'reporter'
    | 'subscriber'
    | 'executor'
    | 'abandoned'
    | 'policyRestarted'
    /** User code threw while it was leaving or cleaning up, which decided nothing. */
    | 'cleanup'
    /** A report held a metric that is not the user's to give. */
    | 'report'
    /** A decision could not be carried out. */
    | 'decision'
    /** A trial that was called again after a break does not do the same, and is let to. */
    | 'divergence'
    /** More warnings than are kept. */
    | 'dropped'
  readonly message: string
  /** Number of the trial it is about. */
  readonly trial: number | undefined
  readonly cause: unknown
}

/** How an experiment came to its end. */
export type EndedBy = 'finished' | 'stopper' | 'timeBudget' | 'stop' | 'signal' | 'failFast' | 'error'

/** The events of an experiment and what each carries. `at` is in milliseconds since its start, on its clock. */
export interface ExperimentEvents {
  'experiment.start': { readonly name: string; readonly seed: string; readonly at: number }
  'experiment.end': { readonly endedBy: EndedBy; readonly at: number }
  /** Something went wrong without harm: a listener threw, a trial did not leave in time, a searcher was restarted. */
  'experiment.warning': Warning
  /** A searcher that chooses among others, such as `auto`, chose one, for this trial and those after it. */
  'searcher.choice': {
    readonly searcher: string
    /** Name of the one chosen. */
    readonly chosen: string
    readonly reason: string
    /** Number of the first trial that it is for. */
    readonly trial: number
    readonly at: number
  }
  'trial.created': { readonly trial: TrialInfo; readonly at: number }
  'trial.start': { readonly trial: TrialInfo; readonly attempt: number; readonly at: number }
  'trial.report': {
    readonly trial: TrialInfo
    readonly metrics: Metrics
    readonly decision: DecisionInfo
    readonly at: number
  }
  'trial.pause': { readonly trial: TrialInfo; readonly reason: Reason | undefined; readonly at: number }
  'trial.resume': { readonly trial: TrialInfo; readonly at: number }
  /** Ended by a scheduler, a stopper, a user, or the end of the experiment. */
  'trial.stop': { readonly trial: TrialInfo; readonly reason: Reason | undefined; readonly at: number }
  /** Ended by itself. */
  'trial.complete': { readonly trial: TrialInfo; readonly at: number }
  'trial.error': { readonly trial: TrialInfo; readonly error: Error; readonly at: number }
  'trial.retry': {
    readonly trial: TrialInfo
    readonly error: Error
    readonly attempt: number
    readonly at: number
  }
  'trial.exploit': {
    readonly trial: TrialInfo
    readonly donor: number
    readonly config: unknown
    readonly at: number
  }
  /** The trial's machine went from one state to another. */
  'trial.transition': {
    readonly trial: TrialInfo
    readonly from: TrialStatus
    readonly to: TrialStatus
    readonly cause: string
    readonly attempt: number
    readonly at: number
  }
  /** User code logged through `trial.logger`. */
  'trial.log': {
    readonly trial: TrialInfo
    readonly level: 'debug' | 'info' | 'warn' | 'error'
    readonly message: string
    readonly fields: Readonly<Record<string, unknown>> | undefined
    readonly at: number
  }
}

/** Name of an event. */
export type ExperimentEventName = keyof ExperimentEvents

// A record, so that the compiler misses a name that is not here.
const NAMES: Readonly<Record<ExperimentEventName, true>> = {
  'experiment.start': true,
  'experiment.end': true,
  'experiment.warning': true,
  'searcher.choice': true,
  'trial.created': true,
  'trial.start': true,
  'trial.report': true,
  'trial.pause': true,
  'trial.resume': true,
  'trial.stop': true,
  'trial.complete': true,
  'trial.error': true,
  'trial.retry': true,
  'trial.exploit': true,
  'trial.transition': true,
  'trial.log': true,
}

/** The names of all events. */
export const EVENT_NAMES = Object.keys(NAMES) as readonly ExperimentEventName[]

/** An event with its name, as `tuner.events()` gives it. */
export type ExperimentEvent = {
  [Name in ExperimentEventName]: { readonly type: Name } & ExperimentEvents[Name]
}[ExperimentEventName]
