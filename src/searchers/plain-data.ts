import { isPlainObject } from '../core/metrics.ts'

/**
 * Whether a copy of a value, by `structuredClone` or through a store, is as good as the value itself. What is neither
 * primitive nor made of arrays and plain objects counts by its identity, which a copy lacks; so does what holds itself.
 */
export function isPlainData(value: unknown): boolean {
  return isPlainWithin(value, [])
}

function isPlainWithin(value: unknown, above: readonly unknown[]): boolean {
  if (Array.isArray(value) || isPlainObject(value)) {
    if (above.includes(value)) return false
    const within = [...above, value]
    return Object.values(value).every((item) => isPlainWithin(item, within))
  }
  return typeof value === 'object' ? value === null : typeof value !== 'function' && typeof value !== 'symbol'
}
