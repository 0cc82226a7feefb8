import { isPlainObject } from '../../core/metrics.ts'
import { describe } from '../../core/options.ts'
import { TroupeError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import { copyPlain } from '../../space/same-value.ts'

/** Changes a copy of a configuration, and gives what is to be used: a plain object, at once. */
export type ExploreFunction<Config = Readonly<Record<string, unknown>>> = (
  config: Config,
  random: RandomStream,
) => unknown

/**
 * What the user's own function makes of a copy of a configuration.
 * @param owner - The scheduler's name, for messages.
 * @throws {TroupeError} `badConfig` for what is no plain object: a promise, an array, nothing.
 */
export function customised(
  owner: string,
  customExploreFn: ExploreFunction<never>,
  config: unknown,
  random: RandomStream,
): unknown {
  const changed = customExploreFn(copyPlain(config) as never, random)
  if (isPlainObject(changed)) return changed
  const remedy =
    changed instanceof Promise
      ? 'It must answer at once: make it no async function, and await nothing in it.'
      : 'Return the configuration that is to be used, a plain object.'
  throw new TroupeError('badConfig', `${owner}.customExploreFn gave ${describe(changed)}. ${remedy}`)
}
