import type { Params } from '../core/trial.ts'
import { type Dimension, pointKey } from '../space/encoding.ts'
import type { Domain, Parameter } from '../space/space.ts'
import { sameDomain } from '../space/values.ts'
import type { ToldTrial } from './searcher.ts'

/** What a trial has beside a part of its point. */
export interface NextParameters {
  /** Parameters that it surely has, each with this domain, in order: they can be modelled jointly. */
  readonly always: readonly Dimension[]
  /** Parameters that it may have, or whose domain may differ; each with the domain that it had last. */
  readonly sometimes: readonly Dimension[]
}

/**
 * The parameters of a search, level by level: those that every trial has, then those that follow from what was chosen.
 *
 * A declared space says this itself: a parameter of a branch follows once its case is chosen. A define-by-run space is
 * learned from the trials told: a parameter follows when every trial that made the same choices had it, with the same
 * domain. With nothing chosen that is Optuna's intersection search space. Ask for `next({})`, choose values, ask for the
 * next of these, and so on until nothing is left. What is learned may be wrong for the next trial: a searcher's guess
 * that does not fit is drawn anew by the session.
 */
export class KnownSpace {
  readonly #declared: readonly Parameter[] | undefined
  readonly #trials: Pick<ToldTrial, 'params' | 'domains'>[] = []
  /** Paths that were categorical in some trial: the choices that others may follow from. */
  readonly #choices = new Set<string>()
  readonly #groups = new Map<string, Group>()

  /** @param parameters - Those of the declared space; empty when they are to be learned. */
  constructor(parameters: readonly Parameter[]) {
    this.#declared =
      parameters.length === 0 ? undefined : parameters.filter(({ domain }) => domain.kind !== 'computed')
  }

  /** Hears of a trial that ended, however it did. */
  learn({ params, domains }: Pick<ToldTrial, 'params' | 'domains'>): void {
    if (this.#declared !== undefined) return
    this.#trials.push({ params, domains })
    for (const path in domains) if ((domains[path] as Domain).kind === 'categorical') this.#choices.add(path)
  }

  /** The parameters that a trial has beside those of `point`. */
  next(point: Params): NextParameters {
    if (this.#declared !== undefined) {
      const always = this.#declared.filter(
        ({ path, when }) =>
          !Object.hasOwn(point, path) && when.every((taken) => point[taken.path] === taken.value),
      )
      return { always, sometimes: [] }
    }
    const group = this.#groupOf(point)
    const notYet = ({ path }: Dimension): boolean => !Object.hasOwn(point, path)
    return {
      always: [...group.always.values()].filter(notYet),
      sometimes: [...group.sometimes.values()].filter(notYet),
    }
  }

  #groupOf(point: Params): Group {
    const chosen = Object.keys(point).filter((path) => this.#choices.has(path))
    const key = pointKey(Object.fromEntries(chosen.map((path) => [path, point[path]])))
    let group = this.#groups.get(key)
    if (group === undefined) {
      // Choices that never come again need not be remembered.
      if (this.#groups.size >= GROUPS_MAX) this.#groups.clear()
      group = new Group(chosen, key)
      this.#groups.set(key, group)
    }
    group.read(this.#trials)
    return group
  }
}

const GROUPS_MAX = 1000

/** The trials that made the same choices. */
class Group {
  readonly always = new Map<string, Dimension>()
  readonly sometimes = new Map<string, Dimension>()
  readonly #chosen: readonly string[]
  readonly #key: string
  #read = 0
  #isEmpty = true

  constructor(chosen: readonly string[], key: string) {
    this.#chosen = chosen
    this.#key = key
  }

  /** Goes through the trials that came since the last time. */
  read(trials: readonly Pick<ToldTrial, 'params' | 'domains'>[]): void {
    for (; this.#read < trials.length; this.#read++) {
      const { params, domains } = trials[this.#read] as ToldTrial
      if (this.#chosen.every((path) => Object.hasOwn(params, path)) && this.#key === this.#keyOf(params)) {
        this.#add(domains)
      }
    }
  }

  #keyOf(params: Params): string {
    return pointKey(Object.fromEntries(this.#chosen.map((path) => [path, params[path]])))
  }

  #add(domains: Readonly<Record<string, Domain>>): void {
    for (const path of Object.keys(domains)) {
      const dimension = { path, domain: domains[path] as Domain }
      if (dimension.domain.kind === 'computed') continue
      if (this.#isEmpty) this.always.set(path, dimension)
      else if (!this.always.has(path)) this.sometimes.set(path, dimension)
    }
    for (const [path, dimension] of this.always) {
      const domain = domains[path]
      if (domain !== undefined && sameDomain(domain, dimension.domain)) continue
      this.always.delete(path)
      this.sometimes.set(path, domain === undefined ? dimension : { path, domain })
    }
    this.#isEmpty = false
  }
}
