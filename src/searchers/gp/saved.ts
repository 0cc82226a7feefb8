import type { Params } from '../../core/trial.ts'
import type { Domain } from '../../space/space.ts'

/** A trial as the search keeps it. */
export interface KeptTrial {
  /** Empty in a declared space, where the row says it all. */
  readonly params: Params
  readonly domains: Readonly<Record<string, Domain>>
  /** Undefined without values that could be modelled. */
  readonly losses: readonly number[] | undefined
  readonly constraints: Readonly<Record<string, number>>
  /** Whether it surely had all of its parameters. */
  readonly isWhole: boolean
  /** Its coordinates, in a declared space. */
  readonly row: Float64Array | undefined
}

/** Trials as plain data. Domains come often and are kept once. */
export interface SavedTrials {
  readonly trials: readonly (Omit<KeptTrial, 'domains'> & { readonly domains: readonly number[] })[]
  readonly domains: readonly Domain[]
}

/** Trials as data that `structuredClone` can copy. */
export function savedTrials(kept: readonly KeptTrial[], isDeclared: boolean): SavedTrials {
  if (isDeclared) return { trials: kept.map((trial) => ({ ...trial, domains: [] })), domains: [] }
  const indexOf = new Map<Domain, number>()
  const trials = kept.map((trial) => {
    // A computed domain holds a function, which cannot be copied, and is not modelled.
    const paths = Object.keys(trial.domains).filter((path) => trial.domains[path]?.kind !== 'computed')
    const params = Object.fromEntries(paths.map((path) => [path, trial.params[path]]))
    const domains = paths.map((path) => {
      const domain = trial.domains[path] as Domain
      const index = indexOf.get(domain) ?? indexOf.size
      indexOf.set(domain, index)
      return index
    })
    return { ...trial, params, domains }
  })
  return { trials, domains: [...indexOf.keys()].map((domain) => ({ ...domain })) }
}

/** What `savedTrials` was made from. */
export function readTrials({ trials, domains }: SavedTrials): KeptTrial[] {
  return trials.map((trial) => {
    const paths = Object.keys(trial.params)
    const pairs = trial.domains.map((index, i) => [paths[i] as string, domains[index] as Domain])
    return { ...trial, domains: Object.fromEntries(pairs) }
  })
}
