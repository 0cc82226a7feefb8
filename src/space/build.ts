import { SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import type { ComputedDomain } from './domain.ts'
import type { Plan, PlannedParameter, Step } from './plan.ts'
import { copyPlain } from './same-value.ts'
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
 * configuration reads none of them.
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
    value = run(config as never, random.fork(path) as never)
  } catch (error) {
    if (error instanceof SpaceError) throw error
    throw new SpaceError(path, `the function given to sampleFrom threw: ${String(error)}`, { cause: error })
  }
  if (!isStrayPromise(value)) return value
  throw new SpaceError(
    path,
    'the function given to sampleFrom returned a promise, but it must be synchronous. Compute the value at once.',
    {
      received: value,
    },
  )
}

function circular(paths: readonly string[]): SpaceError {
  return new SpaceError(
    paths[0] as string,
    `its sampleFrom needs its own value: ${paths.join(' reads ')}. Let one of them not read the other.`,
  )
}
