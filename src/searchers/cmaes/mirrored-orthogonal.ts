import type { RandomStream } from '../../random/random.ts'

/**
 * Standard normal vectors that lie more evenly than independent ones: they come in pairs, the second being the first
 * turned round, and pairs that come together stand at right angles. Each by itself is distributed as ever.
 * Source: Wang, Emmerich & Bäck 2019, "Mirrored Orthogonal Sampling for Covariance Matrix Adaptation Evolution
 * Strategies", Evolutionary Computation 27(4). Against independent vectors it saves a fifth to a half of the trials on
 * smooth functions.
 */
export class MirroredOrthogonal {
  readonly #n: number
  /** How many pairs stand at right angles to each other. */
  readonly #rows: number
  #block: { readonly path: string; readonly vectors: readonly Float64Array[] } | undefined

  /**
   * @param n - Dimension, from 1.
   * @param lambda - How many are wanted together.
   */
  constructor(n: number, lambda: number) {
    this.#n = n
    this.#rows = Math.min(n, Math.ceil(lambda / 2))
  }

  /**
   * The vector of a place in its generation. O(n) when they are asked for in order, but for the first of a block.
   * @param random - The generation's stream.
   * @param slot - From 0; may go beyond λ.
   */
  vector(random: RandomStream, slot: number): Float64Array {
    const pair = slot >> 1
    const z = this.#vectors(random.fork(Math.floor(pair / this.#rows)))[pair % this.#rows] as Float64Array
    return slot % 2 === 0 ? z : z.map((value) => -value)
  }

  #vectors(random: RandomStream): readonly Float64Array[] {
    if (this.#block?.path !== random.path) {
      this.#block = { path: random.path, vectors: atRightAngles(this.#rows, this.#n, random) }
    }
    return this.#block.vectors
  }
}

/** Gram-Schmidt on normal vectors, whose lengths are kept. */
function atRightAngles(rows: number, n: number, random: RandomStream): Float64Array[] {
  const vectors: Float64Array[] = []
  for (let row = 0; row < rows; row++) {
    const z = normals(n, random)
    const length = Math.sqrt(dot(z, z))
    for (const other of vectors) takeAway(z, dot(z, other) / dot(other, other), other)
    takeAway(z, 1 - length / Math.sqrt(dot(z, z)), z)
    vectors.push(z)
  }
  return vectors
}

/** A vector of independent standard normal numbers. */
export function normals(n: number, random: RandomStream): Float64Array {
  return Float64Array.from({ length: n }, () => random.normal())
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number)
  return sum
}

function takeAway(z: Float64Array, factor: number, other: Float64Array): void {
  for (let j = 0; j < z.length; j++) z[j] = (z[j] as number) - factor * (other[j] as number)
}
