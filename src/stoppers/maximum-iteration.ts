import { metricOf } from '../core/metrics.ts'
import { describe, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Ends a trial after its `maxIter`-th report, as Ray Tune's `MaximumIterationStopper` does. Reports are counted by
 * `training_iteration`, which goes on when a trial goes on from a checkpoint: repeated reports count once.
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
