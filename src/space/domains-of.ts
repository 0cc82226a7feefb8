import type { Params } from '../core/trial.ts'
import type { Domain, Space } from './space.ts'

/** What each of a trial's parameters was drawn from; none in a define-by-run space, which only its trials know. */
export function domainsOf(params: Params, { parameters }: Pick<Space, 'parameters'>): Record<string, Domain> {
  const domains: Record<string, Domain> = {}
  for (const { path, domain, when } of parameters) {
    const isThere =
      Object.hasOwn(params, path) && when.every((branch) => params[branch.path] === branch.value)
    if (isThere) domains[path] = domain
  }
  return domains
}
