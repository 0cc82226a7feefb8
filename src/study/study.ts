import type { Objective } from '../core/objective.ts'
import { plainAttr } from '../core/metrics.ts'
import { compareRanked, isFeasible, type Ranked } from '../core/order.ts'
import { describe, must, readOptions } from '../core/options.ts'
import { paretoFront } from '../core/pareto.ts'
import { NoResultError, OptionError, TroupeError } from '../errors.ts'
import { violationOf } from '../searchers/losses.ts'
import type { ToldTrial } from '../searchers/searcher.ts'
import { readSpace } from '../space/read-space.ts'
import type { SpaceDefinition } from '../space/space.ts'
import type { CheckedSpace, ConfigOf } from '../space/types.ts'
import { readAddedTrial, readConfig, type TrialToAdd } from './added-trial.ts'
import {
  type ObjectiveFunction,
  optimize,
  type OptimizeDesk,
  type OptimizeEnd,
  type OptimizeOptions,
} from './optimize.ts'
import type { TellOptions } from './outcome.ts'
import type { StudyKeeper } from './study-keeper.ts'
import type { StudyParts } from './study-parts.ts'
import type { Direction } from './study-objectives.ts'
import { type StudyTrialData, type StudyTrialRecord, toldTrial } from './study-state.ts'
import { StudyStoppers } from './study-stoppers.ts'
import type { StudyTrial } from './study-trial.ts'

/** How `enqueueTrial` adds to the queue. */
export interface EnqueueOptions {
  /** Whether a configuration is left out that a trial, in whatever state, has already. Default false. */
  readonly skipIfExists?: boolean | undefined
}

/** How `tell` treats a trial that was told before. */
export interface RetellOptions {
  /** Whether it is left as it is; else that is an error. Default false. */
  readonly skipIfFinished?: boolean | undefined
}

const RETELL_DEFAULTS = { skipIfFinished: false }
const RETELL_CHECKS = { skipIfFinished: must.beBoolean }

/**
 * Ask for a configuration, run it however you like, tell how it went: a search without a Tuner.
 * Made by `createStudy` and `loadStudy`.
 *
 * Several processes may have a study open at once, where the store lets several write: then no number is given twice, each
 * waiting trial goes to one of them, and each searcher learns from the trials of all. A process sees what others have kept
 * up to its last `ask` or `tell`. When one is gone without `close`, and was not heard of for `leaseMs`, the trials that it
 * ran are asked for again, as a further `attempt`, by whoever asks next; after three attempts a trial has failed. What a
 * process says of a trial that was given to another one is refused. Trials that still run when a study is closed stay as
 * they are: whoever knows how they went tells that by their numbers.
 */
export class Study<Config = Record<string, unknown>> {
  readonly name: string
  readonly #parts: StudyParts
  readonly #keeper: StudyKeeper

  /** @internal */
  constructor(parts: StudyParts, keeper: StudyKeeper) {
    this.name = parts.name
    this.#parts = parts
    this.#keeper = keeper
  }

  /** Names of the values, in their order. */
  get metricNames(): readonly string[] {
    return this.#parts.objectives.map(({ metric }) => metric)
  }

  /** What is optimised: names and modes of the values, as a Tuner has them. */
  get objectives(): readonly Objective[] {
    return this.#parts.objectives
  }

  get directions(): readonly Direction[] {
    return this.#parts.objectives.map(({ mode }) => (mode === 'min' ? 'minimize' : 'maximize'))
  }

  /** @throws {TroupeError} when there are several. */
  get direction(): Direction {
    this.#mustHaveOne('direction', 'directions')
    return this.directions[0] as Direction
  }

  get userAttrs(): Readonly<Record<string, unknown>> {
    return { ...this.#parts.state.userAttrs }
  }

  /**
   * All trials, by number, as plain records: those of this process, and of others up to the last `ask` or `tell`.
   * They are made at each call, their configurations as copies: keep the array when you go through it often.
   */
  get trials(): readonly StudyTrialRecord<Config>[] {
    return this.#parts.state.trials.map((trial) => this.#record(trial))
  }

  /**
   * The best of the completed trials: feasible before infeasible, then by value, then by number. Where none is feasible it
   * breaks constraints, which its `constraints` show; `leastViolatingTrial` may be of more use then.
   * @throws {NoResultError} when none has completed.
   * @throws {TroupeError} with several objectives; see `bestTrials`.
   */
  get bestTrial(): StudyTrialRecord<Config> {
    this.#mustHaveOne('bestTrial', 'bestTrials')
    const { mode } = this.#parts.objectives[0] as Objective
    let best: StudyTrialData | undefined
    for (const trial of this.#completed()) {
      if (best === undefined || compareRanked(ranked(trial), ranked(best), mode) < 0) best = trial
    }
    if (best !== undefined) return this.#record(best)
    throw this.#noneCompleted()
  }

  /**
   * The completed trials that no other one beats in every objective, by number; feasible ones beat all others. Only where
   * none is feasible they break constraints, as `bestTrial` then does (Optuna's `best_trials` is empty there).
   */
  get bestTrials(): readonly StudyTrialRecord<Config>[] {
    return paretoFront(this.#completed(), this.#parts.objectives).map((trial) => this.#record(trial))
  }

  /**
   * The completed trial that breaks its constraints least, by the sum of what is above 0: the nearest to feasible as long
   * as none is. Of those that break them equally the earliest; a feasible one breaks them by 0.
   * @throws {NoResultError} when none has completed.
   */
  get leastViolatingTrial(): StudyTrialRecord<Config> {
    let least: StudyTrialData | undefined
    for (const trial of this.#completed()) {
      if (least === undefined || violationOf(trial) < violationOf(least)) least = trial
    }
    if (least !== undefined) return this.#record(least)
    throw this.#noneCompleted()
  }

  /** The trials that have ended, by number, with the domains of their parameters: as `importance` reads them. */
  endedTrials(): readonly ToldTrial[] {
    return this.#parts.state.trials.filter(({ endedAt }) => endedAt !== undefined).map(toldTrial)
  }

  /**
   * The next trial: one that a process has left which is gone, else the first that was enqueued, else the next of
   * `pointsToEvaluate`, else what the searcher proposes.
   * @param space - Where this trial alone is searched. Default: the study's space; without one the trial is searched as
   *   far as the searcher knows the parameters from earlier trials, and says through `suggest…` what it needs.
   *
   * How many trials run at once is up to you: the limit of a `concurrencyLimiter` holds for `optimize` and for a Tuner,
   * and `ask` goes beyond it.
   * @throws {TroupeError} (rejects) with code `'finished'` when the searcher has nothing left, or `duplicates: 'reuse'`
   *   and each configuration of the space has a result; with code `'wait'` when it needs the result of a trial that
   *   runs, first.
   * @throws {SpaceError} (rejects) for an enqueued configuration or a point that does not fit; that trial has failed.
   */
  ask(): Promise<StudyTrial<Config>>
  ask<const S extends SpaceDefinition>(space: S & CheckedSpace<S>): Promise<StudyTrial<ConfigOf<S>>>
  async ask(definition?: SpaceDefinition): Promise<StudyTrial<unknown>> {
    const space = definition === undefined ? undefined : readSpace(definition, { owner: 'ask' })
    return this.#keeper.alone(() => this.#keeper.ask<unknown>(space))
  }

  /**
   * Tells how a trial ended, and keeps it. A value that is NaN makes it failed.
   * @param trial - The trial that this study’s `ask` gave, or its number, which may be of an earlier process.
   * @param result - One value, an array with one an objective, or `{ state, values }`. A failed trial has no values.
   * @param options.skipIfFinished - Leaves a trial that has ended as it is, in place of an error. Default false.
   * @returns The trial as it is now.
   * @throws {TroupeError} (rejects) with code `'told'` for a trial that has ended, here or in another process,
   *   `'superseded'` for one that was given to another process, `'unknownTrial'` for one that is not of this study.
   * @throws {StorageError} (rejects) when the store cannot keep it; then the trial runs on, and may be told again.
   * @throws {OptionError} (rejects) when the values do not fit the objectives or the state, or a key is unknown.
   */
  tell(
    trial: Pick<StudyTrial, 'id' | 'number'> | number,
    result: number | readonly number[] | TellOptions,
    options: RetellOptions = {},
  ): Promise<StudyTrialRecord<Config>> {
    return this.#keeper.alone(async () => {
      const { skipIfFinished } = readOptions('tell', options, RETELL_DEFAULTS, RETELL_CHECKS)
      return this.#record(await this.#keeper.tell(trial, result, skipIfFinished))
    })
  }

  /**
   * Runs an objective on trial after trial, and tells how each went.
   * @returns How it came to its end.
   * @throws {OptionError} (rejects) when nothing would ever end it.
   * @throws What the objective threw (rejects), unless `catch` is set; its trial has failed.
   */
  optimize(
    objective: ObjectiveFunction<Config>,
    options: OptimizeOptions<Config, Study<Config>> = {},
  ): Promise<OptimizeEnd> {
    const { objectives, searcher, state } = this.#parts
    const { limit, exhaustive = false } = searcher
    const keeper = this.#keeper
    const desk: OptimizeDesk<Config, Study<Config>> = {
      study: this,
      objectives,
      limit,
      ends: exhaustive,
      endedCount: () => state.ended.length,
      boundOf: (trial) => keeper.boundOf(trial.number),
      watch(stoppers) {
        const past = state.ended.map((number) => state.trials[number] as StudyTrialData)
        const watching = new StudyStoppers(stoppers, objectives, past, Date.now())
        return { watching, end: keeper.watch.watch(watching) }
      },
      nextEnd: () => keeper.watch.nextEnd(),
      ask: () => this.ask(),
      tell: (trial, result) => this.tell(trial, result),
    }
    return optimize(desk, objective, options)
  }

  /**
   * Puts a configuration in the queue of what is asked next, as a waiting trial. It may be partial.
   * @param options.skipIfExists - Leaves it out when a trial, in whatever state, has the same. Default false.
   * @returns Whether it was put there.
   * @throws {SpaceError} (rejects) for an unknown key or a value out of range; in a define-by-run space, `ask` does.
   */
  async enqueueTrial(config: object, options: EnqueueOptions = {}): Promise<boolean> {
    const { skipIfExists } = readOptions(
      'enqueueTrial',
      options,
      { skipIfExists: false },
      { skipIfExists: must.beBoolean },
    )
    const checked = readConfig('enqueueTrial', config)
    return this.#keeper.alone(() => this.#keeper.enqueue(checked, skipIfExists))
  }

  /**
   * Adds a trial that was run elsewhere. The searcher learns from it.
   * @throws {SpaceError} (rejects) when its configuration is not in the space.
   * @throws {OptionError} (rejects) when its values do not fit the objectives or its state, or something else of it is
   *   not what `TrialToAdd` says.
   */
  async addTrial(trial: TrialToAdd): Promise<void> {
    const { state, values, resolved, between, startedAt, endedAt } = readAddedTrial(trial, this.#parts)
    const end = { source: 'given', state, values, between, startedAt, endedAt } as const
    await this.#keeper.alone(() => this.#keeper.addEnded(resolved, end))
  }

  /**
   * Adds several trials that were run elsewhere, in order. When one is refused, those before it are there.
   * @throws {OptionError} (rejects) for what is no array, and as `addTrial`.
   */
  async addTrials(trials: readonly TrialToAdd[]): Promise<void> {
    if (!Array.isArray(trials)) {
      throw new OptionError(
        'addTrials',
        `addTrials takes an array of trials, got ${describe(trials)}. Use addTrial for one.`,
        { received: trials },
      )
    }
    for (const trial of trials) await this.addTrial(trial)
  }

  /** Attaches plain data to the study, under a name, and keeps it. */
  async setUserAttr(key: string, value: unknown): Promise<void> {
    const plain = plainAttr('setUserAttr', key, value)
    await this.#keeper.alone(() => this.#keeper.setStudyAttr(key, plain))
  }

  /**
   * Keeps what is not kept yet, and lets go of the storage; one that was given by its URL is closed. Nothing can be asked
   * or told afterwards.
   */
  close(): Promise<void> {
    return this.#keeper.alone(() => this.#keeper.close())
  }

  #record(trial: StudyTrialData): StudyTrialRecord<Config> {
    return this.#parts.state.record(trial) as StudyTrialRecord<Config>
  }

  #completed(): StudyTrialData[] {
    return this.#parts.state.trials.filter(({ state }) => state === 'completed')
  }

  #noneCompleted(): NoResultError {
    return new NoResultError(
      `No trial of ${this.name} has completed, so there is no best one. Tell one its value first.`,
    )
  }

  #mustHaveOne(single: string, several: string): void {
    if (this.#parts.objectives.length === 1) return
    throw new TroupeError(
      'objectives',
      `${single} is for one objective, and ${this.name} has ${this.metricNames.length} (${this.metricNames.join(', ')}). Use ${several}.`,
    )
  }
}

function ranked({ number, values, constraints }: StudyTrialData): Ranked {
  return { number, value: values?.[0], feasible: isFeasible(constraints) }
}
