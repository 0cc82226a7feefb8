import { describe } from '../core/options.ts'
import { SpaceError } from '../errors.ts'
import { type CategoricalDomain, type GridDomain, made } from './domain.ts'
import type { Writable } from './types.ts'

/**
 * One of the given values, all equally likely, as Ray Tune's `choice`. A value given twice is twice as likely.
 * @param choices - At least one value of any type; arrays and objects reach the trainable as copies.
 * @throws {SpaceError} where the space is read, when there are none, or one is or holds a domain (use `branch`) or holds
 * itself.
 * @example new Tuner(train, { paramSpace: { activation: choice(['relu', 'tanh']) } })
 */
export function choice<const T>(choices: readonly T[]): CategoricalDomain<Writable<T>> {
  return categorical('choice', choices, false)
}

/**
 * `choice` of values that have an order, such as sizes: searchers may take neighbours for alike.
 * @param choices - At least one value, in order.
 * @throws {SpaceError} as `choice`.
 * @example new Tuner(train, { paramSpace: { batchSize: ordinal([16, 32, 64, 256]) } })
 */
export function ordinal<const T>(choices: readonly T[]): CategoricalDomain<Writable<T>> {
  return categorical('ordinal', choices, true)
}

/**
 * Values that are all tried: the cross product of a space's grids, each combination `numSamples` times, with the other
 * parameters drawn anew, as Ray Tune's `grid_search`.
 * @param values - At least one value of any type.
 * @throws {SpaceError} as `choice`.
 * @example new Tuner(train, { paramSpace: { optimizer: gridSearch(['sgd', 'adam']), lr: loguniform(1e-4, 1e-1) } })
 */
export function gridSearch<const T>(values: readonly T[]): GridDomain<Writable<T>> {
  return made('domain', () => ({ kind: 'grid', choices: readChoices<T>('gridSearch', values) }), {
    kind: 'grid',
    choices: [],
  })
}

function categorical<T>(
  factory: string,
  choices: readonly T[],
  ordered: boolean,
): CategoricalDomain<Writable<T>> {
  return made('domain', () => ({ kind: 'categorical', choices: readChoices<T>(factory, choices), ordered }), {
    kind: 'categorical',
    choices: [],
    ordered,
  })
}

function readChoices<T>(factory: string, choices: readonly T[]): readonly Writable<T>[] {
  if (!Array.isArray(choices)) {
    throw new SpaceError(
      '',
      `${factory} takes an array of values, got ${describe(choices)}. Write ${factory}([a, b]).`,
      {
        received: choices,
      },
    )
  }
  if (choices.length === 0) {
    throw new SpaceError('', `${factory}([]) has nothing to choose from. Give at least one value.`, {
      received: choices,
    })
  }
  // Only the type loses `readonly`: values that can be changed are copied before the trainable gets them.
  return Object.freeze([...choices]) as readonly Writable<T>[]
}
