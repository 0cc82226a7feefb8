import { StorageError } from '../errors.ts'
import type { Kernel } from '../runtime/kernel.ts'

// How long a store may take for one call.
const PATIENCE_MS = 30_000

// How long it may take once the experiment was told to stop.
const HURRIED_PATIENCE_MS = 5_000

// Counted in ticks, and not read from the clock: while a trainable computes, or the machine sleeps, no answer can
// come in, and the one tick that is late by then counts as one.
const TICK_MS = 1_000

/** Waits for a store, or whatever else an experiment depends on, but not for ever. */
export class StorePatience {
  readonly #kernel: Pick<Kernel, 'setTimeout' | 'clearTimeout'>
  #limitMs = PATIENCE_MS

  constructor(kernel: Pick<Kernel, 'setTimeout' | 'clearTimeout'>) {
    this.#kernel = kernel
  }

  /** From now on the experiment is in a hurry, also with a call that waits already. */
  hurry(): void {
    this.#limitMs = HURRIED_PATIENCE_MS
  }

  /**
   * What the store answers to a call.
   * @param late - Is given the answer that comes when nobody waits for it any more.
   * @throws {StorageError} (rejects) with code `'unresponsive'`, naming the call, when it takes too long; with whatever
   *   the store threw or rejected with.
   */
  async answer<T>(call: string, ask: () => Promise<T>, late?: (answer: T) => void): Promise<T> {
    return this.wait(ask, (waitedMs) => unresponsive(call, waitedMs), late)
  }

  /**
   * What comes of something asked for.
   * @param tooLate - What to reject with when it takes too long.
   * @param late - Is given the answer that comes when nobody waits for it any more.
   * @param limitMs - How long it may take, in a hurry too. Default: as long as a store may.
   */
  async wait<T>(
    ask: () => Promise<T>,
    tooLate: (waitedMs: number) => Error,
    late?: (answer: T) => void,
    limitMs?: number,
  ): Promise<T> {
    const answering = ask()
    let stopWaiting = (): void => {}
    const givenUp = new Promise<never>((_, reject) => {
      stopWaiting = this.#afterPatience(limitMs, (waitedMs) => {
        reject(tooLate(waitedMs))
        answering.then(late, () => {})
      })
    })
    try {
      return await Promise.race([answering, givenUp])
    } finally {
      stopWaiting()
    }
  }

  #afterPatience(limitMs: number | undefined, giveUp: (waitedMs: number) => void): () => void {
    let waitedMs = 0
    const tick = (): void => {
      waitedMs += TICK_MS
      if (waitedMs >= (limitMs ?? this.#limitMs)) giveUp(waitedMs)
      else timer = this.#kernel.setTimeout(tick, TICK_MS)
    }
    let timer = this.#kernel.setTimeout(tick, TICK_MS)
    return () => this.#kernel.clearTimeout(timer)
  }
}

function unresponsive(call: string, waitedMs: number): StorageError {
  return new StorageError(
    'unresponsive',
    `${call}() has not answered for ${waitedMs / 1000} s. It must within ${PATIENCE_MS / 1000} s, or ${HURRIED_PATIENCE_MS / 1000} s once the experiment was told to stop. See whether what it writes to can be reached and is not locked.`,
  )
}
