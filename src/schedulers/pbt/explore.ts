import type { RandomStream } from '../../random/random.ts'
import type { Mutator } from './mutation.ts'

/** One hyperparameter that was changed. */
export interface Change {
  /** Such as `optimizer/lr`. */
  readonly path: string
  readonly from: unknown
  readonly to: unknown
  /** What was done, such as `* 1.2`, `shift left` or `resample`. */
  readonly by: string
}

/** A changed copy of a configuration. */
export interface Explored {
  readonly config: unknown
  readonly changes: readonly Change[]
}

/** How to explore. */
export interface ExploreOptions {
  readonly resampleProbability: number
  readonly perturbationFactors: readonly number[]
}

/**
 * A changed copy of a configuration: each hyperparameter is drawn anew with `resampleProbability`, and else goes to a
 * value near it. One that the configuration lacks is drawn. Each draws from its own fork of `random`, so that what
 * becomes of one does not hang on the others.
 * Source: Jaderberg et al. 2017, arXiv:1711.09846, section 4.1.1 ("perturb" and "resample").
 */
export function explore(
  config: unknown,
  mutators: readonly Mutator[],
  { resampleProbability, perturbationFactors }: ExploreOptions,
  random: RandomStream,
): Explored {
  let explored = config
  const changes = mutators.map(({ keys, draw, perturb }): Change => {
    const path = keys.join('/')
    const chance = random.fork(path)
    const from = valueAt(config, keys)
    const resamples = chance.next() < resampleProbability || from === undefined
    const near = resamples ? undefined : perturb(from, chance, perturbationFactors)
    const { to, by } = near ?? { to: draw(chance), by: 'resample' }
    explored = withValue(explored, keys, to)
    return { path, from, to, by }
  })
  return { config: explored, changes }
}

/** The value at a place of a nested configuration; undefined where there is none. */
export function valueAt(config: unknown, keys: readonly string[]): unknown {
  let at = config
  for (const key of keys) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}

/** A copy with one value changed. What lies beside the way to it is shared with the original. */
export function withValue(config: unknown, keys: readonly string[], value: unknown): unknown {
  const [key, ...rest] = keys
  if (key === undefined) return value
  const inner = withValue(valueAt(config, [key]), rest, value)
  if (!Array.isArray(config)) return { ...(config as object | undefined), [key]: inner }
  const copy: unknown[] = [...config]
  copy[Number(key)] = inner
  return copy
}
