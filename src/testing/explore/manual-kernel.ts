import type { Kernel, Timer } from '../../runtime/kernel.ts'

/** A timer that waits to be fired. */
export interface ManualTimer {
  readonly fn: () => void
  readonly ms: number
}

/**
 * A kernel on which nothing happens by itself. Time stands still; what was posted runs when it is drained, and timers
 * fire when they are told to, in whatever order: any of them may be the first to be through.
 */
export class ManualKernel implements Kernel {
  /** Those that were set and not cleared, in order. */
  readonly timers = new Set<ManualTimer>()
  readonly #posted: (() => void)[] = []

  now(): number {
    return 0
  }

  readonly setTimeout = (fn: () => void, ms: number): Timer => {
    const timer: ManualTimer = { fn, ms }
    this.timers.add(timer)
    return timer
  }

  clearTimeout(timer: Timer | undefined): void {
    this.timers.delete(timer as ManualTimer)
  }

  post(fn: () => void): void {
    this.#posted.push(fn)
  }

  keepAlive(): () => void {
    return () => {}
  }

  // User code never runs here, so there is none to wait for.
  watch(): { resumed(): void; called(): void } {
    return { resumed() {}, called() {} }
  }

  /** Runs what was posted, and what that posts. */
  drain(): void {
    for (let fn = this.#posted.shift(); fn !== undefined; fn = this.#posted.shift()) fn()
  }

  fire(timer: ManualTimer): void {
    if (this.timers.delete(timer)) timer.fn()
  }
}
