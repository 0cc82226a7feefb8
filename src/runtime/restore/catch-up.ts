import { partitionPoint } from '../../core/partition-point.ts'

interface Turn {
  readonly ordinal: number
  readonly owner: object
  at: number
  lead: (() => void) | undefined
}

/**
 * Leads user code on through the past in the order in which it was led on the first time, whichever trial it is of: at
 * one instant of virtual time much may happen, and who comes first decides who is first from then on.
 */
export class CatchUp {
  readonly #later: (at: number, fn: () => void) => void
  readonly #until: (at: number) => number
  // By ordinal.
  #turns: Turn[] = []
  #isLeading = false
  #isWaiting = false

  /**
   * @param until - Milliseconds until the experiment's clock says this; 0 when it is later.
   * @param later - Calls back when it says this.
   */
  constructor(until: (at: number) => number, later: (at: number, fn: () => void) => void) {
    this.#until = until
    this.#later = later
  }

  /** Code of this owner is going to be led on at these turns. */
  expect(owner: object, ordinals: readonly number[]): void {
    for (const ordinal of ordinals) this.#turnOf(owner, ordinal)
  }

  /** Leads on when its turn has come, and not before the clock says `at`. */
  lead(owner: object, ordinal: number, at: number, fn: () => void): void {
    const turn = this.#turnOf(owner, ordinal)
    turn.at = at
    turn.lead = fn
    this.#goOn()
  }

  /** Code of this owner is not led on any more. */
  drop(owner: object): void {
    this.#turns = this.#turns.filter((turn) => turn.owner !== owner)
    this.#goOn()
  }

  #turnOf(owner: object, ordinal: number): Turn {
    const turns = this.#turns
    const index = partitionPoint(turns.length, (i) => (turns[i] as Turn).ordinal < ordinal)
    const known = turns[index]
    if (known?.ordinal === ordinal) return known
    const turn: Turn = { ordinal, owner, at: 0, lead: undefined }
    turns.splice(index, 0, turn)
    return turn
  }

  #goOn(): void {
    if (this.#isLeading || this.#isWaiting) return
    this.#isLeading = true
    for (let turn = this.#turns[0]; turn?.lead !== undefined; turn = this.#turns[0]) {
      if (this.#until(turn.at) > 0) {
        this.#waitFor(turn.at)
        break
      }
      this.#turns.shift()
      turn.lead()
    }
    this.#isLeading = false
  }

  #waitFor(at: number): void {
    this.#isWaiting = true
    this.#later(at, () => {
      this.#isWaiting = false
      this.#goOn()
    })
  }
}
