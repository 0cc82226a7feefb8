import type { AnyActorRef } from 'xstate'
import type { TrialNote, TrialRun } from '../../machines/protocol.ts'
import type { TrialRecord } from '../core/trial.ts'
import { TroupeError } from '../errors.ts'
import type { Assignment, Attempt, AttemptListener, Executor, OutgoingReport, Settled } from '../executors/executor.ts'
import type { Kernel, Timer } from './kernel.ts'

/** How long things may take, in milliseconds; undefined for any time. */
export interface RunLimits {
  /** One attempt, pauses left out. */
  readonly trialTimeoutMs: number | undefined
  /** From the start, or from a decision, to the next report. */
  readonly reportTimeoutMs: number | undefined
  /** From being told to leave to having left. */
  readonly stopGraceMs: number
  /** Before the second attempt; doubled for each further one. */
  readonly backoffMs: number
}

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
  // Reports that wait for their answers. Mostly one; more when user code does not await them.
  readonly #unanswered = new Set<number>()
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
    return this.#attempt !== undefined
  }

  connect(trial: AnyActorRef): void {
    this.#trial = trial
  }

  start(assignment: Assignment): void {
    this.#attemptNumber = assignment.attempt
    this.#leaving = false
    this.#unanswered.clear()
    this.#ranBeforeMs += this.#attemptRanMs
    this.#attemptRanMs = 0
    this.#startClocks()
    this.#attempt = this.#executor.start(assignment, this.#listen())
  }

  answer(seq: number): void {
    if (!this.#unanswered.delete(seq)) return
    this.#restartReportTimer()
    this.#attempt?.answer(seq)
  }

  hold(): void {
    this.#stopClocks()
  }

  resume(): void {
    this.#startClocks()
    for (const seq of [...this.#unanswered]) this.answer(seq)
  }

  leave(as: 'stopped' | 'exploited' | 'paused'): void {
    this.#leaving = true
    this.#stopClocks()
    const { stopGraceMs } = this.#limits
    this.#graceTimer = this.#kernel.setTimeout(() => this.#abandon(stopGraceMs), stopGraceMs)
    this.#attempt?.leave(as)
  }

  backOff(failures: number): void {
    const delay = this.#limits.backoffMs * 2 ** Math.max(0, failures - 1)
    this.#backoffTimer = this.#kernel.setTimeout(() => this.#trial?.send({ type: 'run.backedOff' }), delay)
  }

  dispose(): void {
    this.#stopClocks()
    this.#kernel.clearTimeout(this.#graceTimer)
    this.#kernel.clearTimeout(this.#backoffTimer)
    const attempt = this.#attempt
    this.#attempt = undefined
    if (attempt === undefined) return
    attempt.leave('stopped')
    attempt.abandon()
  }

  #listen(): AttemptListener {
    const attempt = this.#attemptNumber
    const note = (made: TrialNote): void => {
      if (attempt === this.#attemptNumber && this.alive) this.#note(this.#record.number, made)
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
    if (this.#leaving || attempt !== this.#attemptNumber) return
    this.#unanswered.add(report.seq)
    this.#kernel.clearTimeout(this.#reportTimer)
    this.#trial?.send({ type: 'run.report', report, attempt, ranMs: this.#ranBeforeMs + this.#ranMs() })
  }

  #onSettled(outcome: Settled, attempt: number): void {
    if (attempt !== this.#attemptNumber || this.#attempt === undefined) return
    this.#stopClocks()
    this.#kernel.clearTimeout(this.#graceTimer)
    this.#attempt = undefined
    if (this.#leaving) this.#trial?.send({ type: 'run.left' })
    else if (outcome.kind === 'threw') this.#trial?.send({ type: 'run.failed', error: outcome.error })
    else this.#trial?.send({ type: 'run.finished' })
  }

  /** User code has not left in time: its slot is given on, and nothing it still says is heard. */
  #abandon(graceMs: number): void {
    const attempt = this.#attempt
    if (attempt === undefined) return
    this.#note(this.#record.number, { kind: 'abandoned', graceMs })
    this.#attempt = undefined
    attempt.abandon()
    this.#trial?.send({ type: 'run.left' })
  }

  // ---- Clocks: they stand still while a trial is paused ----

  /** How long this attempt has run. */
  #ranMs(): number {
    return this.#attemptRanMs + (this.#runningSince === undefined ? 0 : this.#kernel.now() - this.#runningSince)
  }

  #startClocks(): void {
    this.#runningSince = this.#kernel.now()
    this.#restartReportTimer()
    const { trialTimeoutMs } = this.#limits
    if (trialTimeoutMs === undefined) return
    const fire = (): void => this.#timedOut('trialTimeout', `has run for ${trialTimeoutMs} ms (trialTimeoutMs)`)
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
    const fire = (): void => this.#timedOut('reportTimeout', `has not reported for ${reportTimeoutMs} ms (reportTimeoutMs)`)
    this.#reportTimer = this.#kernel.setTimeout(fire, reportTimeoutMs)
  }

  #timedOut(code: string, what: string): void {
    if (this.#leaving || this.#attempt === undefined) return
    const message = `Trial ${this.#record.number} ${what}, and was stopped. Raise the limit, or make the trainable faster.`
    this.#trial?.send({ type: 'run.timedOut', error: new TroupeError(code, message) })
  }
}
