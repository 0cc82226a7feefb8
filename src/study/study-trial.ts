import type { LogRecord } from '../core/log.ts'
import { constraintValue, plainAttr } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { OptionError, TroupeError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { copyPlain } from '../space/same-value.ts'
import type { Domain } from '../space/space.ts'
import { SuggestRecorder, type SuggestOptions, type SuggestTrial } from '../space/suggest.ts'
import { superseded } from './refusals.ts'
import { placeAt, type StudyTrialData } from './study-state.ts'

/**
 * A trial of a study, from `ask` to `tell`. Its `suggest…` methods answer at once: with the trial's own parameters, with
 * what the searcher proposed for a name, or with a draw for that name alone. All that is written here is kept when the
 * trial is told, or flushed.
 */
export interface StudyTrial<Config = Record<string, unknown>> extends SuggestTrial {
  readonly id: string
  readonly number: number
  /**
   * From 1. Above it, the process that ran the trial before is gone, and this one begins it anew with the same parameters.
   */
  readonly attempt: number
  /** The configuration. Parameters that `suggest…` adds appear in it. */
  readonly config: Config
  /**
   * Reports how the trial does.
   * @param step - How far it is, such as the epoch. A finite number from 0, each once.
   * @param value - One value an objective; NaN is a value here.
   * @throws {OptionError} for a step that was reported, or values that do not fit the objectives.
   */
  report(step: number, value: number | readonly number[]): void
  /**
   * Whether the study's scheduler has stopped this trial, by all that was reported so far: in this process, and in others
   * up to the last `ask` or `tell`. False without a scheduler. True when the trial was given to another process.
   */
  shouldPrune(): boolean
  /** Attaches plain data to the trial, under a name. */
  setUserAttr(key: string, value: unknown): void
  /** How much a bound is overstepped: ≤ 0 is feasible. @throws {OptionError} for NaN, or what is no number. */
  setConstraint(key: string, value: number): void
  /**
   * Resolves when all that was written so far is kept.
   * @throws {StorageError} (rejects) when the store cannot keep it.
   * @throws {TroupeError} (rejects) with code `'superseded'` when the trial was given to another process, `'told'` when one
   *   has told how it ended: what was not kept until then is lost.
   */
  flush(): Promise<void>
}

/** What a trial needs of its study. */
export interface TrialDesk {
  readonly objectiveCount: number
  /** Takes down one change, to be kept later. */
  note(record: LogRecord & { readonly trial: number }): void
  report(trial: StudyTrialData, step: number, values: readonly number[]): void
  hasLost(trial: number): boolean
  flush(trial: { readonly number: number; readonly attempt: number }): Promise<void>
}

/** What the trial's parameters come from. */
export interface Draws {
  /** Its own parameters, or what the searcher proposes for names that may come. */
  readonly point: Params
  /** Whether a value of `point` outside of what is suggested is an error, or is drawn anew. */
  readonly strict: boolean
  /** Domains that the space has for the trial's own parameters. */
  readonly declared: Readonly<Record<string, Domain>>
  /** Forked by name. */
  readonly random: RandomStream
}

/** The trial that `ask` gives. */
export class AskedTrial<Config> implements StudyTrial<Config> {
  readonly id: string
  readonly number: number
  readonly attempt: number
  readonly config: Config
  readonly #data: StudyTrialData
  readonly #desk: TrialDesk
  readonly #recorder: SuggestRecorder

  constructor(data: StudyTrialData, desk: TrialDesk, { point, strict, declared, random }: Draws) {
    this.id = data.id
    this.number = data.number
    this.attempt = data.attempt
    this.config = copyPlain(data.config) as Config
    this.#data = data
    this.#desk = desk
    this.#recorder = new SuggestRecorder(point, (name) => random.fork(name), { strict, declared })
  }

  suggestFloat(name: string, low: number, high: number, options?: SuggestOptions): number {
    return this.#keep(name, this.#recorder.suggestFloat(name, low, high, options))
  }

  suggestInt(name: string, low: number, high: number, options?: SuggestOptions): number {
    return this.#keep(name, this.#recorder.suggestInt(name, low, high, options))
  }

  suggestCategorical<const T>(name: string, choices: readonly T[]): T {
    return this.#keep(name, this.#recorder.suggestCategorical(name, choices))
  }

  report(step: number, value: number | readonly number[]): void {
    this.#mustRun('report')
    readStep('report.step', step)
    if (this.#data.intermediate.has(step)) {
      throw new OptionError(
        'report.step',
        `Trial ${this.number} has already reported step ${step}. Report each step once.`,
        {
          received: step,
        },
      )
    }
    const values = readValues('report', value, this.#desk.objectiveCount)
    this.#desk.report(this.#data, step, values)
  }

  shouldPrune(): boolean {
    return this.#isSuperseded || this.#desk.hasLost(this.number)
  }

  setUserAttr(key: string, value: unknown): void {
    this.#mustRun('setUserAttr')
    this.#note({ type: 'trial.attr', key, value: plainAttr('setUserAttr', key, value) })
  }

  setConstraint(key: string, value: number): void {
    this.#mustRun('setConstraint')
    this.#note({
      type: 'trial.constraint',
      key,
      value: constraintValue('setConstraint', key, value),
    })
  }

  /** Whether this study gave it: another one may have the same numbers and, by the same seed, ids. */
  isOf(desk: TrialDesk): boolean {
    return this.#desk === desk
  }

  flush(): Promise<void> {
    return this.#desk.flush(this)
  }

  get #isSuperseded(): boolean {
    return this.#data.attempt !== this.attempt
  }

  #keep<T>(path: string, value: T): T {
    // What has ended may still read what it has.
    if (!this.#isSuperseded && Object.hasOwn(this.#data.params, path)) return value
    this.#mustRun(`suggest ${path}`)
    placeAt(this.config as Record<string, unknown>, path, value)
    this.#note({ type: 'trial.suggested', path, value, domain: this.#recorder.domains[path] as object })
    return value
  }

  #note(change: Note): void {
    this.#desk.note({ at: Date.now(), trial: this.number, ...change })
  }

  #mustRun(what: string): void {
    if (this.#isSuperseded) throw superseded(this.number)
    if (this.#data.state === 'running') return
    throw new TroupeError(
      'ended',
      `Trial ${this.number} is ${this.#data.state}, so it can no longer ${what}. Do that before it is told.`,
    )
  }
}

type Note =
  | { readonly type: 'trial.attr'; readonly key: string; readonly value: unknown }
  | { readonly type: 'trial.constraint'; readonly key: string; readonly value: number }
  | {
      readonly type: 'trial.suggested'
      readonly path: string
      readonly value: unknown
      readonly domain: object
    }

/** @throws {OptionError} for what is no finite number from 0. */
export function readStep(owner: string, step: unknown): number {
  if (typeof step === 'number' && step >= 0 && step < Infinity) return step
  throw new OptionError(owner, `${owner} must be a finite number from 0, got ${describe(step)}.`, {
    received: step,
  })
}

/**
 * One value an objective, from what the user gave for all of them.
 * @throws {OptionError} when these are not as many numbers as there are objectives. NaN is a number.
 */
export function readValues(owner: string, given: unknown, objectiveCount: number): readonly number[] {
  const values: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (values.length === objectiveCount && values.every((value) => typeof value === 'number'))
    return [...values]
  const expected =
    objectiveCount === 1 ? 'one number' : `an array of ${objectiveCount} numbers, one for each objective`
  throw new OptionError(`${owner}.values`, `${owner} takes ${expected}, got ${describe(given)}.`, {
    received: given,
  })
}
