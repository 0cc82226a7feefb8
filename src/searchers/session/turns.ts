import { isThenable } from '../../core/thenable.ts'
import type { Resolved } from '../../space/space.ts'
import { checkKept, ExactPoints } from '../exact-points.ts'
import type { Search, Searcher, Suggestion } from '../searcher.ts'
import type { SeenPoints } from '../seen-points.ts'
import { allRejected, noneAllowed, REJECTED_MAX, tooManyTurnedDown, TURNED_DOWN_MAX } from '../where.ts'
import type { GridPlace } from './grid-place.ts'
import type { Ground } from './ground.ts'
import type { PointQueue } from './point-queue.ts'
import { FINISHED, type Found, type SessionAsk, WAIT } from './request.ts'
import { mustBeSuggestion, resolveSuggested } from './suggested-point.ts'
import { type Refusal, Tries } from './tries.ts'

/** What the searcher's turns depend on. */
export interface TurnParts {
  readonly searcher: Searcher
  readonly search: Search
  readonly ground: Ground
  readonly seen: SeenPoints
  readonly points: PointQueue
  readonly place: GridPlace
  /** How many trials there will be; Infinity where that is not known. */
  readonly budget: number
  readonly breathe: (() => Promise<boolean>) | undefined
}

// How many points may be turned down before others get a turn: some milliseconds' worth.
const TRIES_IN_A_BREATH = 1_000

// How often a searcher is asked again for a point that is new, or allowed, before one is drawn for it. It may never come
// to one: most learn from trials alone, and a point that was turned down is none.
const DUPLICATES_MAX = 100
const FORBIDDEN_MAX = 100

interface Saved {
  readonly rejected: number
  readonly exact: unknown
}

/** The searcher's turns: asked until it gives a point that is allowed and may be used, or one is drawn in its place. */
export class Turns {
  readonly #parts: TurnParts
  readonly #exact: ExactPoints
  // Suggestions that `where` rejected.
  #rejected: number
  /** Whether the searcher itself is at work, or was when something threw. */
  isSearching = false

  constructor(parts: TurnParts, saved: unknown) {
    const { rejected, exact } = (saved ?? { rejected: 0, exact: undefined }) as Saved
    this.#parts = parts
    this.#rejected = rejected
    this.#exact = new ExactPoints(exact)
  }

  /** What the searcher, and what is drawn in its place, comes to. A promise only while the searcher gives one. */
  take(ask: SessionAsk): Found | Promise<Found> {
    return this.#ask(ask, new Tries())
  }

  save(): Saved {
    return { rejected: this.#rejected, exact: this.#exact.save() }
  }

  // A loop and no recursion while the searcher is synchronous: a thousand tries are no depth of stack.
  #ask(ask: SessionAsk, tries: Tries): Found | Promise<Found> {
    const { search, points, place, budget, breathe } = this.#parts
    const { number, running } = ask
    for (;;) {
      if (place.isUsedUp(points.takenCount, budget)) return FINISHED
      this.isSearching = true
      const suggestion = search.suggest({
        number,
        index: place.index,
        retry: tries.count,
        running,
        ...(this.#learnsRefusals && tries.hasForbidden && { rejected: tries.forbidden }),
      })
      if (isThenable(suggestion)) {
        return Promise.resolve(suggestion).then(
          (settled) => this.#judge(ask, settled, tries) ?? this.#ask(ask, tries),
        )
      }
      const found = this.#judge(ask, suggestion, tries)
      if (found !== undefined) return found
      if (breathe !== undefined && tries.count % TRIES_IN_A_BREATH === 0)
        return breathe().then((isWanted) => (isWanted ? this.#ask(ask, tries) : FINISHED))
    }
  }

  // To one that goes through its points, or looks at nothing, a list would be of no use, and it may be a long way.
  get #learnsRefusals(): boolean {
    const { exhaustive, ignoresResults } = this.#parts.searcher
    return exhaustive !== true && ignoresResults !== true
  }

  /** What a suggestion comes to; undefined when it is turned down. */
  #judge(ask: SessionAsk, suggestion: Suggestion, tries: Tries): Found | undefined {
    const { searcher, ground, seen } = this.#parts
    const { number } = ask
    this.isSearching = false
    mustBeSuggestion(searcher, number, suggestion)
    if (suggestion.kind === 'wait') return WAIT
    if (suggestion.kind === 'finished') return this.#finish()
    const { point, isExact = false, choice, copy } = suggestion
    const draws = ground.drawsOf(number, tries.count)
    const resolved = resolveSuggested(searcher, point, ask, {
      space: ground.space,
      draws,
      isCopy: copy !== undefined,
    })
    if (isExact && ground.space.kind === 'define-by-run') {
      checkKept(point, resolved)
      if (!this.#exact.add(resolved.params)) return this.#turnDown(ask, 'duplicates', resolved, tries)
    }
    if (!ground.allows(resolved.config, number)) return this.#turnDown(ask, 'rejected', resolved, tries)
    if (seen.refuses(resolved.params)) return this.#turnDown(ask, 'duplicates', resolved, tries)
    return {
      kind: 'found',
      resolved,
      ...(choice !== undefined && { choice }),
      ...(copy !== undefined && { copy }),
    }
  }

  /** Undefined when another suggestion is to be asked for. */
  #turnDown(ask: SessionAsk, why: Refusal, resolved: Resolved, tries: Tries): Found | undefined {
    const { searcher, place } = this.#parts
    tries.add(why, resolved.params)
    if (why === 'rejected') this.#rejected++
    if (tries.count > TURNED_DOWN_MAX) throw tooManyTurnedDown(searcher.name, ask.number)
    if (searcher.exhaustive === true) return undefined
    if (why === 'duplicates')
      return tries.duplicates < DUPLICATES_MAX ? undefined : this.#fresh(ask, resolved, tries)
    if (tries.rejected < (place.hasGrid ? place.triesMax : FORBIDDEN_MAX)) return undefined
    if (place.hasGrid && ask.space === undefined && place.skip(tries)) return undefined
    return this.#fresh(ask, undefined, tries)
  }

  #finish(): Found {
    const { searcher, points, place } = this.#parts
    if (this.#rejected > 0 && place.suggestedCount + points.takenCount === 0)
      throw noneAllowed(searcher.name, this.#rejected)
    return FINISHED
  }

  /** A point for a searcher that keeps coming back to those it had, or to such as are not allowed. */
  #fresh(ask: SessionAsk, duplicate: Resolved | undefined, { count }: Tries): Found {
    const { ground, seen, place } = this.#parts
    // Every combination of the grid was tried, and it is not for duplicates that none is left.
    if (place.hasGrid && !seen.hasTaken) throw allRejected(ask.number, count)
    const free = ground.free(ask, ({ params }) => !seen.refuses(params))
    if (free === 'none' && seen.hasTaken) return FINISHED
    const resolved = free === 'none' ? undefined : (free ?? duplicate)
    if (resolved === undefined) throw allRejected(ask.number, count + REJECTED_MAX)
    return { kind: 'found', resolved }
  }
}
