import type { Params } from '../core/trial.ts'
import type { RandomStream } from '../random/random.ts'
import { sameValue } from '../space/same-value.ts'
import type { Parameter, Resolved, Space } from '../space/space.ts'
import { freePart, isFixed, mayExist, valuesByPath, withFixed } from './fixed-parameters.ts'

/**
 * The part of a space where some parameters have their fixed values: what it draws, lists and completes has them. A
 * point that names another value for one of them keeps it.
 * @param fixed - Values by path, nested or flat. Those that the space does not have are passed over.
 */
export function fixedSpace(space: Space, fixed: object): Space {
  const values = valuesByPath(space.parameters, fixed)
  return space.kind === 'declared' ? declaredPart(space, values) : suggestedPart(space, values)
}

function declaredPart(space: Space, values: Params): Space {
  const { parameters } = space
  const completed = (point: Params, random: RandomStream): Params => {
    // What a point says of a branch goes before what is fixed in another case of it.
    const own = Object.fromEntries(Object.entries(values).filter(([path]) => !Object.hasOwn(point, path)))
    return withFixed(point, parameters, own, random)
  }
  return {
    kind: space.kind,
    parameters: parameters
      .filter((parameter) => mayExist(parameter, values))
      .map((parameter) => (isFixed(parameter, values) ? only(parameter, values[parameter.path]) : parameter)),
    gridSize: space.gridSize,
    sample: (random, gridIndex) =>
      completed(freePart(space.sample(random, gridIndex), parameters, values), random),
    resolve: (point, random, options) => space.resolve(completed(point, random), random, options),
    toPoint: (config) => space.toPoint(config),
  }
}

function suggestedPart(space: Space, values: Params): Space {
  const { kind, parameters, gridSize } = space
  return {
    kind,
    parameters,
    gridSize,
    sample: (random, gridIndex) => ({ ...space.sample(random, gridIndex), ...values }),
    resolve(point, random, options) {
      const resolved = space.resolve({ ...values, ...point }, random)
      if (options?.strict !== true) return resolved
      // Only running the function tells which of the names it asks for; the others would be errors.
      const asked = Object.entries(values).filter(([path, value]) => isThere(resolved, path, value))
      return space.resolve({ ...Object.fromEntries(asked), ...point }, random, options)
    },
    toPoint: (config) => space.toPoint(config),
  }
}

function isThere({ params }: Resolved, path: string, value: unknown): boolean {
  return Object.hasOwn(params, path) && sameValue(params[path], value)
}

function only(parameter: Parameter, value: unknown): Parameter {
  return { ...parameter, domain: { kind: 'categorical', choices: [value], ordered: false } }
}
