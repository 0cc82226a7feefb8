/** Who is called from within `resolve` or `reject`. */
export interface Waiter {
  onSettled(): void
}

/**
 * What `trial.report` and `trial.sleep` return: a promise that a plain generator can yield as well.
 *
 * The promise behind it is made when somebody first asks for it. Plain generators never do, which keeps their steps
 * synchronous; and where nobody listens there is nothing that could become an unhandled rejection.
 */
export class Wait<Kind extends 'sleep' | 'report'> implements Promise<void> {
  readonly kind: Kind
  readonly [Symbol.toStringTag] = 'Wait'
  /** Whether somebody awaits it: then its error is that caller's business. */
  isHeard = false
  #isSettled = false
  #error: Error | undefined
  #makeError: (() => Error) | undefined
  #waiter: Waiter | undefined
  #promise: Promise<void> | undefined
  #fulfil: (() => void) | undefined
  #refuse: ((error: Error) => void) | undefined

  constructor(kind: Kind) {
    this.kind = kind
  }

  /** One that was refused before it began. */
  static refused<Kind extends 'sleep' | 'report'>(kind: Kind, error: Error): Wait<Kind> {
    const wait = new Wait(kind)
    wait.reject(error)
    return wait
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Why it was rejected; undefined while it waits and after it was resolved. */
  get error(): Error | undefined {
    return (this.#error ??= this.#makeError?.())
  }

  /** Tells `waiter` once, from within `resolve` or `reject`. For the one generator that yielded it. */
  whenSettled(waiter: Waiter): void {
    this.isHeard = true
    this.#waiter = waiter
  }

  resolve(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#fulfil?.()
    this.#waiter?.onSettled()
  }

  reject(error: Error): void {
    this.rejectWith(() => error)
  }

  /** Rejects with an error that is only made when somebody asks for it. */
  rejectWith(makeError: () => Error): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#makeError = makeError
    if (this.#refuse !== undefined) this.#refuse(this.error as Error)
    this.#waiter?.onSettled()
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise, which `await` knows by this method.
  then<A = void, B = never>(
    onFulfilled?: ((value: void) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isHeard = true
    this.#promise ??= this.#makePromise()
    return this.#promise.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<void | B> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<void> {
    return this.then(undefined).finally(onFinally)
  }

  #makePromise(): Promise<void> {
    if (this.error !== undefined) return Promise.reject(this.error)
    if (this.#isSettled) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#fulfil = resolve
      this.#refuse = reject
    })
  }
}
