/** What an attempt says, in order: once it is held, what comes waits until it is let go. */
export class Inbox {
  readonly #waiting: (() => void)[] = []
  #isHeld = false

  /** Handles something said, when its turn has come. */
  take(handle: () => void): void {
    if (this.#isHeld) this.#waiting.push(handle)
    else handle()
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  hold(): void {
    this.#isHeld = true
  }

  /** @param first - What is handled before all that waits. */
  letGo(first?: () => void): void {
    this.#isHeld = false
    first?.()
    // What is handled may hold it again.
    while (!this.#isHeld && this.#waiting.length > 0) this.#waiting.shift()?.()
  }
}
