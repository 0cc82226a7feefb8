import type { AnyActorRef } from 'xstate'
import type { ExperimentActor } from '../../machines/experiment.ts'
import type { Failure } from '../../machines/protocol.ts'
import {
  EVENT_NAMES,
  type ExperimentEvent,
  type ExperimentEventName,
  type ExperimentEvents,
} from '../core/events.ts'
import type { LogRecord } from '../core/log.ts'
import { describe, nearest } from '../core/options.ts'
import type { ExperimentSnapshot } from '../core/snapshot.ts'
import { ExperimentError, OptionError } from '../errors.ts'
import type { Trainable } from '../executors/trainable.ts'
import type { Reporter } from '../results/reporter.ts'
import { Results } from '../results/results.ts'
import { type EventsDropped, eventStream } from '../runtime/event-stream.ts'
import type { Ending, Experiment } from '../runtime/experiment.ts'
import type { Inspector } from '../runtime/inspection.ts'
import { harmless } from '../runtime/harmless.ts'
import { realKernel } from '../runtime/real-kernel.ts'
import { Trace } from '../runtime/trace.ts'
import type { AcceptedBy, CheckedSpace, ConfigOf } from '../space/types.ts'
import { openStore } from '../stores/open-store.ts'
import { compose, type Composition, realSurroundings } from './compose.ts'
import { LogWriter } from './log-writer.ts'
import {
  type ExperimentOptions,
  inspectorProblem,
  readExperimentOptions,
  type RealRunOptions,
} from './options.ts'
import { StorePatience } from './store-patience.ts'

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
}

class RealTuner<Config> implements Tuner<Config> {
  readonly actor: ExperimentActor
  readonly trace: Trace | undefined
  readonly #experiment: Experiment
  readonly #composition: Composition
  readonly #writer: LogWriter | undefined
  readonly #patience: StorePatience
  readonly #signal: AbortSignal | undefined
  #reporter: Reporter | undefined
  #fitting: Promise<Results<Config>> | undefined
  // Resolves when `fit` settles. Not `fit`'s own promise: to wait in `stop` is not to have handled its rejection.
  readonly #over: Promise<void>
  #resolveOver: () => void = () => {}

  constructor(trainable: unknown, given: object = {}) {
    const options = readExperimentOptions('Tuner', given)
    this.#composition = compose(trainable, options, realSurroundings())
    this.trace = options.trace ? new Trace() : undefined
    const kernel = realKernel()
    this.#patience = new StorePatience(kernel)
    if (options.storage !== undefined) {
      this.#writer = new LogWriter(openStore(options.storage), this.#patience, (failure) =>
        this.#experiment.fail(failure),
      )
    }
    this.#signal = options.signal
    this.#reporter = options.reporter
    this.#over = new Promise((resolve) => (this.#resolveOver = resolve))
    this.#experiment = this.#composition.build(kernel, this.#logger())
    this.actor = this.#experiment.actor
    for (const callback of options.callbacks ?? []) this.#listenAll(callback, 'callback')
    // Here, where it was given; it listens from `fit` on, when it has started.
    for (const name of Object.keys(this.#reporter?.on ?? {})) checkEvent(name)
  }

  fit(): Promise<Results<Config>> {
    this.#fitting ??= this.#run()
    return this.#fitting
  }

  on<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this {
    this.#experiment.events.on(checkEvent(name), checkListener(name, listener))
    return this
  }

  once<Name extends ExperimentEventName>(
    name: Name,
    listener: (event: ExperimentEvents[Name]) => void,
  ): this {
    this.#experiment.events.once(checkEvent(name), checkListener(name, listener))
    return this
  }

  off<Name extends ExperimentEventName>(name: Name, listener: (event: ExperimentEvents[Name]) => void): this {
    this.#experiment.events.off(checkEvent(name), listener)
    return this
  }

  subscribe(subscriber: (snapshot: ExperimentSnapshot) => void): () => void {
    return this.#experiment.broadcast.subscribe(checkSubscriber(subscriber))
  }

  getSnapshot(): ExperimentSnapshot {
    return this.#experiment.snapshot()
  }

  events(): AsyncIterableIterator<ExperimentEvent | EventsDropped> {
    return eventStream(this.#experiment.events, this.#experiment.ended)
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
    this.#experiment.stop(by, graceful)
    if (!graceful) this.#patience.hurry()
  }

  async #runToEnd(): Promise<Results<Config>> {
    const experiment = this.#experiment
    await this.#writer?.open(this.#composition.settings.plan.name)
    this.#startReporter()
    const unsubscribe =
      this.#reporter &&
      experiment.broadcast.subscribe((snapshot) => this.#report((reporter) => reporter.update(snapshot)))
    experiment.start()
    const ending = await experiment.ended
    unsubscribe?.()
    const storageFailure = await this.#writer?.close()
    const results = resultsOf<Config>(experiment, this.#composition, ending)
    const error = errorOf(ending.failure ?? storageFailure, results)
    this.#report((reporter) => reporter.end({ snapshot: experiment.snapshot(), results, error }))
    if (error !== undefined) throw error
    return results
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

  /** One that cannot start, such as a `terminal()` that shows another experiment, is not called again. */
  #startReporter(): void {
    this.#report(
      (reporter) => reporter.start(this.#view()),
      () => (this.#reporter = undefined),
    )
    if (this.#reporter !== undefined) this.#listenAll(this.#reporter.on ?? {}, 'reporter')
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

  #listenAll(
    listeners: { readonly [Name in ExperimentEventName]?: (event: ExperimentEvents[Name]) => void },
    kind: 'callback' | 'reporter',
  ): void {
    for (const name of Object.keys(listeners)) {
      const event = checkEvent(name)
      if (listeners[event] === undefined) continue
      this.#experiment.events.on(event, listeners[event] as (event: unknown) => void, kind)
    }
  }

  #logger(): ((record: LogRecord) => void) | undefined {
    const { trace } = this
    const writer = this.#writer
    if (trace === undefined) return writer && ((record) => writer.write(record))
    if (writer === undefined) return (record) => trace.add(record)
    return (record) => {
      trace.add(record)
      writer.write(record)
    }
  }

  #steer(
    type: 'experiment.pauseTrial' | 'experiment.resumeTrial' | 'experiment.stopTrial',
    id: string,
  ): void {
    const trial = this.#experiment.liveNumber(id)
    if (trial !== undefined) this.#experiment.send({ type, trial })
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

function checkEvent<Name extends string>(name: Name): Name & ExperimentEventName {
  if ((EVENT_NAMES as readonly string[]).includes(name)) return name as Name & ExperimentEventName
  const near = nearest(name, EVENT_NAMES)
  const hint = near === undefined ? `Known are ${EVENT_NAMES.join(', ')}.` : `Did you mean ${near}?`
  throw new OptionError('event', `There is no event ${name}. ${hint}`, { received: name })
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

/** Tunes a trainable. See the interface of the same name. */
export const Tuner: TunerConstructor = RealTuner
