import type { Params } from '../core/trial.ts'
import { randomStream } from '../random/random.ts'
import { sameValue } from './same-value.ts'
import type { Domain, Space } from './space.ts'

/**
 * What each of a trial's parameters was drawn from: as the declared space says, or as the define-by-run function suggests
 * them when it runs again for the same values. Parameters of which neither says anything are left out.
 */
export function domainsOf(params: Params, space: Space): Record<string, Domain> {
  return space.kind === 'declared' ? declaredDomains(params, space) : suggestedDomains(params, space)
}

function declaredDomains(params: Params, { parameters }: Space): Record<string, Domain> {
  const domains: Record<string, Domain> = {}
  for (const { path, domain, when } of parameters) {
    const isThere =
      Object.hasOwn(params, path) && when.every((branch) => params[branch.path] === branch.value)
    if (isThere) domains[path] = domain
  }
  return domains
}

function suggestedDomains(params: Params, space: Space): Record<string, Domain> {
  try {
    const again = space.resolve(params, randomStream('again'))
    return Object.fromEntries(
      Object.entries(again.domains).filter(([path]) => sameValue(again.params[path], params[path])),
    )
  } catch {
    // A function that no longer suggests these has nothing to say about them.
    return {}
  }
}
