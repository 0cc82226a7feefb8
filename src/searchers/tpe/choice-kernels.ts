import type { RandomStream } from '../../random/random.ts'
import type { ChoiceAxis } from './axis.ts'
import { ChoiceFactor, type Factor } from './factors.ts'
import { grown } from './grown.ts'

/**
 * Kernels on one axis of choices: each gives its observed choice more probability than the others, which share the
 * prior's weight (Optuna 5). All kernels have the same two probabilities, so none needs one for each choice.
 */
export class ChoiceKernels {
  readonly axis: ChoiceAxis
  readonly #priorWeight: number
  // The observed choice by slot.
  #chosen = new Int32Array(0)

  constructor(axis: ChoiceAxis, priorWeight: number) {
    this.axis = axis
    this.#priorWeight = priorWeight
  }

  grow(capacity: number): void {
    this.#chosen = grown(this.#chosen, capacity)
  }

  set(slot: number, choice: number): void {
    this.#chosen[slot] = choice
  }

  move(from: number, to: number): void {
    this.#chosen[to] = this.#chosen[from] as number
  }

  /** The probability of a choice in each of n kernels. */
  at(choice: number, n: number): Factor {
    const logOther = Math.log(this.#probabilityOfOther(n))
    const logChosen = Math.log(this.#probabilityOfOther(n) + this.#excess(n))
    return new ChoiceFactor(choice, this.#chosen, logChosen, logOther)
  }

  /** Draws from the kernel of a slot, among n. */
  sample(slot: number, n: number, random: RandomStream): number {
    const excess = this.#excess(n)
    const u = random.next()
    if (u < excess) return this.#chosen[slot] as number
    // What is left is spread over all choices evenly, the observed one too.
    return Math.min(this.axis.count - 1, Math.floor(((u - excess) / (1 - excess)) * this.axis.count))
  }

  /** Probabilities of all choices: those of the kernel of a slot, among n. */
  probabilities(slot: number, n: number): Float64Array {
    const probabilities = new Float64Array(this.axis.count).fill(this.#probabilityOfOther(n))
    const chosen = this.#chosen[slot] as number
    probabilities[chosen] = (probabilities[chosen] as number) + this.#excess(n)
    return probabilities
  }

  // How much more probable the observed choice is than another. The prior's weight is divided among n + 1 kernels.
  #excess(n: number): number {
    return 1 / (1 + (this.axis.count * this.#priorWeight) / (n + 1))
  }

  #probabilityOfOther(n: number): number {
    return (this.#priorWeight / (n + 1)) * this.#excess(n)
  }
}
