import { asError, OptionError, TroupeError } from '../errors.ts'
import { describe, must, readOptions } from '../core/options.ts'
import type { Searcher } from '../searchers/searcher.ts'
import { checkSearcher as assertSearcher } from '../searchers/settle.ts'
import type { SpaceDefinition } from '../space/space.ts'
import { Breach } from './laws/breach.ts'
import { loadGenerators, uphold } from './laws/property.ts'
import { comesToTheEnd, SEARCHES, searcherLaws } from './laws/searcher-laws.ts'
import { FINITE_SPACES, type FiniteSpace, SPACES } from './laws/spaces.ts'

/** Options of `checkSearcher`. */
export interface CheckSearcherOptions {
  /** Where it searches. Default: define-by-run, finite and infinite spaces, with branches and without. */
  readonly spaces?: readonly SpaceDefinition[] | undefined
  /** Spaces that it must come to the end of, with their number of points. Default: three small ones; `[]` for none. */
  readonly finiteSpaces?: readonly FiniteSpace[] | undefined
  /** How long a promise of the searcher may take, in milliseconds. 1 to 2,147,483,647. Default 5,000. */
  readonly timeoutMs?: number | undefined
  /** Generated histories for each law. Integer from 1. Default 100. */
  readonly runs?: number | undefined
  /** Which histories are generated. Integer. Default 0. */
  readonly seed?: number | undefined
}

const DEFAULTS = { spaces: SPACES, finiteSpaces: FINITE_SPACES, timeoutMs: 5_000, runs: 100, seed: 0 }

const CHECKS = {
  timeoutMs: must.within(1, 0x7fffffff),
  runs: must.integerFrom(1),
  seed: must.integerFrom(-0x80000000),
}

/**
 * Tries a searcher against the laws that the shipped ones obey, on generated histories, each law by itself:
 *
 * - each request is answered, with a point, `wait` or `finished`, and in time where the answer is a promise;
 * - what it suggests lies in the space;
 * - every outcome that it is told is survived: completed, pruned and interrupted (before the first report too), failed;
 *   infinite values; broken constraints;
 * - it never waits when no trial is under way;
 * - what it is given stays as it was;
 * - `close` does not throw;
 * - the same seed and calls give the same suggestions;
 * - saved, written and read as another process would (`structuredClone`, in Node `v8.serialize` too), and started again it
 *   goes on the same;
 * - a new search that goes through the same history goes on the same: asked again for each trial or, of one that says
 *   `isRebuiltByTells`, only told;
 * - one that says `ignoresResults` suggests the same whatever the results: they may be asked for early;
 * - of a finite space it comes to the end, point by point, when none may come twice.
 *
 * A searcher that can is tried with one objective and with two. Only a promise can be given up when it takes too long: a
 * `suggest` that never returns hangs the check.
 *
 * @param make - Makes the searcher, for each history anew.
 * @throws {TroupeError} (rejects) with code `'law'`: which law is broken, and the shortest history that breaks it.
 * @throws {OptionError} (rejects) when `make` gives no searcher, or fast-check, an optional peer, is not installed.
 * @example await checkSearcher(() => hillClimber({ step: 0.1 }))
 */
export async function checkSearcher(make: () => Searcher, options: CheckSearcherOptions = {}): Promise<void> {
  const { spaces, finiteSpaces, timeoutMs, runs, seed } = readOptions(
    'checkSearcher',
    options,
    DEFAULTS,
    CHECKS,
  )
  if (typeof make !== 'function') {
    throw new OptionError(
      'checkSearcher',
      `checkSearcher takes a function that makes the searcher, got ${describe(make)}. Write checkSearcher(() => mySearcher()).`,
      { received: make },
    )
  }
  const searcher: unknown = make()
  assertSearcher(searcher)
  const objectiveCounts = searcher.objectives === 'one' ? [1] : [1, 2]
  const given = { make, spaces, finiteSpaces, objectiveCounts, timeoutMs }
  const fc = await loadGenerators('checkSearcher')
  for (const law of searcherLaws(given)) await uphold(fc, searcher.name, law, { runs, seed })
  try {
    await comesToTheEnd(given)
  } catch (cause) {
    const { says = SEARCHES.ends, message } =
      cause instanceof Breach ? cause : { message: asError(cause).message }
    throw new TroupeError('law', `${searcher.name} breaks the law that ${says}: ${message}`, { cause })
  }
}
