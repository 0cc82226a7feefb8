import { must, type Checks, readOptions } from '../core/options.ts'
import { asError, OptionError, TroupeError } from '../errors.ts'
import type { Reason } from '../core/trial.ts'
import type { ConcurrencyLimit } from '../searchers/searcher.ts'
import { readStoppers, type StopOption } from '../stoppers/read-stoppers.ts'
import type { Stopper } from '../stoppers/stopper.ts'
import type { StudyStoppers } from './study-stoppers.ts'
import type { TellOptions } from './study-keeper.ts'
import type { StudyTrial } from './study-trial.ts'
import { TrialPruned } from './trial-pruned.ts'

/** What `study.optimize` minimises or maximises: gives one value, or one an objective. */
export type ObjectiveFunction<Config> = (
  trial: StudyTrial<Config>,
) => number | readonly number[] | Promise<number | readonly number[]>

/** When `study.optimize` ends: at the first of these, or when the searcher has finished. */
export interface OptimizeOptions {
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
}

const CHECKS: Checks<OptimizeOptions> = {
  nTrials: (value) => (value === Infinity ? undefined : must.integerFrom(0)(value)),
  timeoutMs: must.above(0),
  concurrency: must.integerFrom(1),
  signal: (value) => (value instanceof AbortSignal ? undefined : 'must be an AbortSignal.'),
  catch: must.beBoolean,
}

// Stoppers that end trials alone.
const FOR_TRIALS: ReadonlySet<string> = new Set(['metricBound', 'maximumIteration'])

/** What the loop needs of a study. */
export interface OptimizeDesk<Config> {
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
  tell(trial: StudyTrial<Config>, result: number | readonly number[] | TellOptions): Promise<unknown>
}

/** Asks, runs the objective and tells, `concurrency` at a time, until one of the options ends it. */
export async function optimize<Config>(
  desk: OptimizeDesk<Config>,
  objective: ObjectiveFunction<Config>,
  given: OptimizeOptions,
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

function endOf<Config>(loop: Loop<Config>, nTrials: number, endReason: Reason | undefined): OptimizeEnd {
  if (endReason !== undefined) return { endedBy: 'stopper', endReason }
  const isWhole = loop.hasFinished || loop.begun >= nTrials
  return { endedBy: isWhole ? 'finished' : (loop.cutBy ?? 'finished'), endReason }
}

interface Bounds {
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly stoppers: StudyStoppers
  readonly catches: boolean
}

class Loop<Config> {
  readonly #desk: OptimizeDesk<Config>
  readonly #objective: ObjectiveFunction<Config>
  readonly #bounds: Bounds
  readonly errors: unknown[] = []
  /** How many trials may still be begun. */
  left = 0
  /** Whether the searcher has. */
  hasFinished = false
  /** How many trials were begun. */
  begun = 0

  constructor(desk: OptimizeDesk<Config>, objective: ObjectiveFunction<Config>, bounds: Bounds) {
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
      const values = await this.#objective(trial)
      await this.#desk.tell(trial, values)
    } catch (error) {
      const isPruned = asError(error) instanceof TrialPruned
      if (!isPruned && !this.#bounds.catches) this.errors.push(error)
      const bound = isPruned ? this.#desk.boundOf(trial) : undefined
      await this.#desk
        .tell(trial, bound === undefined ? { state: isPruned ? 'pruned' : 'failed' } : bound)
        .catch((untold: unknown) => this.errors.push(untold))
    }
  }
}
