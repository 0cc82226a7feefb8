import type { Metrics } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { isThenable } from '../core/thenable.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Ends a trial when your function says so of a report, as Ray Tune's `FunctionStopper` does. It has no memory and cannot
 * wait; for more, write a `Stopper`.
 * @param isDone - Given the trial's number and the report; true ends the trial, false lets it go on. Anything else ends the
 *   experiment with an error.
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
      const answer: unknown = isDone(trial, metrics)
      if (typeof answer !== 'boolean') throw noAnswer(answer)
      return answer ? { scope: 'trial', reason: `${named} is true` } : undefined
    },
  }
}

// What is as good as true to JavaScript, such as a promise, would end every trial; as false, none for ever.
function noAnswer(answer: unknown): OptionError {
  const isPending = isThenable(answer)
  const got = isPending ? 'a promise' : describe(answer)
  const way = isPending
    ? 'It cannot wait: take what it needs from the report.'
    : 'Return a comparison, such as loss < 0.1, or !!value.'
  return new OptionError(
    'functionStopper',
    `functionStopper needs true or false of its function, got ${got}. ${way}`,
    { received: answer },
  )
}
