import type { AnyActorRef } from 'xstate'
import type { ExperimentActor } from '../../machines/experiment.ts'
import type { Failure } from '../../machines/protocol.ts'
import type { ExperimentEvent, ExperimentEventName, ExperimentEvents } from '../core/events.ts'
import type { LogRecord } from '../core/log.ts'
import { describe, nearest } from '../core/options.ts'
import type { ExperimentSnapshot } from '../core/snapshot.ts'
import { asError, ExperimentError, OptionError, StorageError } from '../errors.ts'
import type { Trainable } from '../executors/trainable.ts'
import type { Reporter } from '../results/reporter.ts'
import { Results } from '../results/results.ts'
import { type EventsDropped, eventStream } from '../runtime/event-stream.ts'
import type { Ending, Experiment } from '../runtime/experiment.ts'
import type { Inspector } from '../runtime/inspection.ts'
import { harmless } from '../runtime/harmless.ts'
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
import { CheckpointLog } from './checkpoint-log.ts'
import { checkEventName } from './event-name.ts'
import { keptRecord } from './kept-record.ts'
import { LogWriter } from './log-writer.ts'
import {
  type ExperimentOptions,
  inspectorProblem,
  readExperimentOptions,
  type ReadOptions,
  type RealRunOptions,
  type ResumeOptions,
} from './options.ts'
import { StorePatience } from './store-patience.ts'
import { checkTakenUp, lastTrialCount, takenUp, untilRead } from './take-up.ts'

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
  readonly #store: Store | undefined
  readonly #writer: LogWriter | undefined
  #checkpoints: CheckpointLog | undefined
  #isRestored = false
  // What the user asked for before it is known where the log ends.
  #wishes: (() => void)[] | undefined
  // Options that do not fit what was kept.
  #misfit: Error | undefined
  readonly #patience: StorePatience
  readonly #callbacks: Callbacks
  readonly #signal: AbortSignal | undefined
  #reporter: Reporter | undefined
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
    if (options.storage !== undefined) {
      this.#store = openStore(options.storage)
      this.#writer = this.#makeWriter(this.#store)
    }
    if (options.resume !== false) this.#wishes = []
    this.#signal = options.signal
    this.#reporter = options.reporter
    this.#over = new Promise((resolve) => (this.#resolveOver = resolve))
    this.#experiment = this.#build(undefined)
    const { events } = this.#experiment
    const warn: Experiment['warn'] = (warning) => this.#experiment.warn(warning)
    this.#callbacks = new Callbacks(options.callbacks ?? [], { events, warn }, this.#patience)
    // Here, where it was given; it listens from `fit` on, when it has started.
    for (const name of Object.keys(this.#reporter?.on ?? {})) checkEventName(name)
  }

  /** Another one, made as this one was, but for some of its options. */
  with(options: object): Tuner<Config> {
    return new RealTuner<Config>(this.#trainable, { ...this.#given, ...options })
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
    this.#startReporter()
    const unsubscribe =
      this.#reporter &&
      experiment.broadcast.subscribe((snapshot) => this.#report((reporter) => reporter.update(snapshot)))
    if (this.#isRestored) await experiment.goOn()
    this.#grantWishes()
    if (!this.#isRestored) experiment.start()
    const ending = await experiment.ended
    unsubscribe?.()
    await this.#checkpoints?.close()
    const storageFailure = await this.#writer?.close()
    const outcome = (): { readonly results: Results<Config>; readonly error: Error | undefined } => {
      const results = resultsOf<Config>(experiment, this.#composition, ending)
      return { results, error: this.#misfit ?? errorOf(ending.failure ?? storageFailure, results) }
    }
    await this.#callbacks.end(outcome)
    // Only now, since what goes wrong at the callbacks' end is among the warnings.
    const { results, error } = outcome()
    this.#report((reporter) => reporter.end({ snapshot: experiment.snapshot(), results, error }))
    if (error !== undefined) throw error
    return results
  }

  #grantWishes(): void {
    const wishes = this.#wishes ?? []
    this.#wishes = undefined
    for (const grant of wishes) grant()
  }

  #view(): Parameters<Reporter['start']>[0] {
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
    return {
      ...this.#view(),
      seed: plan.seed,
      parameters: space.kind === 'declared' ? space.parameters : undefined,
      restored: this.#isRestored,
      trials: [...this.#experiment.records],
    }
  }

  /** One that cannot start, such as a `terminal()` that shows another experiment, is not called again. */
  #startReporter(): void {
    this.#report(
      (reporter) => reporter.start(this.#view()),
      () => (this.#reporter = undefined),
    )
    if (this.#reporter !== undefined) this.#listenAll(this.#reporter.on ?? {})
  }

  #report(call: (reporter: Reporter) => unknown, onThrown?: () => void): void {
    const reporter = this.#reporter
    if (reporter === undefined) return
    harmless(
      () => call(reporter),
      (cause) => {
        onThrown?.()
        this.#experiment.warn({ kind: 'reporter', message: `The reporter threw: ${cause.message}`, cause })
      },
    )
  }

  #listenAll(listeners: NonNullable<Reporter['on']>): void {
    for (const name of Object.keys(listeners)) {
      const event = checkEventName(name)
      if (listeners[event] === undefined) continue
      this.#experiment.events.on(event, listeners[event] as (event: unknown) => void, 'reporter')
    }
  }

  #makeWriter(store: Store): LogWriter {
    const { durability } = this.#options
    const isTimed = typeof durability === 'object'
    return new LogWriter({
      store,
      patience: this.#patience,
      kernel: this.#kernel,
      durability: isTimed ? 'interval' : durability,
      intervalMs: isTimed ? durability.intervalMs : INTERVAL_MS,
      onFailure: (failure) => this.#experiment.fail(failure),
    })
  }

  #build(previous: Experiment | undefined): Experiment {
    const writer = this.#writer
    const isAcknowledged = writer !== undefined && !this.#isTimed
    return this.#composition.build(this.#kernel, this.#logger(), undefined, {
      whenKept: isAcknowledged ? (fn) => writer.whenKept(fn) : undefined,
      whenCopied: (trial, fn) => (this.#checkpoints ? this.#checkpoints.whenCopied(trial, fn) : fn()),
      onCheckpoint: (trial, metrics, value) => this.#checkpoints?.keep(trial, metrics, value),
      previous,
    })
  }

  get #isTimed(): boolean {
    const { durability } = this.#options
    return durability === 'interval' || typeof durability === 'object'
  }

  /** Opens the storage, and takes up what is there where that was asked for. */
  async #open(): Promise<void> {
    const writer = this.#writer
    if (writer === undefined) return
    const { name } = this.#composition.settings.plan
    const { resume } = this.#options
    if (mustExist(resume) && !(await this.#isThere(name))) return
    const records = await writer.open(name)
    if (records === undefined) return
    if (writer.notice !== undefined)
      this.#experiment.warn({ kind: 'storage', message: writer.notice, cause: undefined })
    if (records.length === 0) await this.#openCheckpoints([])
    else if (resume === false) writer.refuse(nameTaken(name))
    else
      try {
        await this.#takeUp(records)
      } catch (error) {
        if (!(error instanceof StorageError)) this.#misfit = asError(error)
        writer.refuse(error)
      }
  }

  /** Whether there is something of this name, which is not made by asking. */
  async #isThere(name: string): Promise<boolean> {
    try {
      const names = await this.#patience.answer('names', async () => this.#store?.names())
      if (names?.includes(name) === true) return true
      throw notFound(name, names)
    } catch (error) {
      this.#writer?.refuse(error)
      return false
    }
  }

  async #takeUp(records: readonly LogRecord[]): Promise<void> {
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
      finished: wishes.finished,
      errored: wishes.errored,
      loadCheckpoint: async (marks, trial) => this.#checkpoints?.load(marks, trial),
      onCheckpointAgain: (mark, value) => this.#checkpoints?.keepAgain(mark, value),
    })
    checkTakenUp(records, this.#composition.settings.plan)
    this.#experiment = this.#build(this.#experiment)
    this.#isRestored = true
    for (const record of records) this.trace?.add(record)
    await this.#openCheckpoints(records)
  }

  async #openCheckpoints(records: readonly LogRecord[]): Promise<void> {
    const { checkpoint, directory } = this.#options
    const folder = directory ?? this.#store?.folder
    const writer = this.#writer
    const place = checkpoint.store
      ? { store: checkpoint.store }
      : folder === undefined
        ? undefined
        : { folder }
    if (writer === undefined || place === undefined) return
    this.#checkpoints = new CheckpointLog({
      place,
      name: this.#composition.settings.plan.name,
      retention: checkpoint,
      now: () => this.#experiment.elapsedMs,
      write: (record) => writer.write(record),
      kept: () => new Promise((resolve, reject) => writer.whenKept(resolve, reject)),
      warn: (message, cause) => this.#experiment.warn({ kind: 'checkpoint', message, cause }),
      fail: (cause) =>
        this.#experiment.fail({
          code: 'storage',
          message: `A checkpoint was not kept: ${cause.message}`,
          cause,
        }),
    })
    await this.#checkpoints.recall(records)
  }

  #logger(): ((record: LogRecord) => void) | undefined {
    const { trace } = this
    const writer = this.#writer
    if (trace === undefined && writer === undefined) return undefined
    return (record) => {
      trace?.add(record)
      this.#checkpoints?.follow(record)
      writer?.write(keptRecord(record, this.#composition))
    }
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

// How much may be lost with durability 'interval'.
const INTERVAL_MS = 100

function mustExist(resume: ReadOptions['resume']): boolean {
  return typeof resume === 'object' && MUST_EXIST in resume
}

function nameTaken(name: string): StorageError {
  return new StorageError(
    'nameTaken',
    `There is an experiment ${name} in this store already. Go on with it by resume: true, give this one another name, or delete the other.`,
  )
}

function notFound(name: string, names: readonly string[] = []): StorageError {
  const near = nearest(name, names)
  const hint =
    near !== undefined
      ? ` Did you mean ${near}?`
      : names.length === 0
        ? ' It is empty.'
        : ` It has ${names.slice(0, 10).join(', ')}.`
  return new StorageError('notFound', `There is no experiment ${name} in this store.${hint}`)
}

/** What came of an experiment that has ended. */
export function resultsOf<Config>(
  experiment: Experiment,
  { settings }: Composition,
  { endedBy, endReason }: Ending,
): Results<Config> {
  return new Results<Config>({
    records: experiment.records,
    objectives: settings.plan.objectives,
    endedBy,
    endReason,
    warnings: experiment.warnings,
    elapsedMs: experiment.elapsedMs,
    space: settings.space,
  })
}

/** What `fit` rejects with when an experiment failed. */
export function errorOf<Config>(
  failure: Failure | undefined,
  results: Results<Config>,
): ExperimentError<Results<Config>> | undefined {
  if (failure === undefined) return undefined
  return new ExperimentError(failure.code, failure.message, { cause: failure.cause, results })
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

// Says that what is to be gone on with has to be there.
const MUST_EXIST = Symbol('mustExist')

function restore(
  storage: Storage,
  { trainable, resume = {}, ...options }: RestoreOptions<unknown> & { readonly trainable: unknown },
): Tuner<unknown> {
  const wanted = typeof resume === 'object' ? resume : {}
  return new RealTuner(trainable, {
    ...options,
    storage,
    resume: Object.assign({ ...wanted }, { [MUST_EXIST]: true }),
  })
}

/** Tunes a trainable. See the interface of the same name. */
export const Tuner: TunerConstructor = Object.assign(RealTuner, { restore }) as TunerConstructor
