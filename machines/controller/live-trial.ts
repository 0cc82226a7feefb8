import type { AnyActorRef } from 'xstate'
import type { Metrics } from '../../src/core/metrics.ts'
import type { EndState, Reason, Resources, TrialRecord } from '../../src/core/trial.ts'
import type { TrialReport } from '../../src/schedulers/scheduler.ts'
import type { Domain } from '../../src/space/space.ts'
import type { TrialRun } from '../protocol.ts'
import type { Standstill } from './standstill.ts'

/** A report that waits for its decision. */
export interface Awaiting {
  readonly attempt: number
  readonly seq: number
  readonly metrics: Metrics
  readonly last: boolean
}

/** What the experiment keeps of a trial only while it has not ended. */
export interface LiveTrial {
  readonly record: TrialRecord
  readonly run: TrialRun
  readonly domains: Readonly<Record<string, Domain>>
  /** Undefined until its actor is there. */
  ref: AnyActorRef | undefined
  /** Index of its slot; -1 without one. */
  worker: number
  /** Held by the user: it is not started until resumed. */
  held: boolean
  pausedBy: 'scheduler' | 'user' | undefined
  /** Whether it exploited with a configuration that is outside of the searcher's space. */
  isStray: boolean
  /** How it will have ended, once decided. */
  ending: { readonly state: EndState; readonly reason: Reason } | undefined
  /** Reports that wait for their decisions, in order. */
  readonly awaiting: Awaiting[]
  /** What it needs from its next start on, when that is to change. */
  nextResources: Resources | undefined
  /** Where the history of what it goes on from begins: an exploit goes on from another trial's iteration. */
  origin: { readonly row: number; readonly iteration: number }
  /** Whether its next attempt takes over another trial's checkpoint. */
  exploits: boolean
  /** The last report that a scheduler could rank. */
  lastRanked: TrialReport | undefined
  /** What its code returned, in words, when that was no report. */
  returned: string | undefined
  readonly standstill: Standstill
}
