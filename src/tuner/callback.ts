import type { ExperimentEventName, ExperimentEvents, TrialInfo } from '../core/events.ts'
import type { Metrics } from '../core/metrics.ts'
import type { TrialRecord } from '../core/trial.ts'
import type { ExperimentView } from '../results/reporter.ts'
import type { Results } from '../results/results.ts'
import type { Parameter } from '../space/space.ts'

/**
 * Listeners by the names of events. Each is called as things happen, in order, and not waited for. One that throws, or
 * returns a promise that rejects, harms nobody: it becomes a warning.
 */
export type ExperimentListeners = {
  readonly [Name in ExperimentEventName]?: (event: ExperimentEvents[Name]) => unknown
}

/** A trial from before a restore, with its reports. The live record: copy what you keep. */
export type KnownTrial = TrialInfo &
  Readonly<Pick<TrialRecord, 'failures' | 'startedAt' | 'endedAt'>> & {
    /** All reports in order. */
    readonly history: Iterable<Metrics>
  }

/** The experiment, as its callbacks are told of it before the first trial: one object for all of them. */
export interface CallbackView extends ExperimentView {
  readonly seed: string
  /** What is searched, in declared order. Undefined for define-by-run, where only trials know. */
  readonly parameters: readonly Parameter[] | undefined
  /** Whether it goes on from where an earlier run left it. */
  readonly restored: boolean
  /**
   * Milliseconds since 1970 at which it began, in whichever run: with the name it tells an experiment from all others, also
   * from one of the same seed. Undefined until it has begun, which is after `start` and before the first trial, and where it
   * is kept nowhere.
   */
  readonly startedAt: number | undefined
  /** The trials so far, in order of number: those of the earlier runs, so none unless it was restored. */
  readonly trials: readonly KnownTrial[]
  /** Takes down what went wrong in a callback, as a warning of the experiment. */
  warn(message: string, cause?: unknown): void
}

/** What came of the experiment, as a callback is told of it at the end. */
export interface CallbackEnd {
  readonly results: Results<unknown>
  /** What `fit()` is about to reject with. */
  readonly error: Error | undefined
}

/** A callback at work for one experiment: its listeners, and its last words. */
export interface CallbackSession extends ExperimentListeners {
  /** As `Callback.end`. */
  readonly end?: (end: CallbackEnd) => unknown
}

/**
 * Goes along with an experiment: listens to it, and may open something before and close it afterwards.
 *
 * - `start` is called once, before the first trial, and waited for. When it throws, rejects, or takes longer than 30 s,
 *   the callback is switched off, with a warning, and the experiment goes on without it.
 * - The listeners hear each event in order. Nothing waits for them: one that writes does so in its own time.
 * - `end` is called once, when all trials have ended, also when the experiment failed, and waited for before `fit`
 *   settles, for 30 s at most (5 s once the experiment was told to stop). It is the place to write what is left.
 *
 * What `start` returns has listeners, and an `end`, for that experiment alone: a callback that keeps its state in them
 * can be given to several experiments at once.
 * @example
 * const counting: Callback = {
 *   name: 'counting',
 *   start: ({ name }) => {
 *     let reports = 0
 *     return {
 *       'trial.report': () => void reports++,
 *       end: () => appendFile('log.txt', `${name}: ${reports} reports\n`),
 *     }
 *   },
 * }
 */
export interface Callback extends ExperimentListeners, CallbackSession {
  /** Who it is, in warnings. */
  readonly name?: string
  /**
   * Gets ready, and may give listeners for this experiment alone.
   * @param signal - Aborts when `start` or `end` took too long, and nobody waits for the callback any more.
   */
  readonly start?: (
    view: CallbackView,
    signal: AbortSignal,
  ) => CallbackSession | void | PromiseLike<CallbackSession | void>
}
