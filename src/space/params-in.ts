import type { Params } from '../core/trial.ts'

/**
 * The values that another configuration of the same space has for the parameters: what `config` holds at the path of
 * each, and what `params` says where it holds nothing there, as when a branch is written in another place.
 * @param config - Nested objects and arrays, as the space is.
 */
export function paramsIn(config: unknown, params: Params): Params {
  return Object.fromEntries(
    Object.entries(params).map(([path, value]) => [path, valueAt(config, path) ?? value]),
  )
}

function valueAt(config: unknown, path: string): unknown {
  let at = config
  for (const key of path.split('/')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}
