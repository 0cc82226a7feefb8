import { isPlainObject } from '../core/metrics.ts'

/**
 * The leaves of nested plain objects and arrays, each with its path: `optimizer/lr`, `layers/0`. Empty ones, and
 * instances of classes, are leaves themselves.
 */
export function* leavesOf(
  value: unknown,
  path = '',
): IterableIterator<readonly [path: string, leaf: unknown]> {
  const entries = Array.isArray(value)
    ? [...value.entries()]
    : isPlainObject(value)
      ? Object.entries(value)
      : []
  if (entries.length === 0) {
    if (path !== '') yield [path, value]
    return
  }
  for (const [key, item] of entries) yield* leavesOf(item, path === '' ? String(key) : `${path}/${key}`)
}

/** What stands at a path of nested objects and arrays; a key that itself contains `/` is found too. */
export function valueAt(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path]
  const slash = path.indexOf('/')
  if (slash === -1) return undefined
  const key = path.slice(0, slash)
  return Object.hasOwn(value, key)
    ? valueAt((value as Record<string, unknown>)[key], path.slice(slash + 1))
    : undefined
}
