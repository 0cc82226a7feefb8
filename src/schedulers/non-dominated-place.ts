import { crowding } from '../math/crowding.ts'
import { epsilonNet } from '../math/epsilon-net.ts'
import { nonDominationRanks } from '../math/non-domination.ts'

/** How trials of one front are told apart: those that are most alone first, or those that cover the front best. */
export type FrontStrategy = 'nonDominatedSorting' | 'epsilonNet'

/** Where one of several stands. */
export interface Place {
  /** The front it is in, from 0. */
  readonly front: number
  /** How many are before it. At least the true number when that is not below `wanted`. */
  readonly better: number
}

/**
 * Where the last of some points stands among all of them: by fronts of non-domination, and within its front by
 * `strategy`. Of equal points each stands where the first of them does.
 * Source: Deb et al. 2002 for the fronts and for crowding; Salinas et al. 2021 for the ε-net.
 * @param losses - Smaller is better. NaN counts as Infinity. At least one.
 * @param wanted - How many of the best must be told apart.
 * @returns Cost: that of the fronts, and with `'epsilonNet'` O(losses · front · wanted).
 */
export function placeOfLast(
  losses: readonly (readonly number[])[],
  wanted: number,
  strategy: FrontStrategy,
): Place {
  const ranks = nonDominationRanks(losses, { nBelow: wanted })
  const last = losses.length - 1
  const front = ranks[last] as number
  let before = 0
  const members: number[] = []
  ranks.forEach((rank, i) => {
    if (rank < front) before++
    else if (rank === front) members.push(i)
  })
  // Whether all of its front are among the wanted or none is, the order within the front cannot change it.
  if (before >= wanted) return { front, better: before }
  const rows = members.map((i) => losses[i] as readonly number[])
  const order = strategy === 'epsilonNet' ? epsilonNet(rows, wanted - before) : crowding(rows).order
  const own = losses[last] as readonly number[]
  const place = order.findIndex((i) => areEqual(rows[i] as readonly number[], own))
  return { front, better: before + (place === -1 ? order.length : place) }
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.every((x, i) => Object.is(x + 0, (b[i] as number) + 0))
}
