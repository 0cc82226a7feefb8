import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { UserSide } from './user-side.ts'
import { Wait } from './wait.ts'

/**
 * Steps a plain generator to its end, within the kernel's events and without promises: the cheapest way to run user
 * code, on which the speed of simulations rests.
 *
 * It always rests on one `Wait`, and whatever settles that (an answer, a timer, having to leave) steps it on.
 */
export function driveGenerator(generator: Iterator<unknown, unknown, undefined>, side: UserSide): void {
  let isReturning = false
  let waited: Wait<'sleep' | 'report'> | undefined

  function advance(): void {
    for (;;) {
      let result: IteratorResult<unknown, unknown>
      try {
        result = next()
      } catch (error) {
        side.threw(error)
        return
      }
      if (result.done === true) {
        side.returned(result.value)
        return
      }
      waited = waitFor(result.value)
      waited.isHeard = true
      if (waited.isSettled) continue
      waited.whenSettled(advance)
      return
    }
  }

  function next(): IteratorResult<unknown, unknown> {
    const error = waited?.error
    if (side.leaving !== undefined && !isReturning) {
      isReturning = true
      return generator.return?.() ?? { done: true, value: undefined }
    }
    if (error === undefined) return generator.next()
    if (generator.throw === undefined) throw error
    return generator.throw(error)
  }

  function waitFor(value: unknown): Wait<'sleep' | 'report'> {
    if (value instanceof Wait) return value
    // A finally block may go on to report.
    if (isPlainObject(value)) return side.leaving === undefined ? side.report(value) : side.unheard()
    return Wait.refused(
      'report',
      new OptionError(
        'yield',
        `A plain generator can only yield metrics or trial.sleep(ms), got ${describe(value)}. Use an async generator to await something else.`,
        { received: value },
      ),
    )
  }

  advance()
}
