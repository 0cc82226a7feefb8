import { describe } from '../../core/options.ts'
import type { Params } from '../../core/trial.ts'
import { OptionError, SpaceError, TroupeError } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Resolved, Space } from '../../space/space.ts'
import type { Search, SearchContext, Searcher, Suggestion } from '../searcher.ts'
import type { SessionAsk } from './request.ts'

/** @throws {OptionError} when the searcher starts no search. */
export function startSearch(searcher: Searcher, context: SearchContext): Search {
  const search = searcher.start(context)
  if (typeof search?.suggest === 'function' && typeof search.tell === 'function') return search
  throw new OptionError(
    'searcher',
    `${searcher.name}.start returned ${describe(search)}, which is no search. Return an object with suggest and tell.`,
    { received: search },
  )
}

/** @throws {TroupeError} with code `'searcher'` for what is no suggestion. */
export function mustBeSuggestion({ name }: Searcher, number: number, received: Suggestion): void {
  if (received?.kind === 'wait' || received?.kind === 'finished') return
  if (received?.kind === 'point' && typeof received.point === 'object' && received.point !== null) return
  throw new TroupeError(
    'searcher',
    `${name} answered trial ${number} with ${describe(received)}, which is no suggestion. Return { kind: 'point', point: { … } }, { kind: 'wait' } or { kind: 'finished' } from suggest.`,
  )
}

/**
 * The configuration that a suggested point comes to. Of a space for one trial alone the searcher may not know, and what
 * it repeats may have run in another: what does not fit is drawn.
 * @param isCopy - Whether the point is that of a trial which ran.
 * @throws {TroupeError} with code `'searcher'` when the point is not in the declared space.
 * @throws {SpaceError} from the function of a define-by-run space.
 */
export function resolveSuggested(
  { name }: Searcher,
  suggested: Params,
  { number, space: own }: SessionAsk,
  { space, draws, isCopy }: { readonly space: Space; readonly draws: RandomStream; readonly isCopy: boolean },
): Resolved {
  let point = suggested
  for (;;) {
    try {
      return (own ?? space).resolve(point, draws)
    } catch (error) {
      if (!(error instanceof SpaceError) || !Object.hasOwn(point, error.path)) throw error
      if (own === undefined && !isCopy)
        throw space.kind === 'declared' ? outOfSpace(name, number, error) : error
      const { [error.path]: _, ...rest } = point
      point = rest
    }
  }
}

function outOfSpace(name: string, number: number, cause: SpaceError): TroupeError {
  return new TroupeError(
    'searcher',
    `${name} suggested for trial ${number} what is not in the space: ${cause.message}`,
    { cause },
  )
}
