import * as fc from 'fast-check'
import type { Scheduler } from '../../src/schedulers/scheduler.ts'
import { schedulerSteps } from '../../src/testing/laws/scheduler-laws.ts'
import { SchedulerWalk } from '../../src/testing/laws/scheduler-walk.ts'

/** Runs of a few trials as a controller could drive them: reports jump, values tie, are NaN and infinite. */
export const steps = schedulerSteps(fc)

/** A controller in one file, which minimises one objective: it asks the scheduler, and does what that decides. */
export class Driver<State> extends SchedulerWalk<State> {
  constructor(scheduler: Scheduler<State>) {
    super({ scheduler, objectiveCount: 1, mode: 'min', configOf: (trial) => ({ trial }) })
  }
}
