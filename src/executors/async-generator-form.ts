import type { UserSide } from './user-side.ts'

/**
 * Runs an async generator to its end.
 * @returns What it returned.
 */
export async function driveAsyncGenerator(
  generator: AsyncIterator<unknown, unknown, undefined>,
  side: UserSide,
): Promise<unknown> {
  let isReturning = false

  function next(refused: Error | undefined): PromiseLike<IteratorResult<unknown, unknown>> | undefined {
    if (side.isLeaving && !isReturning) {
      isReturning = true
      return generator.return?.()
    }
    if (refused === undefined) return generator.next()
    if (generator.throw === undefined) throw refused
    return generator.throw(refused)
  }

  let result = await generator.next()
  while (result.done !== true) {
    let refused: Error | undefined
    // An async generator awaits what it yields: of `yield trial.sleep(ms)` only undefined is left, and the time is over.
    if (side.isLeaving) await side.unheard()
    else if (result.value !== undefined) {
      const report = side.report(result.value)
      await report.catch(() => {})
      refused = report.error
    }
    result = (await next(refused)) ?? { done: true, value: undefined }
  }
  return result.value
}
