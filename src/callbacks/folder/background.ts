/** Something with work to do, such as a file with lines to write. */
export interface Worker {
  work(): Promise<void>
}

/**
 * Does work one after the other, behind the experiment's back. What comes while a file is being written is written
 * with its next turn, in one go. The first failure is the end of it: nothing more is done.
 */
export class Background {
  readonly #onFailure: (failure: unknown) => void
  readonly #waiting = new Set<Worker>()
  #working: Promise<void> | undefined
  #hasFailed = false

  /** @param onFailure - Hears of the first failure. */
  constructor(onFailure: (failure: unknown) => void) {
    this.#onFailure = onFailure
  }

  /** Lets a worker have its turn, soon. */
  wake(worker: Worker): void {
    if (this.#hasFailed) return
    this.#waiting.add(worker)
    this.#working ??= this.#workAll()
  }

  /** Resolves when there is nothing left to do. */
  async flush(): Promise<void> {
    while (this.#working !== undefined) await this.#working
  }

  async #workAll(): Promise<void> {
    // One turn later, so that what one event causes is done in one go.
    await Promise.resolve()
    try {
      for (const worker of this.#waiting) {
        this.#waiting.delete(worker)
        await worker.work()
      }
    } catch (failure) {
      this.#hasFailed = true
      this.#waiting.clear()
      this.#onFailure(failure)
    }
    this.#working = undefined
  }
}
