import type { AnyActorRef } from 'xstate'
import type { Checkpoint, Resources, TrialRecord, TrialStatus } from '../src/core/trial.ts'
import type { ExperimentErrorCode } from '../src/errors.ts'
import type { Assignment, LogEntry, OutgoingReport } from '../src/executors/executor.ts'
import type {
  AddedTrial,
  Choice,
  Command,
  Decision,
  TrialEnd,
  TrialReport,
} from '../src/schedulers/scheduler.ts'
import type { Observation, ToldTrial } from '../src/searchers/searcher.ts'
import type { Answer } from '../src/searchers/session.ts'
import type { StopDemand } from '../src/stoppers/stopper.ts'

/** Who or what ended an experiment before, or after, all its trials had ended. */
export type StopCause = 'finished' | 'stopper' | 'timeBudget' | 'stop' | 'signal' | 'failFast'

/** Where a trial that has to leave goes once its code has left. */
export type AfterLeaving = 'terminated' | 'paused' | 'pending' | 'error'

/** What a trial actor understands. */
export type TrialMessage =
  /** experiment → trial: a slot is yours. Start, or go on with the report that was held back. */
  | { readonly type: 'trial.start'; readonly assignment: Assignment }
  /** experiment → trial: the report was decided upon, go on. */
  | { readonly type: 'trial.continue'; readonly seq: number }
  /** experiment → trial: give the slot up and wait; the report stays unanswered. */
  | { readonly type: 'trial.pause' }
  /** experiment → trial: leave for good or for later; user code gets `TrialStopped`. */
  | {
      readonly type: 'trial.stop'
      readonly to: AfterLeaving
      readonly as: 'stopped' | 'exploited' | 'paused'
    }
  /** run → trial: user code reported. */
  | {
      readonly type: 'run.report'
      readonly report: OutgoingReport
      readonly attempt: number
      readonly ranMs: number
    }
  /** run → trial: user code came to its end by itself. */
  | { readonly type: 'run.finished' }
  /** run → trial: user code threw, or ran out of time. */
  | { readonly type: 'run.failed'; readonly error: Error }
  /** run → trial: user code has left after it was told to, or was given up. */
  | { readonly type: 'run.left' }
  /** run → trial: too much time has passed; user code is told to leave. */
  | { readonly type: 'run.timedOut'; readonly error: Error }
  /** run → trial: the pause between two attempts is over. */
  | { readonly type: 'run.backedOff' }

/** What the searcher actor understands. */
export type SearcherMessage =
  /** experiment → searcher: propose a configuration for this number. */
  | { readonly type: 'searcher.suggest'; readonly trial: number }
  /** experiment → searcher: a trial has ended, in this way. Once for each trial. */
  | { readonly type: 'searcher.tell'; readonly told: ToldTrial }
  /** experiment → searcher: a running trial reported; only sent to searchers that observe. */
  | { readonly type: 'searcher.observe'; readonly observation: Observation }
  /** experiment → searcher: that was all; say when you have done it. */
  | { readonly type: 'searcher.close' }

/** What the scheduler actor understands. */
export type SchedulerMessage =
  /** experiment → scheduler: a trial was created. */
  | { readonly type: 'scheduler.add'; readonly added: Omit<AddedTrial, 'random'> }
  /** experiment → scheduler: a trial reported; decide. `report` is undefined when it lacks a metric that is ranked by. */
  | {
      readonly type: 'scheduler.report'
      readonly trial: number
      readonly seq: number
      readonly report: TrialReport | undefined
      readonly metrics: Readonly<Record<string, unknown>>
      readonly elapsedMs: number
      /** The trial ends with this report whatever is decided, so the scheduler is not asked. */
      readonly last: boolean
    }
  /** experiment → scheduler: a trial has ended. Once for each trial. */
  | { readonly type: 'scheduler.end'; readonly end: TrialEnd }
  /** experiment → scheduler: what the searcher is told; only sent when a stopper wants to hear of ends. */
  | { readonly type: 'scheduler.told'; readonly told: ToldTrial }
  /** experiment → scheduler: there is room; which of these shall run? */
  | { readonly type: 'scheduler.choose'; readonly choice: Choice }
  /** experiment → scheduler: that was all; say when you have done it. */
  | { readonly type: 'scheduler.close' }

/** What the trials' supervisor understands. */
export type TrialsMessage =
  /** experiment → trials: make an actor for this trial. */
  | { readonly type: 'trials.spawn'; readonly record: TrialRecord; readonly run: TrialRun }
  /** experiment → trials: stop the actors that are left; say when all are gone. */
  | { readonly type: 'trials.close' }

/** What the experiment understands. */
export type ExperimentMessage =
  /** tuner → experiment: begin. */
  | { readonly type: 'experiment.start' }
  /** tuner, timer or experiment → experiment: end early. Graceful lets running trials finish. */
  | { readonly type: 'experiment.stop'; readonly by: StopCause; readonly graceful: boolean }
  /** runtime → experiment: end at once with this failure, waiting for no user code. */
  | { readonly type: 'experiment.abort'; readonly failure: Failure }
  /** experiment → experiment: it cannot go on. */
  | { readonly type: 'experiment.fail'; readonly failure: Failure }
  /** experiment → experiment: nothing is left to do. */
  | { readonly type: 'experiment.finish' }
  /** tuner → experiment: hold this trial at its next report, until resumed. */
  | { readonly type: 'experiment.pauseTrial'; readonly trial: number }
  /** tuner → experiment: let a held trial go on. */
  | { readonly type: 'experiment.resumeTrial'; readonly trial: number }
  /** tuner → experiment: end this trial. */
  | { readonly type: 'experiment.stopTrial'; readonly trial: number }
  /** trials → experiment: the actor of this trial is there. */
  | { readonly type: 'trials.spawned'; readonly trial: number; readonly ref: AnyActorRef }
  /** trials → experiment: the actor of this trial broke; that is a fault of the runtime, not of user code. */
  | { readonly type: 'trials.crashed'; readonly trial: number; readonly error: unknown }
  /** trial → experiment: user code reported. */
  | {
      readonly type: 'trial.reported'
      readonly trial: number
      readonly report: OutgoingReport
      readonly attempt: number
      readonly ranMs: number
    }
  /** trial → experiment: it came into this state, led by this message. */
  | {
      readonly type: 'trial.entered'
      readonly trial: number
      readonly status: TrialStatus
      readonly cause: string
      readonly error: Error | undefined
    }
  /** run → experiment: user code attached something to its trial, or logged. */
  | { readonly type: 'trial.noted'; readonly trial: number; readonly note: TrialNote }
  /** searcher → experiment: the answer to `searcher.suggest`. */
  | { readonly type: 'searcher.answered'; readonly trial: number; readonly answer: Answer }
  /** scheduler → experiment: the answer to `scheduler.report`. */
  | {
      readonly type: 'scheduler.decided'
      readonly trial: number
      readonly seq: number
      readonly decision: Decision
      readonly demand: StopDemand | undefined
      readonly commands: readonly Command[]
    }
  /** scheduler → experiment: the answer to `scheduler.end`, when other trials can no longer win. */
  | { readonly type: 'scheduler.commanded'; readonly commands: readonly Command[] }
  /** scheduler → experiment: the answer to `scheduler.told`, when a stopper wants the experiment to end. */
  | { readonly type: 'scheduler.demanded'; readonly demand: StopDemand }
  /** scheduler → experiment: the answer to `scheduler.choose`. */
  | { readonly type: 'scheduler.chose'; readonly trial: number | undefined }
  /** trials → experiment: the answer to `trials.close`. */
  | { readonly type: 'trials.closed' }
  /** searcher → experiment: the answer to `searcher.close`. */
  | { readonly type: 'searcher.closed' }
  /** scheduler → experiment: the answer to `scheduler.close`. */
  | { readonly type: 'scheduler.closed' }
  /** searcher or scheduler → experiment: it threw, and was started again from its history. */
  | ({ readonly type: 'policy.restarted' } & PolicyFault)
  /** searcher or scheduler → experiment: it threw once too often. */
  | ({ readonly type: 'policy.failed' } & PolicyFault)

/** What the user says of one trial. */
export type UsersWord = Extract<
  ExperimentMessage,
  { readonly type: 'experiment.pauseTrial' | 'experiment.resumeTrial' | 'experiment.stopTrial' }
>

/** The actors that policies run in. */
export type PolicyActor = 'searcher' | 'scheduler'

/** What a policy threw. */
export interface PolicyFault {
  /** The actor that it runs in. */
  readonly actor: PolicyActor
  readonly culprit: Culprit
  readonly error: Error
  /** How often this actor was restarted so far. */
  readonly restarts: number
}

/** The policy that threw. Stoppers run in the scheduler's actor. */
export interface Culprit {
  readonly kind: PolicyActor | 'stopper'
  readonly name: string
  /** Whether it was what the user gave it beside: a space, points, or `where`. */
  readonly isUsersPart?: boolean
}

/** What user code attaches to its trial while it runs. */
export type TrialNote =
  | { readonly kind: 'userAttr'; readonly key: string; readonly value: unknown }
  | { readonly kind: 'constraint'; readonly key: string; readonly value: number }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | { readonly kind: 'abandoned'; readonly graceMs: number }
  /** Called again after a break it does not do the same: what it had reported beyond this iteration does not count. */
  | {
      readonly kind: 'rewound'
      readonly iteration: number
      /** The one that it has there. */
      readonly checkpoint: Checkpoint | undefined
      /** What is different, in words. */
      readonly how: string
    }
  /** It had to leave for good, and gave a checkpoint of its last report. */
  | { readonly kind: 'saved'; readonly checkpoint: Checkpoint }
  /** It returned what is no report. */
  | { readonly kind: 'returned'; readonly what: string }
  /** It threw while it was leaving or cleaning up, which decides nothing. */
  | { readonly kind: 'threwBesides'; readonly error: Error }

/** Why an experiment cannot go on. */
export interface Failure {
  readonly code: ExperimentErrorCode
  readonly message: string
  readonly cause: unknown
}

/**
 * The attempt at a trial that is under way, as its actor handles it. Made by the runtime, which is where clocks,
 * timers and user code are; the actor says when.
 */
export interface TrialRun {
  /** Whether user code is there: running, held, or about to leave. */
  readonly alive: boolean
  /** Tells the run whom to speak to. Called once. */
  connect(trial: AnyActorRef): void
  start(assignment: Assignment): void
  /** The report `seq` was decided upon. */
  answer(seq: number): void
  /** Stops the clocks of a trial whose report is held back. */
  hold(): void
  /** Goes on with the report that was held back, now with these resources. */
  resume(resources: Resources): void
  leave(as: 'stopped' | 'exploited' | 'paused'): void
  /** Its code was cut off and is called again, as this attempt. Only for a run that is there and was taken up again. */
  renew(attempt: number): void
  /** Sends `run.backedOff` after the pause that follows failure number `failures`. */
  backOff(failures: number): void
  /** Ends everything at once: timers, and user code if it is still there. */
  dispose(): void
}
