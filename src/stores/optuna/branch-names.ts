import { isPlainObject } from '../../core/metrics.ts'
import type { Params } from '../../core/trial.ts'
import type { Domain } from '../../space/domain.ts'
import { joinPath } from '../../space/structure.ts'
import { type Kind, kindOf, sameKind } from './distributions.ts'

/** Which case each branch on the way to a parameter has, from the outside in. */
type Conditions = readonly (readonly [path: string, taken: string])[]

interface Place {
  readonly conditions: Conditions
  /** Undefined when Optuna has no equal. */
  readonly kind: Kind | undefined
}

/**
 * Names for what has one path in Troupe and is not one parameter in Optuna: `width` is `activation=relu/width` and
 * `activation=tanh/width` where it is of one kind in this branch and of another kind in that. By the declared space alone,
 * so that a parameter has one name for all trials.
 */
export class BranchNames {
  // Only those paths that have several kinds.
  readonly #places = new Map<string, readonly Place[]>()

  /** @param space - The declared space as logs keep it; anything else has no branches. */
  constructor(space: unknown) {
    const places = new Map<string, Place[]>()
    collect(space, '', [], places)
    for (const [path, found] of places) if (hasSeveralKinds(found)) this.#places.set(path, found)
  }

  /** The name of a parameter among these of its trial: its path, where that is enough. */
  nameOf(path: string, params: Params): string {
    const place = this.#places
      .get(path)
      ?.find(({ conditions }) => conditions.every(([at, taken]) => (params[at] ?? taken) === taken))
    if (place === undefined) return path
    return [...place.conditions.map(([at, taken]) => `${at}=${taken}`), path].join('/')
  }
}

function hasSeveralKinds(places: readonly Place[]): boolean {
  const kinds = places.flatMap(({ kind }) => kind ?? [])
  return kinds.some((kind) => !sameKind(kind, kinds[0] as Kind))
}

/** @param above - The path of the object that holds it, beside which the parameters of a branch's case stand. */
function collect(
  node: unknown,
  path: string,
  conditions: Conditions,
  places: Map<string, Place[]>,
  above = '',
): void {
  if (!Array.isArray(node)) return
  const [what, content]: readonly unknown[] = node
  if (what === 'domain') {
    const known = places.get(path) ?? []
    places.set(path, [...known, { conditions, kind: kindOf(content as Domain) }])
  } else if (what === 'array' && Array.isArray(content)) {
    content.forEach((item, i) => collect(item, joinPath(path, i), conditions, places, path))
  } else if (what === 'object' && isPlainObject(content)) {
    for (const [key, item] of Object.entries(content))
      collect(item, joinPath(path, key), conditions, places, path)
  } else if (what === 'branch' && isPlainObject(content)) {
    for (const [taken, parameters] of Object.entries(content))
      collect(parameters, above, [...conditions, [path, taken]], places)
  }
}
