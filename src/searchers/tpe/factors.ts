/**
 * What the kernels of one axis are multiplied with at one value. Nearly all of the time that a suggestion takes is spent in
 * these loops. They count what they keep without a branch, which would be guessed wrong for every other kernel and made
 * them a third slower.
 */
import { logGaussMass } from '../../math/normal.ts'
import type { KernelBlock } from './kernel-block.ts'

/** What kernels are multiplied with. */
export interface Factor {
  /**
   * Fills `to` with the kernels from slot `start` up to, but not with, `end`: what is the same at every point times
   * the factor, without those that fall under `floor`.
   */
  begin(start: number, end: number, base: Float64Array, to: KernelBlock, floor: number): void
  /** Writes the kernels of `from`, multiplied, into `to`, without those that fall under `floor`. May be the same block. */
  multiply(from: KernelBlock, to: KernelBlock, floor: number): void
  /** Writes what `from` has for each of the first `count` slots, multiplied, into `to`. May be the same array. */
  addTo(from: Float64Array, to: Float64Array, count: number): void
}

/** Gaussian kernels at a place of a continuous axis, without what does not depend on the place. */
export class DensityFactor implements Factor {
  readonly #t: number
  readonly #pairs: Float64Array

  /** @param pairs - Centre and rate of each slot, side by side. */
  constructor(t: number, pairs: Float64Array) {
    this.#t = t
    this.#pairs = pairs
  }

  begin(start: number, end: number, base: Float64Array, to: KernelBlock, floor: number): void {
    const { slots, energies } = to
    const t = this.#t
    const pairs = this.#pairs
    let kept = 0
    for (let slot = start; slot < end; slot++) {
      const z = (t - (pairs[2 * slot] as number)) * (pairs[2 * slot + 1] as number)
      const energy = (base[slot] as number) - z * z
      slots[kept] = slot
      energies[kept] = energy
      kept += Number(energy >= floor)
    }
    to.count = kept
  }

  multiply(from: KernelBlock, to: KernelBlock, floor: number): void {
    const { slots, energies, count } = from
    const { slots: keptSlots, energies: keptEnergies } = to
    const t = this.#t
    const pairs = this.#pairs
    let kept = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number
      const z = (t - (pairs[2 * slot] as number)) * (pairs[2 * slot + 1] as number)
      const energy = (energies[i] as number) - z * z
      keptSlots[kept] = slot
      keptEnergies[kept] = energy
      kept += Number(energy >= floor)
    }
    to.count = kept
  }

  addTo(from: Float64Array, to: Float64Array, count: number): void {
    const t = this.#t
    const pairs = this.#pairs
    for (let slot = 0; slot < count; slot++) {
      const z = (t - (pairs[2 * slot] as number)) * (pairs[2 * slot + 1] as number)
      to[slot] = (from[slot] as number) - z * z
    }
  }
}

/** Masses of Gaussian kernels between two places of a stepped axis. Kernels of one shape share theirs. */
export class MassFactor implements Factor {
  readonly #left: number
  readonly #right: number
  readonly #pairs: Float64Array
  readonly #shapeOf: Int32Array
  // By shape; NaN until it is first needed.
  readonly #masses: Float64Array

  constructor(
    [left, right]: readonly [number, number],
    pairs: Float64Array,
    shapeOf: Int32Array,
    shapeCount: number,
  ) {
    this.#left = left
    this.#right = right
    this.#pairs = pairs
    this.#shapeOf = shapeOf
    this.#masses = new Float64Array(shapeCount).fill(Number.NaN)
  }

  begin(start: number, end: number, base: Float64Array, to: KernelBlock, floor: number): void {
    to.fill(start, end, base)
    this.multiply(to, to, floor)
  }

  multiply(from: KernelBlock, to: KernelBlock, floor: number): void {
    const { slots, energies, count } = from
    const { slots: keptSlots, energies: keptEnergies } = to
    let kept = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number
      const energy = (energies[i] as number) + this.#massOf(slot)
      keptSlots[kept] = slot
      keptEnergies[kept] = energy
      kept += Number(energy >= floor)
    }
    to.count = kept
  }

  addTo(from: Float64Array, to: Float64Array, count: number): void {
    for (let slot = 0; slot < count; slot++) to[slot] = (from[slot] as number) + this.#massOf(slot)
  }

  #massOf(slot: number): number {
    const shape = this.#shapeOf[slot] as number
    const known = this.#masses[shape] as number
    if (!Number.isNaN(known)) return known
    const mu = this.#pairs[2 * slot] as number
    const rate = Math.SQRT2 * (this.#pairs[2 * slot + 1] as number)
    const mass = logGaussMass((this.#left - mu) * rate, (this.#right - mu) * rate)
    this.#masses[shape] = mass
    return mass
  }
}

/** Probabilities of a choice: one for kernels that observed it, one for all others. */
export class ChoiceFactor implements Factor {
  readonly #choice: number
  readonly #chosen: Int32Array
  readonly #logChosen: number
  readonly #logOther: number

  constructor(choice: number, chosen: Int32Array, logChosen: number, logOther: number) {
    this.#choice = choice
    this.#chosen = chosen
    this.#logChosen = logChosen
    this.#logOther = logOther
  }

  begin(start: number, end: number, base: Float64Array, to: KernelBlock, floor: number): void {
    to.fill(start, end, base)
    this.multiply(to, to, floor)
  }

  multiply(from: KernelBlock, to: KernelBlock, floor: number): void {
    const { slots, energies, count } = from
    const { slots: keptSlots, energies: keptEnergies } = to
    let kept = 0
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as number
      const log = this.#chosen[slot] === this.#choice ? this.#logChosen : this.#logOther
      const energy = (energies[i] as number) + log
      keptSlots[kept] = slot
      keptEnergies[kept] = energy
      kept += Number(energy >= floor)
    }
    to.count = kept
  }

  addTo(from: Float64Array, to: Float64Array, count: number): void {
    for (let slot = 0; slot < count; slot++) {
      const log = this.#chosen[slot] === this.#choice ? this.#logChosen : this.#logOther
      to[slot] = (from[slot] as number) + log
    }
  }
}
