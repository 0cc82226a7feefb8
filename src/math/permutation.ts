import type { RandomStream } from '../random/random.ts'

const ROUNDS = 6

/**
 * A random order of the integers from 0 to below `size`, without a list of them: each is computed from its place, and
 * its place from it.
 *
 * Not every order can come, but which comes is hard to tell from chance.
 * Source: the generalised Feistel cipher of Black & Rogaway 2002, CT-RSA, section 4: a number is a pair of digits, of
 * which each in turn is moved on by a hash of the other; what falls outside of the range goes through again. The hash
 * is the finalizer of MurmurHash3. Cost: O(1), some 0.2 µs.
 */
export class Permutation {
  readonly size: number
  // A number is left · #right + right, with left below #left and right below #right.
  readonly #left: number
  readonly #right: number
  readonly #keys: Uint32Array

  /** @param size - An integer from 1 to 2⁵². */
  constructor(size: number, random: RandomStream) {
    this.size = size
    this.#left = Math.ceil(Math.sqrt(size))
    this.#right = Math.ceil(size / this.#left)
    this.#keys = Uint32Array.from({ length: ROUNDS }, () => random.below(2 ** 32))
  }

  /** The integer at a place. */
  at(place: number): number {
    let number = place
    do number = this.#forth(number)
    while (number >= this.size)
    return number
  }

  /** The place of an integer. */
  placeOf(number: number): number {
    let place = number
    do place = this.#back(place)
    while (place >= this.size)
    return place
  }

  #forth(number: number): number {
    let left = Math.floor(number / this.#right)
    let right = number - left * this.#right
    for (let round = 0; round < ROUNDS; round++) {
      const key = this.#keys[round] as number
      if (round % 2 === 0) left = (left + hash(right, key)) % this.#left
      else right = (right + hash(left, key)) % this.#right
    }
    return left * this.#right + right
  }

  #back(number: number): number {
    let left = Math.floor(number / this.#right)
    let right = number - left * this.#right
    for (let round = ROUNDS - 1; round >= 0; round--) {
      const key = this.#keys[round] as number
      if (round % 2 === 0) left = modulo(left - hash(right, key), this.#left)
      else right = modulo(right - hash(left, key), this.#right)
    }
    return left * this.#right + right
  }
}

function hash(x: number, key: number): number {
  let h = x ^ key
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function modulo(x: number, n: number): number {
  const rest = x % n
  // `+ 0` since the rest of a negative number can be -0.
  return rest < 0 ? rest + n : rest + 0
}
