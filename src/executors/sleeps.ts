import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Kernel, Timer } from '../runtime/kernel.ts'
import { Wait } from './wait.ts'

/** The sleeps of one attempt that are under way. */
export class Sleeps {
  readonly #kernel: Kernel
  readonly #beforeWaking: () => void
  // Most trials never sleep.
  #timers: Map<Wait<'sleep'>, Timer> | undefined

  /** @param beforeWaking - Called in the kernel's event, right before a sleep resolves. */
  constructor(kernel: Kernel, beforeWaking: () => void) {
    this.#kernel = kernel
    this.#beforeWaking = beforeWaking
  }

  get isEmpty(): boolean {
    return this.#timers === undefined || this.#timers.size === 0
  }

  get pending(): Wait<'sleep'>[] {
    return this.#timers === undefined ? [] : [...this.#timers.keys()]
  }

  /**
   * @param takesMs - How long it takes, when that is not what was asked for.
   * @throws {OptionError} when `ms` is no time to wait for.
   */
  begin(ms: number, takesMs = ms): Wait<'sleep'> {
    if (typeof ms !== 'number' || !(ms >= 0 && ms < Infinity)) {
      throw new OptionError(
        'sleep',
        `trial.sleep takes a number of milliseconds from 0, got ${describe(ms)}. Check the arithmetic that gave it.`,
        { received: ms },
      )
    }
    const sleep = new Wait('sleep')
    const timers = (this.#timers ??= new Map())
    const timer = this.#kernel.setTimeout(() => {
      timers.delete(sleep)
      this.#beforeWaking()
      sleep.resolve()
    }, takesMs)
    timers.set(sleep, timer)
    return sleep
  }

  /** Lets them never end by themselves. */
  forget(sleeps: readonly Wait<'sleep'>[]): void {
    for (const sleep of sleeps) {
      const timer = this.#timers?.get(sleep)
      if (timer !== undefined) this.#kernel.clearTimeout(timer)
      this.#timers?.delete(sleep)
    }
  }
}
