/** An experiment's clock, which stands still while the experiment does, beside the clock of the world. */
export class WallClock {
  // Since when it goes, each time: on its own clock, and in milliseconds since 1970.
  readonly #starts: { readonly at: number; readonly wall: number }[] = []

  /** It goes, from here on. */
  start(at: number, wall: number): void {
    this.#starts.push({ at, wall })
  }

  /** When it was started last, in milliseconds since 1970; undefined when that is not known. */
  get lastStart(): number | undefined {
    return this.#starts.at(-1)?.wall
  }

  /** Milliseconds since 1970 of a moment on the experiment's clock; undefined when it is not known when that began. */
  wallAt(at: number): number | undefined {
    const start = this.#starts.findLast((one) => one.at <= at) ?? this.#starts[0]
    return start && start.wall + at - start.at
  }

  /**
   * What the experiment's clock said at a moment, in milliseconds since 1970: where it stood, in between. Undefined when it
   * is not known when it began.
   */
  atWall(wall: number): number | undefined {
    const i = Math.max(
      0,
      this.#starts.findLastIndex((one) => one.wall <= wall),
    )
    const start = this.#starts[i]
    const next = this.#starts[i + 1]?.at ?? Infinity
    return start && Math.min(next, start.at + wall - start.wall)
  }
}
