/**
 * The geometry of NSGA-III: directions spread evenly over the trade-offs between losses, and how near points come to
 * them.
 *
 *   F // (n, m) losses, row by row
 *   Z // (p, m) reference points, row by row; each stands for the line from the origin through it
 */

/**
 * Every way to share `divisions` units among `m` losses: the points of a simplex lattice, not divided by `divisions`.
 * Source: Das & Dennis 1998, SIAM J. Optim. 8(3).
 * @returns Z, lexicographically falling. Shape (p, m) with p = (m + divisions - 1 choose divisions).
 */
export function referencePoints(m: number, divisions: number): Float64Array {
  const points: number[] = []
  const row = Array.from({ length: m }, (_, i) => (i === 0 ? divisions : 0))
  for (;;) {
    points.push(...row)
    // The last unit that can go one place on takes along all that is behind it.
    let from = m - 2
    while (from >= 0 && row[from] === 0) from--
    if (from < 0) return Float64Array.from(points)
    const behind = row[m - 1] as number
    row[m - 1] = 0
    row[from] = (row[from] as number) - 1
    row[from + 1] = behind + 1
  }
}

/**
 * Infinities drawn in to three ranges beyond the finite values of their loss, and NaN as Infinity.
 * A loss without finite values becomes 0 throughout.
 * @returns F. Shape (n, m).
 */
export function clippedLosses(losses: readonly ArrayLike<number>[], m: number): Float64Array {
  const F = new Float64Array(losses.length * m)
  for (let j = 0; j < m; j++) {
    let low = Infinity
    let high = -Infinity
    for (const row of losses) {
      const x = row[j] as number
      if (!Number.isFinite(x)) continue
      low = Math.min(low, x)
      high = Math.max(high, x)
    }
    if (low > high) continue
    const margin = RANGES * (high - low)
    losses.forEach((row, i) => {
      const x = row[j] as number
      F[i * m + j] = Number.isNaN(x) ? high + margin : Math.min(Math.max(x, low - margin), high + margin)
    })
  }
  return F
}

const RANGES = 3

/**
 * Scales losses so that the best of each is 0 and the plane through the extreme points cuts each axis at 1. The extreme
 * point of an axis has the smallest largest loss when all other losses weigh 10⁶ times more. Where the extreme points
 * span no plane, the largest value of each loss becomes 1.
 * Source: Deb & Jain 2014, section IV.C, with the weights of its preprint (KanGAL 2012009), as Optuna 5 has it.
 * @param F - Finite. Shape (n, m); read, never written.
 * @returns Shape (n, m). Cost: O(n m² + m³).
 */
export function normalizedLosses(F: Float64Array, m: number): Float64Array {
  const n = F.length / m
  const ideal = new Float64Array(m).fill(Infinity)
  for (let at = 0; at < F.length; at++) {
    ideal[at % m] = Math.min(ideal[at % m] as number, F[at] as number)
  }
  const shifted = F.map((x, at) => x - (ideal[at % m] as number))
  const extremes = new Float64Array(m * m)
  for (let axis = 0; axis < m; axis++) {
    const row = extremePoint(shifted, n, m, axis) * m
    extremes.set(shifted.subarray(row, row + m), axis * m)
  }
  const inverse = solveForOnes(extremes, m) ?? inverseMaxima(shifted, m)
  return shifted.map((x, at) => x * (inverse[at % m] as number))
}

function extremePoint(F: Float64Array, n: number, m: number, axis: number): number {
  let best = 0
  let least = Infinity
  for (let i = 0; i < n; i++) {
    let largest = 0
    for (let j = 0; j < m; j++) largest = Math.max(largest, (F[i * m + j] as number) * (j === axis ? 1 : 1e6))
    if (largest < least) [best, least] = [i, largest]
  }
  return best
}

/** Solves A x = 1 by elimination with pivoting; undefined when A has not full rank, within rounding. */
function solveForOnes(matrix: Float64Array, m: number): Float64Array | undefined {
  const A = matrix.slice()
  const x = new Float64Array(m).fill(1)
  const tolerance = A.reduce((max, a) => Math.max(max, Math.abs(a)), 0) * m * Number.EPSILON
  for (let k = 0; k < m; k++) {
    let pivot = k
    for (let i = k + 1; i < m; i++) {
      if (Math.abs(A[i * m + k] as number) > Math.abs(A[pivot * m + k] as number)) pivot = i
    }
    if (!(Math.abs(A[pivot * m + k] as number) > tolerance)) return undefined
    for (let j = 0; j < m; j++) {
      ;[A[k * m + j], A[pivot * m + j]] = [A[pivot * m + j] as number, A[k * m + j] as number]
    }
    ;[x[k], x[pivot]] = [x[pivot] as number, x[k] as number]
    for (let i = k + 1; i < m; i++) {
      const factor = (A[i * m + k] as number) / (A[k * m + k] as number)
      for (let j = k; j < m; j++) {
        A[i * m + j] = (A[i * m + j] as number) - factor * (A[k * m + j] as number)
      }
      x[i] = (x[i] as number) - factor * (x[k] as number)
    }
  }
  for (let k = m - 1; k >= 0; k--) {
    for (let j = k + 1; j < m; j++) x[k] = (x[k] as number) - (A[k * m + j] as number) * (x[j] as number)
    x[k] = (x[k] as number) / (A[k * m + k] as number)
  }
  return x.every(Number.isFinite) ? x : undefined
}

function inverseMaxima(F: Float64Array, m: number): Float64Array {
  const maxima = new Float64Array(m)
  for (let at = 0; at < F.length; at++) maxima[at % m] = Math.max(maxima[at % m] as number, F[at] as number)
  return maxima.map((max) => (max === 0 || !Number.isFinite(1 / max) ? 1 : 1 / max))
}

/**
 * For each point the reference line that it is nearest to, the first of equals, and the distance to it.
 * Source: Deb & Jain 2014, algorithm 3.
 * @param F - Normalized. Shape (n, m).
 * @param Z - Shape (p, m); none at the origin.
 * @returns Each of shape (n). Cost: O(n p m).
 */
export function nearestLines(
  F: Float64Array,
  Z: Float64Array,
  m: number,
): { readonly closest: Int32Array; readonly distances: Float64Array } {
  const n = F.length / m
  const p = Z.length / m
  const closest = new Int32Array(n)
  const distances = new Float64Array(n).fill(Infinity)
  for (let line = 0; line < p; line++) {
    let squared = 0
    for (let j = 0; j < m; j++) squared += (Z[line * m + j] as number) ** 2
    for (let i = 0; i < n; i++) {
      let along = 0
      for (let j = 0; j < m; j++) along += (F[i * m + j] as number) * (Z[line * m + j] as number)
      let off = 0
      // Not by Pythagoras: the difference of two squares would lose half of the digits of a small distance.
      for (let j = 0; j < m; j++) {
        off += ((F[i * m + j] as number) - (along / squared) * (Z[line * m + j] as number)) ** 2
      }
      const distance = Math.sqrt(off)
      if (distance < (distances[i] as number)) {
        distances[i] = distance
        closest[i] = line
      }
    }
  }
  return { closest, distances }
}
