/** A thread of this process that messages go to and come from. */
export interface Thread {
  /** Throws for what cannot be copied. */
  post(message: unknown): void
  /** Once, before the first `post`. */
  listen(listener: { message(message: unknown): void; failed(error: Error): void }): void
  /** Keeps the process alive until `release`; a thread that nobody waits for does not. */
  hold(): void
  release(): void
  close(): void
}
