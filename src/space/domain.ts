import { SpaceError } from '../errors.ts'

/**
 * How the numbers of a domain are spread: evenly on the value itself, on its logarithm, or on the logarithm of its
 * distance to 1 (for values such as 0.9, 0.99, 0.999).
 */
export type Scale = 'linear' | 'log' | 'reverseLog'

/**
 * Whose rule turns uniform chance into a value. Ray Tune draws from [low, high] and rounds to the nearest step, so that
 * the two end points come up half as often as the others; Optuna gives every step the same room.
 */
export type DrawRule = 'ray' | 'optuna'

/** Numbers from `low` to `high`, both included. */
export interface FloatDomain {
  readonly kind: 'float'
  readonly low: number
  readonly high: number
  readonly scale: Scale
  /** Only `low`, `low + step`, …, `high` are in the domain; undefined when every number between is. */
  readonly step: number | undefined
  readonly rule: DrawRule
  readonly __type?: number
}

/** Integers `low`, `low + step`, …, `high`, both ends included, whatever the factory's convention. */
export interface IntDomain {
  readonly kind: 'int'
  readonly low: number
  readonly high: number
  readonly scale: 'linear' | 'log'
  readonly step: number
  readonly rule: DrawRule
  readonly __type?: number
}

/** All numbers, those near `mean` more often; with a step, its multiples only. */
export interface NormalDomain {
  readonly kind: 'normal'
  readonly mean: number
  readonly sd: number
  readonly step: number | undefined
  readonly __type?: number
}

/** One of several values of any type. */
export interface CategoricalDomain<T = unknown> {
  readonly kind: 'categorical'
  readonly choices: readonly T[]
  /** Whether neighbours in `choices` are alike, so that a searcher may take the position as a number. */
  readonly ordered: boolean
  readonly __type?: T
}

/** Values that are all tried, in a cross product with the other grid axes of the space. */
export interface GridDomain<T = unknown> {
  readonly kind: 'grid'
  readonly choices: readonly T[]
  readonly __type?: T
}

/** A value computed from the rest of the configuration. No searcher models it. */
export interface ComputedDomain<T = unknown> {
  readonly kind: 'computed'
  readonly compute: (config: never, random: never) => T
  readonly __type?: T
}

/**
 * The set that one parameter is drawn from: plain, frozen data. `T` is the type of its values and exists for the
 * compiler only.
 */
export type Domain<T = unknown> =
  | FloatDomain
  | IntDomain
  | NormalDomain
  | CategoricalDomain<T>
  | GridDomain<T>
  | ComputedDomain<T>

// Shared by all copies of the library in one process, and not enumerable: a domain prints and compares as plain data.
const BRAND = Symbol.for('troupe.space')
const FLAW = Symbol.for('troupe.flaw')

/** Marks an object as made by a factory, so that a user's constant that happens to look like one stays a constant. */
export function branded<O extends object>(kind: 'domain' | 'branch', value: O): O {
  return Object.freeze(Object.defineProperty(value, BRAND, { value: kind }))
}

/**
 * What a factory gives: what `make` does, branded. Where the call cannot be used that is `empty` with a flaw, the error
 * made at the call; reading the space throws it, since only there is it known which parameter it is about.
 */
export function made<O extends object>(kind: 'domain' | 'branch', make: () => O, empty: O): O {
  try {
    return branded(kind, make())
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error
    return branded(kind, Object.defineProperty({ ...empty }, FLAW, { value: error }))
  }
}

/** What was wrong with the call that made a domain or branch; undefined when nothing was. */
export function flawOf(value: object): SpaceError | undefined {
  return (value as { [FLAW]?: SpaceError })[FLAW]
}

/** Whether a value came from `uniform`, `choice` or another factory of domains. */
export function isDomain(value: unknown): value is Domain {
  return brandOf(value) === 'domain'
}

/** Which factory made a value: one of a domain, `branch`, or none. */
export function brandOf(value: unknown): 'domain' | 'branch' | undefined {
  return typeof value === 'object' && value !== null
    ? (value as { [BRAND]?: 'domain' | 'branch' })[BRAND]
    : undefined
}
