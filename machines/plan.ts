import type { AnyActorRef } from 'xstate'
import type { ExperimentEventName, ExperimentEvents } from '../src/core/events.ts'
import type { LogRecord } from '../src/core/log.ts'
import type { Objective } from '../src/core/objective.ts'
import type { Params, Resources, TrialRecord } from '../src/core/trial.ts'
import type { GivenTrial } from '../src/searchers/session.ts'
import type { Domain } from '../src/space/space.ts'
import type { TrialRun } from './protocol.ts'

/** What an experiment is made of, all of it decided before it starts. */
export interface ExperimentPlan {
  readonly name: string
  /** What trials are named after: `<trainable>_<id>`. */
  readonly trainableName: string
  readonly seed: string
  readonly searcherName: string
  readonly schedulerName: string
  /** The metric that says how far a trial is. */
  readonly timeAttr: string
  readonly objectives: readonly Objective[]
  /** What the scheduler ranks by: the objectives, or its own. */
  readonly rankedBy: readonly Objective[]
  /** How many trials to run; Infinity until the searcher has finished. */
  readonly trialCount: number
  /** Whether nothing but a limit, a stopper or the user ever ends it: no number is given, and the searcher has no end. */
  readonly isEndless: boolean
  readonly slotCount: number
  /** Ask for the next so many configurations only when all of the last ones have ended; Infinity for one by one. */
  readonly batchSize: number
  readonly totalResources: Resources
  readonly maxFailures: number
  readonly failFast: boolean
  readonly saveEvery: number
  readonly saveAtEnd: boolean
  /** Milliseconds that a policy which thinks has at the end to take in how the last trials ended. */
  readonly stopGraceMs: number
  /** Whether the searcher wants to hear of each report. */
  readonly searcherObserves: boolean
  /** Whether a stopper wants to hear of each trial that has ended. */
  readonly stoppersHearEnds: boolean
  /** Trials with known results, that take the first numbers and do not run. */
  readonly given: readonly GivenTrial[]
}

/** What the world gives to an experiment: each is called at once, and none may throw. */
export interface ExperimentPorts {
  readonly now: () => number
  readonly makeId: () => string
  /** An error, instead of throwing, fails the trial. */
  readonly resourcesOf: (config: unknown) => Resources | Error
  readonly makeRun: (record: TrialRecord) => TrialRun
  /** What these parameters were drawn from; where code says it, by running that once more. */
  readonly domainsOf: (params: Params) => Readonly<Record<string, Domain>>
  /** Calls back soon, after a turn of the event loop when the last one was some time ago. */
  readonly post: (fn: () => void) => void
  /** Keeps the process from ending while nobody but the user can go on. Gives how to let it go. */
  readonly keepAlive: () => () => void
  /** Calls back after so many milliseconds on the experiment's clock, unless what it gives is called before. */
  readonly later: (ms: number, fn: () => void) => () => void
  readonly publish: <Name extends ExperimentEventName>(name: Name, event: ExperimentEvents[Name]) => void
  /** Whether anybody listens: events that nobody hears are not made. */
  readonly hears: (name: ExperimentEventName) => boolean
  /** Takes down what changed, where a trace or a store wants it. */
  readonly log: ((record: LogRecord) => void) | undefined
  /** Whether what happens now happened before, and is only done again: nothing ends by it then. */
  readonly isPast: () => boolean
}

/** The actors that the experiment speaks to. */
export interface Cast {
  readonly self: AnyActorRef
  readonly searcher: AnyActorRef
  readonly scheduler: AnyActorRef
  readonly trials: AnyActorRef
}
