import type { RandomStream } from '../../random/random.ts'
import type { Resolved, Space } from '../../space/space.ts'
import { freePoint } from '../free-point.ts'
import { type QueuedPoint, resolvePoint } from '../given-points.ts'
import type { Searcher } from '../searcher.ts'
import { allRejected, forbidden, isAllowed, REJECTED_MAX, type Where } from '../where.ts'
import type { SessionAsk } from './request.ts'

/** Which trial something is drawn for, and its own space, if it has one. */
export type Plot = Pick<SessionAsk, 'number' | 'space'>

// Draws of which one shall be new, where all that are new are allowed.
const DRAWS_MAX = 100

/** Where a session searches: the space, the part of it that the searcher keeps to, and what `where` leaves of it. */
export class Ground {
  readonly space: Space
  /** What the searcher keeps to, for points that are drawn or completed in its place. */
  readonly part: Space
  readonly isRestricted: boolean
  readonly #searcher: Searcher
  readonly #where: Where | undefined
  readonly #random: RandomStream

  constructor(searcher: Searcher, space: Space, where: Where | undefined, random: RandomStream) {
    this.space = space
    this.part = searcher.part?.(space) ?? space
    this.isRestricted = where !== undefined
    this.#searcher = searcher
    this.#where = where
    this.#random = random
  }

  allows(config: unknown, number: number): boolean {
    return this.#where === undefined || isAllowed(this.#where, config, number)
  }

  /** What a trial's point is completed with. */
  drawsOf(number: number, retry: number): RandomStream {
    return this.#random.fork('rest').fork(retry === 0 ? number : `${number}/${retry}`)
  }

  partOf({ space }: Plot): Space {
    return space === undefined ? this.part : (this.#searcher.part?.(space) ?? space)
  }

  /**
   * A point from the prior that is allowed and free.
   * @returns `'none'` when the space is finite and has none; undefined when none was found.
   */
  free(plot: Plot, isFree: (resolved: Resolved) => boolean): Resolved | 'none' | undefined {
    const { number } = plot
    return freePoint(
      this.partOf(plot),
      this.#random.fork('free').fork(number),
      (resolved) => isFree(resolved) && this.allows(resolved.config, number),
      this.isRestricted ? REJECTED_MAX : DRAWS_MAX,
    )
  }

  /**
   * The configuration of a point that was given, with what it leaves out drawn until `where` allows it.
   * @throws {SpaceError} when it cannot be used, or `where` rejects it, or all that it can become.
   */
  complete(plot: Plot, point: QueuedPoint, random: RandomStream): Resolved {
    const space = this.partOf(plot)
    for (let rejected = 0; rejected < REJECTED_MAX; rejected++) {
      const draws = rejected === 0 ? random : random.fork(`retry/${rejected}`)
      const { resolved, isFixed } = resolvePoint(space, point, draws)
      if (this.allows(resolved.config, plot.number)) return resolved
      if (isFixed) throw forbidden(point.label, point.config)
    }
    throw allRejected(plot.number)
  }
}
