import type { Objective } from '../core/objective.ts'
import { isThenable } from '../core/thenable.ts'
import type { TrialSource } from '../core/trial.ts'
import { type RandomStream, randomStream } from '../random/random.ts'
import type { Domain, Resolved, Space } from '../space/space.ts'
import { type GivenTrial, type QueuedPoint, readGivenPoints, swept } from './given-points.ts'
import { isPlainData } from './plain-data.ts'
import { Portable } from './portable.ts'
import type { Observation, Search, Searcher, StartThread, ToldTrial } from './searcher.ts'
import { type DuplicatePolicy, SeenPoints } from './seen-points.ts'
import { GridPlace } from './session/grid-place.ts'
import { Ground, type Plot } from './session/ground.ts'
import { PointQueue } from './session/point-queue.ts'
import type { Answer, Found, PastAsk, SessionAsk, TrialAnswer } from './session/request.ts'
import { type RecordedAnswer, resolvedAgain } from './session/recorded-answer.ts'
import { startSearch } from './session/suggested-point.ts'
import { Turns } from './session/turns.ts'
import { checkFit } from './settle.ts'
import type { Where } from './where.ts'

export type { GivenTrial } from './given-points.ts'
export type { DuplicatePolicy } from './seen-points.ts'
export type { Answer, PastAsk, SessionAsk, TrialAnswer } from './session/request.ts'
export {
  checkRecorded,
  type PastAnswers,
  type RecordedAnswer,
  recordedAnswer,
} from './session/recorded-answer.ts'
export type { SearchState, SearchStates } from './session/search-states.ts'
export type { Where } from './where.ts'

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

// Under Ray Tune's name, since what reads it was written for that.
const COPY = '__trial_index__'

interface Saved {
  readonly search: unknown
  readonly points: unknown
  readonly place: unknown
  readonly turns: unknown
  readonly seen: unknown
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
  readonly #ground: Ground
  readonly #random: RandomStream
  readonly #search: Search
  readonly #seen: SeenPoints
  readonly #points: PointQueue
  readonly #place: GridPlace
  readonly #turns: Turns
  readonly #portable: Portable
  readonly #ownDomains: ReadonlySet<Domain>
  // Whether all that the searcher heard of can be kept for another process.
  #isPortable = true
  /**
   * Whether the searcher itself is left out while the past is done again, since another session is going to be started from
   * what it saved there. Until then this one answers what was recorded.
   */
  rests = false

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
    this.#portable = new Portable(space.parameters)
    this.#ownDomains = new Set(space.parameters.map(({ domain }) => domain))
    const before = this.#portable.read(saved) as Saved | undefined
    this.searcher = searcher
    this.#random = seed === undefined ? random : randomStream(seed)
    this.#ground = new Ground(searcher, space, where, this.#random)
    const draws = this.#random.fork('points')
    const points = readGivenPoints(searcher, this.#ground.part, objectives, draws, where)
    this.#points = new PointQueue(points, searcher.repeat ?? 1, before?.points)
    this.#place = new GridPlace(searcher, space, before?.place)
    this.#seen = new SeenPoints(duplicates, searcher, this.#portable)
    if (before !== undefined) this.#seen.restore(before.seen)
    this.#search = startSearch(searcher, {
      parameters: space.parameters,
      sample: (stream, gridIndex) => space.sample(stream, gridIndex),
      gridSize: space.gridSize,
      objectives,
      random: this.#random.fork('search'),
      ...(budget !== undefined && Number.isFinite(budget) && { budget }),
      ...(startThread !== undefined && { startThread }),
      ...(before === undefined ? {} : { saved: before.search }),
    })
    this.#turns = new Turns(
      {
        searcher,
        search: this.#search,
        ground: this.#ground,
        seen: this.#seen,
        points: this.#points,
        place: this.#place,
        budget: budget ?? Infinity,
        breathe,
      },
      before?.turns,
    )
  }

  /** Whether the searcher wants to hear of reports. */
  get observes(): boolean {
    return this.#search.observe !== undefined
  }

  /** Whether the searcher itself is at work, or was when something threw; else it is the user's space, points or `where`. */
  get isSearching(): boolean {
    return this.#turns.isSearching
  }

  /** Whether the searcher looks at the trials that run; to others none need be shown. */
  get readsRunning(): boolean {
    return this.searcher.ignoresResults !== true || this.searcher.repeat !== undefined
  }

  /** Whether the configuration of a trial is the same however early it is asked for, as long as it is in turn. */
  get canAskAhead(): boolean {
    const { ignoresResults, repeat } = this.searcher
    // What a searcher knows of a define-by-run space it knows from results.
    const isKnown = this.#ground.space.kind === 'declared'
    return ignoresResults === true && isKnown && repeat === undefined && !this.#seen.readsResults
  }

  /**
   * Whether what was asked for says more of where the session stands than what was told, so that it has to be asked again in
   * another process, where nothing of its state was kept.
   */
  get isRebuiltByAsks(): boolean {
    // Which combinations `where` left out shows in the asking alone.
    const isByTells = this.#search.isRebuiltByTells ?? this.searcher.isRebuiltByTells === true
    return !isByTells || (this.#place.hasGrid && this.#ground.isRestricted)
  }

  /**
   * The trials of `evaluatedRewards` that are not made yet. Make them, in order and before anything is suggested, and
   * `tell` each as completed.
   */
  given(): readonly GivenTrial[] {
    return this.#points.given
  }

  /**
   * The configuration of the next trial: the next of `pointsToEvaluate`, else what the searcher suggests.
   * @returns A promise only while the searcher gives one.
   * @throws {SpaceError} when a point cannot be used, or `where` rejects too many suggestions in a row.
   * @throws {TroupeError} with code `'searcher'` when the searcher suggests what is no suggestion or not in the space.
   */
  suggest(ask: SessionAsk): Answer | Promise<Answer> {
    this.#turns.isSearching = false
    const point = this.#points.next
    if (point === undefined) {
      const found = this.#turns.take(ask)
      return isThenable(found) ? found.then((settled) => this.#answer(settled)) : this.#answer(found)
    }
    const resolved = this.#ground.complete(ask, point, this.#random.fork('points').fork(point.key))
    const answer = this.#accept('point', resolved, this.#points.nextCopy)
    this.#points.take()
    return answer
  }

  /**
   * The trial of a configuration that comes from elsewhere than the searcher, such as a queue. It may be partial.
   * @throws {SpaceError} naming an unknown key, a value out of range, or `where` when it forbids the configuration.
   */
  complete(ask: Plot, config: object, source: TrialSource = 'enqueued'): TrialAnswer {
    const { number } = ask
    const label = `the configuration of trial ${number}`
    const sweep = swept(this.#ground.partOf(ask), { label, key: number, config, grid: {} })
    const point = sweep[number % sweep.length] as QueuedPoint
    return this.#accept(source, this.#ground.complete(ask, point, this.#ground.drawsOf(number, 0)))
  }

  /**
   * A configuration that has no result yet, under `duplicates: 'reuse'`, whatever the searcher proposes: to run in the
   * place of an answer that has one.
   * @returns `'none'` when the space is finite and each has one; undefined when none was found.
   */
  unseen(ask: Plot): TrialAnswer | 'none' | undefined {
    const free = this.#ground.free(ask, ({ params }) => this.#seen.completed(params) === undefined)
    return typeof free === 'object' ? this.#accept('suggested', free) : free
  }

  /**
   * Takes back the answer that was given last and became no trial, since another process took its number.
   * @returns Whether it could: else the session is to be rebuilt, by doing all calls again but that one.
   */
  retract({ source }: TrialAnswer): boolean {
    if (this.#seen.hasTaken) return false
    if (source === 'point') this.#points.giveBack()
    else if (source === 'suggested' && !this.isRebuiltByAsks) this.#place.giveBack()
    else return false
    return true
  }

  /** Tells how a trial ended. Once for each trial, whatever became of it. */
  tell(trial: ToldTrial): void | Promise<void> {
    this.#seen.end(trial)
    this.#follow(trial)
    if (this.rests) return undefined
    this.#turns.isSearching = true
    const told = this.#search.tell(trial)
    return isThenable(told) ? Promise.resolve(told) : undefined
  }

  /** Tells that a running trial reported; for searchers that observe. */
  observe(observation: Observation): void {
    if (this.rests) return
    this.#turns.isSearching = true
    this.#search.observe?.(observation)
  }

  /**
   * Does again what an earlier process asked for: with `tell` and `observe` in the order in which all of it happened, the
   * session comes to where that process left it. The searcher is asked again unless tells alone bring it there; what it
   * suggests counts for nothing, since the trial has its configuration.
   */
  recall(past: PastAsk): void | Promise<void> {
    const { source } = past
    this.#points.recall(source)
    const isSuggested = source === 'suggested' || source === 'reused'
    if (this.rests || !isSuggested || !this.isRebuiltByAsks) return this.#recalled(past)
    try {
      const found = this.#turns.take(past)
      if (isThenable(found)) {
        return found.then(
          () => this.#recalled(past),
          () => this.#recalled(past),
        )
      }
    } catch {
      // Another searcher or another `where` than the trial was made with. The next request says what is wrong, if it is.
    }
    return this.#recalled(past)
  }

  /** Answers as an earlier process was answered, and comes to where the session stood then. */
  suggestAgain(ask: SessionAsk, { kind, created }: RecordedAnswer): Answer | Promise<Answer> {
    if (created === undefined) return this.#restAgain(ask, kind === 'finished' ? 'finished' : 'wait')
    const { source } = created
    const resolved = resolvedAgain(this.#ground.space, created, this.#ground.drawsOf(ask.number, 0))
    const duplicateOf = source === 'reused' ? this.#seen.completed(resolved.params) : undefined
    const answer: Answer = {
      ...resolved,
      kind: 'trial',
      source,
      ...(duplicateOf === undefined ? undefined : { duplicateOf }),
    }
    this.#follow(resolved)
    const recalled = this.recall({ ...ask, source, params: resolved.params })
    return isThenable(recalled) ? Promise.resolve(recalled).then(() => answer) : answer
  }

  #restAgain(ask: SessionAsk, kind: 'wait' | 'finished'): Answer | Promise<Answer> {
    const answer: Answer = { kind }
    if (this.rests || !this.isRebuiltByAsks) return answer
    const found = this.#turns.take(ask)
    return isThenable(found) ? found.then(() => answer) : answer
  }

  /** The search is over. */
  close(): void {
    this.#search.close?.()
  }

  /**
   * Data to go on from, as `saved`, in another process too; undefined when the searcher cannot be saved. Choices that no
   * copy is as good as, such as functions, are named by their place in the space. Outside of a declared space they have
   * none, and what there was of them cannot be kept.
   */
  save(): unknown {
    if (!this.#isPortable) return undefined
    const search = this.#search.save?.()
    if (search === undefined) return undefined
    const saved: Saved = {
      search,
      points: this.#points.save(),
      place: this.#place.save(),
      turns: this.#turns.save(),
      seen: this.#seen.save(),
    }
    return this.#portable.write(saved)
  }

  #follow({ params, domains }: Pick<Resolved, 'params' | 'domains'>): void {
    if (!this.#isPortable) return
    for (const path in domains) {
      const domain = domains[path] as Domain
      if (domain.kind === 'computed') this.#isPortable &&= isPlainData(params[path])
      else if ('choices' in domain && !this.#ownDomains.has(domain)) this.#isPortable &&= isPlainData(domain)
    }
  }

  #recalled({ source, params }: PastAsk): void {
    if (source === 'suggested' || source === 'reused') this.#place.take()
    this.#seen.add(params)
  }

  /** What the searcher's turn came to, counted. */
  #answer(found: Found): Answer {
    if (found.kind !== 'found') return found
    this.#place.take()
    const { resolved, choice, copy } = found
    const accepted = this.#accept('suggested', resolved, copy)
    return choice === undefined ? accepted : { ...accepted, choice }
  }

  #accept(source: TrialSource, resolved: Resolved, copy = 0): TrialAnswer {
    const { params, domains } = resolved
    const config =
      this.searcher.setsIndex === true ? { ...(resolved.config as object), [COPY]: copy } : resolved.config
    const duplicateOf = this.#seen.completed(params)
    this.#seen.add(params)
    this.#follow(resolved)
    if (duplicateOf === undefined) return { kind: 'trial', source, config, params, domains }
    return { kind: 'trial', source: 'reused', config, params, domains, duplicateOf }
  }
}
