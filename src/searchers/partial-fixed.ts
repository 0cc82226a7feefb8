import { isPlainObject } from '../core/metrics.ts'
import { type Checks, readOptions } from '../core/options.ts'
import { isThenable } from '../core/thenable.ts'
import type { Params } from '../core/trial.ts'
import { OptionError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { sameValue } from '../space/same-value.ts'
import { contains } from '../space/values.ts'
import { checkFixed, divided, freePart, withFixed } from './fixed-parameters.ts'
import { fixedSpace } from './fixed-space.ts'
import type { Search, SearchContext, Searcher, Suggestion } from './searcher.ts'
import { checkSearcher } from './settle.ts'
import { membersOf } from './wrapping.ts'

/** Options of `partialFixed`. */
export interface PartialFixedOptions {
  /** Values by path, nested or flat: `{ optimizer: { lr: 0.1 } }` or `{ 'optimizer/lr': 0.1 }`. */
  readonly fixed: object
  /** Searches the rest. */
  readonly searcher: Searcher
}

const DEFAULTS = { fixed: undefined, searcher: undefined }

const CHECKS: Checks<PartialFixedOptions> = {
  fixed: (fixed) => (isPlainObject(fixed) ? undefined : 'must be an object of values, such as { lr: 0.1 }.'),
}

/**
 * The same searcher on what is left of the space when some parameters are fixed: it neither sees nor models them.
 * Earlier trials are told to it whatever value they had there.
 *
 * Fixing a branch leaves only the parameters of that case. A fixed parameter of a case is fixed where that case is
 * taken; a name that stands in several cases is fixed in those whose domain has the value. In a define-by-run space the
 * value is taken where the function asks for the name and its domain has the value; elsewhere it is drawn. Points that
 * you give, as `pointsToEvaluate` or with `enqueueTrial`, get the fixed values for what they leave out, and keep what
 * they name. Nor does `duplicates: 'resample'` go beyond the fixed values: when what is left has no further point, the
 * search has finished.
 * Source: Optuna's PartialFixedSampler. Cost: O(parameters) a suggestion beside the searcher's own.
 *
 * @param options.fixed - Values by path, nested or flat.
 * @param options.searcher - Searches the rest.
 * @throws {OptionError} when one of the two is missing or is not what it should be.
 * @throws {SpaceError} where the experiment is made, when a path is not in the declared space, or its domain does not
 *   have the value.
 * @example new Tuner(train, { paramSpace, searcher: partialFixed({ fixed: { lr: 0.1 }, searcher: tpe() }), numSamples: 50 })
 */
export function partialFixed(options: PartialFixedOptions): Searcher {
  const { fixed, searcher } = readOptions('partialFixed', options, DEFAULTS, CHECKS)
  if (fixed === undefined || searcher === undefined) {
    const missing = fixed === undefined ? 'fixed' : 'searcher'
    throw new OptionError(
      `partialFixed.${missing}`,
      `partialFixed needs ${missing}. Write partialFixed({ fixed: { lr: 0.1 }, searcher: randomSearch() }).`,
    )
  }
  checkSearcher(searcher)
  return {
    ...membersOf(searcher),
    name: `partialFixed(${searcher.name})`,
    check(space, objectives) {
      const { kind, gridSize } = space
      const { values, free } = divided(space.parameters, fixed)
      if (kind === 'declared')
        for (const path of Object.keys(values)) checkFixed(path, values[path], space.parameters)
      searcher.check?.({ kind, gridSize, parameters: free }, objectives)
    },
    part: (space) => fixedSpace(searcher.part?.(space) ?? space, fixed),
    start: (context) => startFixed(searcher, context, fixed),
  }
}

function startFixed(searcher: Searcher, context: SearchContext, fixed: object): Search {
  const { parameters, sample, random } = context
  const { values, free } = divided(parameters, fixed)
  const isDeclared = parameters.length > 0
  const draws = random.fork('partialFixed')

  const search = searcher.start({
    ...context,
    parameters: free,
    sample: (stream, gridIndex) => {
      const drawn = sample(stream, gridIndex)
      return isDeclared
        ? freePart(drawn, parameters, values)
        : omit(drawn, (path) => Object.hasOwn(values, path))
    },
  })

  const completed = (suggestion: Suggestion, stream: RandomStream): Suggestion => {
    if (suggestion.kind !== 'point') return suggestion
    const { point } = suggestion
    return {
      ...suggestion,
      point: isDeclared ? withFixed(point, parameters, values, stream) : { ...point, ...values },
    }
  }

  const rest = (params: Params): Params =>
    omit(params, (path, value) => Object.hasOwn(values, path) && sameValue(value, values[path]))

  return {
    get isRebuiltByTells() {
      return search.isRebuiltByTells
    },
    suggest(ask) {
      const { number, retry } = ask
      const stream = draws.fork(retry === 0 ? number : `${number}/${retry}`)
      const suggestion = search.suggest({
        ...ask,
        running: ask.running.map((trial) => ({ ...trial, params: rest(trial.params) })),
        ...(ask.rejected !== undefined && { rejected: ask.rejected.map(rest) }),
      })
      return isThenable(suggestion)
        ? Promise.resolve(suggestion).then((settled) => completed(settled, stream))
        : completed(suggestion, stream)
    },
    tell(trial) {
      const { params, domains } = trial
      const isPinned = (path: string): boolean => {
        const domain = domains[path]
        return Object.hasOwn(values, path) && (domain === undefined || contains(domain, values[path]))
      }
      return search.tell({ ...trial, params: omit(params, isPinned), domains: omit(domains, isPinned) })
    },
    ...(search.close !== undefined && { close: () => search.close?.() }),
    ...(search.observe !== undefined && { observe: (observation) => search.observe?.(observation) }),
    ...(search.save !== undefined && { save: () => search.save?.() }),
  }
}

function omit<T>(
  record: Readonly<Record<string, T>>,
  isOmitted: (path: string, value: T) => boolean,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([path, value]) => !isOmitted(path, value)))
}
