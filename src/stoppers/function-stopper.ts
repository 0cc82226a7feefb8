import type { Metrics } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Ends a trial when your function says so of a report, as Ray Tune's `FunctionStopper` does. It has no memory and cannot
 * wait; for more, write a `Stopper`.
 * @param isDone - Given the trial's number and the report; true ends the trial, and nothing else does.
 * @throws {OptionError} when `isDone` is no function.
 * @example new Tuner(train, { paramSpace, stop: functionStopper((_trial, { loss }) => Number(loss) < 0.1) })
 */
export function functionStopper(isDone: (trial: number, metrics: Metrics) => boolean): Stopper<null> {
  if (typeof isDone !== 'function') {
    throw new OptionError(
      'functionStopper',
      `functionStopper takes a function of the trial's number and the report, got ${describe(isDone)}.`,
      { received: isDone },
    )
  }
  const named = isDone.name === '' ? 'the function given as stop' : isDone.name
  return {
    name: 'functionStopper',
    init: () => null,
    onReport(_state, { trial, metrics }) {
      // A promise, of a function without types, is true-ish, and would end every trial.
      const answer: unknown = isDone(trial, metrics)
      return answer === true ? { scope: 'trial', reason: `${named} is true` } : undefined
    },
  }
}
