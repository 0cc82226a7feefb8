import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { UserSide } from './user-side.ts'
import { Wait, type Waiter } from './wait.ts'

/** Runs a plain generator to its end. */
export function driveGenerator(generator: Iterator<unknown, unknown, undefined>, side: UserSide): void {
  new GeneratorRun(generator, side).advance()
}

/**
 * Steps a plain generator to its end, within the kernel's events and without promises: the cheapest way to run user
 * code, on which the speed of simulations rests.
 *
 * It always rests on one `Wait`, and whatever settles that (an answer, a timer, having to leave) steps it on.
 */
class GeneratorRun implements Waiter {
  readonly #generator: Iterator<unknown, unknown, undefined>
  readonly #side: UserSide
  #isReturning = false
  #waited: Wait<'sleep' | 'report'> | undefined

  constructor(generator: Iterator<unknown, unknown, undefined>, side: UserSide) {
    this.#generator = generator
    this.#side = side
  }

  onSettled(): void {
    this.advance()
  }

  advance(): void {
    for (;;) {
      let result: IteratorResult<unknown, unknown>
      try {
        result = this.#next()
      } catch (error) {
        this.#side.threw(error)
        return
      }
      if (result.done === true) {
        this.#side.returned(result.value)
        return
      }
      const waited = (this.#waited = this.#waitFor(result.value))
      waited.isHeard = true
      if (waited.isSettled) continue
      waited.whenSettled(this)
      return
    }
  }

  #next(): IteratorResult<unknown, unknown> {
    const generator = this.#generator
    if (this.#side.isLeaving && !this.#isReturning) {
      this.#isReturning = true
      return generator.return?.() ?? { done: true, value: undefined }
    }
    const error = this.#waited?.error
    if (error === undefined) return generator.next()
    if (generator.throw === undefined) throw error
    return generator.throw(error)
  }

  #waitFor(value: unknown): Wait<'sleep' | 'report'> {
    if (value instanceof Wait) return value
    // A finally block may go on to report.
    if (isPlainObject(value)) return this.#side.isLeaving ? this.#side.unheard() : this.#side.report(value)
    return Wait.refused(
      'report',
      new OptionError(
        'yield',
        `A plain generator can only yield metrics or trial.sleep(ms), got ${describe(value)}. Use an async generator to await something else.`,
        { received: value },
      ),
    )
  }
}
