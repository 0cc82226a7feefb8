import { type SymmetricEigen, symmetricEigen } from '../../math/symmetric-eigen.ts'

/**
 * The covariance matrix of a search distribution, full or diagonal, with its square root.
 * What changes `entries` leaves the root as it was, until `decompose`.
 */
export interface Covariance {
  /** The matrix, row-major (n, n); its diagonal alone (n) when it is diagonal. */
  readonly entries: Float64Array
  /** Square roots of the eigenvalues, as of the last `decompose`. Shape (n). */
  readonly axes: Float64Array
  /** Variance of coordinate j. */
  variance(j: number): number
  /** Fills `y` with C^½ z, as of the last `decompose`, but for a rotation. */
  stretch(z: Float64Array, y: Float64Array): void
  /** Fills `z` with C^-½ y, as of the last `decompose`; the symmetric root. */
  whiten(y: Float64Array, z: Float64Array): void
  /** C^-½ M C^-½, as of the last `decompose`, for M of the shape of `entries`. */
  whitenBoth(M: Float64Array): Float64Array
  /** C ← factor · C. */
  scale(factor: number): void
  /** C ← C + weight · y yᵀ. */
  addOuter(weight: number, y: Float64Array): void
  /** Finds the root of what `entries` are now. An axis without length, which rounding can leave, gets the least one. */
  decompose(): void
}

// Of the longest axis: below it, the square of a ratio is lost in rounding.
const LEAST_AXIS = 1e-12

/** @param entries - To start from; the identity by default. Shape (n, n). */
export function fullCovariance(n: number, entries?: Float64Array): Covariance {
  return new FullCovariance(n, entries ?? identity(n))
}

/** @param entries - To start from; ones by default. Shape (n). */
export function diagonalCovariance(n: number, entries?: Float64Array): Covariance {
  return new DiagonalCovariance(entries ?? new Float64Array(n).fill(1))
}

class FullCovariance implements Covariance {
  readonly entries: Float64Array
  readonly axes: Float64Array
  readonly #n: number
  readonly #eigen: SymmetricEigen
  readonly #turned: Float64Array

  constructor(n: number, entries: Float64Array) {
    this.entries = entries
    this.axes = new Float64Array(n)
    this.#n = n
    this.#eigen = { values: new Float64Array(n), vectors: new Float64Array(n * n) }
    this.#turned = new Float64Array(n)
    this.decompose()
  }

  variance(j: number): number {
    return this.entries[j * this.#n + j] as number
  }

  stretch(z: Float64Array, y: Float64Array): void {
    for (let k = 0; k < this.#n; k++) this.#turned[k] = (z[k] as number) * (this.axes[k] as number)
    this.#turnBack(this.#turned, y)
  }

  whiten(y: Float64Array, z: Float64Array): void {
    const n = this.#n
    const { vectors } = this.#eigen
    for (let k = 0; k < n; k++) {
      let dot = 0
      for (let i = 0; i < n; i++) dot += (vectors[k * n + i] as number) * (y[i] as number)
      this.#turned[k] = dot / (this.axes[k] as number)
    }
    this.#turnBack(this.#turned, z)
  }

  whitenBoth(M: Float64Array): Float64Array {
    // The matrix is symmetric: its rows are its columns.
    return this.#whitenRows(transposed(this.#whitenRows(M), this.#n))
  }

  scale(factor: number): void {
    for (let i = 0; i < this.entries.length; i++) this.entries[i] = (this.entries[i] as number) * factor
  }

  addOuter(weight: number, y: Float64Array): void {
    const n = this.#n
    // Both triangles, along rows: writing the other one down its columns takes longer than calculating it twice.
    for (let i = 0; i < n; i++) {
      const w = weight * (y[i] as number)
      const row = i * n
      for (let j = 0; j < n; j++)
        this.entries[row + j] = (this.entries[row + j] as number) + w * (y[j] as number)
    }
  }

  decompose(): void {
    symmetricEigen(this.entries, this.#n, this.#eigen)
    setAxes(this.#eigen.values, this.axes)
  }

  /** Σₖ turnedₖ · vₖ. */
  #turnBack(turned: Float64Array, y: Float64Array): void {
    const n = this.#n
    const { vectors } = this.#eigen
    y.fill(0)
    for (let k = 0; k < n; k++) {
      const t = turned[k] as number
      for (let i = 0; i < n; i++) y[i] = (y[i] as number) + t * (vectors[k * n + i] as number)
    }
  }

  #whitenRows(M: Float64Array): Float64Array {
    const n = this.#n
    const white = new Float64Array(n * n)
    for (let i = 0; i < n; i++) this.whiten(M.subarray(i * n, i * n + n), white.subarray(i * n, i * n + n))
    return white
  }
}

class DiagonalCovariance implements Covariance {
  readonly entries: Float64Array
  readonly axes: Float64Array

  constructor(entries: Float64Array) {
    this.entries = entries
    this.axes = new Float64Array(entries.length)
    this.decompose()
  }

  variance(j: number): number {
    return this.entries[j] as number
  }

  stretch(z: Float64Array, y: Float64Array): void {
    for (let j = 0; j < y.length; j++) y[j] = (z[j] as number) * (this.axes[j] as number)
  }

  whiten(y: Float64Array, z: Float64Array): void {
    for (let j = 0; j < z.length; j++) z[j] = (y[j] as number) / (this.axes[j] as number)
  }

  whitenBoth(M: Float64Array): Float64Array {
    return M.map((value, j) => value / (this.axes[j] as number) ** 2)
  }

  scale(factor: number): void {
    for (let j = 0; j < this.entries.length; j++) this.entries[j] = (this.entries[j] as number) * factor
  }

  addOuter(weight: number, y: Float64Array): void {
    for (let j = 0; j < this.entries.length; j++) {
      this.entries[j] = (this.entries[j] as number) + weight * (y[j] as number) ** 2
    }
  }

  decompose(): void {
    setAxes(this.entries, this.axes)
  }
}

function setAxes(variances: Float64Array, axes: Float64Array): void {
  let longest = 0
  for (const variance of variances) if (variance > longest) longest = variance
  const least = Math.sqrt(longest) * LEAST_AXIS
  for (let k = 0; k < axes.length; k++) {
    axes[k] = Math.max(Math.sqrt(Math.max(0, variances[k] as number)), least)
  }
}

function identity(n: number): Float64Array {
  const entries = new Float64Array(n * n)
  for (let i = 0; i < n; i++) entries[i * n + i] = 1
  return entries
}

function transposed(M: Float64Array, n: number): Float64Array {
  const turned = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) turned[j * n + i] = M[i * n + j] as number
  return turned
}
