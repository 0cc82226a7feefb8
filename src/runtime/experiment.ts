import { type AnyActorRef, createActor, type InspectionEvent, type Observer } from 'xstate'
import { Controller } from '../../machines/controller.ts'
import { type ExperimentActor, experimentMachine } from '../../machines/experiment.ts'
import type { ExperimentPlan } from '../../machines/plan.ts'
import type { ExperimentMessage, Failure, StopCause, TrialRun } from '../../machines/protocol.ts'
import { SchedulerHost } from '../../machines/scheduler-host.ts'
import { SearcherHost } from '../../machines/searcher-host.ts'
import type { EndedBy, Warning } from '../core/events.ts'
import type { LogRecord, Retried } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import type { ExperimentSnapshot, ExperimentStatus } from '../core/snapshot.ts'
import type { Reason, Resources, TrialRecord } from '../core/trial.ts'
import { asError, TroupeError } from '../errors.ts'
import type { Executor } from '../executors/executor.ts'
import { idMaker, type RandomStream } from '../random/random.ts'
import type { Scheduler } from '../schedulers/scheduler.ts'
import { traitsOf } from '../schedulers/traits.ts'
import type { Searcher } from '../searchers/searcher.ts'
import { type DuplicatePolicy, SearchSession } from '../searchers/session.ts'
import { domainsOf } from '../space/domains-of.ts'
import type { Space } from '../space/space.ts'
import type { Stopper } from '../stoppers/stopper.ts'
import { Broadcast } from './broadcast.ts'
import { EventHub } from './event-hub.ts'
import { guardedInspector, type Inspector, replayTo } from './inspection.ts'
import type { Kernel } from './kernel.ts'
import { startSearchInThread } from './threads/threaded-search.ts'
import { nextMacrotask, realNow } from './macrotask.ts'
import { CatchUp } from './restore/catch-up.ts'
import { CheckpointMark } from './restore/checkpoint-mark.ts'
import type { Past } from './restore/past.ts'
import { replay } from './restore/replay.ts'
import { type FoundCheckpoint, RestoredRun } from './restore/restored-run.ts'
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
  /**
   * Calls back when what was logged so far is kept as it was promised: before that no report is acknowledged. Undefined when
   * nothing is promised.
   */
  readonly whenKept?: ((fn: () => void) => void) | undefined
  /**
   * Calls back when the folders that a trial gave as checkpoints have been read: until then its code may not go on to
   * change them. At once when there are none.
   */
  readonly whenCopied?: ((trial: number, fn: () => void) => void) | undefined
  /** A report came with a checkpoint. */
  readonly onCheckpoint?: ((trial: TrialRecord, metrics: Metrics, value: unknown) => void) | undefined
  /** What it goes on from, when it is taken up from a log. */
  readonly restore?: Restore | undefined
}

/** How an experiment is taken up from a log. */
export interface Restore {
  readonly past: Past
  /** Trials in all, as the log has it at its beginning. */
  readonly trialCount: number
  /** Trials at once, as the log has it at its beginning. */
  readonly slotCount: number | undefined
  /**
   * Whether the kernel's clock stands at the beginning again, so that user code that is called again takes its time as
   * it did; else what lies in the past takes none.
   */
  readonly rewinds: boolean
  /** Lets what was posted happen, and promises settle. */
  readonly turn: () => Promise<void>
  /** Whether trials that were cut off begin from nothing, instead of from their checkpoints. */
  readonly restarts?: boolean
  /** Reads the first of these checkpoints that can be read, for a trial. */
  readonly loadCheckpoint: (
    marks: readonly CheckpointMark[],
    trial: number,
  ) => Promise<FoundCheckpoint | undefined>
  /** What becomes of trials that have ended, those that failed apart: `'skip'`, or run once more. Default `'skip'`. */
  readonly finished?: 'skip' | 'resume' | 'restart' | undefined
  readonly errored?: 'skip' | 'resume' | 'restart' | undefined
  /** Whether trials that were cut off are stopped where they are. */
  readonly leavesUnfinished?: boolean
  /** A report of the past that was made again brought its checkpoint. */
  readonly onCheckpointAgain: (mark: CheckpointMark, value: unknown) => void
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
  /** Whether what happens is what happened before. */
  #isPast: boolean
  #ordinal = 0
  readonly #catchUp = new CatchUp(
    (at) => this.#until(at),
    (at, fn) => void this.#kernel.setTimeout(fn, this.#until(at)),
  )
  #thinkingCount = 0
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
    this.send({ type: 'experiment.start' })
    await replay({
      past,
      runOf: (trial) => this.#restoredRun(trial),
      send: (message) => this.send(message),
      suspend: () => this.#controller.suspend(),
      resume: (trialCount, slotCount, retried) => this.#controller.resume(trialCount, slotCount, retried),
      turn: restore.turn,
      isThinking: () => this.#thinkingCount > 0,
      realNow,
    })
    const { divergence: cause } = past
    if (cause !== undefined) this.abort({ code: 'divergence', message: cause.message, cause })
  }

  /** Goes on after `replay`. */
  async goOn(): Promise<void> {
    const { restore, plan } = this.#settings
    if (this.#ending !== undefined || restore === undefined) return
    const { past } = restore
    const found = await this.#readCheckpoints(restore)
    this.#startedAt = this.#kernel.now() - (restore.rewinds ? 0 : past.endedAt)
    this.#isPast = false
    this.#controller.resume(plan.trialCount, plan.slotCount, this.#retried(restore))
    if (restore.leavesUnfinished === true)
      for (const trial of [...this.#controller.ledger.live.keys()])
        this.send({ type: 'experiment.stopTrial', trial })
    this.#callAgain(found)
    this.#startBudget()
    this.#controller.comeToPresent()
  }

  /** Trials that have ended and shall be run once more. */
  #retried({ finished, errored }: Restore): Retried[] {
    const { records } = this.#controller.ledger
    return records.flatMap(({ number, state, source }) => {
      if (source === 'given' || source === 'reused') return []
      const wish =
        state === 'failed' ? errored : state === 'completed' || state === 'pruned' ? finished : 'skip'
      return wish === undefined || wish === 'skip' ? [] : [{ trial: number, goesOn: wish === 'resume' }]
    })
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

  #restoredRun(trial: number): RestoredRun | undefined {
    const run = this.#controller.ledger.live.get(trial)?.run
    return run instanceof RestoredRun ? run : undefined
  }

  /**
   * Checkpoints of the past, instead of the marks that stood for them.
   * @returns Those that trials go on from.
   */
  async #readCheckpoints({ loadCheckpoint, restarts }: Restore): Promise<Map<RestoredRun, FoundCheckpoint>> {
    const found = new Map<RestoredRun, FoundCheckpoint>()
    for (const record of this.records) {
      const { number, checkpoint } = record
      const mark = checkpoint?.value
      const run = this.#restoredRun(number)
      const marks = (restarts === true ? undefined : run?.marks) ?? []
      if (mark instanceof CheckpointMark && !marks.includes(mark))
        setCheckpoint(record, mark, await loadCheckpoint([mark], number))
      if (run === undefined || marks.length === 0) continue
      const latest = await loadCheckpoint(marks, number)
      if (latest !== undefined) found.set(run, latest)
      if (mark instanceof CheckpointMark && marks.includes(mark)) setCheckpoint(record, mark, latest)
    }
    return found
  }

  /** Calls the user code that was cut off. */
  #callAgain(found: ReadonlyMap<RestoredRun, FoundCheckpoint>): void {
    const { live } = this.#controller.ledger
    const runs = Array.from(live.values(), ({ run }) => run).filter((run) => run instanceof RestoredRun)
    for (const run of runs) this.#catchUp.expect(run, run.turnsFrom(found.get(run)?.mark))
    for (const run of runs) run.comeToPresent(found.get(run))
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
          budget: this.#trialCountAtFirst,
          startThread: startSearchInThread,
          breathe: async () => {
            await nextMacrotask()
            return !this.#controller.isOver
          },
          ...(saved === undefined ? {} : { saved }),
        }),
      (trial) => {
        const past = this.#settings.restore?.past
        return past === undefined || past.isOver ? undefined : past.answer(trial)
      },
    )
  }

  get #trialCountAtFirst(): number {
    return this.#settings.restore?.trialCount ?? this.#settings.plan.trialCount
  }

  #makeController(searcherHost: SearcherHost): Controller {
    const { plan, random, resourcesOf, limits } = this.#settings
    const { session } = searcherHost
    return new Controller(
      {
        ...plan,
        trialCount: this.#trialCountAtFirst,
        slotCount: this.#settings.restore?.slotCount ?? plan.slotCount,
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
        onCheckpoint: (trial, metrics, value) => {
          if (!(value instanceof CheckpointMark)) this.#settings.onCheckpoint?.(trial, metrics, value)
        },
      },
    )
  }

  #makeRun(record: TrialRecord): TrialRun {
    const { limits, restore, whenKept, whenCopied } = this.#settings
    const makeLive = (ranBeforeMs = record.ranMs): SupervisedRun =>
      new SupervisedRun({
        record,
        ranBeforeMs,
        kernel: this.#kernel,
        executor: this.#executor,
        limits,
        whenKept,
        whenCopied,
        note: (trial, note) => this.send({ type: 'trial.noted', trial, note }),
        onCheckpointAgain(mark, value) {
          fillCheckpoint(record, mark, value)
          restore?.onCheckpointAgain(mark, value)
        },
      })
    if (restore === undefined) return makeLive()
    // To do the past again may take longer than it took.
    const isNew = !this.#isPast && this.#kernel.now() - (this.#startedAt ?? 0) > restore.past.endedAt
    if (isNew) return makeLive()
    const run = new RestoredRun({
      kernel: this.#kernel,
      now: () => this.elapsedMs,
      catchUp: this.#catchUp,
      until: (at) => this.#until(at),
      takesTime: restore.rewinds,
      ordinal: () => this.#ordinal++,
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
        resources: plan.totalResources,
        objectives: plan.rankedBy,
        budget: this.#trialCountAtFirst,
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
    if (!this.#isPast) this.#settings.log?.({ at, type: 'experiment.ended', by: endedBy })
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

/**
 * One that is lost stays, without its value: whoever asks whether there is one, and of which iteration, has to hear the same
 * as before the break, and after the next.
 */
function setCheckpoint(record: TrialRecord, mark: CheckpointMark, found: FoundCheckpoint | undefined): void {
  record.checkpoint = {
    value: found?.mark === mark ? found.value : undefined,
    iteration: mark.iteration,
  }
}

/** It is made again. */
function fillCheckpoint(record: TrialRecord, mark: CheckpointMark, value: unknown): void {
  const { checkpoint } = record
  if (checkpoint?.value === undefined && checkpoint?.iteration === mark.iteration)
    record.checkpoint = { value, iteration: mark.iteration }
}
