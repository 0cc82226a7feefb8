import { must, type Checks, readOptions } from '../core/options.ts'
import { asError, OptionError, TroupeError } from '../errors.ts'
import type { ConcurrencyLimit } from '../searchers/searcher.ts'
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
   * Whether an objective may throw: its trial has failed, and the next begins. Default false: `optimize` lets those that
   * run end, and rejects with the error.
   */
  readonly catch?: boolean | undefined
}

const DEFAULTS = {
  nTrials: undefined,
  timeoutMs: undefined,
  concurrency: undefined,
  signal: undefined,
  catch: false,
}

const CHECKS: Checks<OptimizeOptions> = {
  nTrials: (value) => (value === Infinity ? undefined : must.integerFrom(0)(value)),
  timeoutMs: must.above(0),
  concurrency: must.integerFrom(1),
  signal: (value) => (value instanceof AbortSignal ? undefined : 'must be an AbortSignal.'),
  catch: must.beBoolean,
}

/** What the loop needs of a study. */
export interface OptimizeDesk<Config> {
  readonly limit: ConcurrencyLimit | undefined
  /** Whether the searcher comes to an end by itself. */
  readonly ends: boolean
  /** How many trials have ended. */
  endedCount(): number
  /** Resolves when one more has. */
  nextEnd(): Promise<void>
  ask(): Promise<StudyTrial<Config>>
  tell(
    trial: StudyTrial<Config>,
    result: number | readonly number[] | { readonly state: 'pruned' | 'failed' },
  ): Promise<unknown>
}

/** Asks, runs the objective and tells, `concurrency` at a time, until one of the options ends it. */
export async function optimize<Config>(
  desk: OptimizeDesk<Config>,
  objective: ObjectiveFunction<Config>,
  given: OptimizeOptions,
): Promise<void> {
  const options = readOptions('optimize', given, DEFAULTS, CHECKS)
  if (typeof objective !== 'function') {
    throw new OptionError(
      'optimize',
      'optimize takes the objective, a function of the trial, and then its options.',
      { received: objective },
    )
  }
  const { nTrials = Infinity, timeoutMs, signal } = options
  if (nTrials === Infinity && timeoutMs === undefined && signal === undefined && !desk.ends) {
    throw new OptionError('optimize', 'optimize would never end. Give nTrials, timeoutMs or signal.', {
      received: given,
    })
  }
  const { max = Infinity, batch = false } = desk.limit ?? {}
  const concurrency = Math.min(max, options.concurrency ?? (max === Infinity ? 1 : max))
  const loop = new Loop(desk, objective, {
    deadline: timeoutMs === undefined ? Infinity : Date.now() + timeoutMs,
    signal,
    catches: options.catch,
  })
  for (let left = nTrials; left > 0 && !loop.isOver; left -= max) {
    loop.left = batch ? Math.min(left, max) : left
    await Promise.all(Array.from({ length: concurrency }, () => loop.work()))
    if (!batch) break
  }
  if (loop.errors.length > 0) throw loop.errors[0]
}

interface Bounds {
  readonly deadline: number
  readonly signal: AbortSignal | undefined
  readonly catches: boolean
}

class Loop<Config> {
  readonly #desk: OptimizeDesk<Config>
  readonly #objective: ObjectiveFunction<Config>
  readonly #bounds: Bounds
  readonly errors: unknown[] = []
  /** How many trials may still be begun. */
  left = 0
  #finished = false

  constructor(desk: OptimizeDesk<Config>, objective: ObjectiveFunction<Config>, bounds: Bounds) {
    this.#desk = desk
    this.#objective = objective
    this.#bounds = bounds
  }

  get isOver(): boolean {
    const { deadline, signal } = this.#bounds
    return this.#finished || this.errors.length > 0 || signal?.aborted === true || Date.now() >= deadline
  }

  /** One of those that work at once. */
  async work(): Promise<void> {
    while (this.left > 0 && !this.isOver) {
      this.left--
      const trial = await this.#ask()
      if (trial !== undefined) await this.#run(trial)
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
        if (code === 'finished') this.#finished = true
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
      await this.#desk
        .tell(trial, { state: isPruned ? 'pruned' : 'failed' })
        .catch((untold: unknown) => this.errors.push(untold))
    }
  }
}
