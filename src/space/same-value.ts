import { isPlainObject } from '../core/metrics.ts'

/**
 * Whether two values of a parameter are the same: NaN is itself, 0 is -0, arrays and plain objects compare by content,
 * and anything else by identity.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || Object.is(a, b)) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
  }
  if (!isPlainObject(a) || !isPlainObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
  )
}

/** A copy of arrays and plain objects, whose other values are shared. One that holds itself is a copy that holds itself. */
export function copyPlain(value: unknown): unknown {
  return Array.isArray(value) || isPlainObject(value) ? copyContainer(value, new Map()) : value
}

/** @param above - Copies of the containers that hold this one. */
function copyContainer(container: object, above: Map<object, object>): object {
  const copy: object = Array.isArray(container) ? [] : {}
  above.set(container, copy)
  for (const [key, item] of Object.entries(container) as [string, unknown][]) {
    const isContainer = Array.isArray(item) || isPlainObject(item)
    const value = isContainer ? (above.get(item) ?? copyContainer(item, above)) : item
    if (key === '__proto__') define(copy, key, value)
    else (copy as Record<string, unknown>)[key] = value
  }
  if (Array.isArray(container)) (copy as unknown[]).length = container.length
  above.delete(container)
  return copy
}

// To assign this key would set the prototype.
function define(object: object, key: '__proto__', value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}

/**
 * A text that two points share exactly when they have the same paths with the same values, whatever the order of the
 * paths. Fractions count as the same when they agree in 12 digits, since a quantised 0.3 may be 0.30000000000000004.
 * What is neither plain data nor a primitive counts by identity, within this process.
 */
export function pointKey(point: Readonly<Record<string, unknown>>): string {
  const parts: string[] = []
  for (const path of Object.keys(point).toSorted())
    parts.push(`${JSON.stringify(path)}:${valueKey(point[path])}`)
  return parts.join()
}

function valueKey(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return numberKey(value)
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map(valueKey).join()}]`
      return isPlainObject(value) ? `{${pointKey(value)}}` : identityKey(value)
    case 'function':
      return identityKey(value)
    default:
      return String(value)
  }
}

// Veltkamp's splitting (Dekker 1971): keeps the upper 40 of the 53 bits, at a tenth of the cost of toPrecision.
const SPLITTER = 2 ** 13 + 1

function numberKey(value: number): string {
  if (Number.isSafeInteger(value)) return String(value)
  const scaled = SPLITTER * value
  const rounded = scaled - (scaled - value)
  return String(Number.isFinite(rounded) ? rounded : value)
}

const identities = new WeakMap<object, number>()
let identityCount = 0

function identityKey(value: object): string {
  let identity = identities.get(value)
  if (identity === undefined) identities.set(value, (identity = ++identityCount))
  return `#${identity}`
}
