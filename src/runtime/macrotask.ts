/**
 * Calls `fn` in a task of its own, after all promise reactions that are due.
 * `setImmediate` where there is one; a message channel elsewhere, since browsers hold `setTimeout(fn, 0)` back for 4 ms.
 */
export const macrotask: (fn: () => void) => void =
  typeof globalThis.setImmediate === 'function' ? (fn) => void globalThis.setImmediate(fn) : throughChannel()

/** Resolves in a task of its own, after all promise reactions that are due. */
export function nextMacrotask(): Promise<void> {
  return new Promise((resolve) => macrotask(resolve))
}

function throughChannel(): (fn: () => void) => void {
  let channel: MessageChannel | undefined
  const waiting: (() => void)[] = []
  return (fn) => {
    if (channel === undefined) {
      channel = new MessageChannel()
      channel.port1.onmessage = () => waiting.shift()?.()
    }
    waiting.push(fn)
    channel.port2.postMessage(undefined)
  }
}

// So many turns may pass before the host goes round its loop once, and so much time.
const BATCH = 32
const BATCH_MS = 25

/**
 * Turns of the event loop for someone who needs many, one after the other. After each, all promise reactions that were
 * due are done, as after any task. To go round the loop for each one would cost the host more than most of what happens
 * in between, so tasks are queued some ahead; those that nobody needs do nothing.
 */
export class Turns {
  #waiting: (() => void) | undefined
  #batch: object | undefined
  #ahead = 0
  #batchedAt = 0

  /** Calls `fn` after all promise reactions that are due. One caller at a time. */
  next(fn: () => void): void {
    this.#waiting = fn
    if (this.#ahead === 0 || realNow() - this.#batchedAt > BATCH_MS) this.#queue()
  }

  #queue(): void {
    const batch = (this.#batch = {})
    const turn = (): void => {
      // Time was up before these had their turn, and others were queued behind the host's own tasks.
      if (batch !== this.#batch) return
      this.#ahead--
      const fn = this.#waiting
      this.#waiting = undefined
      fn?.()
    }
    this.#ahead = BATCH
    this.#batchedAt = realNow()
    for (let i = 0; i < BATCH; i++) macrotask(turn)
  }
}

/** Milliseconds of real time, from some moment on. */
export function realNow(): number {
  return performance.now()
}
