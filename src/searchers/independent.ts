import { isThenable } from '../core/thenable.ts'
import type { Params } from '../core/trial.ts'
import { OptionError } from '../errors.ts'
import { randomStream } from '../random/random.ts'
import type { Parameter } from '../space/space.ts'
import type { Ask, Search, SearchContext, Searcher, Suggestion } from './searcher.ts'
import { checkSearcher } from './settle.ts'

/** The option that searchers take which leave parameters to the prior. */
export interface IndependentOptions {
  /**
   * Proposes the parameters that this searcher leaves out, such as those that it cannot model, and all of the first trials.
   * It is told of every trial. Default: they are drawn from the prior.
   */
  readonly independentSampler?: Searcher | undefined
}

/** Default of `IndependentOptions`, for a factory to spread into its own. */
export const INDEPENDENT_DEFAULTS = { independentSampler: undefined } as const

// What concerns the whole search has one owner.
const OWNERS_OPTIONS = ['space', 'metric', 'mode', 'pointsToEvaluate', 'evaluatedRewards'] as const

/**
 * The searcher, or, with an `independentSampler`, one that takes from that what the searcher leaves out. Of a point of
 * the other's only those parameters are taken that exist beside what the searcher chose.
 * @throws {OptionError} for what is no searcher, or one that was given what belongs to its owner.
 */
export function withIndependent(
  searcher: Searcher,
  { independentSampler: other }: IndependentOptions,
): Searcher {
  if (other === undefined) return searcher
  checkSearcher(other)
  const { name } = searcher
  const misplaced = OWNERS_OPTIONS.find((option) => other.options?.[option] !== undefined)
  if (misplaced !== undefined || (other.repeat ?? 1) > 1) {
    throw new OptionError(
      `${name}.independentSampler`,
      misplaced === undefined
        ? `${name}.independentSampler is ${other.name}, whose copies would be pulled apart. Put the repeater around ${name}.`
        : `${name}.independentSampler: ${other.name} was given ${misplaced}, which is for the whole search. Give it to ${name}.`,
      { received: other },
    )
  }
  return {
    ...searcher,
    objectives: stricter(searcher.objectives, other.objectives),
    ignoresResults: searcher.ignoresResults === true && other.ignoresResults === true,
    isRebuiltByTells: searcher.isRebuiltByTells === true && other.isRebuiltByTells === true,
    check(space, objectives) {
      searcher.check?.(space, objectives)
      other.check?.(space, objectives)
    },
    start: (context) => startBoth(searcher, other, context),
  }
}

interface Saved {
  readonly own: unknown
  readonly other: unknown
}

function startBoth(searcher: Searcher, other: Searcher, context: SearchContext): Search {
  const { parameters, random, saved, ...rest } = context
  const before = saved as Saved | undefined
  const seed = other.options?.seed
  const own = searcher.start({ ...context, ...(before !== undefined && { saved: before.own }) })
  const independent = other.start({
    ...rest,
    parameters,
    random: seed === undefined ? random.fork('independentSampler') : randomStream(seed),
    ...(before !== undefined && { saved: before.other }),
  })

  const completed = (suggestion: Suggestion, ask: Ask): Suggestion | Promise<Suggestion> => {
    if (suggestion.kind !== 'point' || isWhole(suggestion.point, parameters)) return suggestion
    const merge = (theirs: Suggestion): Suggestion =>
      theirs.kind === 'point'
        ? { ...suggestion, point: merged(suggestion.point, theirs.point, parameters) }
        : suggestion
    const theirs = independent.suggest(ask)
    return isThenable(theirs) ? Promise.resolve(theirs).then(merge) : merge(theirs)
  }

  return {
    suggest(ask) {
      const suggestion = own.suggest(ask)
      return isThenable(suggestion)
        ? Promise.resolve(suggestion).then((settled) => completed(settled, ask))
        : completed(suggestion, ask)
    },
    tell(trial) {
      const [first, second] = [own.tell(trial), independent.tell(trial)]
      return isThenable(first) || isThenable(second) ? Promise.all([first, second]).then(() => {}) : undefined
    },
    close() {
      own.close?.()
      independent.close?.()
    },
    ...((own.observe !== undefined || independent.observe !== undefined) && {
      observe(observation) {
        own.observe?.(observation)
        independent.observe?.(observation)
      },
    }),
    ...(own.save !== undefined &&
      independent.save !== undefined && {
        save(): Saved | undefined {
          const state = { own: own.save?.(), other: independent.save?.() }
          return state.own === undefined || state.other === undefined ? undefined : state
        },
      }),
  }
}

/** Whether a point has all that a trial with its choices has; never known of a space that is learned. */
function isWhole(point: Params, parameters: readonly Parameter[]): boolean {
  return (
    parameters.length > 0 &&
    parameters.every(
      ({ path, when, domain }) =>
        domain.kind === 'computed' || Object.hasOwn(point, path) || !exists(when, point),
    )
  )
}

function merged(own: Params, theirs: Params, parameters: readonly Parameter[]): Params {
  const point: Record<string, unknown> = { ...theirs, ...own }
  if (parameters.length === 0) return point
  // A case that the searcher itself chose may be another one than the other's.
  const kept = parameters.filter(({ when }) => exists(when, point)).map(({ path }) => path)
  return Object.fromEntries(
    kept.filter((path) => Object.hasOwn(point, path)).map((path) => [path, point[path]]),
  )
}

function exists(when: Parameter['when'], point: Params): boolean {
  return when.every(({ path, value }) => point[path] === value)
}

const STRICTNESS = ['one', 'some', 'any'] as const

function stricter(
  a: NonNullable<Searcher['objectives']> = 'any',
  b: NonNullable<Searcher['objectives']> = 'any',
): NonNullable<Searcher['objectives']> {
  return STRICTNESS.indexOf(a) < STRICTNESS.indexOf(b) ? a : b
}
