import type { RandomStream } from '../random/random.ts'
import type { Resolved, Space } from '../space/space.ts'
import { axesOf, combinations } from './combinations.ts'

// How many points a finite space may have to be gone through point by point.
const ENUMERATED_MAX = 100_000

/**
 * A random point that is free.
 * @param drawsMax - Draws before a finite space is gone through point by point.
 * @returns `'none'` when the space is finite and has none; undefined when none was found.
 */
export function freePoint(
  space: Space,
  random: RandomStream,
  isFree: (resolved: Resolved) => boolean,
  drawsMax: number,
): Resolved | 'none' | undefined {
  for (let i = 0; i < drawsMax; i++) {
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
