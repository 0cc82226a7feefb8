import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Kernel, Timer } from '../runtime/kernel.ts'
import { Wait } from './wait.ts'

/** The sleeps of one attempt that are under way. */
export class Sleeps {
  readonly #kernel: Kernel
  readonly #beforeWaking: () => void
  readonly #timers = new Map<Wait<'sleep'>, Timer>()

  /** @param beforeWaking - Called in the kernel's event, right before a sleep resolves. */
  constructor(kernel: Kernel, beforeWaking: () => void) {
    this.#kernel = kernel
    this.#beforeWaking = beforeWaking
  }

  get isEmpty(): boolean {
    return this.#timers.size === 0
  }

  get pending(): Wait<'sleep'>[] {
    return [...this.#timers.keys()]
  }

  /** @throws {OptionError} when `ms` is no time to wait for. */
  begin(ms: number): Wait<'sleep'> {
    if (typeof ms !== 'number' || !(ms >= 0 && ms < Infinity)) {
      throw new OptionError(
        'sleep',
        `trial.sleep takes a number of milliseconds from 0, got ${describe(ms)}. Check the arithmetic that gave it.`,
        { received: ms },
      )
    }
    const sleep = new Wait('sleep')
    const timer = this.#kernel.setTimeout(() => {
      this.#timers.delete(sleep)
      this.#beforeWaking()
      sleep.resolve()
    }, ms)
    this.#timers.set(sleep, timer)
    return sleep
  }

  /** Lets them never end by themselves. */
  forget(sleeps: readonly Wait<'sleep'>[]): void {
    for (const sleep of sleeps) {
      const timer = this.#timers.get(sleep)
      if (timer !== undefined) this.#kernel.clearTimeout(timer)
      this.#timers.delete(sleep)
    }
  }
}
