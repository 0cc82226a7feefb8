import { OptionError } from '../errors.ts'
import { type Checks, describe, type Merged, readOptions } from './options.ts'

/**
 * `readOptions` for a factory that cannot do without one of them.
 * @param needed - Options of which at least one has to be given.
 * @param words - What to say when none is: which are needed, and how to write the call.
 * @throws {OptionError} as `readOptions` does, and when none of `needed` is given.
 */
export function readNeeded<O extends object, D extends { [K in keyof Required<O>]: unknown }>(
  owner: string,
  given: O,
  needed: readonly (keyof O & string)[],
  words: string,
  defaults: D,
  checks: Checks<O>,
): Merged<O, D> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const got = given === undefined ? '' : ` Got ${describe(given)}.`
    throw new OptionError(owner, `${words}${got}`, { received: given })
  }
  const settings = readOptions(owner, given, defaults, checks)
  if (needed.some((key) => settings[key] !== undefined)) return settings
  throw new OptionError(needed.length === 1 ? `${owner}.${needed[0]}` : owner, words)
}
