import { metricOf } from '../core/metrics.ts'
import { describe, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Ends a trial once its `training_iteration` is `maxIter` or more, as Ray Tune's `MaximumIterationStopper` does. That
 * counts a trial's reports, and goes on from its checkpoint: repeated reports count once. In a study it is the step.
 * @param maxIter - Reports of one trial. Integer from 1.
 * @throws {OptionError} when `maxIter` is not an integer from 1.
 * @example new Tuner(train, { paramSpace, stop: maximumIteration(20) })
 */
export function maximumIteration(maxIter: number): Stopper<null> {
  const problem = must.integerFrom(1)(maxIter)
  if (problem !== undefined) {
    throw new OptionError('maximumIteration', `maximumIteration: ${problem} Got ${describe(maxIter)}.`, {
      received: maxIter,
    })
  }
  return {
    name: 'maximumIteration',
    init: () => null,
    onReport(_state, { metrics }) {
      const iteration = metricOf(metrics, 'training_iteration')
      if (iteration === undefined || iteration < maxIter) return undefined
      const reason = `training_iteration ${iteration} has reached the maximum ${maxIter}`
      return { scope: 'trial', reason, evidence: { iteration, maxIter } }
    },
  }
}
