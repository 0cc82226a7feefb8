import { isPlainObject } from '../core/metrics.ts'
import { describe, nearest } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import type { Parameter } from '../space/space.ts'
import { contains, inWords } from '../space/values.ts'

/** What is fixed, by path, and the parameters that are left to search. */
export function divided(
  parameters: readonly Parameter[],
  fixed: object,
): { readonly values: Params; readonly free: readonly Parameter[] } {
  const values = valuesByPath(parameters, fixed)
  if (parameters.length > 0)
    for (const path of Object.keys(values)) checkFixed(path, values[path], parameters)
  const free = parameters
    .filter((parameter) => isFree(parameter, values))
    .map((parameter) => ({
      ...parameter,
      when: parameter.when.filter(({ path }) => !Object.hasOwn(values, path)),
    }))
  return { values, free }
}

/** What is fixed, by path, whether or not the parameters have it. */
export function valuesByPath(parameters: readonly Parameter[], fixed: object): Params {
  const values: Record<string, unknown> = {}
  flatten(fixed, '', new Set(parameters.map(({ path }) => path)), values)
  return values
}

function flatten(
  config: object,
  prefix: string,
  known: ReadonlySet<string>,
  values: Record<string, unknown>,
): void {
  for (const [key, value] of Object.entries(config)) {
    const path = prefix === '' ? key : `${prefix}/${key}`
    // A choice may be an object.
    if (isPlainObject(value) && !known.has(path)) flatten(value, path, known, values)
    else values[path] = value
  }
}

/** @throws {SpaceError} for a path that is no parameter, or a value that none of its domains has. */
export function checkFixed(path: string, value: unknown, parameters: readonly Parameter[]): void {
  const homes = parameters.filter((parameter) => parameter.path === path)
  const known = parameters.map((parameter) => parameter.path)
  if (homes.length === 0) {
    const near = nearest(path, known)
    const hint = near === undefined ? `There are ${known.join(', ') || 'none'}.` : `Did you mean ${near}?`
    throw new SpaceError(path, `is fixed by partialFixed, but is no parameter of the space. ${hint}`, {
      received: value,
    })
  }
  if (homes.some(({ domain }) => contains(domain, value))) return
  const expected = homes.map(({ domain }) => inWords(domain)).join(', or ')
  throw new SpaceError(path, `is fixed at ${describe(value)}, which is out of range. Give ${expected}.`, {
    received: value,
  })
}

/** Whether a parameter, where it exists, has the fixed value. */
export function isFixed({ path, domain }: Parameter, values: Params): boolean {
  return Object.hasOwn(values, path) && contains(domain, values[path])
}

/** Whether a parameter belongs to no case that the fixed values rule out. */
export function mayExist({ when }: Parameter, values: Params): boolean {
  return when.every(({ path, value }) => !Object.hasOwn(values, path) || values[path] === value)
}

function isFree(parameter: Parameter, values: Params): boolean {
  return mayExist(parameter, values) && !isFixed(parameter, values)
}

/** What a point drawn from the whole space says about the parameters that are left to search. */
export function freePart(drawn: Params, parameters: readonly Parameter[], values: Params): Params {
  const part: Record<string, unknown> = {}
  for (const parameter of parameters) {
    const { path, when } = parameter
    // The value of a case not taken belongs to another parameter, which may only have the name in common.
    const isDrawn = when.every((taken) => drawn[taken.path] === taken.value) && Object.hasOwn(drawn, path)
    if (isDrawn && isFree(parameter, values)) part[path] = drawn[path]
  }
  return part
}

/** A point with the fixed values that belong to it. Branches that these hang on are drawn if the point leaves them out. */
export function withFixed(
  point: Params,
  parameters: readonly Parameter[],
  values: Params,
  random: RandomStream,
): Params {
  const full: Record<string, unknown> = { ...point }
  const deciding = new Set(
    parameters.flatMap((parameter) =>
      isFixed(parameter, values) ? parameter.when.map(({ path }) => path) : [],
    ),
  )
  for (const parameter of parameters) {
    const { path, domain, when } = parameter
    if (!when.every((taken) => full[taken.path] === taken.value)) continue
    if (isFixed(parameter, values)) full[path] = values[path]
    else if (deciding.has(path) && !Object.hasOwn(full, path) && domain.kind === 'categorical') {
      full[path] = domain.choices[random.fork(path).below(domain.choices.length)]
    }
  }
  return full
}
