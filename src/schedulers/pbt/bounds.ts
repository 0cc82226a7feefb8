import { isPlainObject } from '../../core/metrics.ts'
import { describe } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { brandOf } from '../../space/domain.ts'

/** The least and the most that a hyperparameter may be, or an object of these where the configuration is nested. */
export type HyperparamBounds =
  | readonly [min: number, max: number]
  | { readonly [key: string]: HyperparamBounds }

/** One hyperparameter that may be changed. */
export interface BoundedParameter {
  /** Where it stands in the configuration, key by key. */
  readonly keys: readonly string[]
  readonly min: number
  readonly max: number
}

/**
 * Reads `hyperparamBounds`, so that what cannot be used is refused where it was given.
 * @throws {OptionError} for what is no pair of finite numbers in order, a key with `/`, and what is no bounds at all.
 */
export function readBounds(
  option: string,
  bounds: unknown,
  keys: readonly string[] = [],
): readonly BoundedParameter[] {
  const path = [option, ...keys].join('/')
  const refuse = (problem: string): OptionError =>
    new OptionError(option, `${path} ${problem}`, { received: bounds })
  if (Array.isArray(bounds) && keys.length > 0) {
    const [min, max] = bounds as unknown[]
    if (bounds.length !== 2 || !isFiniteNumber(min) || !isFiniteNumber(max) || min > max) {
      throw refuse(`must be two finite numbers [min, max], got [${bounds.map(describe).join(', ')}].`)
    }
    return [{ keys, min, max }]
  }
  if (isPlainObject(bounds) && brandOf(bounds) === undefined) {
    return Object.entries(bounds).flatMap(([key, inner]) => {
      if (key.includes('/')) throw refuse(`has the key ${key}. Write nested objects, not paths.`)
      return readBounds(option, inner, [...keys, key])
    })
  }
  throw refuse(
    `must be ${keys.length > 0 ? '[min, max], or ' : ''}an object of pairs [min, max], got ${describe(bounds)}.`,
  )
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
