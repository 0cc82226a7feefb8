import type { Scheduler } from '../../schedulers/scheduler.ts'
import { traitsOf } from '../../schedulers/traits.ts'
import type { Law } from './property.ts'
import { type SchedulerHistory, schedulerLaws } from './scheduler-laws.ts'

/** The configuration of a trial where a scheduler does not care for it. */
export const NUMBERED = (trial: number): unknown => ({ x: trial })

/** The laws that `checkScheduler` tries this scheduler against. */
export function lawsOf<State>(
  make: () => Scheduler<State>,
  configOf: (trial: number) => unknown = NUMBERED,
): readonly Law<SchedulerHistory>[] {
  const { objectives, objective } = traitsOf(make())
  // One that was given its metrics ranks by those, however many the experiment has.
  const objectiveCounts = objectives === 'one' || objective.metric !== undefined ? [1] : [1, 2]
  return schedulerLaws({ make, objectiveCounts, configOf })
}
