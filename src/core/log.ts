import type { Objective } from './objective.ts'
import type { EndState, Params, Reason, TrialSource, TrialStatus } from './trial.ts'

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
      readonly type: 'trial.ended'
      readonly trial: number
      readonly state: EndState
      readonly values: readonly number[] | undefined
      readonly reason?: Reason
      readonly error?: string
    }
  | { readonly type: 'trial.attr'; readonly trial: number; readonly key: string; readonly value: unknown }
  | { readonly type: 'trial.constraint'; readonly trial: number; readonly key: string; readonly value: number }
  | { readonly type: 'searcher.asked'; readonly trial: number; readonly answer: 'point' | 'wait' | 'finished' }
  | { readonly type: 'policy.restarted'; readonly policy: 'searcher' | 'scheduler'; readonly error: string }
)
