/** How often a trial may start, or go on after a pause, while time stands. */
export const STARTS_MAX = 10_000

/** How often a trial may report while time stands. */
export const REPORTS_MAX = 100_000

/** How many trials may be made while time stands, when nothing but a limit or a stopper ends them. */
export const TRIALS_MAX = 10_000

/** How many trials in a row may end, or wait, without one that runs, when nothing but a limit or a stopper ends them. */
export const UNRUN_MAX = 1_000

/** Counts what happens at one instant of a clock. */
export class InstantCount {
  #at = -1
  #count = 0

  /** One more. Gives how many there were at this instant. */
  add(at: number): number {
    if (at !== this.#at) this.#count = 0
    this.#at = at
    return ++this.#count
  }
}

/**
 * Notices a trial that goes round in circles while time stands still: one that pauses, exploits, fails or reports for ever
 * would otherwise never end, since no limit of time comes nearer. Real time moves on by itself, so nothing is ever noticed
 * there; in virtual time a trial may well do much at one instant, and the bounds are far beyond that.
 */
export class Standstill {
  readonly #starts = new InstantCount()
  readonly #reports = new InstantCount()

  /** It starts, or goes on. Gives whether it has now done so once too often. */
  start(at: number): boolean {
    return this.#starts.add(at) === STARTS_MAX + 1
  }

  /** It reports. Gives whether it has now done so once too often. */
  report(at: number): boolean {
    return this.#reports.add(at) === REPORTS_MAX + 1
  }
}
