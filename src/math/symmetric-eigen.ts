/**
 * Eigenvalues and eigenvectors of real symmetric matrices.
 *
 * Householder reduction to tridiagonal form, then QL with implicit shifts: EISPACK's `tred2` and `tql2` (Martin, Reinsch
 * & Wilkinson 1968, Numerische Mathematik 11; Bowdler, Martin, Reinsch & Wilkinson 1968, likewise; Handbook for Automatic
 * Computation II, 1971, contributions II/2 and II/3). The transpose of the textbook's matrix of vectors is kept, so that
 * every inner loop, the plane rotations included, runs along a row.
 *
 * Letters: A (n, n) the matrix, row-major; V (n, n) its vectors, one a row; d (n) the diagonal, in the end the
 * eigenvalues; e (n) what stands beside the diagonal.
 */

/** The decomposition A = Σₖ valuesₖ · vₖ vₖᵀ of a symmetric matrix. */
export interface SymmetricEigen {
  /** Ascending. Shape (n). */
  readonly values: Float64Array
  /** Orthonormal, vector k in row k. Shape (n, n), row-major. */
  readonly vectors: Float64Array
}

// QL needs about 1.7 sweeps a value; EISPACK gives up after 30.
const SWEEPS_MAX = 30

/**
 * Decomposes a symmetric matrix; only its lower triangle is read.
 * Residual: a few units of rounding of the largest eigenvalue. Time: O(n³), about 20 ms for n = 200.
 * A matrix with NaN or infinities gives values and vectors with NaN, in the same time.
 * @param matrix - Shape (n, n), row-major; is left as it is.
 * @param n - From 0.
 * @param into - Arrays to fill, from an earlier call with the same n; new ones by default.
 * @returns Eigenvalues, ascending, with their vectors.
 */
export function symmetricEigen(
  matrix: Float64Array,
  n: number,
  into: SymmetricEigen = { values: new Float64Array(n), vectors: new Float64Array(n * n) },
): SymmetricEigen {
  const { values: d, vectors: V } = into
  // Row j of V is column j of the textbook's: of a symmetric matrix, the same numbers.
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) V[j * n + i] = V[i * n + j] = matrix[i * n + j] as number
  }
  if (n === 0) return into
  const e = new Float64Array(n)
  tridiagonalise(V, d, e, n)
  diagonalise(V, d, e, n)
  sort(V, d, n)
  return into
}

/** `tred2`: d and e become the tridiagonal form, V the transformation to it. */
function tridiagonalise(V: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let j = 0; j < n; j++) d[j] = V[j * n + n - 1] as number
  for (let i = n - 1; i > 0; i--) d[i] = reflect(V, d, e, n, i)
  accumulate(V, d, n)
  e[0] = 0
}

/** Reflects row i of the matrix onto its last element; returns h, half the squared length of the reflection's vector. */
function reflect(V: Float64Array, d: Float64Array, e: Float64Array, n: number, i: number): number {
  let scale = 0
  for (let k = 0; k < i; k++) scale += Math.abs(d[k] as number)
  if (scale === 0) {
    e[i] = d[i - 1] as number
    for (let j = 0; j < i; j++) {
      d[j] = V[j * n + i - 1] as number
      V[j * n + i] = V[i * n + j] = 0
    }
    return 0
  }
  let h = 0
  for (let k = 0; k < i; k++) {
    const u = (d[k] as number) / scale
    d[k] = u
    h += u * u
  }
  const f = d[i - 1] as number
  const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h)
  e[i] = scale * g
  h -= f * g
  d[i - 1] = f - g
  similarity(V, d, e, n, i, h)
  return h
}

/** Applies the reflection with vector d from both sides to the leading (i, i) block. */
function similarity(
  V: Float64Array,
  d: Float64Array,
  e: Float64Array,
  n: number,
  i: number,
  h: number,
): void {
  e.fill(0, 0, i)
  for (let j = 0; j < i; j++) {
    const row = j * n
    const u = d[j] as number
    V[i * n + j] = u
    let sum = (e[j] as number) + (V[row + j] as number) * u
    for (let k = j + 1; k < i; k++) {
      const v = V[row + k] as number
      sum += v * (d[k] as number)
      e[k] = (e[k] as number) + v * u
    }
    e[j] = sum
  }
  let dot = 0
  for (let j = 0; j < i; j++) {
    e[j] = (e[j] as number) / h
    dot += (e[j] as number) * (d[j] as number)
  }
  const half = dot / (h + h)
  for (let j = 0; j < i; j++) e[j] = (e[j] as number) - half * (d[j] as number)
  for (let j = 0; j < i; j++) {
    const row = j * n
    const u = d[j] as number
    const p = e[j] as number
    for (let k = j; k < i; k++) {
      V[row + k] = (V[row + k] as number) - (u * (e[k] as number) + p * (d[k] as number))
    }
    d[j] = V[row + i - 1] as number
    V[row + i] = 0
  }
}

/** Multiplies the reflections up. Reflection i + 1 stands in row i + 1 of V, its h in d. */
function accumulate(V: Float64Array, d: Float64Array, n: number): void {
  const last = n - 1
  for (let i = 0; i < last; i++) {
    V[i * n + last] = V[i * n + i] as number
    V[i * n + i] = 1
    const reflection = (i + 1) * n
    const h = d[i + 1] as number
    if (h !== 0) {
      for (let k = 0; k <= i; k++) d[k] = (V[reflection + k] as number) / h
      for (let j = 0; j <= i; j++) {
        const row = j * n
        let dot = 0
        for (let k = 0; k <= i; k++) dot += (V[reflection + k] as number) * (V[row + k] as number)
        for (let k = 0; k <= i; k++) V[row + k] = (V[row + k] as number) - dot * (d[k] as number)
      }
    }
    V.fill(0, reflection, reflection + i + 1)
  }
  for (let j = 0; j < n; j++) {
    d[j] = V[j * n + last] as number
    V[j * n + last] = 0
  }
  V[last * n + last] = 1
}

/** `tql2`: d becomes the eigenvalues, the rows of V their vectors. */
function diagonalise(V: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  e.copyWithin(0, 1)
  e[n - 1] = 0
  let shift = 0
  let size = 0
  for (let l = 0; l < n; l++) {
    size = Math.max(size, Math.abs(d[l] as number) + Math.abs(e[l] as number))
    const negligible = Number.EPSILON * size
    let m = l
    while (m < n - 1 && Math.abs(e[m] as number) > negligible) m++
    // A NaN is not above anything, so that it ends the loops.
    for (let sweep = 0; m > l && sweep < SWEEPS_MAX; sweep++) {
      shift += sweepOf(V, d, e, n, l, m)
      if (!(Math.abs(e[l] as number) > negligible)) break
    }
    d[l] = (d[l] as number) + shift
    e[l] = 0
  }
}

/** One QL sweep with implicit shift over the block from l to m; returns the shift. */
function sweepOf(V: Float64Array, d: Float64Array, e: Float64Array, n: number, l: number, m: number): number {
  const el = e[l] as number
  const dl = d[l] as number
  const quotient = ((d[l + 1] as number) - dl) / (2 * el)
  const radius = Math.sqrt(quotient * quotient + 1)
  const denominator = quotient < 0 ? quotient - radius : quotient + radius
  d[l] = el / denominator
  const next = el * denominator
  d[l + 1] = next
  const shift = dl - el / denominator
  for (let i = l + 2; i < n; i++) d[i] = (d[i] as number) - shift

  const besideNext = e[l + 1] as number
  let p = d[m] as number
  let [c, c2, c3] = [1, 1, 1]
  let [s, s2] = [0, 0]
  for (let i = m - 1; i >= l; i--) {
    c3 = c2
    c2 = c
    s2 = s
    const ei = e[i] as number
    const di = d[i] as number
    const g = c * ei
    const h = c * p
    const r = Math.sqrt(p * p + ei * ei)
    e[i + 1] = s * r
    s = ei / r
    c = p / r
    p = c * di - s * g
    d[i + 1] = h + s * (c * g + s * di)
    rotate(V, i * n, n, c, s)
  }
  p = (-s * s2 * c3 * besideNext * el) / next
  e[l] = s * p
  d[l] = c * p
  return shift
}

/** Rotates the row at `start` and the one after it. */
function rotate(V: Float64Array, start: number, n: number, c: number, s: number): void {
  for (let k = start; k < start + n; k++) {
    const below = V[k + n] as number
    const here = V[k] as number
    V[k + n] = s * here + c * below
    V[k] = c * here - s * below
  }
}

function sort(V: Float64Array, d: Float64Array, n: number): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i
    for (let j = i + 1; j < n; j++) if ((d[j] as number) < (d[least] as number)) least = j
    if (least === i) continue
    ;[d[i], d[least]] = [d[least] as number, d[i] as number]
    for (let k = 0; k < n; k++) {
      const kept = V[i * n + k] as number
      V[i * n + k] = V[least * n + k] as number
      V[least * n + k] = kept
    }
  }
}
