import { crowding } from '../../math/crowding.ts'
import { nonDominationRanks } from '../../math/non-domination.ts'

/** What selection looks at. */
export interface Rated {
  /** One a objective, smaller is better. */
  readonly losses: readonly number[]
  /** By how much it breaks its constraints; 0 when it does not. */
  readonly violation: number
}

/** Chooses which members of the front that does not fit survive. */
export type FrontCut = (
  /** Those that survive already. */
  kept: readonly Rated[],
  front: readonly Rated[],
  /** How many of `front` survive: fewer than there are, or all. */
  count: number,
) => readonly number[]

/**
 * Which members survive: front by front while they fit; of the front that does not, those that `cut` chooses. Feasible
 * members come before infeasible ones, and these by their violation.
 * Source: Deb et al. 2002, sections III.C and VI.
 * @param size - How many survive; all when there are fewer.
 * @returns Positions in `members`, best front first. Cost: that of `nonDominationRanks` and of `cut`.
 */
export function eliteOf(members: readonly Rated[], size: number, cut: FrontCut): number[] {
  const ranks = nonDominationRanks(
    members.map(({ losses }) => losses),
    { violations: members.map(({ violation }) => violation) },
  )
  const fronts: number[][] = []
  ranks.forEach((rank, i) => (fronts[rank] ??= []).push(i))
  const elite: number[] = []
  for (const front of fronts) {
    const room = size - elite.length
    if (front.length < room) {
      elite.push(...front)
      continue
    }
    const kept = elite.map((i) => members[i] as Rated)
    const chosen = cut(
      kept,
      front.map((i) => members[i] as Rated),
      room,
    )
    elite.push(...chosen.map((k) => front[k] as number))
    break
  }
  return elite
}

/** Keeps the most widely spaced members of a front. Source: Deb et al. 2002, section III.B. */
export const byCrowding: FrontCut = (_kept, front, count) =>
  crowding(front.map(({ losses }) => losses)).order.slice(0, count)
