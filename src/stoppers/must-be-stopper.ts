import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Stopper } from './stopper.ts'

/**
 * Refuses what is no stopper.
 * @param option - Where it was given, such as `'Tuner.stop'`.
 * @param expected - What can be given there, after that: `'takes stoppers'`.
 * @throws {OptionError} saying what to write instead.
 */
export function mustBeStopper(
  option: string,
  expected: string,
  stopper: unknown,
): asserts stopper is Stopper {
  const { name, init, onReport } = (stopper ?? {}) as Partial<Stopper>
  const isNamed = typeof name === 'string'
  if (isNamed && typeof init === 'function' && typeof onReport === 'function') return
  throw new OptionError(option, `${option} ${expected}, got ${describe(stopper)}. ${hintFor(stopper)}`, {
    received: stopper,
  })
}

function hintFor(stopper: unknown): string {
  if (typeof stopper !== 'function') return 'A stopper of your own needs name, init and onReport.'
  return 'Write functionStopper(f) if it says of a report whether its trial shall end; call it if it makes a stopper.'
}
