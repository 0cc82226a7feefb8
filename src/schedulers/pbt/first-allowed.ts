import type { RandomStream } from '../../random/random.ts'
import type { Explored } from './explore.ts'

// Where a change is allowed only one time in ten, the odds that none of so many is are 1 in 8.
const TRIES = 20

/**
 * Explores until a configuration comes that is allowed.
 * @param where - What says so; undefined where all are.
 * @param config - What is explored from: used as it is when none of 20 changes of it is allowed.
 * @param random - Of the first try, of which the chance of the others is forked.
 */
export function firstAllowed(
  where: ((config: never) => boolean) | undefined,
  config: unknown,
  random: RandomStream,
  explore: (random: RandomStream) => Explored,
): Explored {
  const explored = explore(random)
  if (where === undefined || where(explored.config as never)) return explored
  const others = random.fork('again')
  for (let i = 1; i < TRIES; i++) {
    const other = explore(others.fork(i))
    if (where(other.config as never)) return other
  }
  return { config, changes: [] }
}
