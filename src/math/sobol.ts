import { TroupeError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { initialDirections, SOBOL_DIMENSIONS_MAX } from './sobol-directions.ts'

// d  dimensions, V  direction numbers // (BITS, d), x  the present point as integers // (d)
const BITS = 32
const SCALE = 2 ** -BITS

/** Options of `SobolSequence`. */
export interface SobolOptions {
  /** Where the scrambling comes from: a fork of it for each dimension. Without it the points are Sobol's own. */
  readonly scramble?: RandomStream
}

/**
 * Points that fill the unit cube [0, 1)ᵈ more evenly than chance: of any 2ᵏ in a row from a multiple of 2ᵏ on, every
 * half, quarter, … of each axis gets its share.
 *
 * Without scrambling the points of scipy's `qmc.Sobol`, bit for bit; the first is 0 in every coordinate. Scrambled, each
 * point by itself is spread evenly over the cube and the evenness among them stays. A coordinate depends on its own
 * index and on the stream alone: more dimensions only add coordinates. After 2³² points it begins again.
 * Source: Joe & Kuo 2008 for the direction numbers; Antonov & Saleev 1979 for the order, by Gray code; Matoušek 1998,
 * J. Complexity 14: random lower triangular matrices and a digital shift.
 * Cost: O(d) a point; O(32 d) to make or to skip, O(1000 d) to make scrambled.
 */
export class SobolSequence {
  readonly dimensions: number
  readonly #V: Uint32Array
  readonly #shift: Uint32Array
  readonly #x: Uint32Array
  #index = 0

  /**
   * @param dimensions - From 1 to 481.
   * @throws {TroupeError} for other dimensions.
   */
  constructor(dimensions: number, { scramble }: SobolOptions = {}) {
    if (!(Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= SOBOL_DIMENSIONS_MAX)) {
      throw new TroupeError(
        'dimensions',
        `A Sobol sequence has from 1 to ${SOBOL_DIMENSIONS_MAX} dimensions, got ${dimensions}. Fill the rest by chance, or use a Halton sequence.`,
      )
    }
    this.dimensions = dimensions
    this.#V = directionNumbers(dimensions)
    this.#shift = new Uint32Array(dimensions)
    if (scramble !== undefined) scrambleDirections(this.#V, this.#shift, scramble)
    this.#x = this.#shift.slice()
  }

  /** The next point. */
  next(): Float64Array {
    const d = this.dimensions
    const x = this.#x
    const V = this.#V
    const point = new Float64Array(d)
    for (let i = 0; i < d; i++) point[i] = (x[i] as number) * SCALE
    this.#index = (this.#index + 1) >>> 0
    if (this.#index === 0) x.set(this.#shift)
    else {
      // From one Gray code to the next a single bit changes: that of the lowest 1 of the index.
      const start = (31 - Math.clz32(this.#index & -this.#index)) * d
      for (let i = 0; i < d; i++) x[i] = (x[i] as number) ^ (V[start + i] as number)
    }
    return point
  }

  /** Leaves out the next `count` points, at the cost of one; goes back for a negative `count`. */
  skip(count: number): void {
    const index = ((this.#index + count) % 2 ** BITS) >>> 0
    const d = this.dimensions
    const x = this.#x
    x.set(this.#shift)
    for (let gray = index ^ (index >>> 1), j = 0; gray !== 0; gray >>>= 1, j++) {
      if ((gray & 1) === 0) continue
      for (let i = 0; i < d; i++) x[i] = (x[i] as number) ^ (this.#V[j * d + i] as number)
    }
    this.#index = index
  }
}

function directionNumbers(d: number): Uint32Array {
  const V = new Uint32Array(BITS * d)
  for (let j = 0; j < BITS; j++) V[j * d] = 2 ** (BITS - 1 - j)
  initialDirections(d).forEach(({ s, a, m }, k) => {
    const i = k + 1
    for (let j = 0; j < s; j++) V[j * d + i] = (m[j] as number) << (BITS - 1 - j)
    for (let j = s; j < BITS; j++) {
      const before = V[(j - s) * d + i] as number
      let v = before ^ (before >>> s)
      for (let t = 1; t < s; t++) if ((a >>> (s - 1 - t)) & 1) v ^= V[(j - t) * d + i] as number
      V[j * d + i] = v
    }
  })
  return V
}

function scrambleDirections(V: Uint32Array, shift: Uint32Array, scramble: RandomStream): void {
  const d = shift.length
  const columns = new Uint32Array(BITS)
  for (let i = 0; i < d; i++) {
    const random = scramble.fork(i)
    // Column c of the matrix: 1 on the diagonal, chance below, which are the lower bits.
    for (let c = 0; c < BITS; c++) {
      const diagonal = 2 ** (BITS - 1 - c)
      columns[c] = diagonal + random.below(diagonal)
    }
    for (let j = 0; j < BITS; j++) V[j * d + i] = multiply(columns, V[j * d + i] as number)
    shift[i] = random.below(2 ** BITS)
  }
}

function multiply(columns: Uint32Array, vector: number): number {
  let product = 0
  for (let bits = vector; bits !== 0;) {
    const c = Math.clz32(bits)
    product ^= columns[c] as number
    bits &= ~(2 ** (BITS - 1 - c))
  }
  return product
}
