import { isThenable } from '../core/thenable.ts'
import { type Checks, must, readOptions } from '../core/options.ts'
import { Groups } from './copies.ts'
import type { Ask, Search, SearchContext, Searcher, Suggestion } from './searcher.ts'
import { checkSearcher } from './settle.ts'
import { membersOf, required } from './wrapping.ts'

/** Options of `repeater`. */
export interface RepeaterOptions {
  /** How often each configuration runs. Integer from 1. */
  readonly repeat: number
  /**
   * Whether each configuration says as `__trial_index__` which of its copies it is, from 0: for a seed of its own, or for
   * the fold to leave out. Default false.
   */
  readonly setIndex?: boolean | undefined
}

const DEFAULTS = { repeat: undefined, setIndex: false }

const CHECKS: Checks<RepeaterOptions> = { repeat: must.integerFrom(1), setIndex: must.beBoolean }

/**
 * Runs each configuration of a searcher `repeat` times, for objectives that come out differently each time.
 *
 * The searcher is told once for each configuration, when all its copies have ended: completed, with the mean of the
 * values of those that completed; else interrupted or pruned, with the values of those that came furthest; failed
 * only when all failed. Points of `pointsToEvaluate` are repeated too, and told one by one. Every copy counts in
 * `numSamples`, except with `gridSearch`: its combinations are gone through `numSamples` times, with all their copies.
 * Copies that were never asked for leave their configuration untold.
 *
 * @param options.setIndex - Whether `config.__trial_index__` is the number of the copy, as in Ray Tune. Default false.
 * @throws {OptionError} when `repeat` is missing or no integer from 1.
 * @example new Tuner(train, { paramSpace, searcher: repeater(tpe(), { repeat: 3 }), numSamples: 60 })
 */
export function repeater(searcher: Searcher, options: RepeaterOptions): Searcher {
  checkSearcher(searcher)
  const read = readOptions('repeater', options, DEFAULTS, CHECKS)
  const repeat = required('repeater', 'repeat', read.repeat, 3)
  return {
    ...membersOf(searcher),
    name: `repeater(${searcher.name})`,
    repeat: repeat * (searcher.repeat ?? 1),
    // Which copies of a group are still to come shows only in what was asked.
    isRebuiltByTells: false,
    setsIndex: read.setIndex || searcher.setsIndex === true,
    start: (context) => startRepeated(searcher, context, repeat),
  }
}

function startRepeated(searcher: Searcher, context: SearchContext, repeat: number): Search {
  const saved = context.saved as { readonly inner: unknown; readonly groups: unknown } | undefined
  const search = searcher.start(saved === undefined ? context : { ...context, saved: saved.inner })
  const groups = new Groups(repeat, saved?.groups)

  const askInner = (ask: Ask): Suggestion | Promise<Suggestion> => {
    // Copies are asked for in a row, so the points before this one stand for so many times as many trials.
    const index = Math.floor(ask.index / repeat)
    const request = { ...ask, ...groups.request(ask), index }
    const accept = (suggestion: Suggestion): Suggestion => {
      groups.accept(ask.number, request.number, suggestion)
      return suggestion
    }
    const suggestion = search.suggest(request)
    return isThenable(suggestion) ? Promise.resolve(suggestion).then(accept) : accept(suggestion)
  }

  return {
    suggest(ask) {
      for (const trial of ask.running) groups.follow(trial)
      const point = groups.nextCopy(ask.number)
      return point === undefined ? askInner(ask) : { kind: 'point', point, copy: groups.copyOf(ask.number) }
    },
    tell(trial) {
      const merged = groups.end(trial)
      return merged === undefined ? undefined : search.tell(merged)
    },
    ...(search.close !== undefined && { close: () => search.close?.() }),
    ...(search.observe !== undefined && {
      observe: (observation) => {
        const number = groups.leaderOf(observation.number)
        if (number !== undefined) search.observe?.({ ...observation, number })
      },
    }),
    ...(search.save !== undefined && {
      save() {
        const inner = search.save?.()
        return inner === undefined ? undefined : { inner, groups: groups.save() }
      },
    }),
  }
}
