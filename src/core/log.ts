import type { Beginning } from './beginning.ts'
import type { Objective } from './objective.ts'
import type { EndState, Params, Reason, Resources, TrialSource, TrialStatus } from './trial.ts'

/**
 * One line of an experiment's log: every message that changed something, in the order in which it did. Traces are made
 * of these, stores keep them. Plain data; `at` is in milliseconds on the experiment's clock.
 */
export type LogRecord = { readonly at: number } & (
  | {
      readonly type: 'experiment.started'
      readonly name: string
      readonly seed: string
      readonly objectives: readonly Objective[]
      readonly searcher: string
      readonly scheduler: string
      /** Trials in all; Infinity until the searcher has finished. */
      readonly trialCount: number
      /** Trials at once. */
      readonly slotCount?: number
      readonly totalResources?: Resources
      /** The declared space, as plain data, where a store keeps it; missing when it is code. */
      readonly space?: unknown
      /** Name of the trainable, which those of trials begin with, where a store keeps it. */
      readonly trainable?: string
      /** Milliseconds since 1970 at the start of the experiment's clock, where a store keeps it. */
      readonly startedAt?: number
      /** The file that the command line made it from, relative to its store where that is a file too. */
      readonly file?: string
      /** The numSamples that the command line was given. */
      readonly numSamples?: number
    }
  | {
      /** No trial starts any more: those that run are told to leave, or with `graceful` let to their ends. */
      readonly type: 'experiment.stopping'
      readonly by: string
      readonly graceful: boolean
    }
  | { readonly type: 'experiment.ended'; readonly by: string }
  | {
      /**
       * It goes on, in another process or after its end. Trials that were interrupted, or cut off without a word, are
       * in their next attempt from here on, unless they are left where they are.
       */
      readonly type: 'experiment.resumed'
      /** Trials in all from here on; Infinity until the searcher has finished. */
      readonly trialCount: number
      /** Trials at once from here on. */
      readonly slotCount?: number
      /** What there is for trials from here on. */
      readonly totalResources?: Resources
      /** Trials that were cut off are not gone on with. */
      readonly unfinished?: 'skip'
      /** Trials that had ended and are run once more, each as a new one. */
      readonly retried?: readonly Retried[]
      /** Milliseconds since 1970 at this record's `at`, where a store keeps it: the experiment's clock stood still before. */
      readonly resumedAt?: number
      /** As with `experiment.started`, where the command line went on with it. */
      readonly file?: string
      readonly numSamples?: number
    }
  | {
      readonly type: 'trial.created'
      readonly trial: number
      readonly id: string
      readonly source: TrialSource
      readonly params: Params
      readonly config: unknown
      /** What each parameter was drawn from, where a store keeps it. */
      readonly domains?: Readonly<Record<string, object>>
      /** What it begins with, when another trial is run once more from its last checkpoint. */
      readonly begins?: Beginning
    }
  | {
      readonly type: 'trial.transition'
      readonly trial: number
      readonly from: TrialStatus
      readonly to: TrialStatus
      readonly cause: string
      readonly attempt: number
      /** What user code threw, when that is what led here. */
      readonly error?: LoggedError
    }
  | {
      readonly type: 'trial.report'
      readonly trial: number
      readonly attempt: number
      readonly seq: number
      readonly metrics: Readonly<Record<string, unknown>>
      /** The trial ended with it by itself, so that the scheduler was not asked. */
      readonly last?: true
      /** It came with a checkpoint. */
      readonly checkpoint?: true
      /** Milliseconds that the trial had run, said with a checkpoint: what goes on from that goes on counting from here. */
      readonly ranMs?: number
    }
  | {
      /** Called again after a break, its code did not do the same: what it had reported beyond this does not count any more. */
      readonly type: 'trial.rewound'
      readonly trial: number
      readonly attempt: number
      /** The `training_iteration` that it is at. */
      readonly iteration: number
      /** That of the checkpoint that it has there. */
      readonly checkpoint?: number
    }
  | {
      /** It gave a checkpoint of its last report when it had to leave for good. */
      readonly type: 'trial.saved'
      readonly trial: number
      readonly attempt: number
      /** The `training_iteration` of that report. */
      readonly iteration: number
    }
  | {
      /** The checkpoint of a report is kept, under this key of the checkpoint store. */
      readonly type: 'trial.checkpoint'
      readonly trial: number
      readonly attempt: number
      /** The `training_iteration` of its report. */
      readonly iteration: number
      readonly key: string
      readonly size: number
      /** Of its content, in hexadecimal digits. */
      readonly sha256: string
    }
  | {
      /** What the user wants of a trial: as it is said, before anything is done about it. */
      readonly type: 'trial.steered'
      readonly trial: number
      readonly to: 'pause' | 'resume' | 'stop'
      /** It was said, such as by a listener, while what stands before it was being done: that was first brought to its end. */
      readonly during?: true
    }
  | {
      readonly type: 'trial.decision'
      readonly trial: number
      readonly attempt: number
      readonly seq: number
      readonly decision: string
      /** A stopper had enough, of the trial or of the experiment, so that the scheduler was not asked. */
      readonly by?: 'stopper'
      readonly reason?: string
      readonly evidence?: Readonly<Record<string, unknown>>
    }
  | {
      /** The trial goes on with this configuration, from the checkpoint of the trial `donor`. */
      readonly type: 'trial.exploited'
      readonly trial: number
      readonly donor: number
      readonly config: unknown
    }
  | {
      /** What the trial needs from its next start on. */
      readonly type: 'trial.reallocated'
      readonly trial: number
      readonly resources: Resources
    }
  | {
      readonly type: 'trial.ended'
      readonly trial: number
      readonly state: EndState
      readonly values: readonly number[] | undefined
      readonly reason?: Reason
      readonly error?: string
    }
  | { readonly type: 'trial.attr'; readonly trial: number; readonly key: string; readonly value: unknown }
  | {
      readonly type: 'trial.constraint'
      readonly trial: number
      readonly key: string
      readonly value: number
    }
  | {
      readonly type: 'searcher.asked'
      readonly trial: number
      readonly answer: 'point' | 'wait' | 'finished'
    }
  // The records of a study that is asked and told; `at` is in milliseconds since 1970, since many processes may take
  // their turn at one study. Attributes, constraints and ends of its trials are recorded as those of an experiment.
  | {
      readonly type: 'study.created'
      readonly name: string
      readonly seed: string
      readonly objectives: readonly Objective[]
      /** The declared space, as plain data; missing when it is not declared or holds what is no plain data. */
      readonly space?: unknown
    }
  | { readonly type: 'study.attr'; readonly key: string; readonly value: unknown }
  | {
      /** A configuration, perhaps partial, waits to be asked for. */
      readonly type: 'trial.enqueued'
      readonly trial: number
      readonly id: string
      readonly config: object
    }
  | {
      /** The trial has its parameters and runs. */
      readonly type: 'trial.asked'
      readonly trial: number
      readonly id: string
      readonly source: TrialSource
      readonly params: Params
      readonly domains: Readonly<Record<string, object>>
      readonly config: unknown
      /** Which process runs it, where several share a study. */
      readonly writer?: string
    }
  | {
      /** Its process is gone: it waits to be asked for again, and what that process still says of it is refused. */
      readonly type: 'trial.requeued'
      readonly trial: number
      /** The attempt that it waits for, from 2. */
      readonly attempt: number
    }
  | {
      /** What another program, such as Optuna, wrote of a trial into the same study. Said again when that has changed. */
      readonly type: 'trial.imported'
      readonly trial: number
      readonly id: string
      readonly state: 'waiting' | 'running' | EndState
      readonly values: readonly number[] | undefined
      readonly params: Params
      readonly domains: Readonly<Record<string, object>>
      readonly config: object
      /** Pairs of step and value of the first objective. */
      readonly intermediate: readonly (readonly [step: number, value: number])[]
      readonly userAttrs: Readonly<Record<string, unknown>>
      readonly constraints: Readonly<Record<string, number>>
      /** Milliseconds since 1970; undefined while it waits. */
      readonly startedAt: number | undefined
      /** Milliseconds since 1970; undefined while it has not ended. */
      readonly endedAt: number | undefined
    }
  | {
      /** A running trial drew one parameter more. */
      readonly type: 'trial.suggested'
      readonly trial: number
      readonly path: string
      readonly value: unknown
      readonly domain: object
    }
  | {
      readonly type: 'trial.intermediate'
      readonly trial: number
      readonly step: number
      /** One value an objective. */
      readonly values: readonly number[]
    }
  | {
      readonly type: 'policy.restarted'
      readonly policy: 'searcher' | 'scheduler' | 'stopper'
      readonly error: string
    }
)

/** An error as plain data. */
export interface LoggedError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** A trial that is run once more. */
export interface Retried {
  readonly trial: number
  /** From its last checkpoint, where it has one. */
  readonly goesOn: boolean
}
