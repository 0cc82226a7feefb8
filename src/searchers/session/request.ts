import type { Params, TrialSource } from '../../core/trial.ts'
import type { Resolved, Space } from '../../space/space.ts'
import type { RunningTrial, SearcherChoice } from '../searcher.ts'

/** One request for a configuration. */
export interface SessionAsk {
  /** Number of the trial that it is for. */
  readonly number: number
  /** Trials that have a configuration and no result yet; may be empty when the session has no use for them (`readsRunning`). */
  readonly running: readonly RunningTrial[]
  /** A space for this trial alone, in place of the session's. What is suggested and does not fit it is drawn anew. */
  readonly space?: Space | undefined
}

/** A request of an earlier process, as a log keeps it, with what came of it. */
export interface PastAsk extends SessionAsk {
  readonly source: TrialSource
  readonly params: Params
}

/** What comes of one request for a configuration. */
export type Answer =
  | (Resolved & {
      readonly kind: 'trial'
      readonly source: TrialSource
      /** The completed trial whose result this one takes over instead of running; with `duplicates: 'reuse'` alone. */
      readonly duplicateOf?: number
      /** What the searcher chose for this and the following trials, when it chose just now. */
      readonly choice?: SearcherChoice
    })
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' }

/** A configuration that became a trial. */
export type TrialAnswer = Extract<Answer, { kind: 'trial' }>

/** What the searcher's turn came to, before anything is counted. */
export type Found =
  | {
      readonly kind: 'found'
      readonly resolved: Resolved
      readonly choice?: SearcherChoice
      readonly copy?: number
    }
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' }

export const WAIT = Object.freeze({ kind: 'wait' } as const)
export const FINISHED = Object.freeze({ kind: 'finished' } as const)
