import type { AnyActorRef } from 'xstate'
import type { TrialNote, TrialRun } from '../../machines/protocol.ts'
import { toJson } from '../core/plain-json.ts'
import type { Resources, TrialRecord } from '../core/trial.ts'
import { asError, DivergenceError, TroupeError } from '../errors.ts'
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
import type { CheckpointMark } from './restore/checkpoint-mark.ts'
import { RunClock } from './run-clock.ts'

/** How long things may take, in milliseconds; undefined for any time. */
export interface RunLimits {
  /** One attempt, pauses left out. */
  readonly trialTimeoutMs: number | undefined
  /** From the start, or from a decision, to the next report. */
  readonly reportTimeoutMs: number | undefined
  /** From being told to leave to having left. */
  readonly stopGraceMs: number
  /** Before the second attempt; doubled for each further one, up to a day. */
  readonly backoffMs: number
}

/** A report that was made before its process was cut off. */
export interface PastReport {
  readonly seq: number
  readonly metrics: Readonly<Record<string, unknown>>
  /** How long the trial had run. */
  readonly ranMs: number
  /** Stands for the checkpoint that came with it. */
  readonly mark: CheckpointMark | undefined
  /** When it was decided that the trial goes on, on the experiment's clock; undefined while it is not. */
  answeredAt: number | undefined
  /** Its place in the order in which all trials were led on. */
  ordinal: number | undefined
}

/** What an attempt that is called again did before. */
export interface PastAttempt {
  /** When it was called, or went on from its checkpoint. */
  readonly at: number
  readonly ordinal: number
  /**
   * Number of the report whose checkpoint it goes on from; 0 for none. Below that when it begins before the start of this
   * attempt, by so many reports.
   */
  readonly seq: number
  /** How long it had run there. */
  readonly ranMs: number
  /** Those that it will make again, in order. */
  readonly reports: readonly PastReport[]
  /** Leads user code on as it was led on then. */
  readonly lead: (ordinal: number, at: number, fn: () => void) => void
  /** It is not led on any more. */
  readonly drop: () => void
  /** Whether what is done again takes the time that it took; else the clocks are set by what is known of it. */
  readonly takesTime: boolean
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
  readonly #whenCopied: (trial: number, fn: () => void) => void
  readonly #onCheckpointAgain: ((mark: CheckpointMark, value: unknown) => void) | undefined
  #trial: AnyActorRef | undefined
  #attempt: Attempt | undefined
  #attemptNumber = 0
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
  #isUncalled = false
  #leaving = false
  // Time that earlier attempts ran, and this one up to its last pause.
  #ranBeforeMs: number
  #clock = new RunClock()
  #trialTimer: Timer
  #reportTimer: Timer
  #graceTimer: Timer
  #backoffTimer: Timer

  constructor(options: {
    readonly record: TrialRecord
    /** How long earlier attempts ran, in milliseconds. */
    readonly ranBeforeMs: number
    readonly kernel: Kernel
    readonly executor: Executor
    readonly limits: RunLimits
    readonly note: (trial: number, note: TrialNote) => void
    /** Calls back when what was logged so far is kept, where that was promised. */
    readonly whenKept?: ((fn: () => void) => void) | undefined
    /** Calls back when the folders that it gave as checkpoints have been read. */
    readonly whenCopied?: ((trial: number, fn: () => void) => void) | undefined
    /** A checkpoint that was made in the past, and may have been lost since, is there again. */
    readonly onCheckpointAgain?: (mark: CheckpointMark, value: unknown) => void
  }) {
    this.#record = options.record
    this.#kernel = options.kernel
    this.#executor = options.executor
    this.#limits = options.limits
    this.#note = options.note
    this.#whenKept = options.whenKept
    this.#whenCopied = options.whenCopied ?? ((_, fn) => fn())
    this.#onCheckpointAgain = options.onCheckpointAgain
    this.#ranBeforeMs = options.ranBeforeMs
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
    this.#seqBefore = past.seq
    this.#lastSeq = Math.min(0, past.seq)
    this.#ranBeforeMs = past.ranMs
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
    this.#unanswered.clear()
    this.#lastSeq = 0
    this.#ranBeforeMs += this.#clock.ranMs
    this.#clock = new RunClock()
  }

  #call(given: Assignment): void {
    // A checkpoint that was lost is none to user code.
    const isLost = given.checkpoint?.value === undefined
    const assignment = isLost ? { ...given, checkpoint: undefined } : given
    this.#startClocks()
    this.#isOpen = true
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
      if (!this.#clock.isRunning) this.#startClocks()
      else this.#restartReportTimer()
    }
    if (this.#whenKept === undefined || this.#isInPast) return this.#acknowledge(seq, this.#attemptNumber)
    const attempt = this.#attemptNumber
    this.#whenKept(() => this.#acknowledge(seq, attempt))
  }

  #acknowledge(seq: number, attempt: number): void {
    this.#speak(attempt, () => this.#attempt?.answer(seq - this.#seqBefore))
  }

  /** Lets user code go on, or leave: it may then change the folders that it gave as checkpoints. */
  #speak(attempt: number, call: () => void): void {
    this.#whenCopied(this.#record.number, () => {
      if (attempt === this.#attemptNumber && this.#isOpen) this.#ask(attempt, call)
    })
  }

  hold(): void {
    this.#stopClocks()
  }

  resume(resources: Resources): void {
    this.#startClocks()
    if (resources !== this.#resources) {
      this.#resources = resources
      this.#ask(this.#attemptNumber, () => this.#attempt?.reallocate?.(resources))
    }
    for (const seq of [...this.#unanswered]) this.answer(seq)
  }

  leave(as: 'stopped' | 'exploited' | 'paused'): void {
    this.#leaving = true
    this.#stopClocks()
    if (this.#isUncalled) return this.#leaveUncalled()
    this.#past?.drop()
    this.#speak(this.#attemptNumber, () => this.#attempt?.leave(as))
    // Last, so that even with no time at all it hears of it before that is over; and it may have left at once.
    if (!this.#isOpen) return
    const { stopGraceMs } = this.#limits
    this.#graceTimer = this.#kernel.setTimeout(() => this.#abandon(stopGraceMs), stopGraceMs)
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
    this.#stopClocks()
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
      // What was said before the last report of the past was heard then.
      if (attempt === this.#attemptNumber && this.#isOpen && !this.#isInPast)
        this.#note(this.#record.number, made)
    }
    return {
      report: (report) => this.#onReport(report, attempt),
      setUserAttr: (key, value) => note({ kind: 'userAttr', key, value }),
      setConstraint: (key, value) => note({ kind: 'constraint', key, value }),
      log: (entry) => note({ kind: 'log', entry }),
      saved: () => {},
      settled: (outcome) => this.#onSettled(outcome, attempt),
    }
  }

  #onReport(sent: OutgoingReport, attempt: number): void {
    if (!this.#isOpen || this.#leaving || attempt !== this.#attemptNumber) return
    const report = this.#seqBefore === 0 ? sent : { ...sent, seq: sent.seq + this.#seqBefore }
    // A message can arrive twice where it comes from afar.
    if (report.seq <= this.#lastSeq) return
    this.#lastSeq = report.seq
    this.#unanswered.add(report.seq)
    this.#kernel.clearTimeout(this.#reportTimer)
    if (this.#isInPast) return this.#onReportAgain(report)
    this.#trial?.send({
      type: 'run.report',
      report,
      attempt,
      ranMs: this.#ranBeforeMs + this.#clock.elapsed(this.#kernel.now()),
    })
    // Mostly its answer has come by now. A policy that is being restarted takes longer, which is not the trial's time.
    if (this.#unanswered.has(report.seq) && this.#isOpen) this.#stopClocks()
  }

  // ---- The past ----

  get #isInPast(): boolean {
    return this.#past !== undefined && this.#pastDone < this.#past.reports.length
  }

  /** The controller has it already, and decided upon it, or is about to. */
  #onReportAgain(report: OutgoingReport): void {
    const past = this.#past as PastAttempt
    const before = past.reports[this.#pastDone] as PastReport
    if (!sameValue(before.metrics, report.metrics)) return this.#diverge(before, report)
    this.#pastDone++
    if (before.mark !== undefined && report.checkpoint !== undefined)
      this.#onCheckpointAgain?.(before.mark, report.checkpoint.value)
    if (!past.takesTime) {
      this.#stopClocks()
      this.#clock.ranMs = before.ranMs - this.#ranBeforeMs
    }
    const { answeredAt, ordinal } = before
    if (answeredAt !== undefined && ordinal !== undefined)
      past.lead(ordinal, answeredAt, () => this.answer(report.seq))
    if (this.#unanswered.has(report.seq)) this.#stopClocks()
  }

  #diverge(before: PastReport, report?: OutgoingReport): void {
    const now =
      report === undefined
        ? 'its code came to its end before that'
        : `now it reported ${toJson(report.metrics)}`
    const error = new DivergenceError(
      `Trial ${this.#record.number} was called again after a break, and did not do the same: report ${before.seq} was ${toJson(before.metrics)}, but ${now}. A trainable must give the same for the same configuration, checkpoint and trial.random(); or let it attach checkpoints to its reports, and it goes on from there.`,
    )
    this.#stopClocks()
    const attempt = this.#close()
    this.#ask(this.#attemptNumber, () => {
      attempt?.leave('stopped')
      attempt?.abandon()
    })
    this.#trial?.send({ type: 'run.failed', error })
  }

  #onSettled(outcome: Settled, attempt: number): void {
    // An executor that speaks from within start is heard when the trial has started.
    if (this.#isStarting) return this.#kernel.post(() => this.#onSettled(outcome, attempt))
    if (attempt !== this.#attemptNumber || !this.#isOpen) return
    this.#stopClocks()
    this.#kernel.clearTimeout(this.#graceTimer)
    const owed = this.#past?.reports[this.#pastDone]
    if (owed !== undefined && !this.#leaving && outcome.kind === 'returned') return this.#diverge(owed)
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

  // ---- Clocks: they stand still while a trial is paused, or waits for a decision ----

  #startClocks(): void {
    this.#clock.start(this.#kernel.now())
    this.#restartReportTimer()
    const { trialTimeoutMs } = this.#limits
    if (trialTimeoutMs === undefined) return
    const fire = (): void =>
      this.#timedOut('trialTimeout', `has run for ${trialTimeoutMs} ms (trialTimeoutMs)`)
    this.#trialTimer = this.#kernel.setTimeout(fire, Math.max(0, trialTimeoutMs - this.#clock.ranMs))
  }

  #stopClocks(): void {
    this.#clock.stop(this.#kernel.now())
    this.#kernel.clearTimeout(this.#trialTimer)
    this.#kernel.clearTimeout(this.#reportTimer)
  }

  #restartReportTimer(): void {
    const { reportTimeoutMs } = this.#limits
    if (reportTimeoutMs === undefined) return
    this.#kernel.clearTimeout(this.#reportTimer)
    const fire = (): void =>
      this.#timedOut('reportTimeout', `has not reported for ${reportTimeoutMs} ms (reportTimeoutMs)`)
    this.#reportTimer = this.#kernel.setTimeout(fire, reportTimeoutMs)
  }

  #timedOut(code: string, what: string): void {
    if (this.#leaving || !this.#isOpen) return
    const message = `Trial ${this.#record.number} ${what}, and was stopped. Raise the limit, or make the trainable faster.`
    this.#trial?.send({ type: 'run.timedOut', error: new TroupeError(code, message) })
  }
}
