import { crowding } from '../../math/crowding.ts'
import { nonDominationRanks } from '../../math/non-domination.ts'
import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Domain } from '../../space/domain.ts'
import { eliteOf, type FrontCut, type Rated } from './elite.ts'

/** A completed trial that may have children. */
export interface Member extends Rated {
  readonly params: Params
  /** The domains that `params` were drawn from. */
  readonly domains: Readonly<Record<string, Domain>>
}

/** How many members live and breed, and who survives. */
export interface PopulationSettings {
  /** Members that live. */
  readonly size: number
  /** Members that breed: the best of those that live. */
  readonly parentCount: number
  readonly cut: FrontCut
  /** Whether of two members of one front the more widely spaced wins; else chance decides. */
  readonly isCrowdingCompared: boolean
}

/**
 * The best members so far. There are no generations: each trial that ends may take the place of the worst member, and
 * can breed from then on (steady state; Durillo et al. 2009). So it does not matter in which order trials end, how many
 * run at once, or which of them fail.
 */
export class Population {
  readonly #settings: PopulationSettings
  #members: readonly Member[] = []
  // Made again when members have changed: members are added more often than parents are chosen while many trials run.
  #parents: Parents | undefined

  constructor(settings: PopulationSettings) {
    this.#settings = settings
  }

  get members(): readonly Member[] {
    return this.#members
  }

  /** Whether there are as many members as can live. */
  get isFull(): boolean {
    return this.#members.length >= this.#settings.size
  }

  /** Members that may breed. */
  get parents(): Parents {
    this.#parents ??= this.#select()
    return this.#parents
  }

  add(member: Member): void {
    const all = [...this.#members, member]
    const { size, cut } = this.#settings
    this.#members = all.length <= size ? all : pick(all, eliteOf(all, size, cut))
    this.#parents = undefined
  }

  /** Goes on with the members of a saved population. */
  restore(members: readonly Member[]): void {
    this.#members = members
    this.#parents = undefined
  }

  #select(): Parents {
    const { parentCount, cut, isCrowdingCompared } = this.#settings
    const parents = pick(this.#members, eliteOf(this.#members, parentCount, cut))
    return new Parents(parents, isCrowdingCompared)
  }
}

/** Members that breed, ready to compete. */
export class Parents {
  readonly #members: readonly Member[]
  readonly #ranks: Int32Array
  readonly #distances: Float64Array

  constructor(members: readonly Member[], isCrowdingCompared: boolean) {
    this.#members = members
    this.#ranks = nonDominationRanks(
      members.map(({ losses }) => losses),
      { violations: members.map(({ violation }) => violation) },
    )
    this.#distances = isCrowdingCompared ? this.#spacing() : new Float64Array(members.length)
  }

  /**
   * Binary tournaments: of two drawn members the one on the better front wins, then the more widely spaced one
   * (Deb et al. 2002, section III.B, crowded comparison).
   * @param chosen - Members that are chosen already; they are not drawn.
   * @param count - How many there shall be with these; fewer when there are not as many that fit.
   * @param fits - Which members may be drawn.
   */
  complete(
    chosen: readonly Member[],
    count: number,
    fits: (member: Member) => boolean,
    random: RandomStream,
  ): readonly Member[] {
    const all = [...chosen]
    if (all.length >= count) return all
    const candidates = this.#members.map((_, i) => i).filter((i) => fits(this.#members[i] as Member))
    while (all.length < count) {
      const free = candidates.filter((i) => !all.includes(this.#members[i] as Member))
      if (free.length === 0) break
      const a = free[random.below(free.length)] as number
      const b = free[random.below(free.length)] as number
      all.push(this.#members[this.#beats(a, b) ? a : b] as Member)
    }
    return all
  }

  #beats(a: number, b: number): boolean {
    const byRank = (this.#ranks[a] as number) - (this.#ranks[b] as number)
    return byRank === 0 ? (this.#distances[a] as number) > (this.#distances[b] as number) : byRank < 0
  }

  /** The crowding distance of each member within its front. */
  #spacing(): Float64Array {
    const fronts = new Map<number, number[]>()
    this.#ranks.forEach((rank, i) => {
      const front = fronts.get(rank)
      if (front === undefined) fronts.set(rank, [i])
      else front.push(i)
    })
    const spacing = new Float64Array(this.#members.length)
    for (const front of fronts.values()) {
      const { distances } = crowding(front.map((i) => (this.#members[i] as Member).losses))
      front.forEach((i, k) => (spacing[i] = distances[k] as number))
    }
    return spacing
  }
}

function pick<T>(items: readonly T[], positions: readonly number[]): T[] {
  return positions.map((i) => items[i] as T)
}
