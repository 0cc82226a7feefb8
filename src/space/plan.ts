import { isPlainObject } from '../core/metrics.ts'
import { SpaceError } from '../errors.ts'
import type { Branch } from './branch.ts'
import { branded, brandOf, type CategoricalDomain, type Domain, isDomain } from './domain.ts'
import { type Draw, drawOf } from './draw.ts'
import type { Parameter } from './space.ts'
import { joinPath } from './structure.ts'
import { surveyed } from './survey.ts'
import { memberOf } from './values.ts'

/** The case of a branch that something belongs to. */
export interface Guard {
  readonly branch: PlannedParameter
  readonly value: string
}

/** A parameter with all that is worked out once. */
export interface PlannedParameter extends Parameter {
  /** Its place among the parameters of the plan. */
  readonly index: number
  /** The innermost of its `when`. A branch not taken has no value, so the outer ones follow from it. */
  readonly guard: Guard | undefined
  readonly isBranch: boolean
  /** Whether its values can be changed, so that each configuration needs a copy. */
  readonly isCopied: boolean
  readonly isMember: (value: unknown) => boolean
  /** Undefined for a computed value. */
  readonly draw: Draw | undefined
}

/**
 * One thing to do when a configuration is built: make a container, copy a constant, or write a parameter's value, under
 * `key` of the container number `into`. Container 0 is the configuration.
 */
export interface Step {
  readonly into: number
  readonly key: string | number
  readonly guard: Guard | undefined
  readonly make:
    | { readonly kind: 'container'; readonly number: number; readonly isArray: boolean }
    | { readonly kind: 'constant'; readonly value: unknown; readonly isCopied: boolean }
    | { readonly kind: 'parameter'; readonly parameter: PlannedParameter }
}

/** A constant of the space; in different cases of a branch, one path may have several. */
export interface Constant {
  readonly value: unknown
  readonly guard: Guard | undefined
}

/** A declared space, flattened once so that no trial walks the definition. */
export interface Plan {
  readonly parameters: readonly PlannedParameter[]
  /** Parameters by path: several where cases of a branch use the same name. */
  readonly byPath: ReadonlyMap<string, readonly PlannedParameter[]>
  readonly steps: readonly Step[]
  readonly containerCount: number
  /** Where nested objects and arrays with parameters stand, and in which cases. */
  readonly containers: ReadonlyMap<string, readonly { readonly guard: Guard | undefined }[]>
  readonly constants: ReadonlyMap<string, readonly Constant[]>
}

/**
 * Flattens a definition.
 * @throws {SpaceError} naming the path of what cannot be used.
 */
export function planOf(definition: Readonly<Record<string, unknown>>): Plan {
  const planner = new Planner(surveyed(definition))
  planner.addObject(definition, '', 0, undefined)
  return planner
}

class Planner implements Plan {
  readonly parameters: PlannedParameter[] = []
  readonly byPath = new Map<string, PlannedParameter[]>()
  readonly steps: Step[] = []
  containerCount = 1
  readonly containers = new Map<string, { readonly guard: Guard | undefined }[]>()
  readonly constants = new Map<string, Constant[]>()
  // What has parameters in it; the rest are constants.
  readonly #holders: ReadonlySet<object>

  constructor(holders: ReadonlySet<object>) {
    this.#holders = holders
  }

  /** Adds what stands in an object of the definition, or in a case of a branch, whose parameters join its siblings. */
  addObject(
    object: Readonly<Record<string, unknown>>,
    path: string,
    into: number,
    guard: Guard | undefined,
  ): void {
    namesOf(object, path)
    for (const key of Object.keys(object)) this.#add(object[key], joinPath(path, key), { into, key, guard })
  }

  #add(value: unknown, path: string, place: Place): void {
    if (isDomain(value)) this.#addParameter(value, path, place, false)
    else if (brandOf(value) === 'branch') this.#addBranch(value as Branch, path, place)
    else if (this.#holders.has(value as object)) this.#addContainer(value as object, path, place)
    else this.#addConstant(value, path, place)
  }

  #addParameter(domain: Domain, path: string, place: Place, isBranch: boolean): PlannedParameter {
    const { guard } = place
    const parameter: PlannedParameter = {
      path,
      domain,
      when:
        guard === undefined ? [] : [...guard.branch.when, { path: guard.branch.path, value: guard.value }],
      index: this.parameters.length,
      guard,
      isBranch,
      isCopied: 'choices' in domain && domain.choices.some((value) => typeof value === 'object'),
      isMember: memberOf(domain),
      draw: domain.kind === 'computed' ? undefined : drawOf(domain),
    }
    this.parameters.push(parameter)
    append(this.byPath, path, parameter)
    this.steps.push({ ...place, make: { kind: 'parameter', parameter } })
    return parameter
  }

  #addBranch({ cases }: Branch, path: string, place: Place): void {
    if (typeof place.key === 'number') {
      throw new SpaceError(
        path,
        'A branch cannot stand in an array, where its parameters have no names. Put it into an object.',
      )
    }
    const choices = Object.freeze(Object.keys(cases))
    const domain: CategoricalDomain<string> = branded('domain', {
      kind: 'categorical',
      choices,
      ordered: false,
    })
    const branch = this.#addParameter(domain, path, place, true)
    const outside = path.slice(0, -place.key.length - 1)
    for (const value of choices) {
      const parameters = cases[value] as Readonly<Record<string, unknown>>
      this.addObject(parameters, outside, place.into, { branch, value })
    }
  }

  #addConstant(value: unknown, path: string, place: Place): void {
    append(this.constants, path, { value, guard: place.guard })
    const isCopied = Array.isArray(value) || isPlainObject(value)
    this.steps.push({ ...place, make: { kind: 'constant', value, isCopied } })
  }

  #addContainer(value: object, path: string, place: Place): void {
    const number = this.containerCount++
    const isArray = Array.isArray(value)
    append(this.containers, path, { guard: place.guard })
    this.steps.push({ ...place, make: { kind: 'container', number, isArray } })
    if (!isArray) return this.addObject(value as Record<string, unknown>, path, number, place.guard)
    value.forEach((item, i) =>
      this.#add(item, joinPath(path, i), { into: number, key: i, guard: place.guard }),
    )
  }
}

type Place = Pick<Step, 'into' | 'key' | 'guard'>

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const items = map.get(key)
  if (items === undefined) map.set(key, [item])
  else items.push(item)
}

/** The names that may stand in an object at once, its branches' parameters included; none may come twice. */
function namesOf(object: Readonly<Record<string, unknown>>, path: string): Set<string> {
  const names = new Set(Object.keys(object))
  for (const key of Object.keys(object)) {
    const value = object[key]
    if (brandOf(value) !== 'branch') continue
    const added = namesOfCases(value as Branch, path)
    for (const name of added) {
      if (!names.has(name)) continue
      throw new SpaceError(
        joinPath(path, name),
        `a case of the branch ${joinPath(path, key)} has a ${name}, and so has what stands beside the branch: one configuration would have it twice. Rename one of the two.`,
      )
    }
    for (const name of added) names.add(name)
  }
  return names
}

function namesOfCases(branch: Branch, path: string): Set<string> {
  const names = new Set<string>()
  for (const parameters of Object.values(branch.cases)) {
    const inCase = namesOf(parameters as Readonly<Record<string, unknown>>, path)
    for (const name of inCase) names.add(name)
  }
  return names
}
