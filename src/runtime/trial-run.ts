import type { AnyActorRef } from 'xstate'
import type { TrialNote, TrialRun } from '../../machines/protocol.ts'
import type { Metrics } from '../core/metrics.ts'
import { toJson } from '../core/plain-json.ts'
import type { Checkpoint, Resources, TrialRecord } from '../core/trial.ts'
import { asError, DivergenceError, OptionError, TroupeError } from '../errors.ts'
import { sameValue } from '../space/same-value.ts'
import type {
  Assignment,
  Attempt,
  AttemptListener,
  Executor,
  OutgoingReport,
  Settled,
} from '../executors/executor.ts'
import type { Kernel, Timer } from './kernel.ts'
import type { CheckpointPort } from './checkpoint-port.ts'
import { Inbox } from './inbox.ts'
import { CheckpointMark } from './restore/checkpoint-mark.ts'
import type { PastAttempt, PastReport } from './past-attempt.ts'
import { RunClocks } from './run-clocks.ts'
import type { RunLimits } from './run-limits.ts'

/** What a `SupervisedRun` is made from. */
export interface SupervisedRunOptions {
  readonly record: TrialRecord
  /** How long earlier attempts ran, in milliseconds. */
  readonly ranBeforeMs: number
  readonly kernel: Kernel
  readonly executor: Executor
  readonly limits: RunLimits
  readonly note: (trial: number, note: TrialNote) => void
  /** Calls back when what was logged so far is kept, where that was promised. */
  readonly whenKept?: ((fn: () => void) => void) | undefined
  /** What keeps checkpoints beyond the process; undefined when nothing does. */
  readonly checkpoints?: (() => CheckpointPort | undefined) | undefined
  /** A checkpoint that was made in the past, and may have been lost since, is there again. */
  readonly onCheckpointAgain?: (mark: CheckpointMark, metrics: Metrics, value: unknown) => void
}

// So that many failures neither overflow the doubling nor wait for longer than anybody means to.
const DOUBLINGS_MAX = 32
const BACKOFF_MS_MAX = 24 * 60 * 60 * 1000

/**
 * One trial's user code, attempt after attempt, with its clocks: what the trial's actor handles, and the executor's
 * messages on their way to it. Here alone are timers set for a trial, and all of them end with it.
 */
export class SupervisedRun implements TrialRun {
  readonly #record: TrialRecord
  readonly #kernel: Kernel
  readonly #executor: Executor
  readonly #limits: RunLimits
  readonly #note: (trial: number, note: TrialNote) => void
  readonly #whenKept: ((fn: () => void) => void) | undefined
  readonly #checkpoints: () => CheckpointPort | undefined
  readonly #onCheckpointAgain: SupervisedRunOptions['onCheckpointAgain']
  #trial: AnyActorRef | undefined
  #attempt: Attempt | undefined
  #attemptNumber = 0
  // Held while a checkpoint is being kept, whose report has not been passed on.
  #inbox = new Inbox()
  #resources: Resources | undefined
  // From the start to the end of an attempt, also before the executor has given it.
  #isOpen = false
  #isStarting = false
  // Reports that wait for their answers. Mostly one; more when user code does not await them.
  readonly #unanswered = new Set<number>()
  // Of this attempt. Its reports come in order, so what does not come after it was there before.
  #lastSeq = 0
  // Numbers of reports in messages of the executor begin after this one.
  #seqBefore = 0
  #past: PastAttempt | undefined
  #pastDone = 0
  // Of the reports that it has made again, and what it has said since the last of them.
  #lastCheckpoint: Checkpoint | undefined
  #unheard: TrialNote[] = []
  #awaitsPresent = false
  #isUncalled = false
  #leaving = false
  #savesAtEnd = false
  // Whether the report that waits brought a checkpoint.
  #hasCheckpoint = false
  // Whether it was asked for a checkpoint, and has not been told to leave yet.
  #isSaving = false
  readonly #clocks: RunClocks
  #graceTimer: Timer
  #backoffTimer: Timer

  constructor(options: SupervisedRunOptions) {
    this.#record = options.record
    this.#kernel = options.kernel
    this.#executor = options.executor
    this.#limits = options.limits
    this.#note = options.note
    this.#whenKept = options.whenKept
    this.#checkpoints = options.checkpoints ?? (() => undefined)
    this.#onCheckpointAgain = options.onCheckpointAgain
    this.#clocks = new RunClocks(options.kernel, options.limits, options.ranBeforeMs, (code, what) =>
      this.#timedOut(code, what),
    )
  }

  get alive(): boolean {
    return this.#isOpen
  }

  connect(trial: AnyActorRef): void {
    this.#trial = trial
  }

  start(assignment: Assignment): void {
    this.#prepare(assignment)
    this.#past = undefined
    this.#seqBefore = 0
    this.#call(assignment)
  }

  /**
   * Calls code that was cut off. What it reports again is answered from the past, and compared with it; only what comes
   * after that is new.
   */
  startAgain(assignment: Assignment, past: PastAttempt): void {
    this.#prepare(assignment)
    this.#past = past
    this.#pastDone = 0
    this.#lastCheckpoint = past.checkpoint
    this.#unheard = []
    this.#seqBefore = past.seq
    this.#lastSeq = Math.min(0, past.seq)
    this.#clocks.beginFrom(past.ranMs)
    this.#isOpen = true
    this.#isUncalled = true
    past.lead(past.ordinal, past.at, () => {
      if (!this.#isUncalled) return
      this.#isUncalled = false
      this.#call(assignment)
    })
  }

  #prepare(assignment: Assignment): void {
    this.#attemptNumber = assignment.attempt
    this.#resources = assignment.resources
    this.#leaving = false
    this.#savesAtEnd = assignment.saveAtEnd
    this.#isSaving = false
    this.#awaitsPresent = false
    this.#unanswered.clear()
    this.#inbox = new Inbox()
    this.#lastSeq = 0
    this.#clocks.beginAttempt()
  }

  #call(given: Assignment): void {
    this.#isOpen = true
    // A checkpoint that was lost is none to user code.
    const value = given.checkpoint?.value
    if (given.checkpoint === undefined || value === undefined)
      return this.#callWith({ ...given, checkpoint: undefined })
    const copy = this.#checkpoints()?.ownCopy(given.trial, value)
    if (copy === undefined) return this.#callWith(given)
    const { attempt, checkpoint } = given
    this.#isUncalled = true
    copy.then(
      (own) => this.#callIfWanted({ ...given, checkpoint: { ...checkpoint, value: own } }),
      (thrown: unknown) => this.#failRun(asError(thrown), attempt),
    )
  }

  #callIfWanted(assignment: Assignment): void {
    if (!this.#isUncalled || assignment.attempt !== this.#attemptNumber) return
    this.#isUncalled = false
    this.#callWith(assignment)
  }

  #callWith(assignment: Assignment): void {
    this.#clocks.start()
    this.#isStarting = true
    this.#ask(assignment.attempt, () => {
      this.#attempt = this.#executor.start(assignment, this.#listen())
    })
    this.#isStarting = false
  }

  answer(seq: number): void {
    if (!this.#unanswered.delete(seq)) return
    // Its time runs only when the next word is its own.
    if (this.#unanswered.size === 0) {
      if (!this.#clocks.areRunning) this.#clocks.start()
      else this.#clocks.awaitReport()
    }
    if (this.#whenKept === undefined || this.#isInPast) return this.#acknowledge(seq, this.#attemptNumber)
    const attempt = this.#attemptNumber
    this.#whenKept(() => this.#acknowledge(seq, attempt))
  }

  #acknowledge(seq: number, attempt: number): void {
    if (attempt === this.#attemptNumber && this.#isOpen)
      this.#ask(attempt, () => this.#attempt?.answer(seq - this.#seqBefore))
  }

  hold(): void {
    this.#clocks.stop()
  }

  resume(resources: Resources): void {
    this.#clocks.start()
    if (resources !== this.#resources) {
      this.#resources = resources
      this.#ask(this.#attemptNumber, () => this.#attempt?.reallocate?.(resources))
    }
    for (const seq of [...this.#unanswered]) this.answer(seq)
  }

  leave(as: 'stopped' | 'exploited' | 'paused'): void {
    this.#leaving = true
    this.#clocks.stop()
    if (this.#isUncalled) return this.#leaveUncalled()
    this.#past?.drop()
    if (this.#awaitsPresent) {
      this.#awaitsPresent = false
      this.#inbox.letGo()
    }
    const attempt = this.#attemptNumber
    // Once it has been told, it may change the folder that it gave as a checkpoint.
    if (as === 'stopped' && this.#mayOweCheckpoint) this.#askForCheckpoint(attempt)
    else this.#inbox.take(() => this.#tellToLeave(as, attempt))
    // Last, so that even with no time at all it hears of it before that is over; and it may have left at once.
    if (!this.#isOpen) return
    const { stopGraceMs } = this.#limits
    this.#graceTimer = this.#kernel.setTimeout(() => this.#abandon(stopGraceMs), stopGraceMs)
  }

  #tellToLeave(as: 'stopped' | 'exploited' | 'paused', attempt: number): void {
    if (attempt === this.#attemptNumber && this.#isOpen) this.#ask(attempt, () => this.#attempt?.leave(as))
  }

  // ---- The checkpoint at the end ----

  /** Whether it ends at a report that waits, for which it was to give a checkpoint if that was the last. */
  get #mayOweCheckpoint(): boolean {
    return (
      this.#savesAtEnd &&
      this.#unanswered.size > 0 &&
      !this.#hasCheckpoint &&
      !this.#inbox.isHeld &&
      !this.#isInPast
    )
  }

  #askForCheckpoint(attempt: number): void {
    this.#isSaving = true
    this.#ask(attempt, () => this.#attempt?.save())
  }

  #onSaved(checkpoint: { readonly value: unknown } | undefined, attempt: number): void {
    if (!this.#isSaving || !this.#isOpen || attempt !== this.#attemptNumber) return
    this.#isSaving = false
    const port = this.#checkpoints()
    if (checkpoint === undefined) this.#tellToLeave('stopped', attempt)
    else if (port !== undefined) void this.#passCheckpointWhenKept(checkpoint.value, attempt, port)
    else this.#passCheckpoint(checkpoint.value, attempt)
  }

  #passCheckpoint(value: unknown, attempt: number): void {
    const { number, iteration } = this.#record
    this.#note(number, { kind: 'saved', checkpoint: { value, iteration } })
    this.#tellToLeave('stopped', attempt)
  }

  async #passCheckpointWhenKept(value: unknown, attempt: number, checkpoints: CheckpointPort): Promise<void> {
    const { number, iteration, metrics } = this.#record
    const mark = new CheckpointMark(number, attempt, iteration)
    try {
      await checkpoints.keep(mark, value, metrics)
    } catch (thrown) {
      if (attempt !== this.#attemptNumber || !this.#isOpen) return
      if (thrown instanceof OptionError) this.#note(number, { kind: 'threwBesides', error: thrown })
      return this.#tellToLeave('stopped', attempt)
    }
    if (attempt === this.#attemptNumber && this.#isOpen) this.#passCheckpoint(value, attempt)
    else checkpoints.discard(mark)
  }

  #leaveUncalled(): void {
    this.#isUncalled = false
    this.#close()
    this.#kernel.post(() => this.#trial?.send({ type: 'run.left' }))
  }

  renew(): void {}

  /** @param leftOf - How much is left of the pause, where some of it is over. */
  backOff(failures: number, leftOf = (pauseMs: number): number => pauseMs): void {
    const doubled = this.#limits.backoffMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX)
    const delay = Math.min(doubled, BACKOFF_MS_MAX)
    this.#backoffTimer = this.#kernel.setTimeout(
      () => this.#trial?.send({ type: 'run.backedOff' }),
      leftOf(delay),
    )
  }

  dispose(): void {
    this.#clocks.stop()
    this.#kernel.clearTimeout(this.#graceTimer)
    this.#kernel.clearTimeout(this.#backoffTimer)
    this.#isUncalled = false
    const attempt = this.#close()
    this.#ask(this.#attemptNumber, () => {
      attempt?.leave('stopped')
      attempt?.abandon()
    })
  }

  /** The attempt is over: nothing that it still says is heard. */
  #close(): Attempt | undefined {
    const attempt = this.#attempt
    this.#attempt = undefined
    this.#isOpen = false
    this.#past?.drop()
    return attempt
  }

  /** Calls the executor, which must not throw. One that does has failed the attempt. */
  #ask(attempt: number, call: () => void): void {
    try {
      call()
    } catch (thrown) {
      this.#onSettled({ kind: 'threw', error: asError(thrown) }, attempt)
    }
  }

  #listen(): AttemptListener {
    const attempt = this.#attemptNumber
    const note = (made: TrialNote): void => {
      if (attempt !== this.#attemptNumber || !this.#isOpen) return
      // What was said before the last report of the past was heard then.
      if (this.#isInPast) this.#unheard.push(made)
      else this.#note(this.#record.number, made)
    }
    const inbox = this.#inbox
    return {
      report: (report) => {
        if (inbox.isHeld) inbox.take(() => this.#onReport(report, attempt))
        else this.#onReport(report, attempt)
      },
      setUserAttr: (key, value) => inbox.take(() => note({ kind: 'userAttr', key, value })),
      setConstraint: (key, value) => inbox.take(() => note({ kind: 'constraint', key, value })),
      log: (entry) => inbox.take(() => note({ kind: 'log', entry })),
      saved: (checkpoint) => inbox.take(() => this.#onSaved(checkpoint, attempt)),
      settled: (outcome) => inbox.take(() => this.#onSettled(outcome, attempt)),
    }
  }

  #onReport(sent: OutgoingReport, attempt: number): void {
    if (!this.#isOpen || this.#leaving || attempt !== this.#attemptNumber) return
    const report = this.#seqBefore === 0 ? sent : { ...sent, seq: sent.seq + this.#seqBefore }
    // A message can arrive twice where it comes from afar.
    if (report.seq <= this.#lastSeq) return
    this.#lastSeq = report.seq
    this.#clocks.onReport()
    if (this.#isInPast) this.#onReportAgain(report, attempt)
    else if (this.#past === undefined) this.#onNewReport(report, attempt)
    else this.#whenPresent(() => this.#onNewReport(report, attempt))
  }

  #onNewReport(report: OutgoingReport, attempt: number): void {
    this.#unanswered.add(report.seq)
    this.#hasCheckpoint = report.checkpoint !== undefined
    const ranMs = this.#clocks.ranMs
    const checkpoints = report.checkpoint === undefined ? undefined : this.#checkpoints()
    if (checkpoints === undefined) this.#pass(report, attempt, ranMs)
    else void this.#passWhenKept(report, attempt, ranMs, checkpoints)
  }

  #pass(report: OutgoingReport, attempt: number, ranMs: number): void {
    this.#trial?.send({ type: 'run.report', report, attempt, ranMs })
    // Mostly its answer has come by now. A policy that is being restarted takes longer, which is not the trial's time.
    if (this.#unanswered.has(report.seq) && this.#isOpen) this.#clocks.stop()
  }

  /** What anybody hears of a checkpoint is true after any crash, and another trial may go on from it at once. */
  async #passWhenKept(
    report: OutgoingReport,
    attempt: number,
    ranMs: number,
    checkpoints: CheckpointPort,
  ): Promise<void> {
    this.#clocks.stop()
    this.#inbox.hold()
    // By then all that it reported before is counted.
    await Promise.resolve()
    const mark = new CheckpointMark(this.#record.number, attempt, this.#record.iteration + 1)
    try {
      await checkpoints.keep(mark, report.checkpoint?.value)
      if (attempt === this.#attemptNumber && this.#isOpen && !this.#leaving)
        this.#pass(report, attempt, ranMs)
      else checkpoints.discard(mark)
    } catch (thrown) {
      if (thrown instanceof OptionError) this.#failRun(thrown, attempt)
    }
    // Of a new attempt nothing has to do with this.
    if (attempt === this.#attemptNumber) this.#inbox.letGo()
  }

  /** It cannot go on, though its code would. */
  #failRun(error: Error, attemptNumber: number): void {
    if (attemptNumber !== this.#attemptNumber || !this.#isOpen) return
    this.#clocks.stop()
    this.#isUncalled = false
    const attempt = this.#close()
    this.#ask(attemptNumber, () => {
      attempt?.leave('stopped')
      attempt?.abandon()
    })
    this.#trial?.send(this.#leaving ? { type: 'run.left' } : { type: 'run.failed', error })
  }

  // ---- The past ----

  get #isInPast(): boolean {
    return this.#past !== undefined && this.#pastDone < this.#past.reports.length
  }

  /** The controller has it already, and decided upon it, or is about to. */
  #onReportAgain(report: OutgoingReport, attempt: number): void {
    const past = this.#past as PastAttempt
    const before = past.reports[this.#pastDone] as PastReport
    if (!sameValue(before.metrics, report.metrics)) {
      const now = `now it reported ${toJson(report.metrics)}`
      return this.#diverge(before, now, () => this.#onNewReport(report, attempt))
    }
    this.#pastDone++
    this.#unheard = []
    this.#unanswered.add(report.seq)
    this.#hasCheckpoint = before.mark !== undefined
    if (before.mark !== undefined && report.checkpoint !== undefined) {
      const { value } = report.checkpoint
      this.#lastCheckpoint = { value, iteration: before.iteration }
      this.#onCheckpointAgain?.(before.mark, before.metrics, value)
    }
    if (!past.takesTime) {
      this.#clocks.stopAt(before.ranMs)
    }
    const { answeredAt, ordinal } = before
    if (answeredAt !== undefined && ordinal !== undefined)
      past.lead(ordinal, answeredAt, () => this.answer(report.seq))
    if (this.#unanswered.has(report.seq)) this.#clocks.stop()
  }

  /**
   * It does not do what it did before, which it fails by; or, where that is wished, is done with.
   * @param now - What it does in place of its next report.
   */
  #diverge(before: PastReport, now: string, goOn: () => void): void {
    const past = this.#past as PastAttempt
    const how = `Trial ${this.#record.number} was called again after a break, and did not do the same: report ${before.seq} was ${toJson(before.metrics)}, but ${now}.`
    if (!past.mayDiffer) {
      const remedy =
        "A trainable must give the same for the same configuration, checkpoint and trial.random(); or let it attach checkpoints to its reports, and it goes on from there. With resume: { diverged: 'accept' } what it does now counts."
      return this.#failRun(new DivergenceError(`${how} ${remedy}`), this.#attemptNumber)
    }
    const iteration = before.iteration - 1
    past.rewind(iteration)
    this.#pastDone = past.reports.length
    this.#attempt?.endReplay?.()
    const notes: TrialNote[] = [
      {
        kind: 'rewound',
        iteration,
        checkpoint: this.#lastCheckpoint,
        how: `${how} What it does now counts, in place of that and of what came after it.`,
      },
      ...this.#unheard,
    ]
    this.#whenPresent(() => {
      for (const note of notes) this.#note(this.#record.number, note)
      goOn()
    })
  }

  /** What is new is said when all that had happened is over. What it says meanwhile waits, and so do its clocks. */
  #whenPresent(say: () => void): void {
    if (this.#past === undefined) return say()
    const inbox = this.#inbox
    inbox.hold()
    this.#awaitsPresent = true
    this.#past.whenPresent(() => {
      if (!this.#awaitsPresent || inbox !== this.#inbox) return
      this.#awaitsPresent = false
      this.#past = undefined
      inbox.letGo(say)
    })
    if (this.#awaitsPresent) this.#clocks.stop()
  }

  #onSettled(outcome: Settled, attempt: number): void {
    // An executor that speaks from within start is heard when the trial has started.
    if (this.#isStarting) return this.#kernel.post(() => this.#onSettled(outcome, attempt))
    if (attempt !== this.#attemptNumber || !this.#isOpen) return
    this.#clocks.stop()
    this.#kernel.clearTimeout(this.#graceTimer)
    if (this.#leaving) return this.#end(outcome)
    const owed = this.#past?.reports[this.#pastDone]
    if (owed !== undefined && outcome.kind === 'returned')
      this.#diverge(owed, 'its code came to its end before that', () => this.#end(outcome))
    else this.#whenPresent(() => this.#end(outcome))
  }

  #end(outcome: Settled): void {
    this.#noteEnd(outcome)
    this.#close()
    if (this.#leaving) this.#trial?.send({ type: 'run.left' })
    else if (outcome.kind === 'threw')
      this.#trial?.send({ type: 'run.failed', error: asError(outcome.error) })
    else this.#trial?.send({ type: 'run.finished' })
  }

  /** What is to be said of the end of an attempt besides that it came. */
  #noteEnd(outcome: Settled): void {
    const { number } = this.#record
    if (outcome.besides !== undefined) {
      this.#note(number, { kind: 'threwBesides', error: asError(outcome.besides) })
    }
    // Its `save` broke.
    if (this.#isSaving && outcome.kind === 'threw')
      this.#note(number, { kind: 'threwBesides', error: asError(outcome.error) })
    if (outcome.kind === 'returned' && outcome.ignored !== undefined) {
      this.#note(number, { kind: 'returned', what: outcome.ignored })
    }
  }

  /** User code has not left in time: its slot is given on, and nothing it still says is heard. */
  #abandon(graceMs: number): void {
    if (!this.#isOpen) return
    this.#note(this.#record.number, { kind: 'abandoned', graceMs })
    const attempt = this.#close()
    this.#ask(this.#attemptNumber, () => attempt?.abandon())
    this.#trial?.send({ type: 'run.left' })
  }

  #timedOut(code: string, what: string): void {
    if (this.#leaving || !this.#isOpen) return
    const message = `Trial ${this.#record.number} ${what}, and was stopped. Raise the limit, or make the trainable faster.`
    this.#trial?.send({ type: 'run.timedOut', error: new TroupeError(code, message) })
  }
}
