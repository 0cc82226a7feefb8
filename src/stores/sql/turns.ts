/** Does one thing after the other, whoever asks for them at once. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Begins when all that was asked for before has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}
