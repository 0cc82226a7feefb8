import { type Checks, must, readOptions } from '../core/options.ts'
import type { Searcher } from './searcher.ts'
import { checkSearcher } from './settle.ts'
import { membersOf, required } from './wrapping.ts'

/** Options of `concurrencyLimiter`. */
export interface ConcurrencyLimiterOptions {
  /** How many suggestions may be under way at once. Integer from 1. */
  readonly maxConcurrent: number
  /** Whether the next `maxConcurrent` are asked for only when all of the last have ended. Default false. */
  readonly batch?: boolean | undefined
}

const DEFAULTS = { maxConcurrent: undefined, batch: false }

const CHECKS: Checks<ConcurrencyLimiterOptions> = {
  maxConcurrent: must.integerFrom(1),
  batch: must.beBoolean,
}

/**
 * The same searcher, of whose suggestions at most `maxConcurrent` are under way at once. The experiment keeps to it,
 * so a trial that a scheduler has paused takes no room. A larger `maxConcurrentTrials` does not lift the limit; of
 * limiters within each other the smallest counts, and one with `batch` makes all ask in rounds.
 *
 * @param options.batch - Asks in rounds: nothing before all of the last round have ended. Default false.
 * @throws {OptionError} when `maxConcurrent` is missing or no integer from 1.
 * @example new Tuner(train, { paramSpace, searcher: concurrencyLimiter(tpe(), { maxConcurrent: 4 }), numSamples: 100 })
 */
export function concurrencyLimiter(searcher: Searcher, options: ConcurrencyLimiterOptions): Searcher {
  checkSearcher(searcher)
  const { maxConcurrent, batch } = readOptions('concurrencyLimiter', options, DEFAULTS, CHECKS)
  const max = required('concurrencyLimiter', 'maxConcurrent', maxConcurrent, 4)
  const { limit } = searcher
  return {
    ...membersOf(searcher),
    limit: { max: Math.min(max, limit?.max ?? max), batch: batch || limit?.batch === true },
  }
}
