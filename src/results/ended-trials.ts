import type { TrialRecord } from '../core/trial.ts'
import type { ToldTrial } from '../searchers/searcher.ts'
import { domainsOf } from '../space/domains-of.ts'
import type { Space } from '../space/space.ts'
import { hasEnded } from './result.ts'

/** A trial that has ended, with what it was drawn from. */
export type EndedTrial = Pick<ToldTrial, 'number' | 'params' | 'domains' | 'state' | 'values' | 'constraints'>

/**
 * The trials that have ended, with the domain of each of their parameters. A define-by-run function runs once a trial for
 * that. Without a space no domain is known.
 */
export function endedTrialsOf(records: readonly TrialRecord[], space: Space | undefined): EndedTrial[] {
  const ended: EndedTrial[] = []
  for (const { number, params, state, values, constraints } of records) {
    if (!hasEnded(state)) continue
    const domains = space === undefined ? {} : domainsOf(params, space)
    ended.push({ number, params, domains, state, values, constraints })
  }
  return ended
}
