import { expOfNegative } from '../../math/fast-exp.ts'
import type { KernelBlock } from './kernel-block.ts'

/** A sum of weighted exponentials, kept as a multiple of the largest, since each alone may be beyond all doubles. */
export class ScaledSum {
  #sum = 0
  #logScale = -Infinity

  /** Adds weight · e^energy. */
  add(weight: number, energy: number): void {
    if (energy === -Infinity || weight === 0) return
    if (energy > this.#logScale) this.#rescale(energy)
    this.#sum += weight * expOfNegative(energy - this.#logScale)
  }

  /** Adds the kernels of a block, each with the weight of its slot. */
  addBlock({ slots, energies, count }: KernelBlock, weights: Float64Array): void {
    let largest = this.#logScale
    for (let i = 0; i < count; i++) if ((energies[i] as number) > largest) largest = energies[i] as number
    if (largest > this.#logScale) this.#rescale(largest)
    // Only when all are 0 there is no scale yet.
    if (this.#logScale === -Infinity) return
    let sum = 0
    for (let i = 0; i < count; i++) {
      sum += (weights[slots[i] as number] as number) * expOfNegative((energies[i] as number) - largest)
    }
    this.#sum += sum
  }

  /** Logarithm of the sum; -Infinity when it is 0. */
  log(): number {
    return this.#sum === 0 ? -Infinity : this.#logScale + Math.log(this.#sum)
  }

  #rescale(logScale: number): void {
    this.#sum *= expOfNegative(this.#logScale - logScale)
    this.#logScale = logScale
  }
}
