import type { Objective, ObjectiveOptions } from '../core/objective.ts'
import { type Checks, must } from '../core/options.ts'
import type { EndState, Params } from '../core/trial.ts'
import type { RandomStream, Seed } from '../random/random.ts'
import type { Domain, Parameter, Space, SpaceDefinition } from '../space/space.ts'

/** Options that every shipped searcher takes besides its own. */
export interface SearcherOptions {
  /** Where to search, when not given to the Tuner as `paramSpace`: the same forms, define-by-run included. */
  readonly space?: SpaceDefinition | undefined
  readonly metric?: ObjectiveOptions['metric']
  readonly mode?: ObjectiveOptions['mode']
  /** Any string or finite number. Default: derived from the experiment's seed. */
  readonly seed?: Seed | undefined
  /**
   * Configurations to try first, in order; each takes the place of one of `numSamples`, and all are tried, however many.
   * Partial ones are completed; one that leaves out axes of `gridSearch` gets all their combinations.
   */
  readonly pointsToEvaluate?: readonly object[] | undefined
  /** Results known for the first of `pointsToEvaluate`, which then do not run: a number, or one per objective. */
  readonly evaluatedRewards?: readonly (number | readonly number[])[] | undefined
}

/** Defaults of `SearcherOptions`, for a factory to spread into its own. */
export const SEARCHER_DEFAULTS = {
  space: undefined,
  metric: undefined,
  mode: undefined,
  seed: undefined,
  pointsToEvaluate: undefined,
  evaluatedRewards: undefined,
} as const

/** Checks of `SearcherOptions`; what needs the space is checked where searcher and space meet. */
export const SEARCHER_CHECKS: Checks<SearcherOptions> = { seed: must.beSeed }

/** How many suggestions may be under way at once. The controller keeps to it. */
export interface ConcurrencyLimit {
  readonly max: number
  /** Whether the next `max` are asked for only when all of the last `max` have ended. */
  readonly batch: boolean
}

/** Given once, at each start. */
export interface SearchContext {
  /** Parameters of the declared space, in order; empty for define-by-run, where they are learned from what is told. */
  readonly parameters: readonly Parameter[]
  /** Draws a complete point from the prior; `gridIndex` fixes the `gridSearch` axes. */
  readonly sample: (random: RandomStream, gridIndex?: number) => Params
  /** How many combinations the `gridSearch` axes have; 1 when there are none. */
  readonly gridSize: number
  readonly objectives: readonly Objective[]
  /** How many trials there will be, where that is known. */
  readonly budget?: number
  /** Starts a shipped searcher in a thread of its own; absent where threads are not to be had. */
  readonly startThread?: StartThread
  /** The searcher's own stream: by its `seed` option where given, else by the experiment's. */
  readonly random: RandomStream
  /** What an earlier `save` gave; everything told since then is told again. */
  readonly saved?: unknown
}

/** Which searcher to make in a thread: the name of its factory, and options that are plain data. */
export interface ThreadOrder {
  readonly factory: string
  readonly options: object
}

/** Starts a searcher in a thread of its own, in the same context. What comes back answers by promise. */
export type StartThread = (order: ThreadOrder, context: SearchContext) => Search

/** One request for a point. */
export interface Ask {
  /** Number of the trial that the point is for. */
  readonly number: number
  /**
   * How many points of this searcher became trials, or were given up, before this one; points that the user gave do not
   * count. From 0. One that `where` keeps forbidding is given up where `gridSearch` has another combination to go on to.
   */
  readonly index: number
  /** How many points were turned down for this number: by `where`, or as duplicates. From 0. */
  readonly retry: number
  /** Trials that have a configuration and no result yet. */
  readonly running: readonly RunningTrial[]
  /**
   * The last 100 points that `where` turned down for this number, oldest first, for a model to keep away from. Missing
   * when there are none.
   */
  readonly rejected?: readonly Params[]
}

/** A trial that has a configuration and no result yet. */
export interface RunningTrial {
  readonly number: number
  readonly params: Params
}

/**
 * - `point`: values by path. It may leave out parameters, which are then drawn from the prior. With `isExact` its values
 *   were named by the user: in a define-by-run space, where they would be drawn anew, one that is out of range is an
 *   error; and what comes to the same as an earlier exact point is turned down.
 * - `wait`: nothing until another result is told. An error when none is under way.
 * - `finished`: nothing any more.
 */
export type Suggestion =
  | {
      readonly kind: 'point'
      readonly point: Params
      readonly isExact?: boolean
      /** Which of the copies of its configuration it is, from 0; written into the configuration where `setsIndex` is. */
      readonly copy?: number
      readonly choice?: SearcherChoice
    }
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' }

/** What a searcher that chooses among others chose, and why: said with the first point that it is for. */
export interface SearcherChoice {
  /** Name of the searcher chosen. */
  readonly chosen: string
  /** Why, in a sentence. */
  readonly reason: string
}

/** How a trial ended. */
export interface ToldTrial {
  readonly number: number
  readonly params: Params
  /** The domain each of `params` was drawn from; define-by-run searchers learn their space from it. */
  readonly domains: Readonly<Record<string, Domain>>
  readonly state: EndState
  /**
   * One value an objective, as reported. Completed: the final ones. Pruned and interrupted: the last ones, if any.
   * Failed: undefined.
   */
  readonly values: readonly number[] | undefined
  /** Where `values` were reported: the scheduler's `timeAttr`, else `training_iteration`. Undefined without values. */
  readonly step: number | undefined
  /** Values of the first objective by step, as far as reported. */
  readonly intermediate: readonly (readonly [step: number, value: number])[]
  /** ≤ 0 is feasible; empty when none was set. */
  readonly constraints: Readonly<Record<string, number>>
}

/** A running trial reported. Only searchers that declare `observe` hear of it. */
export interface Observation {
  readonly number: number
  readonly step: number
  readonly values: readonly number[]
}

/**
 * One search under way. Laws: every trial whose point was used is told once, whatever became of it; a point that was
 * turned down is not. The same context and calls give the same suggestions. After `save` and `start` with `saved`,
 * the search goes on the same.
 */
export interface Search {
  suggest(ask: Ask): Suggestion | Promise<Suggestion>
  tell(trial: ToldTrial): void | Promise<void>
  observe?(observation: Observation): void
  /**
   * Plain data that `structuredClone` can copy and a store can keep; undefined when there is none just now. Choices and
   * domains of the declared space may be among it, whatever they are. Without it a search is rebuilt by doing all calls
   * again.
   */
  save?(): unknown
  /** `Searcher.isRebuiltByTells` of this search as it stands, where that changes. Default: what its searcher says. */
  readonly isRebuiltByTells?: boolean | undefined
  /** The search is over, or is given up for one that is started anew: the last call. */
  close?(): void
}

/** What a searcher sees of a space before it starts; `resolve` is missing where it searches a part of it. */
export type CheckableSpace = Pick<Space, 'kind' | 'parameters' | 'gridSize'> & Partial<Pick<Space, 'resolve'>>

/**
 * Proposes configurations. Runs again after a crash by `start`, so nothing may be kept outside of what `start` returns.
 * A searcher written by a user needs `name` and `start`; the other members say what it can do or was given.
 */
export interface Searcher {
  /** The factory's name. */
  readonly name: string
  start(context: SearchContext): Search
  /** What the factory was given of the common options. */
  readonly options?: SearcherOptions
  /** How many objectives it can work with: exactly one, at least one, or any number and none. Default `'any'`. */
  readonly objectives?: 'one' | 'some' | 'any'
  /** Whether it gives out the combinations of `gridSearch`; others refuse a space that has them. Default false. */
  readonly expandsGrid?: boolean
  /**
   * Whether a new search that is told of all trials again, in their order, stands where this one does, whatever it was
   * asked for: its suggestions depend on what it was told and on the `Ask`. A study that is loaded then does not ask it
   * for each of its trials anew, which others are. Default false.
   */
  readonly isRebuiltByTells?: boolean
  /** Whether its suggestions never depend on results, so that they may be asked for early. Default false. */
  readonly ignoresResults?: boolean
  /** Whether it goes through its points one after another until `finished`: then any number may be turned down. Default false. */
  readonly exhaustive?: boolean
  /** Set by `concurrencyLimiter`. */
  readonly limit?: ConcurrencyLimit
  /** Set by `repeater`: how often each configuration runs. Default 1. */
  readonly repeat?: number
  /** Set by `repeater`: whether each configuration says which copy it is, as `__trial_index__`. Default false. */
  readonly setsIndex?: boolean
  /**
   * The part of a space that it keeps to, for what the session draws or completes in its place: points of the user's
   * that leave parameters out, and new ones under `duplicates`. Default: all of it.
   */
  part?(space: Space): Space
  /** Refuses a space that it cannot search, at construction. */
  check?(space: CheckableSpace, objectives: readonly Objective[]): void
}
