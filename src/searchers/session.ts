import { describe } from '../core/options.ts'
import { isThenable } from '../core/thenable.ts'
import type { Objective } from '../core/objective.ts'
import type { Params, TrialSource } from '../core/trial.ts'
import { SpaceError, TroupeError } from '../errors.ts'
import { type RandomStream, randomStream } from '../random/random.ts'
import type { Resolved, Space } from '../space/space.ts'
import { freePoint } from './free-point.ts'
import { type GivenTrial, type QueuedPoint, readGivenPoints, resolvePoint } from './given-points.ts'
import type { Observation, RunningTrial, Search, Searcher, Suggestion, ToldTrial } from './searcher.ts'
import { checkFit } from './settle.ts'
import { type DuplicatePolicy, SeenPoints } from './seen-points.ts'
import { allRejected, forbidden, isAllowed, REJECTED_MAX, type Where } from './where.ts'

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
  /** What `save` gave. */
  readonly saved?: unknown
}

// How often a searcher is asked again for a point that is new, before one is drawn for it.
const DUPLICATES_MAX = 100

const WAIT: Answer = Object.freeze({ kind: 'wait' })
const FINISHED: Answer = Object.freeze({ kind: 'finished' })

interface Saved {
  readonly search: unknown
  readonly pointsTaken: number
  readonly givenTaken: number
  readonly seen: unknown
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
  rejected: number
  duplicates: number
}

/**
 * One search over one space: the one place where a searcher meets a space. It hands out the user's own points before
 * the searcher's, completes partial ones, rejects what `where` forbids, and keeps to the policy for duplicates.
 *
 * Given the same options and calls it answers the same, so it can be rebuilt by doing all calls again. It is
 * synchronous as long as the searcher is.
 *
 * @throws {OptionError} at construction, when the searcher cannot work with this space or these objectives, or one of
 *   its common options cannot be used.
 * @throws {SpaceError} at construction, when a point of `pointsToEvaluate` lies outside the space.
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
  #pointsTaken: number
  #givenTaken: number

  constructor({
    searcher,
    space,
    objectives,
    random,
    where,
    duplicates = 'allow',
    saved,
  }: SearchSessionOptions) {
    checkFit(searcher, space, objectives)
    const seed = searcher.options?.seed
    this.searcher = searcher
    this.#space = space
    this.#where = where
    this.#random = seed === undefined ? random : randomStream(seed)
    this.#seen = new SeenPoints(duplicates, searcher)
    const { given, queue } = readGivenPoints(searcher, space, objectives, this.#random.fork('points'))
    this.#given = given
    this.#queue = queue
    const before = saved as Saved | undefined
    this.#pointsTaken = before?.pointsTaken ?? 0
    this.#givenTaken = before?.givenTaken ?? 0
    if (before !== undefined) this.#seen.restore(before.seen)
    this.#search = start(searcher, {
      parameters: space.parameters,
      sample: (stream, gridIndex) => space.sample(stream, gridIndex),
      gridSize: space.gridSize,
      objectives,
      random: this.#random.fork('search'),
      ...(before === undefined ? {} : { saved: before.search }),
    })
  }

  /** Whether the searcher wants to hear of reports. */
  get observes(): boolean {
    return this.#search.observe !== undefined
  }

  /** Whether the searcher looks at the trials that run; to others none need be shown. */
  get readsRunning(): boolean {
    return this.searcher.ignoresResults !== true || this.searcher.repeat !== undefined
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
    const point = this.#queue[this.#pointsTaken]
    if (point === undefined) return this.#ask(ask, { rejected: 0, duplicates: 0 })
    const answer = this.#complete(ask, 'point', point, this.#random.fork('points').fork(point.index))
    this.#pointsTaken++
    return answer
  }

  /**
   * The trial of a configuration that comes from elsewhere than the searcher, such as a queue. It may be partial.
   * @throws {SpaceError} naming an unknown key, a value out of range, or `where` when it forbids the configuration.
   */
  complete(ask: Omit<SessionAsk, 'running'>, config: object, source: TrialSource = 'enqueued'): TrialAnswer {
    const { number } = ask
    const point = { label: `the configuration of trial ${number}`, index: number, config }
    return this.#complete(ask, source, point, this.#drawsOf(number, 0))
  }

  /** Tells how a trial ended. Once for each trial, whatever became of it. */
  tell(trial: ToldTrial): void | Promise<void> {
    this.#seen.end(trial)
    const told = this.#search.tell(trial)
    return isThenable(told) ? Promise.resolve(told) : undefined
  }

  /** Tells that a running trial reported; for searchers that observe. */
  observe(observation: Observation): void {
    this.#search.observe?.(observation)
  }

  /** Hears of a trial of an earlier process, in the order in which they ended; those without an end last. */
  recall({ source, params, told }: PastTrial): void | Promise<void> {
    if (source === 'point') this.#pointsTaken++
    if (source === 'given') this.#givenTaken++
    this.#seen.add(params)
    return told === undefined ? undefined : this.tell(told)
  }

  /** Plain data to go on from, as `saved`; undefined when the searcher cannot be saved. */
  save(): unknown {
    const search = this.#search.save?.()
    if (search === undefined) return undefined
    const saved: Saved = {
      search,
      pointsTaken: this.#pointsTaken,
      givenTaken: this.#given.length,
      seen: this.#seen.save(),
    }
    return saved
  }

  // A loop and no recursion while the searcher is synchronous: a thousand tries are no depth of stack.
  #ask(ask: SessionAsk, tries: Tries): Answer | Promise<Answer> {
    const { number, running } = ask
    for (;;) {
      const suggestion = this.#search.suggest({ number, retry: tries.rejected + tries.duplicates, running })
      if (isThenable(suggestion)) {
        return Promise.resolve(suggestion).then(
          (settled) => this.#judge(ask, settled, tries) ?? this.#ask(ask, tries),
        )
      }
      const answer = this.#judge(ask, suggestion, tries)
      if (answer !== undefined) return answer
    }
  }

  /** The answer that a suggestion comes to; undefined when it is turned down. */
  #judge(ask: SessionAsk, suggestion: Suggestion, tries: Tries): Answer | undefined {
    if (suggestion?.kind === 'wait') return WAIT
    if (suggestion?.kind === 'finished') return FINISHED
    if (suggestion?.kind !== 'point' || typeof suggestion.point !== 'object' || suggestion.point === null) {
      throw noSuggestion(this.searcher, ask.number, suggestion)
    }
    const isBounded = this.searcher.exhaustive !== true
    const resolved = this.#resolve(ask, tries.rejected + tries.duplicates, suggestion.point)
    if (!this.#allows(resolved.config, ask.number)) {
      tries.rejected++
      return isBounded && tries.rejected >= REJECTED_MAX ? this.#fresh(ask, undefined) : undefined
    }
    if (!this.#seen.refuses(resolved.params)) return this.#accept('suggested', resolved)
    tries.duplicates++
    return isBounded && tries.duplicates >= DUPLICATES_MAX ? this.#fresh(ask, resolved) : undefined
  }

  /** A point for a searcher that keeps coming back to those it had, or that are not allowed. */
  #fresh({ number, space = this.#space }: SessionAsk, duplicate: Resolved | undefined): Answer {
    // Where nothing is taken, it is not for duplicates that no point is left.
    if (!this.#seen.hasTaken) throw allRejected(number)
    const free = freePoint(space, this.#random.fork('free').fork(number), ({ config, params }) => {
      return !this.#seen.refuses(params) && this.#allows(config, number)
    })
    if (free === 'none') return FINISHED
    const point = free ?? duplicate
    if (point === undefined) throw allRejected(number)
    return this.#accept('suggested', point)
  }

  #complete(
    { number, space = this.#space }: Omit<SessionAsk, 'running'>,
    source: TrialSource,
    { label, index, config }: QueuedPoint,
    random: RandomStream,
  ): TrialAnswer {
    for (let rejected = 0; rejected < REJECTED_MAX; rejected++) {
      const draws = rejected === 0 ? random : random.fork(`retry/${rejected}`)
      const { resolved, isComplete } = resolvePoint(space, config, label, draws, index)
      if (this.#allows(resolved.config, number)) return this.#accept(source, resolved)
      if (isComplete) throw forbidden(label, config)
    }
    throw allRejected(number)
  }

  #accept(source: TrialSource, { config, params, domains }: Resolved): TrialAnswer {
    const duplicateOf = this.#seen.completed(params)
    this.#seen.add(params)
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
        if (!(error instanceof SpaceError) || !(error.path in point)) throw error
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
  throw new TroupeError(
    'searcher',
    `${searcher.name}.start returned ${describe(search)}, which is no search. Return an object with suggest and tell.`,
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
