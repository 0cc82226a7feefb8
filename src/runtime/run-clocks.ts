import type { Kernel, Timer } from './kernel.ts'
import { RunClock } from './run-clock.ts'
import type { RunLimits } from './run-limits.ts'

/** The clocks of a trial's attempts, and the timers set by them. They stand still while it is paused, or waits for a decision. */
export class RunClocks {
  readonly #kernel: Kernel
  readonly #limits: RunLimits
  readonly #onTimeout: (code: string, what: string) => void
  // Time that earlier attempts ran, and this one up to its last pause.
  #ranBeforeMs: number
  #clock = new RunClock()
  #trialTimer: Timer
  #reportTimer: Timer

  /**
   * @param ranBeforeMs - How long earlier attempts ran.
   * @param onTimeout - Something has taken too long: its code, and what it did in words.
   */
  constructor(
    kernel: Kernel,
    limits: RunLimits,
    ranBeforeMs: number,
    onTimeout: (code: string, what: string) => void,
  ) {
    this.#kernel = kernel
    this.#limits = limits
    this.#ranBeforeMs = ranBeforeMs
    this.#onTimeout = onTimeout
  }

  get areRunning(): boolean {
    return this.#clock.isRunning
  }

  /** Milliseconds that the trial ran, all attempts together. */
  get ranMs(): number {
    return this.#ranBeforeMs + this.#clock.elapsed(this.#kernel.now())
  }

  /** Another attempt is about to begin. */
  beginAttempt(): void {
    this.#ranBeforeMs += this.#clock.ranMs
    this.#clock = new RunClock()
  }

  /** Another attempt goes on from where the trial had run for so long. */
  beginFrom(ranMs: number): void {
    this.#ranBeforeMs = ranMs
  }

  /** Stops where the trial had run for so long. */
  stopAt(ranMs: number): void {
    this.stop()
    this.#clock.ranMs = ranMs - this.#ranBeforeMs
  }

  start(): void {
    this.#clock.start(this.#kernel.now())
    this.awaitReport()
    const { trialTimeoutMs } = this.#limits
    if (trialTimeoutMs === undefined) return
    const fire = (): void =>
      this.#onTimeout('trialTimeout', `has run for ${trialTimeoutMs} ms (trialTimeoutMs)`)
    this.#trialTimer = this.#kernel.setTimeout(fire, Math.max(0, trialTimeoutMs - this.#clock.ranMs))
  }

  stop(): void {
    this.#clock.stop(this.#kernel.now())
    this.#kernel.clearTimeout(this.#trialTimer)
    this.onReport()
  }

  /** The next word is the trial's: its time for that begins anew. */
  awaitReport(): void {
    const { reportTimeoutMs } = this.#limits
    if (reportTimeoutMs === undefined) return
    this.onReport()
    const fire = (): void =>
      this.#onTimeout('reportTimeout', `has not reported for ${reportTimeoutMs} ms (reportTimeoutMs)`)
    this.#reportTimer = this.#kernel.setTimeout(fire, reportTimeoutMs)
  }

  /** It has reported. */
  onReport(): void {
    this.#kernel.clearTimeout(this.#reportTimer)
  }
}
