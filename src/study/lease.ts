import type { OpenLog } from '../stores/store.ts'

const TIMER_MS_MAX = 2 ** 31 - 1

/** Says of a writer that it is alive, every third of a lease, as long as it has trials that run. */
export class Lease {
  readonly #log: OpenLog
  readonly #everyMs: number
  readonly #isNeeded: () => boolean
  #heardAt = Date.now()
  #timer: ReturnType<typeof setInterval> | undefined

  /** @param isNeeded - Whether this writer has trials that run. */
  constructor(log: OpenLog, leaseMs: number, isNeeded: () => boolean) {
    this.#log = log
    // A timer that is to wait for longer does not wait at all.
    this.#everyMs = Math.min(leaseMs / 3, TIMER_MS_MAX)
    this.#isNeeded = isNeeded
  }

  /** Before this writer takes a trial: from now on it is known to be alive. */
  hold(): Promise<void> | undefined {
    if (this.#log.beat === undefined) return undefined
    this.#timer ??= this.#start()
    // What was not needed for a while was not said.
    return Date.now() - this.#heardAt < this.#everyMs ? undefined : this.#beat()
  }

  release(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #beat(): Promise<void> {
    await this.#log.beat?.()
    this.#heardAt = Date.now()
  }

  #start(): ReturnType<typeof setInterval> {
    const timer: ReturnType<typeof setInterval> | number = setInterval(() => {
      if (!this.#isNeeded()) this.release()
      // What keeps the store from it keeps it from the next change too, which says so.
      else this.#beat().catch(() => {})
    }, this.#everyMs)
    // Where there is Node, no timer keeps it running; browsers have numbers for timers.
    if (typeof timer === 'object') timer.unref()
    return timer
  }
}
