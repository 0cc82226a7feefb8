import { isPlainObject } from '../core/metrics.ts'
import { SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import type { ComputedDomain } from './domain.ts'
import type { Plan, PlannedParameter, Step } from './plan.ts'
import { copyPlain } from './same-value.ts'
import { inWords, strayIn } from './stray.ts'
import { isStrayPromise } from './structure.ts'

/** Stands for a computed value until it is computed. */
export const PENDING: unique symbol = Symbol('pending')

/** A computed value whose turn has not come. */
interface Pending {
  readonly parameter: PlannedParameter
  readonly container: object
  readonly key: string | number
}

/**
 * Makes the configuration for the values of a plan's parameters, by their index; those not taken are undefined.
 * Computed values that are `PENDING` are computed, and written to `values`.
 */
export function buildConfig(plan: Plan, values: unknown[], random: RandomStream): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  const containers = Array.from<object>({ length: plan.containerCount })
  containers[0] = config
  const pending: Pending[] = []
  for (const step of plan.steps) {
    const { guard, into, key } = step
    if (guard !== undefined && values[guard.branch.index] !== guard.value) continue
    const container = containers[into] as Record<string | number, unknown>
    const value = valueOf(step, values, containers)
    if (value === PENDING)
      pending.push({ parameter: (step.make as { parameter: PlannedParameter }).parameter, container, key })
    // Holds the place, so that keys keep their declared order.
    container[key] = value
  }
  if (pending.length > 0) compute(config, pending, values, random)
  return config
}

function valueOf({ make }: Step, values: readonly unknown[], containers: object[]): unknown {
  switch (make.kind) {
    case 'container':
      return (containers[make.number] = make.isArray ? [] : {})
    case 'constant':
      return make.isCopied ? copyPlain(make.value) : make.value
    case 'parameter': {
      const value = values[make.parameter.index]
      return make.parameter.isCopied ? copyPlain(value) : value
    }
  }
}

/**
 * Runs the functions of `sampleFrom` in order. Until its turn, each value is a getter that has itself computed, so that
 * a function may read values that stand after it; the getters are not enumerable, so that copying or printing the
 * configuration reads none of them. Each function gets a copy of its own.
 */
function compute(config: object, pending: readonly Pending[], values: unknown[], random: RandomStream): void {
  const underWay: string[] = []

  function evaluate({ parameter, container, key }: Pending): unknown {
    const { path, domain, index } = parameter
    if (underWay.includes(path)) throw circular([...underWay.slice(underWay.indexOf(path)), path])
    underWay.push(path)
    const value = computed(path, domain as ComputedDomain, config, random)
    underWay.pop()
    Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true })
    values[index] = value
    return value
  }

  for (const one of pending) {
    Object.defineProperty(one.container, one.key, {
      get: () => evaluate(one),
      enumerable: false,
      configurable: true,
    })
  }
  for (const one of pending) if (values[one.parameter.index] === PENDING) evaluate(one)
}

function computed(
  path: string,
  { compute: run }: ComputedDomain,
  config: object,
  random: RandomStream,
): unknown {
  let value: unknown
  try {
    // A copy of its own, since what it writes must not reach the trainable.
    value = run(copyWithGetters(config) as never, random.fork(path) as never)
  } catch (error) {
    if (error instanceof SpaceError) throw error
    throw new SpaceError(path, `the function given to sampleFrom threw: ${String(error)}`, { cause: error })
  }
  if (isStrayPromise(value)) {
    throw new SpaceError(
      path,
      'the function given to sampleFrom returned a promise, but it must be synchronous. Compute the value at once.',
      { received: value },
    )
  }
  const stray = strayIn(value)
  // What holds itself is no trouble here: there is no other to be made of it.
  if (stray === undefined || stray.kind === 'cycle') return value
  const remedy = 'Draw from the stream of chance that the function gets second'
  const fault = `the function given to sampleFrom returned what ${inWords(stray, remedy)}`
  throw new SpaceError(path, fault, { received: value })
}

/** `copyPlain` of a configuration that is being computed, whose values to come are still computed when they are read. */
function copyWithGetters(container: object, above = new Map<object, object>()): object {
  const copy: object = Array.isArray(container) ? [] : {}
  above.set(container, copy)
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(container))) {
    const { get, value } = property as { readonly get?: () => unknown; readonly value?: unknown }
    const isContainer = Array.isArray(value) || isPlainObject(value)
    const held = isContainer ? (above.get(value) ?? copyWithGetters(value, above)) : value
    const copied = get === undefined ? { value: held } : { get: () => copyPlain(get.call(container)) }
    Object.defineProperty(copy, key, { ...property, ...copied })
  }
  above.delete(container)
  return copy
}

function circular(paths: readonly string[]): SpaceError {
  return new SpaceError(
    paths[0] as string,
    `its sampleFrom needs its own value: ${paths.join(' reads ')}. Let one of them not read the other.`,
  )
}
