import { type Objective, orient } from '../../core/objective.ts'
import type { Params } from '../../core/trial.ts'
import type { Box } from './box.ts'

/** A trial of another, similar search, as `study.trials` gives them. */
export interface SourceTrial {
  /** Those that are not `'completed'` are passed over, or, with `considerPrunedTrials`, not `'pruned'`. Default completed. */
  readonly state?: string | undefined
  /** One value, of the same metric. */
  readonly values?: readonly number[] | undefined
  /** The configuration, nested or by path. */
  readonly config: object
}

/** Points with their losses, of the source trials that have every parameter of the box, and a value. */
export function sourcePoints(
  trials: readonly SourceTrial[],
  box: Box,
  { mode }: Objective,
  considersPruned: boolean,
): { readonly x: Float64Array; readonly loss: number }[] {
  return trials.flatMap(({ state = 'completed', values, config }) => {
    const value = values?.[0]
    const isUsable = state === 'completed' || (considersPruned && state === 'pruned')
    if (!isUsable || value === undefined || Number.isNaN(value)) return []
    const x = box.encode(pointOf(config, box))
    return x === undefined ? [] : [{ x, loss: -orient(value, mode) }]
  })
}

/** The values that a configuration, nested or by path or both, has for the axes of a box. */
export function pointOf(config: object, box: Box): Params {
  return Object.fromEntries(
    box.dimensions.flatMap(({ path }) => {
      const value = valueAt(config, path)
      return value === undefined ? [] : [[path, value]]
    }),
  )
}

function valueAt(config: object, path: string): unknown {
  if (Object.hasOwn(config, path)) return (config as Readonly<Record<string, unknown>>)[path]
  const [key, ...rest] = path.split('/') as [string, ...string[]]
  const inner =
    rest.length > 0 && Object.hasOwn(config, key) ? (config as Record<string, unknown>)[key] : undefined
  return typeof inner === 'object' && inner !== null ? valueAt(inner, rest.join('/')) : undefined
}
