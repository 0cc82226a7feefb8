import type { AnyActorRef } from 'xstate'
import type { ExperimentActor } from '../../machines/experiment.ts'
import type { ExperimentEvent, ExperimentEventName, ExperimentEvents } from '../core/events.ts'
import type { LogRecord } from '../core/log.ts'
import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import type { ExperimentSnapshot } from '../core/snapshot.ts'
import { asError, OptionError, StorageError } from '../errors.ts'
import type { Trainable } from '../executors/trainable.ts'
import type { ExperimentView } from '../results/reporter.ts'
import type { Results } from '../results/results.ts'
import { type EventsDropped, eventStream } from '../runtime/event-stream.ts'
import type { Experiment } from '../runtime/experiment.ts'
import type { Inspector } from '../runtime/inspection.ts'
import { nextMacrotask } from '../runtime/macrotask.ts'
import { realKernel } from '../runtime/real-kernel.ts'
import { pastOf } from '../runtime/restore/past.ts'
import { Trace } from '../runtime/trace.ts'
import type { AcceptedBy, CheckedSpace, ConfigOf } from '../space/types.ts'
import { openStore, type Storage } from '../stores/open-store.ts'
import type { Store } from '../stores/store.ts'
import type { CallbackView } from './callback.ts'
import { Callbacks } from './callbacks.ts'
import { compose, type Composition, realSurroundings } from './compose.ts'
import { checkEventName } from './event-name.ts'
import { KeptExperiment } from './kept-experiment.ts'
import {
  type ExperimentOptions,
  inspectorProblem,
  readExperimentOptions,
  type ReadOptions,
  type RealRunOptions,
  type ResumeOptions,
} from './options.ts'
import { errorOf, resultsOf } from './outcome.ts'
import { Reporting } from './reporting.ts'
import { StorePatience } from './store-patience.ts'
import {
  checkStillHolds,
  checkTakenUp,
  lastTrialCount,
  takenUp,
  untilRead,
  withoutForeign,
} from './take-up.ts'

/** Options of a Tuner, all but the space. */
export type TunerOptions<Config> = ExperimentOptions<Config> & RealRunOptions

/**
 * Tunes a trainable: proposes configurations, runs trials, stops those that fall behind, and gives the best.
 *
 * @example
 * const tuner = new Tuner(
 *   async (config, trial) => {
 *     for (let epoch = 0; epoch < 10; epoch++) await trial.report({ loss: (config.lr - 0.1) ** 2 / (epoch + 1) })
 *   },
 *   { paramSpace: { lr: loguniform(1e-4, 1) }, metric: 'loss', mode: 'min', numSamples: 50 },
 * )
 * console.log((await tuner.fit()).getBestResult().config)
 */
export interface Tuner<Config = Record<string, unknown>> {
  /**
   * Runs the experiment to its end. Called again it gives the same promise.
   * @throws {ExperimentError} (rejects) when the experiment could not go on; its `results` hold all that was reached.
   */
  fit(): Promise<Results<Config>>
  /** Listens to an event. A listener that throws harms nobody: it becomes a warning. Returns the tuner. */
  on<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this
  /** Listens to an event once. */
  once<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this
  off<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this
  /**
   * Is given a snapshot at once, and then at most every 100 ms while things change. Returns how to stop.
   * @throws {OptionError} for what is no function; so do `on`, `once` and, unless it is an observer, `inspect`.
   */
  subscribe(subscriber: (snapshot: ExperimentSnapshot) => void): () => void
  getSnapshot(): ExperimentSnapshot
  /**
   * All events from now on, until the experiment ends. The experiment never waits for a reader: beyond 65,536 that
   * wait, the oldest are dropped, and `{ type: 'events.dropped', count }` stands in their place.
   */
  events(): AsyncIterableIterator<ExperimentEvent | EventsDropped>
  /** The experiment's XState actor: `idle`, until `fit` starts it. */
  readonly actor: ExperimentActor
  /** The XState actor of a trial that has not ended. */
  trialActor(id: string): AnyActorRef | undefined
  /** Attaches an XState inspector, after telling it of all actors that live. Returns how to detach it. */
  inspect(inspector: Inspector): () => void
  /**
   * Ends the experiment. Trials that run are interrupted, or with `graceful` let to their ends; none starts any more.
   * Resolves when all is over. Before `fit` it resolves at once, and `fit` then ends before any trial is made, as with
   * a `signal` that is aborted already.
   */
  stop(options?: { readonly graceful?: boolean }): Promise<void>
  /** Pauses a trial: before its start, or at its next report. `fit` waits for it to be resumed, and so does the process. */
  pauseTrial(id: string): void
  resumeTrial(id: string): void
  /** Ends a trial, as pruned. */
  stopTrial(id: string): void
  /** What was recorded, with `trace: true`. */
  readonly trace: Trace | undefined
}

/** Makes a Tuner. One signature, not overloads: the compiler then says at the mistake what is wrong with a space. */
export interface TunerConstructor {
  /**
   * @param trainable - Its `config` is typed by `paramSpace`; without one by its own annotation.
   * @throws {OptionError} for options that cannot be used; an unknown one is refused with the nearest known.
   * @throws {SpaceError} for a space that cannot be searched.
   */
  new <const Space = undefined, Config = ConfigOf<Space>>(
    trainable: Trainable<Config>,
    options?: TunerOptions<NoInfer<Config>> & {
      /** Where to search. Default: the searcher's own space, else none: every trial has the same configuration. */
      readonly paramSpace?: Space & CheckedSpace<Space> & AcceptedBy<Config, Space>
    },
  ): Tuner<Config>
  readonly prototype: Tuner<unknown>
  /**
   * Goes on with an experiment that is kept, where its log ends: in another process, after `kill -9` too. Trials that have
   * ended are not run again, and those that ran go on from their last checkpoints. Give it the searcher, the scheduler and
   * what else of its options is code; the space, where it is plain data, the objectives, the seed and the numbers are known
   * from the log, unless they are given. With more `numSamples` an experiment that has finished goes on to that many.
   *
   * `fit` then rejects with a `StorageError` inside of its `ExperimentError` when there is none of that name, with code
   * `'divergence'` when what was kept does not come again, and with the `OptionError` or `SpaceError` that `new Tuner` would
   * have thrown when the options do not fit what was kept. The log stays as it is in these cases.
   * @example const results = await Tuner.restore('sqlite:///runs.db', { name: 'digits', trainable: train, searcher: tpe() }).fit()
   */
  restore<const Space = undefined, Config = ConfigOf<Space>>(
    storage: Storage,
    options: RestoreOptions<NoInfer<Config>> & {
      readonly trainable: Trainable<Config>
      /** Where it searches. Default: as it was, where that is plain data. */
      readonly paramSpace?: Space & CheckedSpace<Space> & AcceptedBy<Config, Space>
    },
  ): Tuner<Config>
}

/** Options of an experiment that goes on: those of a Tuner, with its name. */
export type RestoreOptions<Config> = Omit<TunerOptions<Config>, 'storage' | 'name' | 'seed' | 'resume'> & {
  readonly name: string
  readonly resume?: ResumeOptions
}

class RealTuner<Config> implements Tuner<Config> {
  readonly trace: Trace | undefined
  readonly #trainable: unknown
  readonly #given: object
  readonly #options: ReadOptions
  readonly #kernel = realKernel()
  #experiment: Experiment
  #composition: Composition
  readonly #kept: KeptExperiment | undefined
  #isRestored = false
  // The log that it is taken up from.
  #past: readonly LogRecord[] | undefined
  // What the user asked for before it is known where the log ends.
  #wishes: (() => void)[] | undefined
  // Options that do not fit what was kept.
  #misfit: Error | undefined
  readonly #patience: StorePatience
  readonly #callbacks: Callbacks
  readonly #signal: AbortSignal | undefined
  readonly #reporting: Reporting
  #fitting: Promise<Results<Config>> | undefined
  // Resolves when `fit` settles. Not `fit`'s own promise: to wait in `stop` is not to have handled its rejection.
  readonly #over: Promise<void>
  #resolveOver: () => void = () => {}

  constructor(trainable: unknown, given: object = {}) {
    const options = readExperimentOptions('Tuner', given)
    this.#trainable = trainable
    this.#given = given
    this.#options = options
    const known = mustExist(options.resume) ? untilRead(options) : options
    this.#composition = compose(trainable, known, realSurroundings())
    this.trace = options.trace ? new Trace() : undefined
    this.#patience = new StorePatience(this.#kernel)
    this.#kept = options.storage === undefined ? undefined : this.#keepIn(options.storage)
    if (options.resume !== false) this.#wishes = []
    this.#signal = options.signal
    this.#over = new Promise((resolve) => (this.#resolveOver = resolve))
    this.#experiment = this.#build(undefined)
    const { events } = this.#experiment
    const warn: Experiment['warn'] = (warning) => this.#experiment.warn(warning)
    this.#callbacks = new Callbacks(options.callbacks ?? [], { events, warn }, this.#patience)
    this.#reporting = new Reporting(options.reporter, () => this.#experiment)
  }

  /** Another one, made as this one was, but for some of its options. */
  with(options: object): Tuner<Config> {
    return new RealTuner<Config>(this.#trainable, { ...this.#given, ...options })
  }

  get store(): Store | undefined {
    return this.#kept?.store
  }

  get actor(): ExperimentActor {
    return this.#experiment.actor
  }

  fit(): Promise<Results<Config>> {
    this.#fitting ??= this.#run()
    return this.#fitting
  }

  on<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this {
    this.#experiment.events.on(checkEventName(name), checkListener(name, listener))
    return this
  }

  once<Name extends ExperimentEventName>(
    name: Name,
    listener: (event: ExperimentEvents[Name]) => void,
  ): this {
    this.#experiment.events.once(checkEventName(name), checkListener(name, listener))
    return this
  }

  off<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this {
    this.#experiment.events.off(checkEventName(name), listener)
    return this
  }

  subscribe(subscriber: (snapshot: ExperimentSnapshot) => void): () => void {
    return this.#experiment.broadcast.subscribe(checkSubscriber(subscriber))
  }

  getSnapshot(): ExperimentSnapshot {
    return this.#experiment.snapshot()
  }

  events(): AsyncIterableIterator<ExperimentEvent | EventsDropped> {
    return eventStream(this.#experiment.events, this.#over)
  }

  trialActor(id: string): AnyActorRef | undefined {
    return this.#experiment.trialActor(id)
  }

  inspect(inspector: Inspector): () => void {
    const problem = inspectorProblem(inspector)
    if (problem !== undefined) {
      throw new OptionError('inspector', `An inspector ${problem} Got ${describe(inspector)}.`, {
        received: inspector,
      })
    }
    return this.#experiment.inspect(inspector)
  }

  async stop({ graceful = false }: { readonly graceful?: boolean } = {}): Promise<void> {
    this.#stop('stop', graceful)
    if (this.#fitting !== undefined) await this.#over
  }

  pauseTrial(id: string): void {
    this.#steer('experiment.pauseTrial', id)
  }

  resumeTrial(id: string): void {
    this.#steer('experiment.resumeTrial', id)
  }

  stopTrial(id: string): void {
    this.#steer('experiment.stopTrial', id)
  }

  async #run(): Promise<Results<Config>> {
    const onAbort = (): void => this.#stop('signal', false)
    // Before the start, so that no trial is even made.
    if (this.#signal?.aborted === true) onAbort()
    this.#signal?.addEventListener('abort', onAbort)
    try {
      return await this.#runToEnd()
    } finally {
      this.#signal?.removeEventListener('abort', onAbort)
      this.#resolveOver()
    }
  }

  #stop(by: 'stop' | 'signal', graceful: boolean): void {
    this.#whenPresent(() => this.#experiment.stop(by, graceful))
    if (!graceful) this.#patience.hurry()
  }

  /** What the user wants while the past is done again belongs to the present. */
  #whenPresent(act: () => void): void {
    if (this.#wishes === undefined) act()
    else this.#wishes.push(act)
  }

  async #runToEnd(): Promise<Results<Config>> {
    await this.#open()
    const experiment = this.#experiment
    if (this.#isRestored) await experiment.replay()
    await this.#callbacks.start(() => this.#callbackView())
    this.#reporting.start(this.#view())
    if (this.#isRestored) await experiment.goOn()
    this.#grantWishes()
    if (!this.#isRestored) experiment.start()
    const ending = await experiment.ended
    this.#reporting.stopUpdating()
    const storageFailure = await this.#kept?.close()
    const outcome = (): { readonly results: Results<Config>; readonly error: Error | undefined } => {
      const results = resultsOf<Config>(
        experiment,
        this.#composition,
        ending,
        this.#kept?.checkpoints?.storedOf,
        experiment.isPast || !this.#isRestored ? this.#past : undefined,
      )
      return { results, error: this.#misfit ?? errorOf(ending.failure ?? storageFailure, results) }
    }
    await this.#callbacks.end(outcome)
    // Only now, since what goes wrong at the callbacks' end is among the warnings.
    const { results, error } = outcome()
    this.#reporting.end({ snapshot: experiment.snapshot(), results, error })
    if (error !== undefined) throw error
    return results
  }

  #grantWishes(): void {
    const wishes = this.#wishes ?? []
    this.#wishes = undefined
    for (const grant of wishes) grant()
  }

  #view(): ExperimentView {
    const { plan, space } = this.#composition.settings
    return {
      name: plan.name,
      objectives: plan.objectives,
      numSamples: Number.isFinite(plan.trialCount) ? plan.trialCount : undefined,
      parameterNames: space.kind === 'declared' ? space.parameters.map(({ path }) => path) : undefined,
    }
  }

  #callbackView(): Omit<CallbackView, 'warn'> {
    const { plan, space } = this.#composition.settings
    const kept = this.#kept
    return {
      ...this.#view(),
      get startedAt() {
        return kept?.startedAt
      },
      seed: plan.seed,
      parameters: space.kind === 'declared' ? space.parameters : undefined,
      restored: this.#isRestored,
      trials: [...this.#experiment.records],
    }
  }

  #keepIn(storage: Storage): KeptExperiment {
    return new KeptExperiment({
      store: openStore(storage),
      options: this.#options,
      patience: this.#patience,
      kernel: this.#kernel,
      composition: () => this.#composition,
      experiment: () => this.#experiment,
    })
  }

  #build(previous: Experiment | undefined): Experiment {
    const { trace } = this
    const kept = this.#kept
    const log = (record: LogRecord): void => {
      trace?.add(record)
      kept?.write(record)
    }
    const isLogged = trace !== undefined || kept !== undefined
    return this.#composition.build(this.#kernel, isLogged ? log : undefined, undefined, {
      whenKept: kept?.whenKept,
      checkpoints: kept && (() => kept.checkpoints),
      searchStates: kept?.searcherStates,
      previous,
    })
  }

  /** Opens the storage, and takes up what is there where that was asked for. */
  async #open(): Promise<void> {
    const kept = this.#kept
    const { resume } = this.#options
    const { name } = this.#composition.settings.plan
    if (kept === undefined) return this.#openNothing()
    const records = await kept.open(name, { mustExist: mustExist(resume), mayExist: resume !== false })
    if (records === undefined || records.length === 0) return
    try {
      await this.#takeUp(withoutForeign(records), kept)
    } catch (error) {
      if (!(error instanceof StorageError)) this.#misfit = asError(error)
      kept.refuse(error)
    }
  }

  /** Only now, since the command line may have given it a storage. */
  #openNothing(): void {
    const { resume, directory, checkpoint } = this.#options
    if (resume !== false) {
      const text = 'Tuner.resume needs a storage to go on from. Give the one that it was begun with.'
      this.#misfit = new OptionError('Tuner.resume', text, { received: resume })
      this.#experiment.fail({ code: 'storage', message: text, cause: this.#misfit })
    }
    if (directory === undefined && checkpoint.store === undefined) return
    const message =
      'Without a storage nothing is kept: directory and checkpoint.store are of no use, and checkpoints stay in memory. Give storage too.'
    this.#experiment.warn({ kind: 'checkpoint', message, cause: undefined })
  }

  async #takeUp(records: readonly LogRecord[], kept: KeptExperiment): Promise<void> {
    this.#past = records
    const options = takenUp(this.#options, records)
    const { resume } = this.#options
    const wishes: ResumeOptions = typeof resume === 'object' ? resume : {}
    this.#composition = compose(this.#trainable, options, realSurroundings(), {
      ...pastOf(records),
      lastTrialCount: lastTrialCount(records),
      rewinds: false,
      turn: nextMacrotask,
      restarts: wishes.unfinished === 'restart',
      leavesUnfinished: wishes.unfinished === 'skip',
      mayDiffer: wishes.diverged === 'accept',
      finished: wishes.finished,
      errored: wishes.errored,
      loadCheckpoint: async (marks, trial) => kept.checkpoints?.load(marks, trial),
    })
    const { plan, space } = this.#composition.settings
    checkTakenUp(records, plan)
    checkStillHolds(records, space)
    await kept.searcherStates?.read()
    this.#experiment = this.#build(this.#experiment)
    this.#isRestored = true
    for (const record of records) this.trace?.add(record)
    await kept.openCheckpoints(records)
  }

  #steer(
    type: 'experiment.pauseTrial' | 'experiment.resumeTrial' | 'experiment.stopTrial',
    id: string,
  ): void {
    const trial = this.#experiment.liveNumber(id)
    if (trial !== undefined) this.#whenPresent(() => this.#experiment.send({ type, trial }))
    else if (!this.#experiment.records.some((record) => record.id === id)) {
      throw new OptionError(
        'id',
        `There is no trial ${id}. Take the id from a snapshot, an event, or the trial itself.`,
        {
          received: id,
        },
      )
    }
  }
}

function checkListener<Listener>(name: string, listener: Listener): Listener {
  if (typeof listener === 'function') return listener
  throw new OptionError(
    'listener',
    `A listener of ${name} must be a function of its event, got ${describe(listener)}.`,
    { received: listener },
  )
}

function checkSubscriber<Subscriber>(subscriber: Subscriber): Subscriber {
  if (typeof subscriber === 'function') return subscriber
  throw new OptionError(
    'subscriber',
    `A subscriber must be a function of the snapshot, got ${describe(subscriber)}.`,
    { received: subscriber },
  )
}

function mustExist(resume: ReadOptions['resume']): boolean {
  return typeof resume === 'object' && MUST_EXIST in resume
}

/**
 * A Tuner made as this one was, but for these options. It has none of the listeners that were put on afterwards.
 * @throws {OptionError} as the constructor does, and for what is no Tuner of this library.
 */
export function withOptions<Config>(tuner: Tuner<Config>, options: object): Tuner<Config> {
  if (tuner instanceof RealTuner) return (tuner as RealTuner<Config>).with(options)
  throw new OptionError('tuner', `This is no Tuner, but ${describe(tuner)}. Give what new Tuner(…) made.`, {
    received: tuner,
  })
}

/** The store that a Tuner was given; undefined when it has none, or is of another copy of this library. */
export function storeOf(tuner: Tuner<unknown>): Store | undefined {
  return tuner instanceof RealTuner ? (tuner as RealTuner<unknown>).store : undefined
}

// Says that what is to be gone on with has to be there.
const MUST_EXIST = Symbol('mustExist')

function restore(
  storage: Storage,
  given: RestoreOptions<unknown> & { readonly trainable: unknown },
): Tuner<unknown> {
  if (storage === undefined || storage === null)
    throw new OptionError(
      'Tuner.restore',
      `Tuner.restore needs a storage to go on from, got ${describe(storage)}. Give the one that it was begun with, such as 'sqlite:///runs.db'.`,
      { received: storage },
    )
  if (!isPlainObject(given) || typeof given.name !== 'string')
    throw new OptionError(
      'Tuner.restore',
      `Tuner.restore needs the name of what it goes on with, and the trainable, got ${describe(given)}. Write Tuner.restore(storage, { name: 'digits', trainable: train, … }).`,
      { received: given },
    )
  const { trainable, resume = {}, ...options } = given
  if (!isPlainObject(resume))
    throw new OptionError(
      'Tuner.restore.resume',
      `Tuner.restore.resume must say what becomes of trials, such as { errored: 'restart' }, got ${describe(resume)}. Leave it out: to restore is to resume.`,
      { received: resume },
    )
  return new RealTuner(trainable, {
    ...options,
    storage,
    resume: Object.assign({ ...resume }, { [MUST_EXIST]: true }),
  })
}

/** Tunes a trainable. See the interface of the same name. */
export const Tuner: TunerConstructor = Object.assign(RealTuner, { restore }) as TunerConstructor
