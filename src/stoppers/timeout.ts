import { describe, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Ends the experiment at the first report after so long a time, as Ray Tune's `TimeoutStopper` does. For use in
 * `combined`; the Tuner's `timeBudgetMs` ends it at that moment, whether anybody reports or not.
 * @param timeoutMs - Milliseconds since the experiment started, on its clock. Above 0, finite.
 * @throws {OptionError} when `timeoutMs` is not such a number.
 * @example new Tuner(train, { paramSpace, stop: timeout(60_000) })
 */
export function timeout(timeoutMs: number): Stopper<null> {
  const problem = must.above(0)(timeoutMs)
  if (problem !== undefined) {
    throw new OptionError('timeout', `timeout: ${problem} Got ${describe(timeoutMs)}. Give milliseconds.`, {
      received: timeoutMs,
    })
  }
  return {
    name: 'timeout',
    init: () => null,
    onReport(_state, { elapsedMs }) {
      if (elapsedMs < timeoutMs) return undefined
      const reason = `${elapsedMs} ms have passed, of ${timeoutMs} ms that it was given`
      return { scope: 'experiment', reason, evidence: { elapsedMs, timeoutMs } }
    },
  }
}
