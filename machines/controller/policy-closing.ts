import type { PolicyActor } from '../protocol.ts'

/** What the end of the policies needs of those around it. */
export interface ClosingPorts {
  /** Sends the question whether this actor has done all; its answer comes by `onClosed`. */
  readonly ask: (actor: PolicyActor) => void
  /** Calls back when a policy has had its time, unless what it gives is called before. */
  readonly later: (fn: () => void) => () => void
  /** All policies have done all, or are gone. */
  readonly onClosed: () => void
  /** The time is over, and this one has not. */
  readonly onLate: (actor: PolicyActor) => void
}

/**
 * Hears searcher and scheduler out before an experiment ends: one that thinks, or is being restarted, has not heard yet
 * how the last trials ended.
 */
export class PolicyClosing {
  readonly #ports: ClosingPorts
  /** Questions to each that are out. */
  readonly #asked = { searcher: 0, scheduler: 0 }
  readonly #lost = new Set<PolicyActor>()
  #hasBegun = false
  // One may answer before the other is asked.
  #isAsking = false
  #stopWaiting: () => void = () => {}

  constructor(ports: ClosingPorts) {
    this.#ports = ports
  }

  /** Asks both. Nothing happens when that was done before. */
  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#stopWaiting = this.#ports.later(() => {
      this.#ports.onLate(this.#asked.searcher > 0 ? 'searcher' : 'scheduler')
    })
    this.#isAsking = true
    this.#ask('searcher')
    this.#ask('scheduler')
    this.#isAsking = false
    this.#endWhenClosed()
  }

  /** There was one more thing to tell it. Before the beginning it need not be asked. */
  askAgain(actor: PolicyActor): void {
    if (this.#hasBegun) this.#ask(actor)
  }

  onClosed(actor: PolicyActor): void {
    this.#asked[actor]--
    this.#endWhenClosed()
  }

  /** It is gone, and nobody waits for it. */
  lose(actor: PolicyActor): void {
    this.#lost.add(actor)
    this.#asked[actor] = 0
    this.#endWhenClosed()
  }

  #ask(actor: PolicyActor): void {
    if (this.#lost.has(actor)) return
    this.#asked[actor]++
    this.#ports.ask(actor)
  }

  #endWhenClosed(): void {
    if (!this.#hasBegun || this.#isAsking || this.#asked.searcher > 0 || this.#asked.scheduler > 0) return
    this.#stopWaiting()
    this.#ports.onClosed()
  }
}
