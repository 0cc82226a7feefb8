import { type AnyActorRef, createActor, type InspectionEvent, type Observer } from 'xstate'
import { Controller } from '../../machines/controller.ts'
import { type ExperimentActor, experimentMachine } from '../../machines/experiment.ts'
import type { ExperimentPlan } from '../../machines/plan.ts'
import type { ExperimentMessage, Failure, StopCause } from '../../machines/protocol.ts'
import { SchedulerHost } from '../../machines/scheduler-host.ts'
import { SearcherHost } from '../../machines/searcher-host.ts'
import type { EndedBy, Warning } from '../core/events.ts'
import type { LogRecord } from '../core/log.ts'
import type { ExperimentSnapshot, ExperimentStatus } from '../core/snapshot.ts'
import type { Reason, Resources, TrialRecord } from '../core/trial.ts'
import { asError, TroupeError } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import { idMaker, type RandomStream } from '../random/random.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import { traitsOf } from '../schedulers/traits.ts'
import type { Searcher } from '../searchers/searcher.ts'
import { type DuplicatePolicy, SearchSession } from '../searchers/session.ts'
import type { Space } from '../space/space.ts'
import type { Stopper } from '../stoppers/stopper.ts'
import { Broadcast } from './broadcast.ts'
import { EventHub } from './event-hub.ts'
import { guardedInspector, type Inspector, replayTo } from './inspection.ts'
import type { Kernel } from './kernel.ts'
import { startSearchInThread } from './threads/threaded-search.ts'
import { nextMacrotask } from './macrotask.ts'
import { snapshotTaker } from './snapshots.ts'
import { type RunLimits, SupervisedRun } from './trial-run.ts'

/** Everything that an experiment is made from, read and checked. */
export interface ExperimentSettings {
  readonly plan: Omit<ExperimentPlan, 'given' | 'searcherObserves' | 'stoppersHearEnds' | 'stopGraceMs'>
  readonly random: RandomStream
  readonly space: Space
  readonly searcher: Searcher
  readonly scheduler: Scheduler
  readonly stoppers: readonly Stopper[]
  readonly where: ((config: unknown) => boolean) | undefined
  readonly duplicates: DuplicatePolicy
  readonly resourcesOf: (config: unknown) => Resources | Error
  readonly limits: RunLimits
  readonly timeBudgetMs: number | undefined
  /** Takes down each change, in order. */
  readonly log: ((record: LogRecord) => void) | undefined
  readonly inspect: Inspector | undefined
}

/** How an experiment ended. */
export interface Ending {
  readonly endedBy: EndedBy
  /** What the stopper said that ended it, if one did. */
  readonly endReason: Reason | undefined
  readonly failure: Failure | undefined
}

// Of the same kind of fault more need not be kept: they say the same.
const WARNINGS_MAX = 1_000

/**
 * One experiment with its actors, on a kernel and an executor: what a Tuner fits in real time and `simulate` in
 * virtual time. Two of them in one process share nothing.
 */
export class Experiment {
  readonly actor: ExperimentActor
  readonly events: EventHub
  readonly broadcast: Broadcast
  /** Resolves at the end, however it comes. */
  readonly ended: Promise<Ending>
  readonly #controller: Controller
  readonly #searcherHost: SearcherHost
  readonly #kernel: Kernel
  readonly #executor: Executor
  readonly #settings: ExperimentSettings
  readonly #takeSnapshot: () => ExperimentSnapshot
  // What the kernel's clock said at the start, and the time from there to the end.
  #startedAt: number | undefined
  #endedAfterMs: number | undefined
  #ending: Ending | undefined
  #resolveEnded: (ending: Ending) => void = () => {}
  #giveUpClosing: () => void = () => {}
  #isClosed = false
  readonly #warnings: Warning[] = []
  #droppedWarnings = 0

  /** @param machine - The chart to run; another than the default one is for tests that compare the two. */
  constructor(settings: ExperimentSettings, kernel: Kernel, executor: Executor, machine = experimentMachine) {
    this.#settings = settings
    this.#kernel = kernel
    this.#executor = executor
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.events = new EventHub((warning) => this.warn(warning))
    this.#searcherHost = this.#makeSearcherHost()
    this.#controller = this.#makeController(this.#searcherHost)
    this.#takeSnapshot = this.#makeSnapshotTaker()
    this.broadcast = new Broadcast(this.#takeSnapshot, (error) =>
      this.warn({ kind: 'subscriber', message: `A subscriber threw: ${error.message}`, cause: error }),
    )
    this.actor = this.#makeActor(this.#searcherHost, machine)
  }

  get records(): readonly TrialRecord[] {
    return this.#controller.ledger.records
  }

  /** What went wrong without harm. When there was more of it than is kept, the last one says how much more. */
  get warnings(): readonly Warning[] {
    if (this.#droppedWarnings === 0) return this.#warnings
    const message = `${this.#droppedWarnings} more warnings are not kept. All of them were experiment.warning events.`
    const last: Warning = { at: this.elapsedMs, kind: 'dropped', message, trial: undefined, cause: undefined }
    return [...this.#warnings, last]
  }

  get ending(): Ending | undefined {
    return this.#ending
  }

  /** Whether all is over: it has ended, and the executor is closed. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Milliseconds since the start, or from the start to the end; 0 before. */
  get elapsedMs(): number {
    if (this.#startedAt === undefined) return 0
    return this.#endedAfterMs ?? this.#kernel.now() - this.#startedAt
  }

  snapshot(): ExperimentSnapshot {
    return this.#takeSnapshot()
  }

  /** Whether a trial waits for the user to resume it. */
  get waitsForUser(): boolean {
    for (const trial of this.#controller.ledger.waitingTrials()) if (trial.held) return true
    return false
  }

  /** The actor of a trial that has not ended. */
  trialActor(id: string): AnyActorRef | undefined {
    for (const { record, ref } of this.#controller.ledger.live.values()) if (record.id === id) return ref
    return undefined
  }

  /** Number of a trial that has not ended. */
  liveNumber(id: string): number | undefined {
    for (const { record } of this.#controller.ledger.live.values()) if (record.id === id) return record.number
    // One that is only just being made: those who hear of it may already want it otherwise.
    const last = this.records.at(-1)
    return last?.id === id && last.endedAt === undefined ? last.number : undefined
  }

  /** Begins. Nothing happens when it has ended already. */
  start(): void {
    const { timeBudgetMs } = this.#settings
    if (this.#ending !== undefined) return
    this.#startedAt = this.#kernel.now()
    this.actor.start()
    if (timeBudgetMs !== undefined) {
      const timer = this.#kernel.setTimeout(() => this.stop('timeBudget', false), timeBudgetMs)
      void this.ended.then(() => this.#kernel.clearTimeout(timer))
    }
    this.send({ type: 'experiment.start' })
  }

  stop(by: StopCause, graceful: boolean): void {
    this.send({ type: 'experiment.stop', by, graceful })
  }

  /** It cannot go on: its trials are interrupted, and it ends with this failure. Also before it was started. */
  fail(failure: Failure): void {
    if (this.#startedAt !== undefined) this.send({ type: 'experiment.fail', failure })
    else this.abort(failure)
  }

  send(message: ExperimentMessage): void {
    if (this.#ending === undefined) this.actor.send(message)
  }

  /** Ends at once, when virtual time stands still: user code is told to leave, and not waited for. */
  abort(failure: Failure): void {
    // The actors know best how to end. They need not be there for it, nor be able to.
    const isAlive = this.#startedAt !== undefined && this.actor.getSnapshot().status === 'active'
    if (isAlive) this.send({ type: 'experiment.abort', failure })
    if (this.#ending === undefined) this.#endWithoutActors(failure)
  }

  #endWithoutActors(failure: Failure): void {
    this.#controller.endWithoutActors(failure)
    this.#end(failure)
    this.actor.stop()
  }

  /** Waits no longer for the executor to close. */
  giveUpClosing(): void {
    this.#giveUpClosing()
  }

  /** Attaches an inspector, after telling it of the actors that live. Returns how to detach it. */
  inspect(inspector: Inspector): () => void {
    const observer = this.#guard(inspector)
    replayTo(observer, this.actor, this.#liveActors())
    const subscription = this.actor.system.inspect(observer)
    return () => subscription.unsubscribe()
  }

  /** Takes down something that went wrong without harm. */
  warn({ kind, message, cause }: Pick<Warning, 'kind' | 'message' | 'cause'>): void {
    const warning: Warning = { at: this.elapsedMs, kind, message, trial: undefined, cause }
    this.#keepWarning(warning)
    this.events.emit('experiment.warning', warning)
  }

  #keepWarning(warning: Warning): void {
    if (this.#warnings.length < WARNINGS_MAX) this.#warnings.push(warning)
    else this.#droppedWarnings++
  }

  #makeSearcherHost(): SearcherHost {
    const { searcher, space, plan, random, where, duplicates } = this.#settings
    return new SearcherHost(
      (saved) =>
        new SearchSession({
          searcher,
          space,
          objectives: plan.objectives,
          random: random.fork('searcher'),
          where,
          duplicates,
          budget: plan.trialCount,
          startThread: startSearchInThread,
          breathe: async () => {
            await nextMacrotask()
            return !this.#controller.isOver
          },
          ...(saved === undefined ? {} : { saved }),
        }),
    )
  }

  #makeController(searcherHost: SearcherHost): Controller {
    const { plan, random, resourcesOf, log, limits } = this.#settings
    const { session } = searcherHost
    return new Controller(
      {
        ...plan,
        given: session.given(),
        searcherObserves: session.observes,
        stoppersHearEnds: this.#settings.stoppers.some(({ onEnd }) => onEnd !== undefined),
        stopGraceMs: limits.stopGraceMs,
      },
      {
        now: () => this.elapsedMs,
        later: (ms, fn) => {
          const timer = this.#kernel.setTimeout(fn, ms)
          return () => this.#kernel.clearTimeout(timer)
        },
        post: (fn) => this.#kernel.post(fn),
        keepAlive: () => this.#kernel.keepAlive(),
        makeId: idMaker(random.fork('ids')),
        resourcesOf,
        makeRun: (record) =>
          new SupervisedRun({
            record,
            kernel: this.#kernel,
            executor: this.#executor,
            limits,
            note: (trial, note) => this.send({ type: 'trial.noted', trial, note }),
          }),
        publish: (name, event) => {
          if (name === 'experiment.warning') this.#keepWarning(event as Warning)
          this.events.emit(name, event)
          this.broadcast.changed()
        },
        hears: (name) => name === 'experiment.warning' || this.broadcast.isHeard || this.events.hears(name),
        log,
      },
    )
  }

  #makeActor(searcherHost: SearcherHost, machine: typeof experimentMachine): ExperimentActor {
    const { scheduler, stoppers, plan, random, inspect } = this.#settings
    const schedulerHost = new SchedulerHost({
      scheduler,
      stoppers,
      context: {
        name: plan.name,
        resources: plan.totalResources,
        objectives: plan.rankedBy,
        budget: plan.trialCount,
      },
      random: random.fork('scheduler'),
    })
    const now = (): number => this.elapsedMs
    const holdTime = (thinking: Promise<unknown>): void => this.#holdTime(thinking)
    const actor: ExperimentActor = createActor(machine, {
      id: 'experiment',
      clock: {
        setTimeout: (fn, ms) => this.#kernel.setTimeout(fn, ms),
        clearTimeout: (timer) => this.#kernel.clearTimeout(timer),
      },
      logger: () => {},
      ...(inspect === undefined ? {} : { inspect: this.#guard(inspect) }),
      input: {
        controller: this.#controller,
        searcher: { host: searcherHost, now, holdTime },
        scheduler: { host: schedulerHost, now, holdTime },
      },
    })
    actor.subscribe({
      complete: () => this.#onComplete(actor),
      error: (error) =>
        this.abort({
          code: 'internal',
          message: `The experiment's actor broke: ${asError(error).message}`,
          cause: error,
        }),
    })
    return actor
  }

  #makeSnapshotTaker(): () => ExperimentSnapshot {
    const { plan, scheduler, searcher } = this.#settings
    const { ledger } = this.#controller
    return snapshotTaker({
      name: plan.name,
      objectives: plan.objectives,
      location: this.#executor.location,
      schedulerLine: traitsOf(scheduler).line,
      searcherName: searcher.name,
      records: ledger.records,
      slotsUsed: () => ledger.slotsUsed,
      slotCount: ledger.slotCount,
      resources: ledger.pool,
      status: () => this.#status(),
      elapsedMs: () => this.elapsedMs,
      waitingFor: () => (this.#ending === undefined ? this.#controller.waitingFor() : []),
    })
  }

  #status(): ExperimentStatus {
    if (this.#ending !== undefined) return this.#ending.failure === undefined ? 'done' : 'failed'
    return this.actor.getSnapshot().value
  }

  #onComplete(actor: ExperimentActor): void {
    const { status, context } = actor.getSnapshot()
    if (status === 'done') return this.#end(context.failure)
    const message = 'The experiment’s actor was stopped from outside. Use stop(), which lets trials leave.'
    return this.abort({ code: 'internal', message, cause: undefined })
  }

  #end(failure: Failure | undefined): void {
    if (this.#ending !== undefined) return
    const endedBy =
      failure === undefined ? this.#controller.endedBy : failure.code === 'failFast' ? 'failFast' : 'error'
    const at = this.elapsedMs
    this.#endedAfterMs = at
    const endReason = failure === undefined ? this.#controller.endReason : undefined
    this.#ending = { endedBy, endReason, failure }
    this.#searcherHost.close()
    this.#settings.log?.({ at, type: 'experiment.ended', by: endedBy })
    this.events.emit('experiment.end', { endedBy, at })
    this.broadcast.flush()
    const ending = this.#ending
    void this.#closeExecutor().then(() => {
      this.#isClosed = true
      this.#resolveEnded(ending)
    })
  }

  /** The executor's own trouble at closing time must not cost the results, nor keep them waiting for ever. */
  async #closeExecutor(): Promise<void> {
    const { stopGraceMs } = this.#settings.limits
    const closed = new Promise<void>((resolve) => resolve(this.#executor.close()))
    const late = new Promise<void>((_, reject) => {
      this.#giveUpClosing = () =>
        reject(new TroupeError('executor', 'it took too long, and was left behind.'))
    })
    const timer = this.#kernel.setTimeout(this.#giveUpClosing, stopGraceMs)
    this.#holdTime(closed)
    try {
      await Promise.race([closed, late])
    } catch (thrown) {
      const message = `The executor did not close: ${asError(thrown).message}`
      this.warn({ kind: 'executor', message, cause: thrown })
    }
    this.#kernel.clearTimeout(timer)
  }

  #holdTime(thinking: Promise<unknown>): void {
    let parked = false
    const watch = this.#kernel.watch(() => parked)
    watch.resumed()
    const park = (): void => {
      parked = true
      watch.called()
    }
    thinking.then(park, park)
  }

  #guard(inspector: Inspector): Observer<InspectionEvent> {
    return guardedInspector(inspector, (error) =>
      this.warn({ kind: 'inspector', message: `An inspector threw: ${error.message}`, cause: error }),
    )
  }

  #liveActors(): AnyActorRef[] {
    if (this.#ending !== undefined) return [this.actor]
    const actors: AnyActorRef[] = [
      this.actor,
      ...Object.values(this.actor.getSnapshot().children),
    ] as AnyActorRef[]
    for (const { ref } of this.#controller.ledger.live.values()) if (ref !== undefined) actors.push(ref)
    return actors
  }
}
