import { readOptions } from '../core/options.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from './searcher.ts'

/** Options of `randomSearch`: the common ones alone. */
export interface RandomSearchOptions extends SearcherOptions {}

/**
 * Draws each configuration from the space's prior, whatever the results so far; NaN and failed trials change nothing.
 * Branches that are not taken draw nothing. Combinations of `gridSearch` are gone through in turn, the first-named axis
 * fastest, as Ray Tune does it; one that `where` forbids, whatever else is drawn, is left out.
 * Source: Bergstra & Bengio 2012, JMLR 13. Time and memory per suggestion: O(parameters).
 *
 * What is drawn depends on the seed and on the number of the trial alone, so the order in which trials are asked for
 * does not matter.
 *
 * @param options.seed - Any string or finite number. Default: derived from the experiment's seed.
 * @throws {OptionError} when `seed` is neither, or an option is not known.
 * @example new Tuner(train, { paramSpace, searcher: randomSearch({ seed: 7 }), numSamples: 50 })
 */
export function randomSearch(options: RandomSearchOptions = {}): Searcher {
  const given = readOptions('randomSearch', options, SEARCHER_DEFAULTS, SEARCHER_CHECKS)
  return {
    name: 'randomSearch',
    options: given,
    expandsGrid: true,
    ignoresResults: true,
    isRebuiltByTells: true,
    start({ sample, gridSize, random }) {
      return {
        // Forked by number, not drawn in turn: the order in which trials ask must not matter.
        suggest: ({ number, index, retry }) => ({
          kind: 'point',
          point: sample(random.fork(retry === 0 ? number : `${number}/${retry}`), index % gridSize),
        }),
        tell: () => {},
        save: () => null,
      }
    },
  }
}
