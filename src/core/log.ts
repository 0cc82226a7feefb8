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
    }
  | { readonly type: 'experiment.ended'; readonly by: string }
  | {
      readonly type: 'trial.created'
      readonly trial: number
      readonly id: string
      readonly source: TrialSource
      readonly params: Params
      readonly config: unknown
    }
  | {
      readonly type: 'trial.transition'
      readonly trial: number
      readonly from: TrialStatus
      readonly to: TrialStatus
      readonly cause: string
      readonly attempt: number
    }
  | {
      readonly type: 'trial.report'
      readonly trial: number
      readonly attempt: number
      readonly seq: number
      readonly metrics: Readonly<Record<string, unknown>>
      /** The trial ended with it by itself, so that the scheduler was not asked. */
      readonly last?: true
      /** It came with a checkpoint. Said only for schedulers that have trials exploit each other. */
      readonly checkpoint?: true
    }
  | {
      readonly type: 'trial.decision'
      readonly trial: number
      readonly attempt: number
      readonly seq: number
      readonly decision: string
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
