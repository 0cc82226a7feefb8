import { describe } from '../core/options.ts'
import { isThenable } from '../core/thenable.ts'
import type { Objective } from '../core/objective.ts'
import type { Params, TrialSource } from '../core/trial.ts'
import { OptionError, SpaceError, TroupeError } from '../errors.ts'
import { type RandomStream, randomStream } from '../random/random.ts'
import type { Resolved, Space } from '../space/space.ts'
import { ExactPoints, checkKept } from './exact-points.ts'
import { freePoint } from './free-point.ts'
import { type GivenTrial, type QueuedPoint, readGivenPoints, resolvePoint, swept } from './given-points.ts'
import type {
  Observation,
  RunningTrial,
  Search,
  Searcher,
  SearcherChoice,
  StartThread,
  Suggestion,
  ToldTrial,
} from './searcher.ts'
import { checkFit } from './settle.ts'
import { type DuplicatePolicy, SeenPoints } from './seen-points.ts'
import {
  allRejected,
  forbidden,
  isAllowed,
  noneAllowed,
  REJECTED_MAX,
  tooManyTurnedDown,
  TURNED_DOWN_MAX,
  type Where,
} from './where.ts'

export type { GivenTrial } from './given-points.ts'
export type { DuplicatePolicy } from './seen-points.ts'
export type { Where } from './where.ts'

/** What comes of one request for a configuration. */
export type Answer =
  | (Resolved & {
      readonly kind: 'trial'
      readonly source: TrialSource
      /** The completed trial whose result this one takes over instead of running; with `duplicates: 'reuse'` alone. */
      readonly duplicateOf?: number
      /** What the searcher chose for this and the following trials, when it chose just now. */
      readonly choice?: SearcherChoice
    })
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' }

/** A configuration that became a trial. */
export type TrialAnswer = Extract<Answer, { kind: 'trial' }>

/** A trial of an earlier process, as a log keeps it. */
export interface PastTrial {
  readonly source: TrialSource
  readonly params: Params
  /** How it ended; undefined when it has not. */
  readonly told: ToldTrial | undefined
}

/** What a session is made from. */
export interface SearchSessionOptions {
  readonly searcher: Searcher
  readonly space: Space
  readonly objectives: readonly Objective[]
  /** The experiment's stream for its searcher; a `seed` given to the searcher takes its place. */
  readonly random: RandomStream
  /** Which configurations are allowed. Default: all. */
  readonly where?: Where | undefined
  /** What becomes of a suggestion that equals an earlier one. Default `'allow'`. */
  readonly duplicates?: DuplicatePolicy | undefined
  /** How many trials there will be, where that is known. */
  readonly budget?: number | undefined
  /** How searchers that ask for a thread of their own get one. */
  readonly startThread?: StartThread | undefined
  /**
   * Resolves after others had their turn, to whether a trial is still wanted. The session waits for it now and then while
   * it goes through many points that are turned down; without it, nobody has a turn meanwhile.
   */
  readonly breathe?: (() => Promise<boolean>) | undefined
  /** What `save` gave. */
  readonly saved?: unknown
}

// How many points may be turned down before others get a turn: some milliseconds' worth.
const TRIES_IN_A_BREATH = 1_000

// How often a searcher is asked again for a point that is new, before one is drawn for it.
const DUPLICATES_MAX = 100

const WAIT: Answer = Object.freeze({ kind: 'wait' })
const FINISHED: Answer = Object.freeze({ kind: 'finished' })

interface Saved {
  readonly search: unknown
  readonly pointsTaken: number
  readonly givenTaken: number
  readonly suggested: number
  readonly skipped: number
  readonly rejected: number
  readonly seen: unknown
  readonly exact: unknown
}

/** One request for a configuration. */
export interface SessionAsk {
  /** Number of the trial that it is for. */
  readonly number: number
  /** Trials that have a configuration and no result yet; may be empty when the session has no use for them (`readsRunning`). */
  readonly running: readonly RunningTrial[]
  /** A space for this trial alone, in place of the session's. What is suggested and does not fit it is drawn anew. */
  readonly space?: Space | undefined
}

// How often the suggestions for one trial were turned down.
interface Tries {
  /** In all. */
  count: number
  /** By `where`, since the last combination of `gridSearch` was given up. */
  rejected: number
  duplicates: number
  /** How many combinations of `gridSearch` were given up. */
  skipped: number
}

/**
 * One search over one space: the one place where a searcher meets a space. It hands out the user's own points before
 * the searcher's, completes partial ones, rejects what `where` forbids, and keeps to the policy for duplicates.
 *
 * Given the same options and calls it answers the same, so it can be rebuilt by doing all calls again. It is
 * synchronous as long as the searcher is, and does not turn down points by the thousand.
 *
 * @throws {OptionError} at construction, when the searcher cannot work with this space or these objectives, or one of
 *   its common options cannot be used.
 * @throws {SpaceError} at construction, when a point of `pointsToEvaluate` lies outside the space, or `where` forbids it.
 */
export class SearchSession {
  readonly searcher: Searcher
  readonly #space: Space
  readonly #where: Where | undefined
  readonly #random: RandomStream
  readonly #search: Search
  readonly #seen: SeenPoints
  readonly #queue: readonly QueuedPoint[]
  readonly #given: readonly GivenTrial[]
  readonly #exact: ExactPoints
  readonly #budget: number
  readonly #breathe: (() => Promise<boolean>) | undefined
  #pointsTaken: number
  #givenTaken: number
  // Trials that the searcher suggested, and those that `where` left out of the grid: together, where it stands.
  #suggested: number
  #skipped: number
  // Suggestions that `where` rejected.
  #rejected: number
  #isSearching = false

  constructor({
    searcher,
    space,
    objectives,
    random,
    where,
    duplicates = 'allow',
    budget,
    startThread,
    breathe,
    saved,
  }: SearchSessionOptions) {
    checkFit(searcher, space, objectives)
    const seed = searcher.options?.seed
    this.searcher = searcher
    this.#space = space
    this.#where = where
    this.#random = seed === undefined ? random : randomStream(seed)
    this.#seen = new SeenPoints(duplicates, searcher)
    const { given, queue } = readGivenPoints(searcher, space, objectives, this.#random.fork('points'), where)
    this.#given = given
    this.#queue = queue
    const before = saved as Saved | undefined
    this.#pointsTaken = before?.pointsTaken ?? 0
    this.#givenTaken = before?.givenTaken ?? 0
    this.#suggested = before?.suggested ?? 0
    this.#skipped = before?.skipped ?? 0
    this.#rejected = before?.rejected ?? 0
    this.#exact = new ExactPoints(before?.exact)
    this.#budget = budget ?? Infinity
    this.#breathe = breathe
    if (before !== undefined) this.#seen.restore(before.seen)
    this.#search = start(searcher, {
      parameters: space.parameters,
      sample: (stream, gridIndex) => space.sample(stream, gridIndex),
      gridSize: space.gridSize,
      objectives,
      random: this.#random.fork('search'),
      ...(budget !== undefined && Number.isFinite(budget) && { budget }),
      ...(startThread !== undefined && { startThread }),
      ...(before === undefined ? {} : { saved: before.search }),
    })
  }

  /** Whether the searcher wants to hear of reports. */
  get observes(): boolean {
    return this.#search.observe !== undefined
  }

  /** Whether the searcher itself is at work, or was when something threw; else it is the user's space, points or `where`. */
  get isSearching(): boolean {
    return this.#isSearching
  }

  /** Whether the searcher looks at the trials that run; to others none need be shown. */
  get readsRunning(): boolean {
    return this.searcher.ignoresResults !== true || this.searcher.repeat !== undefined
  }

  /** Whether the configuration of a trial is the same however early it is asked for, as long as it is in turn. */
  get canAskAhead(): boolean {
    const { ignoresResults, repeat } = this.searcher
    // What a searcher knows of a define-by-run space it knows from results.
    const isKnown = this.#space.kind === 'declared'
    return ignoresResults === true && isKnown && repeat === undefined && !this.#seen.readsResults
  }

  /**
   * The trials of `evaluatedRewards` that are not made yet. Make them, in order and before anything is suggested, and
   * `tell` each as completed.
   */
  given(): readonly GivenTrial[] {
    return this.#given.slice(this.#givenTaken)
  }

  /**
   * The configuration of the next trial: the next of `pointsToEvaluate`, else what the searcher suggests.
   * @returns A promise only while the searcher gives one.
   * @throws {SpaceError} when a point cannot be used, or `where` rejects too many suggestions in a row.
   * @throws {TroupeError} with code `'searcher'` when the searcher suggests what is no suggestion or not in the space.
   */
  suggest(ask: SessionAsk): Answer | Promise<Answer> {
    this.#isSearching = false
    const point = this.#queue[this.#pointsTaken]
    if (point === undefined) return this.#ask(ask, { count: 0, rejected: 0, duplicates: 0, skipped: 0 })
    const answer = this.#complete(ask, 'point', point, this.#random.fork('points').fork(point.key))
    this.#pointsTaken++
    return answer
  }

  /**
   * The trial of a configuration that comes from elsewhere than the searcher, such as a queue. It may be partial.
   * @throws {SpaceError} naming an unknown key, a value out of range, or `where` when it forbids the configuration.
   */
  complete(ask: Omit<SessionAsk, 'running'>, config: object, source: TrialSource = 'enqueued'): TrialAnswer {
    const { number, space = this.#space } = ask
    const label = `the configuration of trial ${number}`
    const sweep = swept(space, { label, key: number, config, grid: {} })
    const point = sweep[number % sweep.length] as QueuedPoint
    return this.#complete(ask, source, point, this.#drawsOf(number, 0))
  }

  /**
   * A configuration that has no result yet, under `duplicates: 'reuse'`, whatever the searcher proposes.
   * @returns `'none'` when the space is finite and each has one; undefined when none was found.
   */
  unseen({ number, space = this.#space }: Omit<SessionAsk, 'running'>): TrialAnswer | 'none' | undefined {
    const free = freePoint(space, this.#random.fork('free').fork(number), ({ config, params }) => {
      return this.#seen.completed(params) === undefined && this.#allows(config, number)
    })
    return typeof free === 'object' ? this.#accept('suggested', free) : free
  }

  /** Tells how a trial ended. Once for each trial, whatever became of it. */
  tell(trial: ToldTrial): void | Promise<void> {
    this.#seen.end(trial)
    this.#isSearching = true
    const told = this.#search.tell(trial)
    return isThenable(told) ? Promise.resolve(told) : undefined
  }

  /** Tells that a running trial reported; for searchers that observe. */
  observe(observation: Observation): void {
    this.#isSearching = true
    this.#search.observe?.(observation)
  }

  /** Hears of a trial of an earlier process, in the order in which they ended; those without an end last. */
  recall({ source, params, told }: PastTrial): void | Promise<void> {
    if (source === 'point') this.#pointsTaken++
    if (source === 'given') this.#givenTaken++
    if (source === 'suggested' || source === 'reused') this.#suggested++
    this.#seen.add(params)
    return told === undefined ? undefined : this.tell(told)
  }

  /** The search is over. */
  close(): void {
    this.#search.close?.()
  }

  /** Plain data to go on from, as `saved`; undefined when the searcher cannot be saved. */
  save(): unknown {
    const search = this.#search.save?.()
    if (search === undefined) return undefined
    const saved: Saved = {
      search,
      pointsTaken: this.#pointsTaken,
      givenTaken: this.#given.length,
      suggested: this.#suggested,
      skipped: this.#skipped,
      rejected: this.#rejected,
      seen: this.#seen.save(),
      exact: this.#exact.save(),
    }
    return saved
  }

  // A loop and no recursion while the searcher is synchronous: a thousand tries are no depth of stack.
  #ask(ask: SessionAsk, tries: Tries): Answer | Promise<Answer> {
    const { number, running } = ask
    for (;;) {
      if (this.#isUsedUp) return FINISHED
      const index = this.#suggested + this.#skipped
      this.#isSearching = true
      const suggestion = this.#search.suggest({ number, index, retry: tries.count, running })
      if (isThenable(suggestion)) {
        return Promise.resolve(suggestion).then(
          (settled) => this.#judge(ask, settled, tries) ?? this.#ask(ask, tries),
        )
      }
      const answer = this.#judge(ask, suggestion, tries)
      if (answer !== undefined) return answer
      if (this.#breathe !== undefined && tries.count % TRIES_IN_A_BREATH === 0)
        return this.#breathe().then((isWanted) => (isWanted ? this.#ask(ask, tries) : FINISHED))
    }
  }

  /** Whether all trials of the experiment are there, but for those that `where` left out of the grid. */
  get #isUsedUp(): boolean {
    return this.#skipped > 0 && this.#pointsTaken + this.#suggested + this.#skipped >= this.#budget
  }

  /** The answer that a suggestion comes to; undefined when it is turned down. */
  #judge(ask: SessionAsk, suggestion: Suggestion, tries: Tries): Answer | undefined {
    this.#isSearching = false
    if (suggestion?.kind === 'wait') return WAIT
    if (suggestion?.kind === 'finished') return this.#finish()
    if (suggestion?.kind !== 'point' || typeof suggestion.point !== 'object' || suggestion.point === null) {
      throw noSuggestion(this.searcher, ask.number, suggestion)
    }
    const { point, isExact = false, choice } = suggestion
    const resolved = this.#resolve(ask, tries.count, point)
    if (isExact && this.#space.kind === 'define-by-run') {
      checkKept(point, resolved)
      if (!this.#exact.add(resolved.params)) return this.#turnDown(ask, 'duplicates', resolved, tries)
    }
    if (!this.#allows(resolved.config, ask.number)) return this.#turnDown(ask, 'rejected', resolved, tries)
    if (this.#seen.refuses(resolved.params)) return this.#turnDown(ask, 'duplicates', resolved, tries)
    const accepted = this.#accept('suggested', resolved)
    return choice === undefined ? accepted : { ...accepted, choice }
  }

  /** Undefined when another suggestion is to be asked for. */
  #turnDown(
    ask: SessionAsk,
    why: 'rejected' | 'duplicates',
    resolved: Resolved,
    tries: Tries,
  ): Answer | undefined {
    tries.count++
    tries[why]++
    if (why === 'rejected') this.#rejected++
    if (tries.count > TURNED_DOWN_MAX) throw tooManyTurnedDown(this.searcher.name, ask.number)
    if (this.searcher.exhaustive === true) return undefined
    if (why === 'duplicates')
      return tries.duplicates < DUPLICATES_MAX ? undefined : this.#fresh(ask, resolved, tries)
    if (tries.rejected < this.#rejectedMax) return undefined
    return this.#skipsCombination(ask, tries) ? undefined : this.#fresh(ask, undefined, tries)
  }

  // What has nothing but the grid is the same however often it is asked for.
  get #rejectedMax(): number {
    return this.#hasGrid && this.#space.parameters.every(({ domain }) => domain.kind === 'grid')
      ? 1
      : REJECTED_MAX
  }

  get #hasGrid(): boolean {
    return this.searcher.expandsGrid === true && this.#space.gridSize > 1
  }

  /** Leaves a combination of the grid out; false when there is none, or no other is left. */
  #skipsCombination({ space }: SessionAsk, tries: Tries): boolean {
    if (!this.#hasGrid || space !== undefined) return false
    // A repeater's copies of it are left out too.
    this.#skipped += this.searcher.repeat ?? 1
    tries.rejected = 0
    return ++tries.skipped < this.#space.gridSize
  }

  #finish(): Answer {
    if (this.#rejected > 0 && this.#suggested + this.#pointsTaken === 0)
      throw noneAllowed(this.searcher.name, this.#rejected)
    return FINISHED
  }

  /** A point for a searcher that keeps coming back to those it had, or that are not allowed. */
  #fresh(
    { number, space = this.#space }: SessionAsk,
    duplicate: Resolved | undefined,
    { count }: Tries,
  ): Answer {
    // Where nothing is taken, it is not for duplicates that no point is left.
    if (!this.#seen.hasTaken) throw allRejected(number, count)
    const free = freePoint(space, this.#random.fork('free').fork(number), ({ config, params }) => {
      return !this.#seen.refuses(params) && this.#allows(config, number)
    })
    if (free === 'none') return FINISHED
    const point = free ?? duplicate
    if (point === undefined) throw allRejected(number, count)
    return this.#accept('suggested', point)
  }

  #complete(
    { number, space = this.#space }: Omit<SessionAsk, 'running'>,
    source: TrialSource,
    point: QueuedPoint,
    random: RandomStream,
  ): TrialAnswer {
    for (let rejected = 0; rejected < REJECTED_MAX; rejected++) {
      const draws = rejected === 0 ? random : random.fork(`retry/${rejected}`)
      const { resolved, isFixed } = resolvePoint(space, point, draws)
      if (this.#allows(resolved.config, number)) return this.#accept(source, resolved)
      if (isFixed) throw forbidden(point.label, point.config)
    }
    throw allRejected(number)
  }

  #accept(source: TrialSource, { config, params, domains }: Resolved): TrialAnswer {
    const duplicateOf = this.#seen.completed(params)
    this.#seen.add(params)
    if (source === 'suggested') this.#suggested++
    if (duplicateOf === undefined) return { kind: 'trial', source, config, params, domains }
    return { kind: 'trial', source: 'reused', config, params, domains, duplicateOf }
  }

  #resolve({ number, space = this.#space }: SessionAsk, retry: number, suggested: Params): Resolved {
    const draws = this.#drawsOf(number, retry)
    let point = suggested
    for (;;) {
      try {
        return space.resolve(point, draws)
      } catch (error) {
        if (!(error instanceof SpaceError) || !Object.hasOwn(point, error.path)) throw error
        if (space === this.#space)
          throw space.kind === 'declared' ? outOfSpace(this.searcher, number, error) : error
        const { [error.path]: _, ...rest } = point
        point = rest
      }
    }
  }

  #allows(config: unknown, number: number): boolean {
    return this.#where === undefined || isAllowed(this.#where, config, number)
  }

  #drawsOf(number: number, retry: number): RandomStream {
    return this.#random.fork('rest').fork(retry === 0 ? number : `${number}/${retry}`)
  }
}

function start(searcher: Searcher, context: Parameters<Searcher['start']>[0]): Search {
  const search = searcher.start(context)
  if (typeof search?.suggest === 'function' && typeof search.tell === 'function') return search
  throw new OptionError(
    'searcher',
    `${searcher.name}.start returned ${describe(search)}, which is no search. Return an object with suggest and tell.`,
    { received: search },
  )
}

function noSuggestion({ name }: Searcher, number: number, received: unknown): TroupeError {
  return new TroupeError(
    'searcher',
    `${name} answered trial ${number} with ${describe(received)}, which is no suggestion. Return { kind: 'point', point: { … } }, { kind: 'wait' } or { kind: 'finished' } from suggest.`,
  )
}

function outOfSpace({ name }: Searcher, number: number, cause: SpaceError): TroupeError {
  return new TroupeError(
    'searcher',
    `${name} suggested for trial ${number} what is not in the space: ${cause.message}`,
    { cause },
  )
}
