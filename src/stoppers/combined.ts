import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { StopDemand, Stopper } from './stopper.ts'

/**
 * Several stoppers as one: a trial, or the experiment, ends when any of them says so. As Ray Tune's `CombinedStopper`
 * does; an array given as `stop` is the same.
 *
 * All are told of every report, so that none misses one. The demand to end the experiment goes before those to end a
 * trial, and of the same kind the first given.
 * @param stoppers - At least one.
 * @throws {OptionError} when there is none, or one is no stopper.
 * @example new Tuner(train, { paramSpace, stop: combined(maximumIteration(20), trialPlateau({ metric: 'loss' })) })
 */
export function combined(...stoppers: readonly Stopper[]): Stopper<readonly unknown[]> {
  for (const stopper of stoppers) mustBeStopper(stopper)
  if (stoppers.length === 0) {
    throw new OptionError(
      'combined',
      'combined needs at least one stopper, such as combined(maximumIteration(20)).',
    )
  }
  return {
    name: 'combined',
    init: () => stoppers.map((stopper) => stopper.init()),
    onReport: (states, report) => foremost(stoppers.map((stopper, i) => stopper.onReport(states[i], report))),
    onEnd: (states, end) => foremost(stoppers.map((stopper, i) => stopper.onEnd?.(states[i], end))),
  }
}

function foremost(demands: readonly (StopDemand | undefined)[]): StopDemand | undefined {
  return (
    demands.find((demand) => demand?.scope === 'experiment') ?? demands.find((demand) => demand !== undefined)
  )
}

function mustBeStopper(stopper: unknown): void {
  const { name, init, onReport } = (stopper ?? {}) as Partial<Stopper>
  if (typeof name === 'string' && typeof init === 'function' && typeof onReport === 'function') return
  throw new OptionError(
    'combined',
    `combined takes stoppers, got ${describe(stopper)}. One of your own needs name, init and onReport; bounds by metric are metricBound({ … }).`,
    { received: stopper },
  )
}
