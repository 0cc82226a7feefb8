import type { Metrics } from '../core/metrics.ts'
import type { Objective, ObjectiveOptions } from '../core/objective.ts'
import type { EndState, Resources } from '../core/trial.ts'
import type { RandomStream } from '../random/random.ts'

/** Facts a decision was made from, such as `{ rung: 3, cutoff: 0.81, competitors: 9 }`: plain data. */
export type Evidence = Readonly<Record<string, unknown>>

/**
 * What becomes of a trial after a report.
 * - `continue`: it goes on.
 * - `pause`: it waits, without a slot, until `choose` names it again; then with `resources`, where given.
 * - `stop`: it ends; `outcome` says whether it lost (`pruned`) or had reached its full length (`completed`).
 * - `exploit`: it goes on with another configuration, from the checkpoint of the trial `donor`.
 */
export type Decision =
  | { readonly kind: 'continue'; readonly evidence?: Evidence }
  | {
      readonly kind: 'pause'
      readonly reason: string
      readonly resources?: Resources
      readonly evidence?: Evidence
    }
  | {
      readonly kind: 'stop'
      readonly reason: string
      readonly outcome: 'pruned' | 'completed'
      readonly evidence?: Evidence
    }
  | {
      readonly kind: 'exploit'
      readonly donor: number
      readonly config: unknown
      readonly reason: string
      readonly evidence?: Evidence
    }

/** The trial goes on, and there is nothing to say about it. */
export const CONTINUE: Decision = Object.freeze({ kind: 'continue' })

/** What a scheduler does to a waiting trial besides the one that reported: ends it, or lets it exploit another. */
export interface Command {
  readonly trial: number
  readonly decision: Extract<Decision, { kind: 'stop' | 'exploit' }>
}

/** Given once, before anything else. */
export interface SchedulerContext {
  /** The experiment's or study's name. */
  readonly name: string
  /** What there is in all for trials; empty where nothing is limited. */
  readonly resources: Resources
  /** What is optimised. One for schedulers that declare `objectives: 'one'`. */
  readonly objectives: readonly Objective[]
  /** How many trials there will be, at most; Infinity where there is no end to them, missing where nobody knows. */
  readonly budget?: number
}

/** A trial that was created and waits for its first start. */
export interface AddedTrial {
  readonly trial: number
  readonly config: unknown
  /** What it needs while it runs. */
  readonly resources: Resources
  /**
   * A stream of chance for what is drawn about this trial, forked by its number. Handed in with the call, since a
   * stream cannot be copied with the state: draw from it now and keep what was drawn.
   */
  readonly random: RandomStream
}

/** One report of a running trial. */
export interface TrialReport {
  readonly trial: number
  /** Value of `timeAttr` in this report: how far the trial is. */
  readonly time: number
  /**
   * Oriented value of the first objective: larger is better in either mode. NaN when it is NaN, and -Infinity while the
   * trial breaks a constraint, so that it stands behind all that break none.
   */
  readonly score: number
  /** Values of all objectives as reported, in order. */
  readonly values: readonly number[]
  readonly metrics: Metrics
  readonly config: unknown
  /** Whether the trial has a checkpoint that another could go on from. */
  readonly hasCheckpoint: boolean
  /** Whether the trial keeps all constraints that it has set so far. Default true. */
  readonly feasible?: boolean
  /**
   * Which attempt of the trial reports, from 1. A trial that failed and is tried again goes on from its checkpoint or from
   * the beginning, so that `time` goes back, and reports come again that were made before. Default 1.
   */
  readonly attempt?: number
}

/** A trial ended, in whichever way. Told once for each trial, after its last report. */
export interface TrialEnd {
  readonly trial: number
  readonly state: EndState
  /** The last report that carried the objectives and `timeAttr`; undefined when there was none. */
  readonly last: TrialReport | undefined
}

/** A trial that could run now. */
export interface Candidate {
  readonly trial: number
  /** `pending`: never ran, or waits for a retry. `paused`: paused by this scheduler. */
  readonly status: 'pending' | 'paused'
}

/** What `choose` is asked. */
export interface Choice {
  /** Those that could run, by trial number. Never empty. */
  readonly candidates: readonly Candidate[]
  /**
   * True when nothing runs and no further trial will be created: to answer `undefined` now is to let the experiment
   * wait for ever, which ends it with a `deadlock`.
   */
  readonly idle: boolean
}

/**
 * Decides which trials go on. A pure policy: no clock, no I/O, no chance but the streams it is handed.
 *
 * All that it remembers is in one `State`: plain data that `structuredClone` can copy (Maps, Sets and typed arrays
 * included), owned by the caller and passed to every call, which may change it in place. So a scheduler can be
 * restarted from a copy, replayed, and explored.
 *
 * Laws: the same state and calls give the same answers. `onAdd` comes once for each trial, before anything else about
 * it; `onEnd` once, after its last report; nothing comes for a trial after that. A report that lacks an objective or
 * `timeAttr` never reaches the scheduler: that trial goes on. Only `name`, `init` and `onReport` are needed.
 */
export interface Scheduler<State = unknown> {
  /** The factory's name. */
  readonly name: string
  init(context: SchedulerContext): State
  onReport(state: State, report: TrialReport): Decision
  /** How many objectives it can rank by: `'some'` is one or more, `'any'` also none. Default `'any'`. */
  readonly objectives?: 'one' | 'some' | 'any' | undefined
  /** The metric and mode given to the factory, if they were: they override the experiment's. Default: none. */
  readonly objective?: ObjectiveOptions | undefined
  /** The metric that says how far a trial is. Default `'training_iteration'`. */
  readonly timeAttr?: string | undefined
  /** One line for people, such as `'Using FIFO scheduling algorithm.'` Default: one with its name. */
  readonly line?: string | undefined
  /**
   * A stepped trainable with `save` attaches a checkpoint to each report whose `training_iteration` this divides, unless
   * the user says otherwise; 0 for none. For schedulers that exploit. Default 0.
   */
  readonly saveEvery?: number | undefined
  /**
   * Whether it may let trials exploit, or pause them other than to make room for those that wait. Studies and
   * `patientPruner`, which can only let trials go on or stop, refuse such a scheduler. Default false.
   */
  readonly pauses?: boolean | undefined
  onAdd?(state: State, added: AddedTrial): void
  /** May end waiting trials that can no longer win, or let them exploit. */
  onEnd?(state: State, end: TrialEnd): readonly Command[] | void
  /** Number of the trial to run next, or undefined for none yet. Default: the lowest number among `pending`, then among `paused`. */
  choose?(state: State, choice: Choice): number | undefined
  /** What the latest `onReport` does to waiting trials, asked right after it. */
  commands?(state: State): readonly Command[]
}
