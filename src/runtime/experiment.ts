import { type AnyActorRef, createActor, type InspectionEvent, type Observer } from 'xstate'
import { Controller } from '../../machines/controller.ts'
import { type ExperimentActor, experimentMachine } from '../../machines/experiment.ts'
import type { ExperimentPlan } from '../../machines/plan.ts'
import type { ExperimentMessage, Failure, StopCause, TrialNote, TrialRun } from '../../machines/protocol.ts'
import { type RecordedDecision, SchedulerHost } from '../../machines/scheduler-host.ts'
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
import { type DuplicatePolicy, SearchSession, type SearchStates } from '../searchers/session.ts'
import { domainsOf } from '../space/domains-of.ts'
import type { Space } from '../space/space.ts'
import type { Stopper } from '../stoppers/stopper.ts'
import { Broadcast } from './broadcast.ts'
import type { CheckpointPort } from './checkpoint-port.ts'
import { EventHub } from './event-hub.ts'
import { guardedInspector, type Inspector, replayTo } from './inspection.ts'
import type { Kernel, Timer } from './kernel.ts'
import { startSearchInThread } from './threads/threaded-search.ts'
import { nextMacrotask, realNow } from './macrotask.ts'
import { CatchUp } from './restore/catch-up.ts'
import { replay } from './restore/replay.ts'
import type { Restore } from './restore/restore.ts'
import { callAgain, fillCheckpoint, readCheckpoints, restoredRun, retriedIn } from './restore/restoration.ts'
import { RestoredRun } from './restore/restored-run.ts'
import { snapshotTaker } from './snapshots.ts'
import type { RunLimits } from './run-limits.ts'
import { SupervisedRun } from './trial-run.ts'

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
  /**
   * Calls back when what was logged so far is kept as it was promised: before that no report is acknowledged. Undefined when
   * nothing is promised.
   */
  readonly whenKept?: ((fn: () => void) => void) | undefined
  /** What keeps checkpoints beyond the process, once the experiment has started. */
  readonly checkpoints?: (() => CheckpointPort | undefined) | undefined
  /** What keeps states of the searcher beyond the process. */
  readonly searchStates?: SearchStates | undefined
  /** What it goes on from, when it is taken up from a log. */
  readonly restore?: Restore | undefined
}

/** How an experiment ended. */
export interface Ending {
  readonly endedBy: EndedBy
  /** What the stopper said that ended it, if one did. */
  readonly endReason: Reason | undefined
  readonly failure: Failure | undefined
}

/** What ends a pause before a policy starts again. */
interface Pause {
  readonly end: () => void
  readonly ms: number
  /** The kernel's, once the past is over. */
  timer: Timer
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
  /** Whether what happens is what happened before. */
  #isPast: boolean
  #ordinal = 0
  readonly #catchUp = new CatchUp(
    (at) => this.#until(at),
    (at, fn) => void this.#kernel.setTimeout(fn, this.#until(at)),
  )
  #thinkingCount = 0
  readonly #pauses = new Set<Pause>()
  readonly #warnings: Warning[] = []
  #droppedWarnings = 0

  /**
   * @param beside.previous - One that was never started, in whose place this one is: it takes over who listens.
   * @param beside.machine - The chart to run; another than the default one is for tests that compare the two.
   */
  constructor(
    settings: ExperimentSettings,
    kernel: Kernel,
    executor: Executor,
    beside: { readonly previous?: Experiment | undefined; readonly machine?: typeof experimentMachine } = {},
  ) {
    const { previous, machine = experimentMachine } = beside
    this.#settings = settings
    this.#isPast = settings.restore !== undefined
    this.#kernel = kernel
    this.#executor = executor
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.events = previous?.events ?? new EventHub()
    for (const warning of previous?.warnings ?? []) this.#keepWarning(warning)
    this.events.onFault = (warning) => this.warn(warning)
    this.#searcherHost = this.#makeSearcherHost()
    this.#controller = this.#makeController(this.#searcherHost)
    this.#takeSnapshot = this.#makeSnapshotTaker()
    this.broadcast = previous?.broadcast ?? new Broadcast()
    this.broadcast.follow(this.#takeSnapshot, (error) =>
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
    const { restore } = this.#settings
    if (this.#isPast) return restore?.past.now ?? 0
    if (this.#startedAt === undefined) return 0
    return this.#endedAfterMs ?? Math.max(restore?.past.endedAt ?? 0, this.#kernel.now() - this.#startedAt)
  }

  snapshot(): ExperimentSnapshot {
    return this.#takeSnapshot()
  }

  /** Whether it has yet to come to where the log ends that it is taken up from. */
  get isPast(): boolean {
    return this.#isPast
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
    if (this.#ending !== undefined) return
    this.#startedAt = this.#kernel.now()
    this.actor.start()
    this.#startBudget()
    this.send({ type: 'experiment.start' })
  }

  /** Comes to where the log ends that it is taken up from. Nothing new happens before `goOn`. */
  async replay(): Promise<void> {
    const { restore } = this.#settings
    if (this.#ending !== undefined || restore === undefined) return
    const { past } = restore
    this.#startedAt = this.#kernel.now()
    this.actor.start()
    await replay({
      past,
      runOf: (trial) => restoredRun(this.#controller.ledger, trial),
      send: (message) => this.send(message),
      suspend: () => this.#controller.suspend(),
      resume: (resumption) => this.#controller.resume(resumption),
      turn: restore.turn,
      restart: () => this.#endPauses(),
      // Whoever waits for what the log says next does not think.
      isThinking: () => this.#thinkingCount > (past.isAskedFor ? 1 : 0),
      realNow,
    })
    const { divergence: cause } = past
    if (cause === undefined) return
    past.end()
    this.abort({ code: 'divergence', message: cause.message, cause })
  }

  /** Goes on after `replay`. */
  async goOn(): Promise<void> {
    const { restore, plan } = this.#settings
    if (this.#ending !== undefined || restore === undefined) return
    const { past } = restore
    const { ledger } = this.#controller
    const found = await readCheckpoints(ledger, restore)
    this.#startedAt = this.#kernel.now() - (restore.rewinds ? 0 : past.endedAt)
    this.#isPast = false
    for (const pause of this.#pauses) pause.timer = this.#kernel.setTimeout(pause.end, pause.ms)
    this.#controller.resume({
      trialCount: plan.trialCount,
      slotCount: plan.slotCount,
      totalResources: plan.totalResources,
      retried: retriedIn(ledger, restore),
      ...(restore.leavesUnfinished === true && { unfinished: 'skip' }),
    })
    past.end()
    callAgain(ledger, this.#catchUp, found)
    this.#startBudget()
    this.#controller.comeToPresent()
  }

  #startBudget(): void {
    const { timeBudgetMs } = this.#settings
    if (timeBudgetMs === undefined) return
    const leftMs = this.#until(timeBudgetMs)
    const timer = this.#kernel.setTimeout(() => this.stop('timeBudget', false), leftMs)
    void this.ended.then(() => this.#kernel.clearTimeout(timer))
  }

  /** Milliseconds that the kernel has to wait until the experiment's clock says this; from 0. */
  #until(at: number): number {
    return Math.max(0, at + (this.#startedAt ?? 0) - this.#kernel.now())
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
    if (this.#ending !== undefined) return
    if (
      message.type === 'experiment.pauseTrial' ||
      message.type === 'experiment.resumeTrial' ||
      message.type === 'experiment.stopTrial'
    )
      this.#controller.hear(message)
    this.actor.send(message)
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
    const { searcher, space, plan, random, where, duplicates, restore, searchStates } = this.#settings
    return new SearcherHost(
      (saved) =>
        new SearchSession({
          searcher,
          space,
          objectives: plan.objectives,
          random: random.fork('searcher'),
          where,
          duplicates,
          budget: this.#trialCountAtFirst,
          startThread: startSearchInThread,
          breathe: async () => {
            await nextMacrotask()
            return !this.#controller.isOver
          },
          ...(saved === undefined ? {} : { saved }),
        }),
      { past: restore?.past, states: searchStates },
    )
  }

  get #trialCountAtFirst(): number {
    return this.#settings.restore?.trialCount ?? this.#settings.plan.trialCount
  }

  get #totalAtFirst(): Resources {
    return this.#settings.restore?.totalResources ?? this.#settings.plan.totalResources
  }

  #makeController(searcherHost: SearcherHost): Controller {
    const { plan, random, resourcesOf, limits } = this.#settings
    const { session } = searcherHost
    return new Controller(
      {
        ...plan,
        trialCount: this.#trialCountAtFirst,
        slotCount: this.#settings.restore?.slotCount ?? plan.slotCount,
        totalResources: this.#totalAtFirst,
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
        makeRun: (record) => this.#makeRun(record),
        domainsOf: (params) => domainsOf(params, this.#settings.space),
        publish: (name, event) => {
          if (this.#isPast) return
          if (name === 'experiment.warning') this.#keepWarning(event as Warning)
          this.events.emit(name, event)
          this.broadcast.changed()
        },
        hears: (name) => name === 'experiment.warning' || this.broadcast.isHeard || this.events.hears(name),
        log: this.#restoringLog(),
        isPast: () => this.#isPast,
      },
    )
  }

  #makeRun(record: TrialRecord): TrialRun {
    const { limits, restore, whenKept, checkpoints } = this.#settings
    const note = (trial: number, made: TrialNote): void =>
      this.send({ type: 'trial.noted', trial, note: made })
    const makeLive = (ranBeforeMs = record.ranMs): SupervisedRun =>
      new SupervisedRun({
        record,
        ranBeforeMs,
        kernel: this.#kernel,
        executor: this.#executor,
        limits,
        whenKept,
        checkpoints,
        note,
        onCheckpointAgain(mark, metrics, value) {
          fillCheckpoint(record, mark, value)
          checkpoints?.()?.keepAgain(mark, metrics, value)
        },
      })
    if (restore === undefined) return makeLive()
    // To do the past again may take longer than it took.
    const isNew = !this.#isPast && this.#kernel.now() - (this.#startedAt ?? 0) > restore.past.endedAt
    if (isNew) return makeLive()
    const run = new RestoredRun({
      ranBeforeMs: record.ranMs,
      kernel: this.#kernel,
      now: () => this.elapsedMs,
      catchUp: this.#catchUp,
      until: (at) => this.#until(at),
      takesTime: restore.rewinds,
      mayDiffer: restore.mayDiffer === true,
      note,
      ordinal: () => this.#ordinal++,
      onBegunAnew: () =>
        this.warn({
          kind: 'checkpoint',
          message: `Trial ${record.number} went on from another trial's checkpoint, which is lost, and has none of its own: it begins from nothing, with the configuration that it has.`,
          cause: undefined,
        }),
      makeLive,
    })
    if (!this.#isPast) run.comeToPresent(undefined)
    return run
  }

  /** What happened before is in the log already, and is compared with it. */
  #restoringLog(): ExperimentSettings['log'] {
    const { log, restore } = this.#settings
    if (restore === undefined) return log
    return (record) => {
      if (!restore.past.isOver) restore.past.take(record)
      // What does not come again is left as it was, so that it can be taken up by code that does.
      else if (restore.past.divergence === undefined) log?.(record)
    }
  }

  #makeActor(searcherHost: SearcherHost, machine: typeof experimentMachine): ExperimentActor {
    const { scheduler, stoppers, plan, random, inspect } = this.#settings
    const schedulerHost = new SchedulerHost({
      scheduler,
      stoppers,
      context: {
        name: plan.name,
        resources: this.#totalAtFirst,
        objectives: plan.rankedBy,
        budget: this.#trialCountAtFirst,
      },
      random: random.fork('scheduler'),
      recorded: (trial, seq) => this.#recordedDecision(trial, seq),
    })
    const now = (): number => this.elapsedMs
    const holdTime = (thinking: Promise<unknown>): void => this.#holdTime(thinking)
    const actor: ExperimentActor = createActor(machine, {
      id: 'experiment',
      clock: {
        setTimeout: (fn, ms) => (this.#isPast ? this.#pause(fn, ms) : this.#kernel.setTimeout(fn, ms)),
        clearTimeout: (timer) => this.#clearTimeout(timer),
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

  #recordedDecision(trial: number, seq: number): RecordedDecision | 'late' | undefined {
    const past = this.#isPast ? this.#settings.restore?.past : undefined
    const recorded = past?.decisionOn(trial, seq)
    if (recorded === undefined || recorded === 'late') return recorded
    return { ...recorded, isFinal: past?.isStopping === true }
  }

  /** A policy that threw waits before it starts again: in the past, until the log says that it did. */
  #pause(fn: () => void, ms: number): Pause {
    const end = (): void => {
      this.#pauses.delete(pause)
      fn()
    }
    const pause: Pause = { end, ms, timer: undefined }
    this.#pauses.add(pause)
    return pause
  }

  #endPauses(): void {
    for (const pause of this.#pauses) pause.end()
  }

  #clearTimeout(timer: unknown): void {
    const pause = [...this.#pauses].find((one) => one === timer)
    if (pause !== undefined) this.#pauses.delete(pause)
    this.#kernel.clearTimeout(pause === undefined ? timer : pause.timer)
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
      slotCount: () => ledger.slotCount,
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
    // One that could not be taken up has not ended: its log says where it stands.
    if (!this.#isPast) {
      this.#controller.logStart()
      this.#settings.log?.({ at, type: 'experiment.ended', by: endedBy })
    }
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
    this.#thinkingCount++
    const park = (): void => {
      parked = true
      this.#thinkingCount--
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
