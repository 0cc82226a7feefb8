import { isPlainObject } from '../core/metrics.ts'

/**
 * Whether a copy of a value, by `structuredClone` or through a store, is as good as the value itself. What is neither
 * primitive nor made of arrays and plain objects counts by its identity, which a copy lacks.
 */
export function isPlainData(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlainData)
  if (isPlainObject(value)) return Object.values(value).every(isPlainData)
  return typeof value === 'object' ? value === null : typeof value !== 'function' && typeof value !== 'symbol'
}
