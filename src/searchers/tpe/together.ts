import type { Dimension } from '../../space/encoding.ts'
import type { Domain } from '../../space/space.ts'

/**
 * Parameters by which of them come together: each group is as large as it can be so that every trial had all of it or
 * nothing. Source: Optuna 5, `_GroupDecomposedSearchSpace`. Cost of a trial: O(parameters seen so far).
 */
export class TogetherGroups {
  #groups: Map<string, Domain>[] = []

  /** The groups, each parameter with the domain that it had last. */
  get groups(): readonly (readonly Dimension[])[] {
    return this.#groups.map((group) => Array.from(group, ([path, domain]) => ({ path, domain })))
  }

  /** Hears of the parameters of a trial. */
  add(domains: Readonly<Record<string, Domain>>): void {
    const rest = new Map(Object.entries(domains).filter(([, domain]) => domain.kind !== 'computed'))
    const next: Map<string, Domain>[] = []
    for (const group of this.#groups) {
      const had = new Map<string, Domain>()
      const lacked = new Map<string, Domain>()
      for (const [path, domain] of group) {
        const now = rest.get(path)
        if (now === undefined) lacked.set(path, domain)
        else had.set(path, now)
        rest.delete(path)
      }
      next.push(had, lacked)
    }
    next.push(rest)
    this.#groups = next.filter(({ size }) => size > 0)
  }
}
