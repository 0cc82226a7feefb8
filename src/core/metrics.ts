import { OptionError } from '../errors.ts'
import { describe } from './options.ts'

/**
 * What one report says. The runtime adds `training_iteration`, the reports of the trial so far, from 1, and
 * `time_total_s`, the seconds that it has run, pauses left out: named as in Ray Tune, since metric names are data.
 * Nested objects are read by path: `{ val: { loss: 1 } }` carries the metric `val/loss`.
 */
export type Metrics = Readonly<Record<string, unknown>>

/**
 * The value of a metric in a report: the number, or undefined when it is missing or not a number.
 * NaN and ±Infinity are numbers here. A name with `/` also reaches into nested objects.
 */
export function metricOf(metrics: Metrics, name: string): number | undefined {
  const own = metrics[name]
  if (typeof own === 'number') return own
  if (own !== undefined || !name.includes('/')) return undefined
  let at: unknown = metrics
  for (const key of name.split('/')) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[key]
  }
  return typeof at === 'number' ? at : undefined
}

/**
 * A copy of what user code reported, as plain data that every executor, log and store can carry:
 * numbers, strings, booleans, null, and arrays and plain objects of these. Keys with `undefined` are dropped.
 * @throws {OptionError} naming the path of a function, symbol, bigint, class instance or circular value.
 */
export function plainMetrics(metrics: unknown): Record<string, unknown> {
  if (!isPlainObject(metrics)) {
    throw new OptionError(
      'report',
      `report takes an object of metrics, such as { loss: 0.3 }, got ${describe(metrics)}. Name the value.`,
      { received: metrics },
    )
  }
  const copy: Record<string, unknown> = {}
  for (const key in metrics) {
    const value = metrics[key]
    // Numbers first: reports are nearly all numbers, and this is the path of every one.
    if (typeof value === 'number') copy[key] = value
    else if (value !== undefined) copy[key] = plainValue(value, key, [metrics])
  }
  return copy
}

function plainValue(value: unknown, path: string, above: readonly unknown[]): unknown {
  if (value === null || typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
    return value
  if (above.includes(value)) {
    throw new OptionError(
      `report.${path}`,
      `report: ${path} refers back to an object that holds it. Report plain numbers.`,
      {
        received: value,
      },
    )
  }
  if (Array.isArray(value)) return value.map((item, i) => plainValue(item, `${path}/${i}`, [...above, value]))
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) copy[key] = plainValue(item, `${path}/${key}`, [...above, value])
    }
    return copy
  }
  throw new OptionError(
    `report.${path}`,
    `report: ${path} is ${describe(value)}, which cannot be recorded. Report numbers, strings, booleans, null, or plain objects and arrays of these.`,
    { received: value },
  )
}

/**
 * The value of an attribute, as a copy.
 * @param owner - Who was given it, for messages, such as `'setUserAttr'`.
 * @throws {OptionError} when it has no name, is undefined, or is or holds what is no plain data.
 */
export function plainAttr(owner: string, key: unknown, value: unknown): unknown {
  if (typeof key !== 'string' || key === '') {
    throw new OptionError(owner, `${owner} takes a name and a value, got the name ${describe(key)}.`, {
      received: key,
    })
  }
  let cause: unknown
  try {
    if (value !== undefined) return plainValue(value, key, [])
  } catch (error) {
    cause = error
  }
  throw new OptionError(
    `${owner}.${key}`,
    `${owner}: ${key} is or holds what cannot be recorded, got ${describe(value)}. Give numbers, texts, booleans, null, or plain objects and arrays of these.`,
    cause === undefined ? { received: value } : { received: value, cause },
  )
}

/**
 * By how much a constraint is overstepped, at most 0 when it is not.
 * @param owner - Who was given it, for messages, such as `'setConstraint'`.
 * @throws {OptionError} when it has no name, or is NaN or no number.
 */
export function constraintValue(owner: string, key: unknown, value: unknown): number {
  if (typeof key !== 'string' || key === '') {
    throw new OptionError(owner, `${owner} takes a name and a number, got the name ${describe(key)}.`, {
      received: key,
    })
  }
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new OptionError(
    `${owner}.${key}`,
    `${owner}: ${key} must be a number that says by how much the trial breaks it (at most 0 when it does not), got ${describe(value)}. Catch what is not defined before, and give Infinity when nothing better is known.`,
    { received: value },
  )
}

/** An object literal, or one without a prototype: no array, no instance of a class. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
