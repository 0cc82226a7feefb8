/** A timer that was set, to clear it with. */
export type Timer = unknown

/** Lets the kernel know whether user code is at rest. */
export interface Watch {
  /** Control goes to user code now, or will before the current event is over. */
  resumed(): void
  /** User code came back: it reported, sleeps, or ended. */
  called(): void
}

/**
 * Time and the order of events, real or virtual. Everything that resumes user code (an answer, an expired sleep, a
 * start) goes through `post` or `setTimeout`, never through a direct call: so one continuation runs at a time.
 */
export interface Kernel {
  /** Milliseconds since the kernel was made. */
  now(): number
  setTimeout(fn: () => void, ms: number): Timer
  /** Nothing happens when the timer has fired, or is undefined. */
  clearTimeout(timer: Timer | undefined): void
  /** Calls `fn` soon, in order of posting, never inside the caller. */
  post(fn: () => void): void
  /** Keeps the process from ending although nothing is left that would wake it. Gives how to let it go. */
  keepAlive(): () => void
  /**
   * Registers user code. In virtual time the clock stands still from `resumed()` until `isParked()`: at least one of
   * its calls waits for an answer, or it has ended.
   */
  watch(isParked: () => boolean): Watch
}
