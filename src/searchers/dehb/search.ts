import type { Params } from '../../core/trial.ts'
import type { BandOptions } from '../../schedulers/halving/plan.ts'
import type { Dimension } from '../../space/encoding.ts'
import type { Domain, Parameter } from '../../space/space.ts'
import { KnownSpace } from '../known-space.ts'
import {
  addLoss,
  curveOf,
  emptyCurve,
  isLost,
  type LearningCurve,
  lossAt,
  reachOf,
} from '../learning-curve.ts'
import { lossesOf } from '../losses.ts'
import type {
  Ask,
  Observation,
  RunningTrial,
  Search,
  SearchContext,
  Suggestion,
  ToldTrial,
} from '../searcher.ts'
import { type UnitAxis, unitAxisOf } from '../unit-axis.ts'
import {
  bestOf,
  childOf,
  compete,
  type EvolutionOptions,
  join,
  type Population,
  type Vector,
} from './populations.ts'
import { type EntryRung, entryRungs, type Seat, seatOf } from './rungs.ts'

/** What a search needs to know besides its context. */
export interface DehbSearchOptions extends BandOptions, EvolutionOptions {
  readonly bracketOrder: 'longestFirst' | 'shortestFirst'
}

/** A trial that was suggested and has not ended. */
interface Pending {
  readonly seat: Seat
  /** The next rung that it may be counted at. */
  next: number
  readonly curve: LearningCurve
}

interface Saved {
  readonly populations: readonly Population[]
  readonly pending: readonly (readonly [number: number, pending: Pending])[]
}

// A mutant has three parents.
const PARENTS = 3

/** The search of `dehb`. */
export class DehbSearch implements Search {
  readonly #context: SearchContext
  readonly #options: DehbSearchOptions
  readonly #known: KnownSpace
  readonly #isDeclared: boolean
  readonly #rungs: readonly EntryRung[]
  readonly #populations: readonly Population[]
  readonly #pending: Map<number, Pending>
  readonly #axes = new WeakMap<Domain, UnitAxis>()
  /** The domain that each path had last, in a define-by-run space. */
  readonly #domains = new Map<string, Domain>()

  constructor(context: SearchContext, options: DehbSearchOptions) {
    this.#context = context
    this.#options = options
    this.#known = new KnownSpace(context.parameters)
    this.#isDeclared = context.parameters.length > 0
    this.#rungs = entryRungs(options)
    const saved = structuredClone(context.saved) as Saved | undefined
    this.#populations =
      saved?.populations ?? this.#rungs.map(({ size }) => Array.from({ length: size }, () => undefined))
    this.#pending = new Map(saved?.pending)
  }

  suggest({ number, index, retry, running }: Ask): Suggestion {
    for (const trial of running) this.#countRunning(trial)
    const seat = seatOf(this.#rungs, this.#options.bracketOrder, index)
    this.#pending.set(number, { seat, next: seat.rung, curve: emptyCurve() })
    const target = this.#populations[seat.rung]?.[seat.place]?.vector
    const pool = this.#parentsFor(seat.rung)
    // The first population comes from the prior.
    if (target === undefined || pool.length < PARENTS) return { kind: 'point', point: {} }
    const random = this.#context.random.fork(retry === 0 ? number : `${number}/${retry}`)
    let point: Params = {}
    for (;;) {
      const dimensions = this.#known.next(point).always
      if (dimensions.length === 0) return { kind: 'point', point }
      const keys = dimensions.map((dimension) => this.#keyOf(dimension))
      const child = childOf(keys, target, pool, this.#options, random)
      const values = dimensions.map((dimension, i): [string, unknown] => [
        dimension.path,
        this.#axisOf(dimension.domain).valueAt(child[keys[i] as string] as number),
      ])
      point = { ...point, ...Object.fromEntries(values) }
    }
  }

  tell(trial: ToldTrial): void {
    const { number, params, domains, state } = trial
    if (!this.#isDeclared) for (const path in domains) this.#domains.set(path, domains[path] as Domain)
    if (state === 'completed' || state === 'pruned') this.#known.learn({ params, domains })
    const pending = this.#pending.get(number) ?? { seat: undefined, next: 0 }
    this.#pending.delete(number)
    if (isLost(trial)) return
    const curve = curveOf(trial, this.#context.objectives)
    // One that completed has come to its full length, wherever that is.
    this.#count({ ...pending, curve }, params, state === 'completed')
  }

  observe({ number, step, values }: Observation): void {
    const loss = lossesOf({ values }, this.#context.objectives)?.[0]
    const pending = this.#pending.get(number)
    if (loss !== undefined && pending !== undefined) addLoss(pending.curve, step, loss)
  }

  save(): Saved | undefined {
    // In a define-by-run space the domains would have to be kept too.
    if (!this.#isDeclared) return undefined
    return structuredClone({ populations: this.#populations, pending: [...this.#pending] })
  }

  #countRunning({ number, params }: RunningTrial): void {
    const pending = this.#pending.get(number)
    if (pending !== undefined) pending.next = this.#count(pending, params, false)
  }

  /** Counts a trial at each budget that it has reached. Gives the next rung. */
  #count(
    {
      seat,
      next,
      curve,
    }: { readonly seat: Seat | undefined; readonly next: number; readonly curve: LearningCurve },
    params: Params,
    isWhole: boolean,
  ): number {
    const reach = isWhole ? Infinity : (reachOf(curve) ?? -Infinity)
    let rung = next
    for (; rung < this.#rungs.length && reach >= (this.#rungs[rung] as EntryRung).budget; rung++) {
      const loss = lossAt(curve, (this.#rungs[rung] as EntryRung).budget) ?? curve.losses[0]
      if (loss === undefined) continue
      const population = this.#populations[rung] as Population
      const member = { vector: this.#vectorOf(params), loss }
      if (seat?.rung === rung) compete(population, seat.place, member)
      else join(population, member)
    }
    return rung
  }

  /** Who may be mutated for a rung: the best of the budget below, else its own members; with all others when too few. */
  #parentsFor(rung: number): Vector[] {
    const { size } = this.#rungs[rung] as EntryRung
    const own = this.#populations[rung] as Population
    const below = this.#populations[rung - 1]
    const parents = bestOf(below ?? own, size)
    const all =
      parents.length < PARENTS ? this.#populations.flatMap((other) => bestOf(other, other.length)) : parents
    return all.map(({ vector }) => vector)
  }

  #vectorOf(params: Params): Vector {
    const vector: Record<string, number> = {}
    for (const dimension of this.#dimensionsOf(params)) {
      const u = this.#axisOf(dimension.domain).unitOf(params[dimension.path])
      if (u !== undefined) vector[this.#keyOf(dimension)] = u
    }
    return vector
  }

  #dimensionsOf(params: Params): Dimension[] {
    const { parameters } = this.#context
    if (this.#isDeclared) return parameters.filter((parameter) => isTaken(parameter, params))
    return Object.keys(params).flatMap((path) => {
      const domain = this.#domains.get(path)
      return domain === undefined || domain.kind === 'computed' ? [] : [{ path, domain }]
    })
  }

  // Two cases of a branch may use the same name.
  #keyOf(dimension: Dimension): string {
    const index = this.#context.parameters.indexOf(dimension as Parameter)
    return index === -1 ? dimension.path : `${index}`
  }

  #axisOf(domain: Domain): UnitAxis {
    let axis = this.#axes.get(domain)
    if (axis === undefined) {
      axis = unitAxisOf(domain)
      this.#axes.set(domain, axis)
    }
    return axis
  }
}

function isTaken({ path, domain, when }: Parameter, params: Params): boolean {
  if (domain.kind === 'computed' || !Object.hasOwn(params, path)) return false
  return when.every((taken) => params[taken.path] === taken.value)
}
