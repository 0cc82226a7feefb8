import { isPlainObject } from '../../core/metrics.ts'
import type { Params } from '../../core/trial.ts'
import type { BranchNames } from './branch-names.ts'
import { type Kind, sameKind } from './distributions.ts'

/** The study's system attribute that says which names are not paths. */
export const NAMES_KEY = 'troupe:names'

/**
 * Optuna's names of a study's parameters. Optuna refuses a parameter that changes its kind, so each name keeps the kind
 * that it had first. What comes under the same path with another kind, and is not told apart by the branches of the
 * space, has the kind in its name: `width=int`, `width=float log`, `act=categorical`, and then `act=categorical 2`.
 */
export class ParameterNames {
  readonly #branches: BranchNames
  readonly #kinds: Map<string, Kind>
  readonly #paths: Map<string, string>

  constructor(branches: BranchNames, kinds = new Map<string, Kind>(), paths = new Map<string, string>()) {
    this.#branches = branches
    this.#kinds = kinds
    this.#paths = paths
  }

  /** What names were given that are not the parameter's path, as an attribute keeps it. */
  get aliases(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#paths)
  }

  copy(): ParameterNames {
    return new ParameterNames(this.#branches, new Map(this.#kinds), new Map(this.#paths))
  }

  pathOf(name: string): string {
    return this.#paths.get(name) ?? name
  }

  /**
   * The name of a parameter, or undefined when it has none yet: then it is to be `given` one.
   * @param params - Those of its trial, which say in which branch it is.
   */
  known(path: string, kind: Kind, params: Params): string | undefined {
    const name = this.#branches.nameOf(path, params)
    for (const candidate of candidates(name, kind)) {
      const taken = this.#kinds.get(candidate)
      if (taken === undefined) return undefined
      if (sameKind(taken, kind) && this.pathOf(candidate) === path) return candidate
    }
    return undefined
  }

  /** The name of a parameter whose kind is not known yet. */
  guess(path: string, params: Params): string {
    return this.#branches.nameOf(path, params)
  }

  /** Gives a parameter a name that no other has. */
  give(path: string, kind: Kind, params: Params): string {
    const name = this.#branches.nameOf(path, params)
    for (const candidate of candidates(name, kind)) {
      if (this.#kinds.has(candidate)) continue
      this.#kinds.set(candidate, kind)
      if (candidate !== path) this.#paths.set(candidate, path)
      return candidate
    }
    return name
  }

  /** Learns the kind of a name that another program has used. */
  seen(name: string, kind: Kind): void {
    if (!this.#kinds.has(name)) this.#kinds.set(name, kind)
  }
}

function* candidates(name: string, { name: word, log }: Kind): Iterable<string> {
  yield name
  const qualified = `${name}=${word}${log ? ' log' : ''}`
  yield qualified
  for (let i = 2; ; i++) yield `${qualified} ${i}`
}

/**
 * The path of each name, from the attributes of a study.
 * @param systemAttrs - Those of the study.
 */
export function pathsByName(systemAttrs: Readonly<Record<string, unknown>>): (name: string) => string {
  const aliases = systemAttrs[NAMES_KEY]
  if (!isPlainObject(aliases)) return (name) => name
  return (name) => {
    const path = Object.hasOwn(aliases, name) ? aliases[name] : undefined
    return typeof path === 'string' ? path : name
  }
}
