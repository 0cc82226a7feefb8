/** How long something has run, pauses left out: in milliseconds, on the clock that `now` is read from. */
export class RunClock {
  /** Time up to the last pause. */
  ranMs = 0
  #since: number | undefined

  get isRunning(): boolean {
    return this.#since !== undefined
  }

  elapsed(now: number): number {
    return this.ranMs + (this.#since === undefined ? 0 : now - this.#since)
  }

  start(now: number): void {
    this.#since = now
  }

  stop(now: number): void {
    this.ranMs = this.elapsed(now)
    this.#since = undefined
  }
}
