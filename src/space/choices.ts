import { describe } from '../core/options.ts'
import { SpaceError } from '../errors.ts'
import { brandOf, branded, type CategoricalDomain, type GridDomain } from './domain.ts'
import type { Writable } from './types.ts'

/**
 * One of the given values, all equally likely, as Ray Tune's `choice`. A value given twice is twice as likely.
 * @param choices - At least one value of any type; arrays and objects reach the trainable as copies.
 * @throws {SpaceError} when there are none, or one is itself a domain (use `branch`).
 * @example new Tuner(train, { paramSpace: { activation: choice(['relu', 'tanh']) } })
 */
export function choice<const T>(choices: readonly T[]): CategoricalDomain<Writable<T>> {
  return branded('domain', {
    kind: 'categorical',
    choices: readChoices<T>('choice', choices),
    ordered: false,
  })
}

/**
 * `choice` of values that have an order, such as sizes: searchers may take neighbours for alike.
 * @param choices - At least one value, in order.
 * @throws {SpaceError} as `choice`.
 * @example new Tuner(train, { paramSpace: { batchSize: ordinal([16, 32, 64, 256]) } })
 */
export function ordinal<const T>(choices: readonly T[]): CategoricalDomain<Writable<T>> {
  return branded('domain', {
    kind: 'categorical',
    choices: readChoices<T>('ordinal', choices),
    ordered: true,
  })
}

/**
 * Values that are all tried: the cross product of a space's grids, each combination `numSamples` times, with the other
 * parameters drawn anew, as Ray Tune's `grid_search`.
 * @param values - At least one value of any type.
 * @throws {SpaceError} as `choice`.
 * @example new Tuner(train, { paramSpace: { optimizer: gridSearch(['sgd', 'adam']), lr: loguniform(1e-4, 1e-1) } })
 */
export function gridSearch<const T>(values: readonly T[]): GridDomain<Writable<T>> {
  return branded('domain', { kind: 'grid', choices: readChoices<T>('gridSearch', values) })
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
  const nested = choices.findIndex((value) => brandOf(value) !== undefined)
  if (nested >= 0) {
    throw new SpaceError(
      '',
      `${factory}: value ${nested} is itself a domain, which would reach the trainable undrawn. Use branch({ … }).`,
      { received: choices[nested] },
    )
  }
  // Only the type loses `readonly`: values that can be changed are copied before the trainable gets them.
  return Object.freeze([...choices]) as readonly Writable<T>[]
}
