import { must, type Checks, readOptions } from '../core/options.ts'
import type { Objective } from '../core/objective.ts'
import { asError, OptionError, TroupeError } from '../errors.ts'
import type { Reason } from '../core/trial.ts'
import type { ConcurrencyLimit } from '../searchers/searcher.ts'
import { readStoppers, type StopOption } from '../stoppers/read-stoppers.ts'
import type { Stopper } from '../stoppers/stopper.ts'
import type { StudyStoppers } from './study-stoppers.ts'
import type { TellOptions } from './outcome.ts'
import type { StudyTrialRecord } from './study-state.ts'
import type { StudyTrial } from './study-trial.ts'
import { TrialPruned } from './trial-pruned.ts'

/** What `study.optimize` minimises or maximises: gives one value, or one an objective. */
export type ObjectiveFunction<Config> = (
  trial: StudyTrial<Config>,
) => number | readonly number[] | Promise<number | readonly number[]>

/** Hears of a trial that `study.optimize` has run, once its end is kept. */
export type StudyCallback<Config, S> = (study: S, trial: StudyTrialRecord<Config>) => void | Promise<void>

/**
 * When `study.optimize` ends: at the first of these, or when the searcher has finished.
 * @typeParam S - The study, as callbacks see it.
 */
export interface OptimizeOptions<Config = Record<string, unknown>, S = unknown> {
  /** How many trials to begin. Integer from 0. Default: any number. */
  readonly nTrials?: number | undefined
  /** Milliseconds after which no trial is begun; those that run go on to their ends. Above 0. Default: none. */
  readonly timeoutMs?: number | undefined
  /** Trials at once. Integer from 1. Default: the concurrencyLimiter's of the searcher, else 1. */
  readonly concurrency?: number | undefined
  /** No trial is begun after it aborts. */
  readonly signal?: AbortSignal | undefined
  /**
   * When trials, or all of it, have had enough: a stopper, several, or bounds by metric, as a Tuner takes them. Of a trial
   * that has reached its bound `shouldPrune()` is true, and when it then throws `TrialPruned` it is completed with what
   * it reported last. Once a stopper has had enough of all no trial is begun; those that run go on to their ends.
   * Stoppers see the values by the study's metric names, the step as `training_iteration`, and user attributes beside
   * them; they hear of the trials that ended before first. Default: none.
   */
  readonly stop?: StopOption | undefined
  /**
   * Whether an objective may throw: its trial has failed, and the next begins. Default false: `optimize` lets those that
   * run end, and rejects with the error.
   */
  readonly catch?: boolean | undefined
  /**
   * Called with the study and the record of each trial that it ran, in order, once the trial has ended; the next one waits
   * for them. What one throws ends `optimize`, which rejects with it. Default: none.
   */
  readonly callbacks?: readonly StudyCallback<Config, S>[] | undefined
}

/** How a call of `optimize` came to its end. */
export interface OptimizeEnd {
  /**
   * `'finished'`: there were `nTrials`, or the searcher has no further configuration; `'stopper'`, `'timeBudget'` for
   * `timeoutMs`, or `'signal'`.
   */
  readonly endedBy: 'finished' | 'stopper' | 'timeBudget' | 'signal'
  /** What the stopper said that ended it. */
  readonly endReason: Reason | undefined
}

const DEFAULTS = {
  nTrials: undefined,
  timeoutMs: undefined,
  concurrency: undefined,
  signal: undefined,
  stop: undefined,
  catch: false,
  callbacks: undefined,
}

const CHECKS = {
  nTrials: (value: number) => (value === Infinity ? undefined : must.integerFrom(0)(value)),
  timeoutMs: must.above(0),
  concurrency: must.integerFrom(1),
  signal: (value: unknown) => (value instanceof AbortSignal ? undefined : 'must be an AbortSignal.'),
  catch: must.beBoolean,
  callbacks: (callbacks: unknown) =>
    Array.isArray(callbacks) && callbacks.every((callback) => typeof callback === 'function')
      ? undefined
      : 'must be an array of functions of the study and a trial.',
} satisfies Checks<OptimizeOptions>

// Stoppers that end trials alone.
const FOR_TRIALS: ReadonlySet<string> = new Set(['metricBound', 'maximumIteration'])

/** What the loop needs of a study. */
export interface OptimizeDesk<Config, S> {
  readonly study: S
  readonly objectives: readonly Objective[]
  readonly limit: ConcurrencyLimit | undefined
  /** Whether the searcher comes to an end by itself. */
  readonly ends: boolean
  /** How many trials have ended. */
  endedCount(): number
  /** What a trial completes with, when a stopper has ended it. */
  boundOf(trial: StudyTrial<Config>): readonly number[] | undefined
  /** Lets stoppers hear of what happens, until `end` is called. */
  watch(stoppers: readonly Stopper[]): { readonly watching: StudyStoppers; readonly end: () => void }
  /** Resolves when one more has. */
  nextEnd(): Promise<void>
  ask(): Promise<StudyTrial<Config>>
  tell(
    trial: StudyTrial<Config>,
    result: number | readonly number[] | TellOptions,
  ): Promise<StudyTrialRecord<Config>>
}

/** Asks, runs the objective and tells, `concurrency` at a time, until one of the options ends it. */
export async function optimize<Config, S>(
  desk: OptimizeDesk<Config, S>,
  objective: ObjectiveFunction<Config>,
  given: OptimizeOptions<Config, S>,
): Promise<OptimizeEnd> {
  const options = readOptions('optimize', given, DEFAULTS, CHECKS)
  if (typeof objective !== 'function') {
    throw new OptionError(
      'optimize',
      'optimize takes the objective, a function of the trial, and then its options.',
      { received: objective },
    )
  }
  const { nTrials = Infinity, timeoutMs, signal } = options
  const stoppers = readStoppers('optimize', options.stop)
  for (const stopper of stoppers) stopper.check?.(desk.objectives)
  const isBounded = nTrials < Infinity || timeoutMs !== undefined || signal !== undefined || desk.ends
  if (!isBounded && stoppers.every(({ name }) => FOR_TRIALS.has(name))) {
    throw new OptionError('optimize', 'optimize would never end. Give nTrials, timeoutMs, stop or signal.', {
      received: given,
    })
  }
  const { max = Infinity, batch = false } = desk.limit ?? {}
  const concurrency = Math.min(max, options.concurrency ?? (max === Infinity ? 1 : max))
  const { watching, end } = desk.watch(stoppers)
  const loop = new Loop(desk, objective, {
    deadline: timeoutMs === undefined ? Infinity : Date.now() + timeoutMs,
    signal,
    stoppers: watching,
    catches: options.catch,
    callbacks: options.callbacks ?? [],
  })
  try {
    for (let left = nTrials; left > 0 && !loop.isOver; left -= max) {
      loop.left = batch ? Math.min(left, max) : left
      await Promise.all(Array.from({ length: concurrency }, () => loop.work()))
      if (!batch) break
    }
  } finally {
    end()
  }
  if (loop.errors.length > 0) throw loop.errors[0]
  if (watching.failure !== undefined) throw watching.failure.error
  return endOf(loop, nTrials, watching.reason)
}

function endOf<Config, S>(
  loop: Loop<Config, S>,
  nTrials: number,
  endReason: Reason | undefined,
): OptimizeEnd {
  if (endReason !== undefined) return { endedBy: 'stopper', endReason }
  const isWhole = loop.hasFinished || loop.begun >= nTrials
  return { endedBy: isWhole ? 'finished' : (loop.cutBy ?? 'finished'), endReason }
}

interface Bounds<Config, S> {
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly stoppers: StudyStoppers
  readonly catches: boolean
  readonly callbacks: readonly StudyCallback<Config, S>[]
}

class Loop<Config, S> {
  readonly #desk: OptimizeDesk<Config, S>
  readonly #objective: ObjectiveFunction<Config>
  readonly #bounds: Bounds<Config, S>
  readonly errors: unknown[] = []
  /** How many trials may still be begun. */
  left = 0
  /** Whether the searcher has. */
  hasFinished = false
  /** How many trials were begun. */
  begun = 0

  constructor(
    desk: OptimizeDesk<Config, S>,
    objective: ObjectiveFunction<Config>,
    bounds: Bounds<Config, S>,
  ) {
    this.#desk = desk
    this.#objective = objective
    this.#bounds = bounds
  }

  get isOver(): boolean {
    const { stoppers } = this.#bounds
    const isBroken = this.errors.length > 0 || stoppers.failure !== undefined
    return isBroken || this.hasFinished || this.cutBy !== undefined
  }

  get cutBy(): 'stopper' | 'timeBudget' | 'signal' | undefined {
    const { deadline, signal, stoppers } = this.#bounds
    if (stoppers.reason !== undefined) return 'stopper'
    if (signal?.aborted === true) return 'signal'
    return Date.now() >= deadline ? 'timeBudget' : undefined
  }

  /** One of those that work at once. */
  async work(): Promise<void> {
    while (this.left > 0 && !this.isOver) {
      this.left--
      const trial = await this.#ask()
      if (trial === undefined) continue
      this.begun++
      await this.#run(trial)
    }
  }

  async #ask(): Promise<StudyTrial<Config> | undefined> {
    for (;;) {
      const endedBefore = this.#desk.endedCount()
      try {
        return await this.#desk.ask()
      } catch (error) {
        const known = asError(error)
        const code = known instanceof TroupeError ? known.code : undefined
        if (code === 'finished') this.hasFinished = true
        else if (code !== 'wait') this.errors.push(error)
        // A trial may have ended while the searcher said that it waits for one.
        else if (this.#desk.endedCount() === endedBefore) await this.#desk.nextEnd()
        if (code !== 'wait' || this.isOver) return undefined
      }
    }
  }

  async #run(trial: StudyTrial<Config>): Promise<void> {
    try {
      const ended = await this.#tellEnd(trial)
      for (const callback of this.#bounds.callbacks) await callback(this.#desk.study, ended)
    } catch (error) {
      // Another process has the trial now, and tells how it goes there.
      if (!isSuperseded(error)) this.errors.push(error)
    }
  }

  async #tellEnd(trial: StudyTrial<Config>): Promise<StudyTrialRecord<Config>> {
    try {
      const values = await this.#objective(trial)
      return await this.#desk.tell(trial, values)
    } catch (error) {
      if (isSuperseded(error)) throw error
      const isPruned = asError(error) instanceof TrialPruned
      if (!isPruned && !this.#bounds.catches) this.errors.push(error)
      const bound = isPruned ? this.#desk.boundOf(trial) : undefined
      return this.#desk.tell(trial, bound ?? { state: isPruned ? 'pruned' : 'failed' })
    }
  }
}

function isSuperseded(error: unknown): boolean {
  const known = asError(error)
  return known instanceof TroupeError && known.code === 'superseded'
}
