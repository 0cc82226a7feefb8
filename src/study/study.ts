import type { LogRecord } from '../core/log.ts'
import type { Objective as ObjectiveSpec } from '../core/objective.ts'
import { compareRanked, isFeasible } from '../core/order.ts'
import { describe, readOptions } from '../core/options.ts'
import { paretoFront } from '../core/pareto.ts'
import type { EndState, TrialState } from '../core/trial.ts'
import { NoResultError, OptionError, TroupeError } from '../errors.ts'
import { idMaker, type RandomStream } from '../random/random.ts'
import type { SearchSession, TrialAnswer } from '../searchers/session.ts'
import { readSpace } from '../space/read-space.ts'
import { pointKey } from '../space/encoding.ts'
import type { Space, SpaceDefinition } from '../space/space.ts'
import type { ConfigOf } from '../space/types.ts'
import type { OpenLog } from '../stores/store.ts'
import { optimize, type Objective, type OptimizeOptions } from './optimize.ts'
import type { Pruner } from './pruner.ts'
import { lastValues, type StudyState, type StudyTrialData, type StudyTrialRecord, toldTrial } from './study-state.ts'
import { AskedTrial, readAttr, readValues, type StudyTrial, type TrialDesk } from './study-trial.ts'

/** Which way the values of an objective should go. */
export type Direction = 'minimize' | 'maximize'

/** How a trial ended, when not by values alone. */
export interface TellOptions {
  readonly state: 'completed' | 'pruned' | 'failed'
  /** One value an objective. Of a pruned trial, default: those that it reported last. */
  readonly values?: number | readonly number[] | undefined
}

/** A trial that was run elsewhere. */
export interface AddedTrial {
  readonly config: object
  /** Default `'completed'`. */
  readonly state?: EndState | undefined
  /** One value an objective; needed when it completed. */
  readonly values?: number | readonly number[] | undefined
  readonly intermediateValues?: readonly (readonly [step: number, value: number | readonly number[]])[] | undefined
  readonly userAttrs?: Readonly<Record<string, unknown>> | undefined
  readonly constraints?: Readonly<Record<string, number>> | undefined
  /** Milliseconds since 1970. Default: now. */
  readonly startedAt?: number | undefined
  readonly endedAt?: number | undefined
  /** What the configuration was drawn from. Default: the study's space; without any, searchers learn nothing from it. */
  readonly space?: SpaceDefinition | undefined
}

/** What a study is made of, once it was read. */
export interface StudyParts {
  readonly name: string
  readonly objectives: readonly ObjectiveSpec[]
  readonly log: OpenLog
  readonly state: StudyState
  readonly session: SearchSession
  readonly pruner: Pruner | undefined
  /** Undefined when each trial says by itself what it needs. */
  readonly space: Space | undefined
  readonly random: RandomStream
}

// So many trials in a row may take over results, before that is an error: the searcher has nothing new.
const REUSED_MAX = 1_000

/**
 * Ask for a configuration, run it however you like, tell how it went: a search without a Tuner.
 * Made by `createStudy` and `loadStudy`. One study writes to its log at a time.
 */
export class Study<Config = Record<string, unknown>> {
  readonly name: string
  readonly #objectives: readonly ObjectiveSpec[]
  readonly #log: OpenLog
  readonly #state: StudyState
  readonly #session: SearchSession
  readonly #pruner: Pruner | undefined
  readonly #space: Space | undefined
  readonly #random: RandomStream
  // Changes that are not kept yet, by trial.
  readonly #buffers = new Map<number, LogRecord[]>()
  readonly #desk: TrialDesk
  readonly #onEnd: (() => void)[] = []
  #queue: Promise<unknown> = Promise.resolve()

  /** @internal */
  constructor({ name, objectives, log, state, session, pruner, space, random }: StudyParts) {
    this.name = name
    this.#objectives = objectives
    this.#log = log
    this.#state = state
    this.#session = session
    this.#pruner = pruner
    this.#space = space
    this.#random = random
    this.#desk = {
      objectiveCount: objectives.length,
      note: (record) => this.#note(record),
      report: (trial, step, values) => this.#report(trial, step, values),
      hasLost: (trial) => this.#pruner?.hasLost(trial) === true,
      flush: (trial) => this.#alone(() => this.#flush(trial)),
    }
  }

  /** Names of the values, in their order. */
  get metricNames(): readonly string[] {
    return this.#objectives.map(({ metric }) => metric)
  }

  get directions(): readonly Direction[] {
    return this.#objectives.map(({ mode }) => (mode === 'min' ? 'minimize' : 'maximize'))
  }

  /** @throws {TroupeError} when there are several. */
  get direction(): Direction {
    this.#mustHaveOne('direction', 'directions')
    return this.directions[0] as Direction
  }

  get userAttrs(): Readonly<Record<string, unknown>> {
    return { ...this.#state.userAttrs }
  }

  /** All trials, by number, as plain records: those of this process, and of others up to when the study was opened. */
  get trials(): readonly StudyTrialRecord<Config>[] {
    return this.#state.trials.map((trial) => this.#record(trial))
  }

  /**
   * The best of the completed trials: feasible before infeasible, then by value, then by number.
   * @throws {NoResultError} when none has completed.
   * @throws {TroupeError} with several objectives; see `bestTrials`.
   */
  get bestTrial(): StudyTrialRecord<Config> {
    this.#mustHaveOne('bestTrial', 'bestTrials')
    const { mode } = this.#objectives[0] as ObjectiveSpec
    let best: StudyTrialData | undefined
    for (const trial of this.#completed()) {
      if (best === undefined || compareRanked(ranked(trial), ranked(best), mode) < 0) best = trial
    }
    if (best !== undefined) return this.#record(best)
    throw new NoResultError(`No trial of ${this.name} has completed, so there is no best one. Tell one its value first.`)
  }

  /** The completed and feasible trials that no other one beats in every objective, by number. */
  get bestTrials(): readonly StudyTrialRecord<Config>[] {
    const feasible = this.#completed().filter(({ constraints }) => isFeasible(constraints))
    return paretoFront(feasible, this.#objectives).map((trial) => this.#record(trial))
  }

  /**
   * The next trial: the first that was enqueued, else the next of `pointsToEvaluate`, else what the searcher proposes.
   * @param space - Where this trial alone is searched. Default: the study's space; without one the trial is searched as
   *   far as the searcher knows the parameters from earlier trials, and says through `suggest…` what it needs.
   * @throws {TroupeError} (rejects) with code `'finished'` when the searcher has nothing left; with code `'wait'` when it
   *   needs the result of a trial that runs, first.
   * @throws {SpaceError} (rejects) for an enqueued configuration or a point that does not fit; that trial has failed.
   */
  ask(): Promise<StudyTrial<Config>>
  ask<const S extends SpaceDefinition>(space: S): Promise<StudyTrial<ConfigOf<S>>>
  async ask(definition?: SpaceDefinition): Promise<StudyTrial<Config>> {
    const space = definition === undefined ? undefined : readSpace(definition, { owner: 'ask' })
    return this.#alone(async () => {
      for (let reused = 0; reused < REUSED_MAX; reused++) {
        const trial = await this.#next(space)
        if (trial !== 'reused') return trial
      }
      throw new TroupeError(
        'duplicates',
        `${this.#session.searcher.name} proposed ${REUSED_MAX} configurations in a row that have a result already. Use duplicates: 'resample'.`,
      )
    })
  }

  /**
   * Tells how a trial ended, and keeps it. A value that is NaN makes it failed.
   * @param trial - The trial, or its number, which may be of an earlier process.
   * @param result - One value, an array with one an objective, or the state.
   * @returns The trial as it is now.
   * @throws {TroupeError} (rejects) with code `'told'` for a trial that has ended, `'unknownTrial'` for one that is not
   *   of this study.
   * @throws {OptionError} (rejects) when the values do not fit the objectives.
   */
  async tell(
    trial: StudyTrial<never> | StudyTrial<Config> | number,
    result: number | readonly number[] | TellOptions,
  ): Promise<StudyTrialRecord<Config>> {
    return this.#alone(async () => {
      const data = this.#running(trial)
      const { state, values } = this.#outcome(data, result)
      await this.#end(data, state, values)
      return this.#record(data)
    })
  }

  /**
   * Runs an objective on trial after trial, and tells how each went.
   * @throws {OptionError} (rejects) when nothing would ever end it.
   * @throws What the objective threw (rejects), unless `catch` is set; its trial has failed.
   */
  optimize(objective: Objective<Config>, options: OptimizeOptions = {}): Promise<void> {
    const { limit, exhaustive = false } = this.#session.searcher
    const desk = {
      limit,
      ends: exhaustive,
      endedCount: () => this.#state.ended.length,
      nextEnd: () => new Promise<void>((resolve) => this.#onEnd.push(resolve)),
      ask: () => this.ask(),
      tell: this.tell.bind(this),
    }
    return optimize(desk, objective, options)
  }

  /**
   * Puts a configuration in the queue of what is asked next, as a waiting trial. It may be partial.
   * @param options.skipIfExists - Leaves it out when a trial, in whatever state, has the same. Default false.
   * @returns Whether it was put there.
   * @throws {SpaceError} (rejects) for an unknown key or a value out of range; in a define-by-run space, `ask` does.
   */
  async enqueueTrial(config: object, options: { readonly skipIfExists?: boolean | undefined } = {}): Promise<boolean> {
    const { skipIfExists } = readOptions('enqueueTrial', options, { skipIfExists: false })
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw new OptionError('enqueueTrial', `enqueueTrial takes a configuration, such as { lr: 0.1 }, got ${describe(config)}.`, { received: config })
    }
    const point = (this.#space ?? OPEN_SPACE).toPoint(config)
    return this.#alone(async () => {
      if (skipIfExists && this.#has(pointKey(point))) return false
      const trial = this.#state.trials.length
      await this.#commit([{ at: Date.now(), type: 'trial.enqueued', trial, id: this.#idOf(trial), config }])
      return true
    })
  }

  /**
   * Adds a trial that was run elsewhere. The searcher learns from it.
   * @throws {SpaceError} (rejects) when its configuration is not in the space.
   * @throws {OptionError} (rejects) when its values do not fit the objectives, or it completed without any.
   */
  addTrial(trial: AddedTrial): Promise<void> {
    return this.#alone(() => this.#add(trial))
  }

  /** Adds several trials that were run elsewhere, in order. */
  async addTrials(trials: readonly AddedTrial[]): Promise<void> {
    for (const trial of trials) await this.addTrial(trial)
  }

  /** Attaches plain data to the study, under a name, and keeps it. */
  setUserAttr(key: string, value: unknown): Promise<void> {
    const plain = readAttr(key, value)
    return this.#alone(() => this.#commit([{ at: Date.now(), type: 'study.attr', key, value: plain }]))
  }

  /** Keeps what is not kept yet, and lets go of the storage. Nothing can be asked or told afterwards. */
  close(): Promise<void> {
    return this.#alone(async () => {
      for (const trial of this.#buffers.keys()) await this.#flush(trial)
      await this.#log.close()
    })
  }
}
