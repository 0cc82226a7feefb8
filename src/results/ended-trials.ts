import type { Params, TrialRecord } from '../core/trial.ts'
import { randomStream } from '../random/random.ts'
import type { ToldTrial } from '../searchers/searcher.ts'
import { domainsOf } from '../space/domains-of.ts'
import { sameValue } from '../space/same-value.ts'
import type { Domain, Space } from '../space/space.ts'
import { hasEnded } from './result.ts'

/** A trial that has ended, with what it was drawn from. */
export type EndedTrial = Pick<ToldTrial, 'number' | 'params' | 'domains' | 'state' | 'values' | 'constraints'>

/**
 * The trials that have ended, with the domain of each of their parameters: as the declared space says, or as the
 * define-by-run function suggests them when it runs again for the same values. It runs once a
 * trial. Without a space no domain is known.
 */
export function endedTrialsOf(records: readonly TrialRecord[], space: Space | undefined): EndedTrial[] {
  const ended: EndedTrial[] = []
  for (const { number, params, state, values, constraints } of records) {
    if (!hasEnded(state)) continue
    const domains = space === undefined ? {} : knownDomains(space, params)
    ended.push({ number, params, domains, state, values, constraints })
  }
  return ended
}

type Domains = Record<string, Domain>

function knownDomains(space: Space, params: Params): Domains {
  return space.kind === 'declared' ? domainsOf(params, space) : suggestedDomains(space, params)
}

function suggestedDomains(space: Space, params: Params): Domains {
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
