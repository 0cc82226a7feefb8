import type { RandomStream } from '../random/random.ts'
import type { Resolved, Space } from '../space/space.ts'
import { axesOf, combinations } from './combinations.ts'

// Draws before a finite space is gone through point by point, and how many points that may be.
const DRAWS_MAX = 100
const ENUMERATED_MAX = 100_000

/**
 * A random point that is free.
 * @returns `'none'` when the space is finite and has none; undefined when none was found.
 */
export function freePoint(
  space: Space,
  random: RandomStream,
  isFree: (resolved: Resolved) => boolean,
): Resolved | 'none' | undefined {
  for (let i = 0; i < DRAWS_MAX; i++) {
    const draws = random.fork(i)
    const drawn = space.resolve(space.sample(draws, draws.below(space.gridSize)), draws)
    if (isFree(drawn)) return drawn
  }
  const axes = space.kind === 'declared' ? axesOf(space.parameters, ENUMERATED_MAX) : undefined
  if (axes === undefined) return undefined
  const free: Resolved[] = []
  for (const point of combinations(axes)) {
    const resolved = space.resolve(point, random)
    if (isFree(resolved)) free.push(resolved)
  }
  return free.length === 0 ? 'none' : free[random.below(free.length)]
}
