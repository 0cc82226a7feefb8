import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Dimension } from '../../space/encoding.ts'
import type { Domain, Parameter } from '../../space/space.ts'
import { sameDomain } from '../../space/values.ts'
import type { RunningTrial } from '../searcher.ts'
import { axisOf } from './axis.ts'
import { JointModel, type ModelledParameter, type ModelOptions } from './joint-model.ts'
import { onlyValue } from './only-value.ts'
import type { Outcome } from './outcome.ts'
import { TrialOrder } from './trial-order.ts'

/** How the parameters of a level are modelled. */
export interface LevelOptions extends ModelOptions {
  /** How many of n finished trials are good. */
  readonly gamma: (n: number) => number
  /** Whether pruned trials are among the n. */
  readonly countPruned: boolean
  readonly objectiveCount: number
  /** Whether all parameters have one joint model; else each has its own. */
  readonly multivariate: boolean
}

// With fewer, who completed says little: a scheduler lets the first trials pass, whatever they are like.
const ENOUGH_COMPLETED = 10

/**
 * How many trials are good. Without `countPruned` pruned ones are left out of the count as soon as ten others have
 * finished: completed ones stand first, and of a hundred trials of which eighty were stopped early the best tenth would be
 * half of all that are left, however bad.
 */
export function goodCount(
  order: TrialOrder,
  { gamma, countPruned }: Pick<LevelOptions, 'gamma' | 'countPruned'>,
): number {
  const others = order.size - order.prunedCount
  return gamma(countPruned || others < ENOUGH_COMPLETED ? order.size : others)
}

/** A finished trial that says something. */
export interface PastTrial {
  readonly params: Params
  /** The domain of each parameter, where the space is learned from them. */
  readonly domains?: Readonly<Record<string, Domain>>
  readonly outcome: Outcome
}

/** What counts as bad for one suggestion, although it has no result. */
export interface BadForNow {
  readonly running: readonly RunningTrial[]
  /** Points that were turned down for the same trial. */
  readonly rejected: readonly Params[]
}

/** A parameter of a level. */
export type LevelParameter = Dimension & Partial<Pick<Parameter, 'when'>>

/**
 * Parameters that come together: those that every trial has, or those of a branch. Good are the best of the level's own
 * trials, so that a branch that is seldom best is searched where it is best itself; and those that are good among all
 * trials, so that the best branch has as many as it deserves.
 */
export class Level {
  readonly models: readonly JointModel[]
  readonly #group: readonly LevelParameter[]
  readonly #options: LevelOptions
  readonly #needsDomains: boolean
  readonly #fixed: Params
  readonly #order: TrialOrder
  #read = 0

  /** @param needsDomains - Whether only trials belong to it that had each parameter with the very same domain. */
  constructor(group: readonly LevelParameter[], options: LevelOptions, needsDomains = false) {
    this.#group = group
    this.#options = options
    this.#needsDomains = needsDomains
    this.#fixed = Object.fromEntries(
      group.flatMap(({ path, domain }) => onlyValue(domain).map((value) => [path, value])),
    )
    this.#order = new TrialOrder(options.objectiveCount)
    const modelled = group.flatMap(({ path, domain }): ModelledParameter[] => {
      const axis = axisOf(domain)
      return axis === undefined ? [] : [{ path, axis }]
    })
    const parts = options.multivariate ? [modelled] : modelled.map((parameter) => [parameter])
    this.models = parts.filter((part) => part.length > 0).map((part) => new JointModel(part, options))
  }

  /** Goes through the finished trials that came since the last time. */
  read(history: readonly PastTrial[]): void {
    for (; this.#read < history.length; this.#read++) {
      const { params, domains, outcome } = history[this.#read] as PastTrial
      if (!this.#has(params) || !this.#fits(domains)) continue
      this.#order.add(outcome)
      for (const model of this.models) model.add(outcome.number, params)
    }
  }

  /** How many finished trials belong to it. */
  get size(): number {
    return this.#order.size
  }

  /**
   * Divides the trials anew.
   * @param running - Trials without a result, which count as bad.
   * @param goodOfAll - Numbers of trials that are good among all, also those of other levels.
   * @param rejected - Points that were turned down, which count as bad this time.
   * @returns Numbers of the good ones of the level.
   */
  update(
    running: readonly RunningTrial[],
    goodOfAll: readonly number[] = [],
    rejected: readonly Params[] = [],
  ): readonly number[] {
    const own = this.#order.best(goodCount(this.#order, this.#options))
    const good = goodOfAll.length === 0 ? own : [...new Set([...own, ...goodOfAll])]
    const liars = running.filter(({ params }) => this.#has(params))
    const refused = rejected.filter((params) => this.#has(params))
    for (const model of this.models) model.update(good, liars, refused)
    return good
  }

  /** Values by path: only those that could not be others, when no finished trial belongs to the level. */
  suggest(random: RandomStream, bad: BadForNow, goodOfAll: readonly number[] = []): Params {
    const point: Record<string, unknown> = { ...this.#fixed }
    if (this.size === 0) return point
    this.update(bad.running, goodOfAll, bad.rejected)
    for (const model of this.models) Object.assign(point, model.suggest(random))
    return point
  }

  #has(params: Params): boolean {
    return this.#group.every(
      ({ path, when = [] }) =>
        Object.hasOwn(params, path) && when.every((taken) => params[taken.path] === taken.value),
    )
  }

  #fits(domains: PastTrial['domains']): boolean {
    if (!this.#needsDomains || domains === undefined) return true
    return this.#group.every(({ path, domain }) => sameDomain(domains[path] as Domain, domain))
  }
}
