import { describe } from '../core/options.ts'
import { SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { type ComputedDomain, made } from './domain.ts'

/**
 * A value computed from the configuration, as Ray Tune's `sample_from`.
 *
 * The function sees the whole configuration, and runs once everything else in it is there. Several such values are
 * computed in the order in which they stand; one that reads another which is still to come has it computed first, and
 * two that read each other are a `SpaceError`. Values still to come are read by name only: they are missing from
 * `Object.keys(config)`.
 * @param compute - Gets a copy of the configuration (annotate the part that it reads) and a seeded stream of chance.
 * Synchronous.
 * @throws {SpaceError} where the space is read, when it is not given a function.
 * @example
 * new Tuner(train, {
 *   paramSpace: { width: randint(1, 9), hidden: sampleFrom((config: { width: number }) => 4 * config.width) },
 * })
 */
export function sampleFrom<T, C = Readonly<Record<string, unknown>>>(
  compute: (config: C, random: RandomStream) => T,
): ComputedDomain<T> {
  const checked = (): ComputedDomain<T> => {
    if (typeof compute === 'function') return { kind: 'computed', compute }
    throw new SpaceError('', `sampleFrom takes a function of the configuration, got ${describe(compute)}.`, {
      received: compute,
    })
  }
  return made('domain', checked, { kind: 'computed', compute })
}
