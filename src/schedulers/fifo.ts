import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { CONTINUE, type Scheduler } from './scheduler.ts'

/**
 * Runs every trial to its end, in order of their numbers, whatever they report. Any number of objectives.
 * The Tuner's default.
 * @throws {OptionError} when an option is given: there are none.
 * @example new Tuner(train, { paramSpace, scheduler: fifo() })
 */
export function fifo(options: Readonly<Record<string, never>> = {}): Scheduler<null> {
  if (!isPlainObject(options) || Object.keys(options).length > 0) {
    throw new OptionError('fifo', `fifo takes no options, got ${describe(options)}. Write fifo().`, {
      received: options,
    })
  }
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
