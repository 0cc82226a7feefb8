import { TroupeError } from '../errors.ts'
import { Tuner, withOptions } from '../tuner/tuner.ts'
import type { RunOptions } from './run-options.ts'

/**
 * A Tuner that was made without being asked, as the command line wants it. It has none of the listeners that were put on
 * the one that was made.
 * @throws {TroupeError} with code `'otherCopy'` for one of another copy of this package.
 */
export function overridden(tuner: Tuner<unknown>, options: RunOptions): Tuner<unknown> {
  if (tuner instanceof Tuner) return withOptions(tuner, options)
  throw new TroupeError(
    'otherCopy',
    'FILE has its Tuner from another copy of this package than this command is part of. Run the one of its own project, npx troupe, or let FILE export a function: export default (options) => new Tuner(train, { …, ...options }).',
  )
}
