import { describe } from '../core/options.ts'
import { copyPlain } from '../space/same-value.ts'
import { asError, OptionError, SpaceError, TroupeError } from '../errors.ts'

/** A user's rule for which configurations are allowed. */
export type Where = (config: unknown) => boolean

/** How many configurations for one trial `where` may reject in a row before that is an error. */
export const REJECTED_MAX = 1_000

/** How many points in a row may be turned down of a searcher that goes through all of them. */
export const TURNED_DOWN_MAX = 1_000_000

/**
 * Whether a configuration is allowed.
 * @throws {TroupeError} with code `'where'` when the predicate throws; its error is the `cause`.
 * @throws {OptionError} when it returns something else than true or false.
 */
export function isAllowed(where: Where, config: unknown, number: number): boolean {
  let allowed: unknown
  try {
    // A copy, since what it writes must not reach the trainable.
    allowed = where(copyPlain(config))
  } catch (cause) {
    const { message } = asError(cause)
    throw new TroupeError('where', `where threw at the configuration of trial ${number}: ${message}`, {
      cause,
    })
  }
  if (typeof allowed === 'boolean') return allowed
  const text = `where must return true or false, got ${describe(allowed)}. Is a return missing?`
  throw new OptionError('where', text, { received: allowed })
}

/** The error for a predicate that leaves nothing, or next to nothing. */
export function allRejected(number: number, count = REJECTED_MAX): SpaceError {
  return new SpaceError(
    '',
    `where rejected ${count} configurations in a row for trial ${number}. Loosen it, or shape the space so that more of it is allowed.`,
  )
}

/** The error for a search that is over, and `where` allowed nothing of it. */
export function noneAllowed(name: string, rejectedCount: number): SpaceError {
  return new SpaceError(
    '',
    `where rejected all ${rejectedCount} configurations that ${name} had to try. Loosen it, or widen the space.`,
  )
}

/** The error for a space of which next to nothing is allowed and new, so that going through it would never end. */
export function tooManyTurnedDown(name: string, number: number): SpaceError {
  return new SpaceError(
    '',
    `${name} was turned down ${TURNED_DOWN_MAX} configurations in a row for trial ${number}, by where or as duplicates. Shape the space so that more of it is allowed, or use randomSearch().`,
  )
}

/** The error for a complete configuration of the user's that the user's own predicate rejects. */
export function forbidden(label: string, config: object): SpaceError {
  return new SpaceError('', `where rejects ${label}. Leave it out, or allow it.`, { received: config })
}
