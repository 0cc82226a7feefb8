import { describe } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { SpaceError } from '../errors.ts'
import { type RandomStream, randomStream } from '../random/random.ts'
import { buildConfig, PENDING } from './build.ts'
import type { CategoricalDomain, Domain } from './domain.ts'
import type { Draw } from './draw.ts'
import { flatPoint, unknownPath } from './flatten.ts'
import { type GridAxis, gridAxes } from './grid.ts'
import { type Guard, type Plan, planOf, type PlannedParameter } from './plan.ts'
import type { Parameter, Resolved, Space } from './space.ts'
import { canonical, outOfRange } from './values.ts'

/**
 * A space of nested objects, arrays, constants and domains, flattened once: a trial then costs one pass over its
 * parameters, and none over the definition.
 */
export class DeclaredSpace implements Space {
  readonly kind = 'declared'
  readonly parameters: readonly Parameter[]
  readonly gridSize: number
  readonly #plan: Plan
  readonly #axes: ReadonlyMap<string, GridAxis>
  readonly #branches: readonly PlannedParameter[]
  // One record of domains for each way through the branches, since every trial keeps one.
  readonly #domains = new Map<string, Readonly<Record<string, Domain>>>()

  /** @throws {SpaceError} naming the path of what cannot be used. */
  constructor(definition: Readonly<Record<string, unknown>>) {
    this.#plan = planOf(definition)
    this.parameters = this.#plan.parameters.map(({ path, domain, when }) =>
      Object.freeze({ path, domain, when }),
    )
    this.#branches = this.#plan.parameters.filter(({ isBranch }) => isBranch)
    const axes = gridAxes(this.parameters)
    this.#axes = new Map(axes.map((axis) => [axis.path, axis]))
    this.gridSize = axes.reduce((product, { size }) => product * size, 1)
  }

  sample(random: RandomStream, gridIndex?: number): Params {
    const values = Array.from({ length: this.#plan.parameters.length })
    const point: Record<string, unknown> = {}
    for (const parameter of this.#plan.parameters) {
      if (!isActive(parameter, values) || parameter.draw === undefined) continue
      const value =
        gridIndex !== undefined && parameter.domain.kind === 'grid'
          ? this.#gridValue(parameter, gridIndex)
          : parameter.draw(random)
      values[parameter.index] = value
      point[parameter.path] = value
    }
    return point
  }

  resolve(point: Params, random: RandomStream): Resolved {
    const values = this.#settle(point, random)
    const config = buildConfig(this.#plan, values, random)
    const params: Record<string, unknown> = {}
    for (const parameter of this.#plan.parameters) {
      if (isActive(parameter, values)) params[parameter.path] = values[parameter.index]
    }
    return { config, params, domains: this.#domainsOf(values) }
  }

  toPoint(config: object): Params {
    const point = flatPoint(this.#plan, config)
    // Refuses what no draw could complete; what this one draws is not used.
    this.#settle(point, randomStream('toPoint'))
    return point
  }

  /** Values by the parameter's index: the point's own, and draws for what it leaves out. */
  #settle(point: Params, random: RandomStream): unknown[] {
    const values = Array.from({ length: this.#plan.parameters.length })
    let used = 0
    for (const parameter of this.#plan.parameters) {
      if (!isActive(parameter, values)) continue
      const { path, domain, isMember, index, draw } = parameter
      const given = point[path]
      if (!isGiven(point, parameter)) {
        values[index] =
          draw === undefined ? PENDING : this.#drawMissing(parameter, draw, point, values, random)
        continue
      }
      if (!isMember(given)) throw outOfRange(path, domain, given)
      values[index] = canonical(domain, given)
      used++
    }
    if (used !== Object.keys(point).length) this.#refuseUnused(point, values)
    return values
  }

  #drawMissing(
    parameter: PlannedParameter,
    draw: Draw,
    point: Params,
    values: unknown[],
    random: RandomStream,
  ): unknown {
    const stream = random.fork(parameter.path)
    if (!parameter.isBranch) return draw(stream)
    const { choices } = parameter.domain as CategoricalDomain
    const paths = Object.keys(point)
    const held = choices.map((choice) => {
      values[parameter.index] = choice
      return paths.filter((path) => this.#canHold(path, point, values, parameter.index)).length
    })
    // Where no case holds the whole point, the nearest leads to the error that says best what is wrong.
    const most = Math.max(...held)
    const fitting = choices.filter((_, i) => held[i] === most)
    return most < paths.length ? fitting[0] : fitting[stream.below(fitting.length)]
  }

  /** Whether a value of the point still has a parameter to go to, with the branches up to `settled` taken. */
  #canHold(path: string, point: Params, values: readonly unknown[], settled: number): boolean {
    return (
      this.#plan.byPath.get(path)?.some(({ guard, isMember }) => {
        for (let at = guard; at !== undefined; at = at.branch.guard) {
          const { index, path: branchPath } = at.branch
          const wanted = Object.hasOwn(point, branchPath) ? point[branchPath] : at.value
          const taken = index <= settled ? values[index] : wanted
          if (taken !== at.value) return false
        }
        return isMember(point[path])
      }) ?? true
    )
  }

  #refuseUnused(point: Params, values: readonly unknown[]): void {
    for (const path of Object.keys(point)) {
      const known = this.#plan.byPath.get(path)
      if (known === undefined) throw unknownPath(this.#plan, path, point[path])
      if (known.some((parameter) => isActive(parameter, values)) || point[path] === undefined) continue
      throw notTaken(path, point[path], known, values)
    }
  }

  #gridValue({ path, domain }: PlannedParameter, gridIndex: number): unknown {
    const { stride, size } = this.#axes.get(path) as GridAxis
    const { choices } = domain as { choices: readonly unknown[] }
    return choices[(Math.floor(gridIndex / stride) % size) % choices.length]
  }

  #domainsOf(values: readonly unknown[]): Readonly<Record<string, Domain>> {
    let way = ''
    for (const { domain, index } of this.#branches)
      way += `${(domain as CategoricalDomain).choices.indexOf(values[index])},`
    let domains = this.#domains.get(way)
    if (domains === undefined) {
      const active = this.#plan.parameters.filter((parameter) => isActive(parameter, values))
      domains = Object.freeze(Object.fromEntries(active.map(({ path, domain }) => [path, domain])))
      this.#domains.set(way, domains)
    }
    return domains
  }
}

function isActive({ guard }: PlannedParameter, values: readonly unknown[]): boolean {
  return guard === undefined || values[guard.branch.index] === guard.value
}

function isGiven(point: Params, { path, draw, isMember }: PlannedParameter): boolean {
  if (!Object.hasOwn(point, path)) return false
  // Undefined means left out, except where it is one of the choices.
  return point[path] !== undefined || (draw !== undefined && isMember(undefined))
}

function notTaken(
  path: string,
  received: unknown,
  known: readonly PlannedParameter[],
  values: readonly unknown[],
): SpaceError {
  const guards = known.map(({ guard }) => guard as Guard)
  // Of several homes, the one that comes nearest to existing says best what to change.
  const nearest = guards.findIndex((guard) => values[guard.branch.index] !== undefined)
  const { branch } = guards[Math.max(0, nearest)] as Guard
  const homes = guards.filter((guard) => guard.branch === branch)
  const cases = homes.map(({ value }) => describe(value)).join(' or ')
  const taken = values[branch.index]
  const instead = taken === undefined ? `${branch.path} is not there at all` : `it is ${describe(taken)}`
  return new SpaceError(
    path,
    `exists only where ${branch.path} is ${cases}, but here ${instead}. Leave ${path} out, or change ${branch.path}.`,
    { received },
  )
}
