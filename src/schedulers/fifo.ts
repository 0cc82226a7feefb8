import { CONTINUE, type Scheduler } from './scheduler.ts'

/**
 * Runs every trial to its end, in order of their numbers, whatever they report. Any number of objectives.
 * The Tuner's default.
 * @example new Tuner(train, { paramSpace, scheduler: fifo() })
 */
export function fifo(): Scheduler<null> {
  return {
    name: 'fifo',
    objectives: 'any',
    objective: {},
    timeAttr: 'training_iteration',
    line: 'Using FIFO scheduling algorithm.',
    init: () => null,
    onReport: () => CONTINUE,
  }
}
