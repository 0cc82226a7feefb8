import { OptionError } from '../errors.ts'
import { mustBeStopper } from './must-be-stopper.ts'
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
  for (const stopper of stoppers) checkStopper(stopper)
  if (stoppers.length === 0) {
    throw new OptionError(
      'combined',
      'combined needs at least one stopper, such as combined(maximumIteration(20)).',
    )
  }
  return {
    name: 'combined',
    check: (objectives) => {
      for (const stopper of stoppers) stopper.check?.(objectives)
    },
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

function checkStopper(stopper: unknown): void {
  if (Array.isArray(stopper)) {
    throw new OptionError(
      'combined',
      'combined takes stoppers one by one, got an array. Write combined(...stoppers).',
      { received: stopper },
    )
  }
  mustBeStopper('combined', 'takes stoppers, and bounds by metric as metricBound({ … })', stopper)
}
