import { isPlainObject } from '../../core/metrics.ts'

/**
 * A configuration of values by path: `optimizer/lr` is `{ optimizer: { lr } }`. Optuna's names may be anything: one for
 * which there is no room, or that is no path, stays one key.
 */
export function nested(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const config: Record<string, unknown> = {}
  // The shallow ones first, so that `a` is there when there is no room beside it for `a/b`.
  const entries = Object.entries(values).toSorted(([a], [b]) => depthOf(a) - depthOf(b))
  for (const [path, value] of entries) {
    const keys = path.split('/')
    const last = keys.pop() as string
    const holder = isPath(path) ? holderAt(config, keys) : undefined
    if (holder === undefined || Object.hasOwn(holder, last)) define(config, path, value)
    else holder[last] = value
  }
  return config
}

/** The object at the keys, made where there is none; undefined where something else stands in the way. */
function holderAt(
  config: Record<string, unknown>,
  keys: readonly string[],
): Record<string, unknown> | undefined {
  let at = config
  for (const key of keys) {
    const next = Object.hasOwn(at, key) ? at[key] : (at[key] = {})
    if (!isPlainObject(next)) return undefined
    at = next
  }
  return at
}

function depthOf(path: string): number {
  return path.split('/').length
}

function isPath(path: string): boolean {
  return path.split('/').every((key) => key !== '' && key !== '__proto__')
}

// To assign __proto__ would set the prototype.
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}
