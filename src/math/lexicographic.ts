/** Rows of numbers as one block, with the order in which they stand when sorted. */
export interface SortedRows {
  /** The distinct rows in lexicographic order, one after the other. Shape (count, width). */
  readonly rows: Float64Array
  readonly width: number
  /** How many distinct rows there are. */
  readonly count: number
  /** For each row given: the position of its equal among the distinct ones. */
  readonly positionOf: Int32Array
  /** For each distinct row: the first row given that equals it. */
  readonly firstOf: Int32Array
}

/**
 * Sorts rows lexicographically, smallest first, and puts equal ones together. -0 equals 0; NaN counts as Infinity, as
 * the worst that a loss can be. Cost: O(n log n) comparisons.
 * @param width - Numbers a row.
 */
export function sortRows(given: readonly ArrayLike<number>[], width: number): SortedRows {
  const n = given.length
  const flat = new Float64Array(n * width)
  for (let i = 0; i < n; i++) {
    const row = given[i] as ArrayLike<number>
    for (let j = 0; j < width; j++) {
      const x = row[j] as number
      flat[i * width + j] = Number.isNaN(x) ? Infinity : x
    }
  }
  const compare = (a: number, b: number): number => {
    for (let j = 0; j < width; j++) {
      const x = flat[a * width + j] as number
      const y = flat[b * width + j] as number
      if (x !== y) return x < y ? -1 : 1
    }
    return 0
  }
  // By position where equal, so that the first of equals is known without a stable sort.
  const order = Int32Array.from({ length: n }, (_, i) => i).sort((a, b) => compare(a, b) || a - b)
  const rows = new Float64Array(n * width)
  const positionOf = new Int32Array(n)
  const firstOf = new Int32Array(n)
  let count = 0
  for (let k = 0; k < n; k++) {
    const i = order[k] as number
    if (k === 0 || compare(order[k - 1] as number, i) !== 0) {
      rows.set(flat.subarray(i * width, (i + 1) * width), count * width)
      firstOf[count++] = i
    }
    positionOf[i] = count - 1
  }
  return {
    rows: rows.subarray(0, count * width),
    width,
    count,
    positionOf,
    firstOf: firstOf.subarray(0, count),
  }
}
