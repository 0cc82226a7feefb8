import type { Params } from '../../core/trial.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Dimension } from '../../space/encoding.ts'
import type { Domain, Parameter } from '../../space/space.ts'
import { sameDomain } from '../../space/values.ts'
import { KnownSpace } from '../known-space.ts'
import {
  type BadForNow,
  goodCount,
  Level,
  type LevelOptions,
  type LevelParameter,
  type PastTrial,
} from './level.ts'
import { TogetherGroups } from './together.ts'
import { TrialOrder } from './trial-order.ts'

// A space whose domains never come twice could go on making levels.
const LEVELS_MAX = 1000

/** How levels are found and modelled. */
export interface LevelsOptions extends LevelOptions {
  /** Whether a learned space is taken by what comes together, instead of by what follows from which choice. */
  readonly group: boolean
}

/**
 * The parameters of a space, level by level, each level with its own models.
 *
 * A declared space has a level for what every trial has, and one for each case of a branch. In a define-by-run space
 * the levels are learned (`KnownSpace`); parameters of which it is not known whether a trial has them, or with which
 * domain, are modelled one by one, as in Optuna.
 */
export class Levels {
  readonly #known: KnownSpace
  readonly #isDeclared: boolean
  readonly #options: LevelsOptions
  readonly #together: TogetherGroups | undefined
  readonly #history: PastTrial[] = []
  readonly #order: TrialOrder
  readonly #joint = new Map<string, Level>()
  readonly #single = new Map<string, { readonly domain: Domain; readonly level: Level }>()
  // The domains that each path had, so that they have a number to be known by.
  readonly #domains = new Map<string, Domain[]>()

  constructor(parameters: readonly Parameter[], options: LevelsOptions) {
    this.#known = new KnownSpace(parameters)
    this.#isDeclared = parameters.length > 0
    this.#options = options
    this.#order = new TrialOrder(options.objectiveCount)
    this.#together = options.group && !this.#isDeclared ? new TogetherGroups() : undefined
  }

  /** Finished trials, in the order in which they ended. */
  get history(): readonly PastTrial[] {
    return this.#history
  }

  /** Adds a finished trial. */
  add(trial: PastTrial): void {
    this.#history.push(trial)
    const { params, domains, outcome } = trial
    this.#order.add(outcome)
    if (domains === undefined) return
    this.#known.learn({ params, domains })
    this.#together?.add(domains)
  }

  /** Values by path. What no trial says anything of is left out. */
  suggest(random: RandomStream, bad: BadForNow): Params {
    if (this.#together === undefined) return this.#suggestByLevel(random, bad)
    const groups = this.#together.groups
    return Object.assign(
      {},
      ...groups.map((group) => this.#ask(this.#jointLevel(group), random, bad)),
    ) as Params
  }

  #suggestByLevel(random: RandomStream, bad: BadForNow): Params {
    const point: Record<string, unknown> = {}
    const leftOut = new Set<string>()
    const isOpen = ({ path }: Dimension): boolean => !Object.hasOwn(point, path) && !leftOut.has(path)
    for (;;) {
      const always = this.#known.next(point).always.filter(isOpen)
      if (always.length === 0) break
      for (const group of this.#isDeclared ? byCondition(always) : [always]) {
        Object.assign(point, this.#ask(this.#jointLevel(group), random, bad))
        for (const { path } of group) if (!Object.hasOwn(point, path)) leftOut.add(path)
      }
    }
    // When no trial made all of these choices, others may still say what follows from some of them.
    const sometimes = [...this.#known.next(point).sometimes, ...this.#known.next({}).sometimes]
    for (const dimension of sometimes) {
      if (isOpen(dimension)) Object.assign(point, this.#ask(this.#singleLevel(dimension), random, bad))
    }
    return point
  }

  #ask(level: Level, random: RandomStream, bad: BadForNow): Params {
    level.read(this.#history)
    const hasOthers = level.size < this.#order.size
    const good = hasOthers ? this.#order.best(goodCount(this.#order, this.#options)) : []
    return level.suggest(random, bad, good)
  }

  #jointLevel(group: readonly LevelParameter[]): Level {
    const key = group
      .map(({ path, domain, when }) => `${path}#${this.#numberOf(path, domain)}${conditionOf(when)}`)
      .join('\n')
    let level = this.#joint.get(key)
    if (level === undefined) {
      if (this.#joint.size >= LEVELS_MAX) this.#joint.clear()
      level = new Level(group, this.#options, !this.#isDeclared && this.#together === undefined)
      this.#joint.set(key, level)
    }
    return level
  }

  // One level a path, since a domain that moves from trial to trial is never asked for again.
  #singleLevel(dimension: Dimension): Level {
    const { path, domain } = dimension
    const known = this.#single.get(path)
    if (known !== undefined && sameDomain(known.domain, domain)) return known.level
    const level = new Level([dimension], this.#options)
    this.#single.set(path, { domain, level })
    return level
  }

  #numberOf(path: string, domain: Domain): number {
    let domains = this.#domains.get(path)
    if (domains === undefined) this.#domains.set(path, (domains = []))
    const index = domains.findIndex((known) => sameDomain(known, domain))
    return index >= 0 ? index : domains.push(domain) - 1
  }
}

/** Parameters by the branches they belong to: those of different branches are modelled apart. */
function byCondition(parameters: readonly LevelParameter[]): LevelParameter[][] {
  const groups = new Map<string, LevelParameter[]>()
  for (const parameter of parameters) {
    const key = conditionOf(parameter.when)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [parameter])
    else group.push(parameter)
  }
  return [...groups.values()]
}

function conditionOf(when: Parameter['when'] = []): string {
  return when.map(({ path, value }) => `&${path}=${value}`).join('')
}
