import { isPlainObject } from '../core/metrics.ts'
import { describe, nearest } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { SpaceError } from '../errors.ts'
import type { Constant, Guard, Plan } from './plan.ts'
import { sameValue } from './same-value.ts'
import { joinPath } from './structure.ts'

/**
 * The values of a configuration by path, whether it is nested (`{ n: { b: 1 } }`) or flat (`{ 'n/b': 1 }`), without its
 * constants.
 * @throws {SpaceError} naming an unknown key, or a constant that differs from the space's.
 */
export function flatPoint(plan: Plan, config: object): Params {
  if (!isPlainObject(config)) {
    throw new SpaceError('', `A point must be an object such as { lr: 0.1 }, got ${describe(config)}.`, {
      received: config,
    })
  }
  const given: Readonly<Record<string, unknown>> = config
  const point: Record<string, unknown> = {}

  function add(value: unknown, path: string): void {
    const isTree = Array.isArray(value) || isPlainObject(value)
    // In different cases of a branch, one path may be a parameter, a constant and an object.
    const parameters = possible(plan.byPath.get(path), given)
    const constant = constantAt(plan, path)
    const constants = possible(constant?.known, given)
    if (parameters.some(({ isMember }) => isMember(value))) set(path, value)
    else if (value === undefined) return
    else if (isTree && possible(plan.containers.get(path), given).length > 0) addAll(value, path)
    else if (constants.some((known) => agrees(value, reach(known.value, constant?.inside ?? [])))) return
    else if (parameters.length > 0) set(path, value)
    else if (constants.length > 0)
      throw otherConstant(path, value, reach(constants[0]?.value, constant?.inside ?? []))
    else if (plan.byPath.has(path)) set(path, value)
    else if (constant !== undefined) throw constantNotTaken(path, value)
    else throw unknownPath(plan, path, value)
  }

  function addAll(container: object, path: string): void {
    for (const [key, value] of Object.entries(container)) add(value, joinPath(path, key))
  }

  // A value that is out of range, or of a case not taken, goes in too: `resolve` says what is wrong with it.
  function set(path: string, value: unknown): void {
    if (Object.hasOwn(point, path) && !sameValue(point[path], value)) {
      throw new SpaceError(
        path,
        `is given twice, as ${describe(point[path])} and as ${describe(value)}. Give it once.`,
        { received: value },
      )
    }
    point[path] = value
  }

  addAll(given, '')
  return point
}

interface FoundConstant {
  readonly known: readonly Constant[]
  /** Keys that lead from the constant to the place inside it. */
  readonly inside: readonly string[]
}

function constantAt({ constants }: Plan, path: string): FoundConstant | undefined {
  const keys = path.split('/')
  for (let length = keys.length; length > 0; length--) {
    const known = constants.get(keys.slice(0, length).join('/'))
    if (known !== undefined) return { known, inside: keys.slice(length) }
  }
  return undefined
}

/** Those that stand in no case that the configuration rules out. */
function possible<T extends { readonly guard: Guard | undefined }>(
  items: readonly T[] | undefined,
  given: Readonly<Record<string, unknown>>,
): readonly T[] {
  return items?.filter(({ guard }) => guard === undefined || !isRuledOut(guard, given)) ?? []
}

function isRuledOut(guard: Guard, given: Readonly<Record<string, unknown>>): boolean {
  for (let at: Guard | undefined = guard; at !== undefined; at = at.branch.guard) {
    const taken = givenAt(given, at.branch.path)
    if (taken !== undefined && taken !== at.value) return true
  }
  return false
}

/** What a configuration, nested or flat or both, has at a path. */
function givenAt(given: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(given, path)) return given[path]
  for (const key of Object.keys(given)) {
    const value = given[key]
    if (typeof value !== 'object' || value === null || !path.startsWith(`${key}/`)) continue
    const found = givenAt(value as Readonly<Record<string, unknown>>, path.slice(key.length + 1))
    if (found !== undefined) return found
  }
  return undefined
}

function reach(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    value,
  )
}

// A part of a constant object may be repeated.
function agrees(given: unknown, constant: unknown): boolean {
  if (!isPlainObject(given) || !isPlainObject(constant)) return sameValue(given, constant)
  return Object.keys(given).every((key) => Object.hasOwn(constant, key) && agrees(given[key], constant[key]))
}

function otherConstant(path: string, received: unknown, expected: unknown): SpaceError {
  return new SpaceError(
    path,
    `is the constant ${describe(expected)} in this space, got ${describe(received)}. Leave it out.`,
    { received },
  )
}

function constantNotTaken(path: string, received: unknown): SpaceError {
  return new SpaceError(
    path,
    `is a constant of a branch not taken, got ${describe(received)}. Leave it out.`,
    {
      received,
    },
  )
}

/** The error for a path that no configuration of the space has. */
export function unknownPath(plan: Plan, path: string, received: unknown): SpaceError {
  const inside = [...plan.byPath.keys()].filter((known) => known.startsWith(`${path}/`))
  if (inside.length > 0) {
    return new SpaceError(
      path,
      `must be an object or array with ${inside.join(', ')}, got ${describe(received)}.`,
      { received },
    )
  }
  const known = [...plan.byPath.keys(), ...plan.constants.keys()]
  const near = nearest(path, known)
  const hint = near === undefined ? `Known are ${known.join(', ') || 'no names'}.` : `Did you mean ${near}?`
  return new SpaceError(path, `is not in the space. ${hint}`, { received })
}
