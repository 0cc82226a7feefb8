import { asError, OptionError, TroupeError } from '../errors.ts'
import { describe, must, readOptions } from '../core/options.ts'
import type { Searcher } from '../searchers/searcher.ts'
import { checkSearcher as assertSearcher } from '../searchers/settle.ts'
import type { SpaceDefinition } from '../space/space.ts'
import { loadGenerators, uphold } from './laws/property.ts'
import { comesToTheEnd, searcherLaws } from './laws/searcher-laws.ts'
import { FINITE_SPACES, type FiniteSpace, SPACES } from './laws/spaces.ts'

/** Options of `checkSearcher`. */
export interface CheckSearcherOptions {
  /** Where it searches. Default: define-by-run, finite and infinite spaces, with branches and without. */
  readonly spaces?: readonly SpaceDefinition[] | undefined
  /** Spaces that it must come to the end of, with their number of points. Default: three small ones; `[]` for none. */
  readonly finiteSpaces?: readonly FiniteSpace[] | undefined
  /** Generated histories for each law. Integer from 1. Default 100. */
  readonly runs?: number | undefined
  /** Which histories are generated. Integer. Default 0. */
  readonly seed?: number | undefined
}

const DEFAULTS = { spaces: SPACES, finiteSpaces: FINITE_SPACES, runs: 100, seed: 0 }

const CHECKS = { runs: must.integerFrom(1), seed: must.integerFrom(-0x80000000) }

/**
 * Tries a searcher against the laws that the shipped ones obey, on generated histories: what it suggests lies in the
 * space; the same seed and calls give the same suggestions; saved and started again it goes on the same; every outcome
 * (completed, pruned, failed, interrupted; infinite values; broken constraints) is survived; it never waits for nothing;
 * and it comes to the end of a finite space. A searcher that can is tried with one objective and with two.
 *
 * @param make - Makes the searcher, for each history anew.
 * @throws {TroupeError} (rejects) with code `'law'`: which law is broken, and the shortest history that breaks it.
 * @throws {OptionError} (rejects) when `make` gives no searcher, or fast-check, an optional peer, is not installed.
 * @example await checkSearcher(() => hillClimber({ step: 0.1 }))
 */
export async function checkSearcher(make: () => Searcher, options: CheckSearcherOptions = {}): Promise<void> {
  const { spaces, finiteSpaces, runs, seed } = readOptions('checkSearcher', options, DEFAULTS, CHECKS)
  if (typeof make !== 'function') {
    throw new OptionError(
      'checkSearcher',
      `checkSearcher takes a function that makes the searcher, got ${describe(make)}. Write checkSearcher(() => mySearcher()).`,
      { received: make },
    )
  }
  const searcher: unknown = make()
  assertSearcher(searcher)
  const given = { make, spaces, finiteSpaces, objectiveCounts: searcher.objectives === 'one' ? [1] : [1, 2] }
  const fc = await loadGenerators('checkSearcher')
  for (const law of searcherLaws(given)) await uphold(fc, searcher.name, law, { runs, seed })
  try {
    await comesToTheEnd(given)
  } catch (cause) {
    throw new TroupeError(
      'law',
      `${searcher.name} breaks the law that a searcher comes to the end of a finite space, point by point, when none may come twice: ${asError(cause).message}.`,
      { cause },
    )
  }
}
