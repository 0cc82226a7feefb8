import type { AnyActorRef } from 'xstate'
import type { TrialNote, TrialRun } from '../../machines/protocol.ts'
import type { Resources, TrialRecord } from '../core/trial.ts'
import { asError, TroupeError } from '../errors.ts'
import type {
  Assignment,
  Attempt,
  AttemptListener,
  Executor,
  OutgoingReport,
  Settled,
} from '../executors/executor.ts'
import type { Kernel, Timer } from './kernel.ts'

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
  #leaving = false
  // Time that earlier attempts ran, and this one up to its last pause.
  #ranBeforeMs: number
  #attemptRanMs = 0
  #runningSince: number | undefined
  #trialTimer: Timer
  #reportTimer: Timer
  #graceTimer: Timer
  #backoffTimer: Timer

  constructor(options: {
    readonly record: TrialRecord
    readonly kernel: Kernel
    readonly executor: Executor
    readonly limits: RunLimits
    readonly note: (trial: number, note: TrialNote) => void
  }) {
    this.#record = options.record
    this.#kernel = options.kernel
    this.#executor = options.executor
    this.#limits = options.limits
    this.#note = options.note
    this.#ranBeforeMs = options.record.ranMs
  }

  get alive(): boolean {
    return this.#isOpen
  }

  connect(trial: AnyActorRef): void {
    this.#trial = trial
  }

  start(assignment: Assignment): void {
    this.#attemptNumber = assignment.attempt
    this.#resources = assignment.resources
    this.#leaving = false
    this.#unanswered.clear()
    this.#lastSeq = 0
    this.#ranBeforeMs += this.#attemptRanMs
    this.#attemptRanMs = 0
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
      if (this.#runningSince === undefined) this.#startClocks()
      else this.#restartReportTimer()
    }
    this.#ask(this.#attemptNumber, () => this.#attempt?.answer(seq))
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
    this.#ask(this.#attemptNumber, () => this.#attempt?.leave(as))
    // Last, so that even with no time at all it hears of it before that is over; and it may have left at once.
    if (!this.#isOpen) return
    const { stopGraceMs } = this.#limits
    this.#graceTimer = this.#kernel.setTimeout(() => this.#abandon(stopGraceMs), stopGraceMs)
  }

  backOff(failures: number): void {
    const doubled = this.#limits.backoffMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX)
    const delay = Math.min(doubled, BACKOFF_MS_MAX)
    this.#backoffTimer = this.#kernel.setTimeout(() => this.#trial?.send({ type: 'run.backedOff' }), delay)
  }

  dispose(): void {
    this.#stopClocks()
    this.#kernel.clearTimeout(this.#graceTimer)
    this.#kernel.clearTimeout(this.#backoffTimer)
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
      if (attempt === this.#attemptNumber && this.#isOpen) this.#note(this.#record.number, made)
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

  #onReport(report: OutgoingReport, attempt: number): void {
    if (!this.#isOpen || this.#leaving || attempt !== this.#attemptNumber) return
    // A message can arrive twice where it comes from afar.
    if (report.seq <= this.#lastSeq) return
    this.#lastSeq = report.seq
    this.#unanswered.add(report.seq)
    this.#kernel.clearTimeout(this.#reportTimer)
    this.#trial?.send({ type: 'run.report', report, attempt, ranMs: this.#ranBeforeMs + this.#ranMs() })
    // Mostly its answer has come by now. A policy that is being restarted takes longer, which is not the trial's time.
    if (this.#unanswered.has(report.seq) && this.#isOpen) this.#stopClocks()
  }

  #onSettled(outcome: Settled, attempt: number): void {
    // An executor that speaks from within start is heard when the trial has started.
    if (this.#isStarting) return this.#kernel.post(() => this.#onSettled(outcome, attempt))
    if (attempt !== this.#attemptNumber || !this.#isOpen) return
    this.#stopClocks()
    this.#kernel.clearTimeout(this.#graceTimer)
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

  /** How long this attempt has run. */
  #ranMs(): number {
    return (
      this.#attemptRanMs + (this.#runningSince === undefined ? 0 : this.#kernel.now() - this.#runningSince)
    )
  }

  #startClocks(): void {
    this.#runningSince = this.#kernel.now()
    this.#restartReportTimer()
    const { trialTimeoutMs } = this.#limits
    if (trialTimeoutMs === undefined) return
    const fire = (): void =>
      this.#timedOut('trialTimeout', `has run for ${trialTimeoutMs} ms (trialTimeoutMs)`)
    this.#trialTimer = this.#kernel.setTimeout(fire, Math.max(0, trialTimeoutMs - this.#attemptRanMs))
  }

  #stopClocks(): void {
    this.#attemptRanMs = this.#ranMs()
    this.#runningSince = undefined
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
