import type { Metrics } from '../core/metrics.ts'
import { must, readOptions } from '../core/options.ts'
import type { Resources } from '../core/trial.ts'
import { OptionError } from '../errors.ts'

/**
 * What is tuned. The forms of functions are told apart by what a call returns, so transpiled ones work too:
 * - `async (config, trial) => …` awaits `trial.report(metrics)`; a plain object that it returns is one last report;
 * - `async function* (config, trial)`: `yield metrics` reports and comes back when the trial may go on;
 * - `function* (config, trial)`: the same without promises, the fastest form; its only ways to wait are
 *   `yield trial.sleep(ms)` and `yield trial.report(metrics, { checkpoint })`;
 * - `(config) => metrics`: a plain computation with one report;
 * - what `defineTrainable` returns.
 */
export type Trainable<Config = Record<string, unknown>> = TrainableFunction<Config> | SteppedTrainable<Config>

/** A trainable written as a function, of any of the four forms. `config` is its own copy. */
export type TrainableFunction<Config = Record<string, unknown>> = (
  config: Config,
  trial: Trial,
) =>
  | Metrics
  | void
  | Promise<Metrics | void>
  | Generator<Metrics | Sleep | Reported, Metrics | void, undefined>
  | AsyncGenerator<Metrics | void, Metrics | void, undefined>

/** What `trial.sleep` returns. Await it, or yield it in a generator; it began at the call. */
export interface Sleep extends Promise<void> {
  readonly kind: 'sleep'
}

/** What `trial.report` returns: it resolves when the trial may go on. Await it, or yield it in a generator. */
export interface Reported extends Promise<void> {
  readonly kind: 'report'
}

/** What goes along with a report. */
export interface ReportOptions {
  /** A place to go on from: what `structuredClone` can copy, which happens at the call. */
  readonly checkpoint?: unknown
}

/** The trial that a trainable runs for: its second argument. The methods can be taken off it. */
export interface Trial {
  /** Unique within the experiment. */
  readonly id: string
  /** From 0, in the order in which trials were made. */
  readonly number: number
  /** From 1; counts the starts of this trial: after failures, and from checkpoints. */
  readonly attempt: number
  readonly resources: Resources
  /** Aborts when the trial has to leave, with the `TrialStopped` as reason. Give it to `fetch` and the like. */
  readonly signal: AbortSignal
  /** The checkpoint to go on from, as it was given to `report` or `save`; undefined on a fresh start. */
  readonly checkpoint: unknown
  /**
   * Reports metrics: numbers, and whatever else plain data can say. They are copied at the call.
   * @returns Resolves when the trial may go on, which can be much later: this is how a trial is paused. Several may be
   * under way; they arrive in order. One that nobody awaits never becomes an unhandled rejection.
   * @throws {TrialStopped} (rejects) when the trial has to leave, or has ended. Let it pass.
   * @throws {OptionError} (rejects) for what cannot be recorded: a function, an instance of a class, a circular value.
   * Nothing is sent then, and the trial fails unless this is caught.
   */
  readonly report: (metrics: Metrics, options?: ReportOptions) => Reported
  /**
   * Waits on the experiment's clock, which is virtual in `simulate`.
   * @param ms - Milliseconds, from 0.
   * @throws {TrialStopped} (rejects) when the trial has to leave meanwhile. A sleep that starts after that sleeps
   * really, since code that cleans up may need it.
   * @throws {OptionError} at once for a negative number, NaN or Infinity.
   */
  readonly sleep: (ms: number) => Sleep
  /** Uniform in [0, 1), the same draws for the same seed and trial. Each attempt draws from the start again. */
  readonly random: () => number
  /**
   * Notes something about the trial, which its record keeps.
   * @throws {OptionError} when `value` is not plain data.
   */
  readonly setUserAttr: (key: string, value: unknown) => void
  /**
   * Says how far the trial is from what it must keep to.
   * @param value - At most 0 when it keeps to it, such as `used - limit`. ±Infinity is allowed.
   * @throws {OptionError} for NaN and what is not a number.
   */
  readonly setConstraint: (key: string, value: number) => void
  readonly logger: TrialLogger
}

/** Lines that go to the experiment's `trial.log` events. Fields that cannot be copied are described instead. */
export interface TrialLogger {
  readonly debug: Log
  readonly info: Log
  readonly warn: Log
  readonly error: Log
}

type Log = (message: string, fields?: Readonly<Record<string, unknown>>) => void

/** A trainable in steps. Each member may be async; one that throws fails the trial. */
export interface TrainableDefinition<Config, State, Saved = unknown> {
  /** Makes the state that the other members are given. */
  readonly setup: (config: Config, trial: Trial) => State | Promise<State>
  /**
   * One step, and its report. `done: true` beside the metrics says that it was the last; the key `done` is not
   * recorded.
   */
  readonly step: (state: State, trial: Trial) => Metrics | Promise<Metrics>
  /** A checkpoint of the state, of what `structuredClone` can copy. Needs `load`. Never called while `step` runs. */
  readonly save?: ((state: State) => Saved | Promise<Saved>) | undefined
  /** Brings a state that was just set up to a checkpoint, its own copy. */
  readonly load?: ((state: State, value: Saved) => void | Promise<void>) | undefined
  /**
   * Takes over another configuration when the trial exploits another one, in place of `cleanup` and `setup`;
   * `load` follows with the other's checkpoint.
   */
  readonly reset?: ((state: State, config: Config) => void | Promise<void>) | undefined
  /** Releases what the state holds. Called once after `setup`, however the trial ended. */
  readonly cleanup?: ((state: State) => void | Promise<void>) | undefined
}

/** What `defineTrainable` returns. */
export interface SteppedTrainable<Config = Record<string, unknown>> {
  readonly kind: 'stepped'
  /** Runs `setup`. For executors. */
  readonly setUp: (config: Config, trial: Trial) => Promise<Stepper<Config>>
}

/** A stepped trainable with the state that it set up: the definition's members, bound to it. For executors. */
export interface Stepper<Config> {
  step(trial: Trial): unknown
  readonly save: (() => unknown) | undefined
  readonly load: ((value: unknown) => unknown) | undefined
  readonly reset: ((config: Config) => unknown) | undefined
  readonly cleanup: (() => unknown) | undefined
}

const DEFAULTS = {
  setup: undefined,
  step: undefined,
  save: undefined,
  load: undefined,
  reset: undefined,
  cleanup: undefined,
}

const CHECKS = {
  setup: must.beFunction,
  step: must.beFunction,
  save: must.beFunction,
  load: must.beFunction,
  reset: must.beFunction,
  cleanup: must.beFunction,
}

/**
 * Makes a trainable that runs in steps, so that it can be saved, stopped and gone on with between any two of them:
 * what population-based training needs.
 * @throws {OptionError} for an unknown key, a member that is no function, one of `setup` and `step` missing, or `save`
 * without `load`.
 * @example
 * const trainable = defineTrainable({
 *   setup: (config: { lr: number }) => ({ lr: config.lr, weight: 0 }),
 *   step: (state) => ({ loss: (state.weight += state.lr * (1 - state.weight)) }),
 *   save: (state) => state.weight,
 *   load: (state, weight) => void (state.weight = weight),
 * })
 */
export function defineTrainable<Config, State, Saved = unknown>(
  definition: TrainableDefinition<Config, State, Saved>,
): SteppedTrainable<Config> {
  const { setup, step, save, load, reset, cleanup } = readOptions(
    'defineTrainable',
    definition,
    DEFAULTS,
    CHECKS,
  )
  for (const [key, member] of Object.entries({ setup, step })) {
    if (member !== undefined) continue
    throw new OptionError(
      `defineTrainable.${key}`,
      `defineTrainable needs setup and step, and ${key} is missing. Give setup: (config) => state and step: (state) => metrics.`,
    )
  }
  if (save !== undefined && load === undefined) {
    throw new OptionError(
      'defineTrainable.load',
      'defineTrainable has save, but no load, so a trial that goes on from a checkpoint would begin from scratch while its training_iteration goes on. Give load: (state, value) => …, or leave save out.',
    )
  }
  return {
    kind: 'stepped',
    async setUp(config, trial) {
      const state = await setup(config, trial)
      return {
        step: (current) => step(state, current),
        save: save && (() => save(state)),
        // What `save` gave is all that it is ever given.
        load: load && ((value) => load(state, value as Saved)),
        reset: reset && ((next) => reset(state, next)),
        cleanup: cleanup && (() => cleanup(state)),
      }
    },
  }
}

/** Whether `value` is a function, or comes from `defineTrainable`. */
export function isTrainable(value: unknown): value is Trainable<never> {
  if (typeof value === 'function') return true
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'stepped'
}
