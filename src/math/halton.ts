import { TroupeError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'

// How fine a scrambled coordinate is: digits are permuted down to this.
const RESOLUTION = 2 ** -32

/** Options of `HaltonSequence`. */
export interface HaltonOptions {
  /** Where the scrambling comes from: a fork of it for each dimension. Without it the points are Halton's own. */
  readonly scramble?: RandomStream
}

/**
 * Points that fill the unit cube [0, 1)ᵈ more evenly than chance, for any number of dimensions: coordinate i of point n
 * is n written in the base of the i-th prime, mirrored at the point. Without scrambling the first point is 0 in every
 * coordinate, and in many dimensions the first points lie on a few lines; scrambling cures that.
 *
 * A coordinate depends on its own index and on the stream alone: more dimensions only add coordinates.
 * Source: Halton 1960, Numer. Math. 2; scrambled by a random permutation for each digit, Owen 2017, arXiv:1706.02808.
 * Cost: O(d log n) a point. Scrambling keeps 32 bits' worth of permutations, in all some four times the sum of the
 * primes: 0.1 s and 2 MB for 200 dimensions.
 */
export class HaltonSequence {
  readonly dimensions: number
  readonly #bases: readonly number[]
  // Of each dimension one permutation a digit, the digit of the ones first.
  readonly #permutations: readonly (readonly Uint32Array[])[] | undefined
  #index = 0

  /**
   * @param dimensions - From 1.
   * @throws {TroupeError} for other dimensions.
   */
  constructor(dimensions: number, { scramble }: HaltonOptions = {}) {
    if (!(Number.isInteger(dimensions) && dimensions >= 1)) {
      throw new TroupeError('dimensions', `A Halton sequence has 1 dimension or more, got ${dimensions}.`)
    }
    this.dimensions = dimensions
    this.#bases = firstPrimes(dimensions)
    if (scramble !== undefined) {
      this.#permutations = this.#bases.map((base, i) => digitPermutations(base, scramble.fork(i)))
    }
  }

  /** The next point. */
  next(): Float64Array {
    const n = this.#index++
    return Float64Array.from(this.#bases, (base, i) => {
      const permutations = this.#permutations?.[i]
      return permutations === undefined ? radicalInverse(n, base) : permutedInverse(n, base, permutations)
    })
  }

  /** Leaves out the next `count` points; goes back for a negative `count`. */
  skip(count: number): void {
    this.#index += count
  }
}

function radicalInverse(n: number, base: number): number {
  let mirrored = 0
  let weight = 1 / base
  for (let rest = n; rest > 0; rest = Math.floor(rest / base), weight /= base)
    mirrored += (rest % base) * weight
  return mirrored
}

function permutedInverse(n: number, base: number, permutations: readonly Uint32Array[]): number {
  let mirrored = 0
  let weight = 1 / base
  let rest = n
  // On past the last digit: the zeros before it are permuted too.
  for (const permutation of permutations) {
    mirrored += (permutation[rest % base] as number) * weight
    rest = Math.floor(rest / base)
    weight /= base
  }
  return mirrored
}

function digitPermutations(base: number, random: RandomStream): Uint32Array[] {
  const permutations: Uint32Array[] = []
  for (let weight = 1; weight > RESOLUTION; weight /= base) {
    permutations.push(Uint32Array.from(random.shuffle(Array.from({ length: base }, (_, digit) => digit))))
  }
  return permutations
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    let isPrime = true
    for (const prime of primes) {
      if (prime * prime > candidate) break
      if (candidate % prime === 0) {
        isPrime = false
        break
      }
    }
    if (isPrime) primes.push(candidate)
  }
  return primes
}
