import { type SortedRows, sortRows } from './lexicographic.ts'
import { boxVolume, unionVolume, withoutContained } from './union-of-boxes.ts'

/**
 * Chooses `k` points one after the other, each time the one that adds most to the hypervolume of those chosen; this
 * reaches at least 1 - 1/e of the best possible. Contributions only ever shrink, so an old one bounds the new one, and
 * most are never computed again.
 * Source: Guerreiro, Fonseca, Paquete 2016, Evolutionary Computation 24(3) (greedy); Minoux 1978 (lazy).
 *
 * Ties go to the lexicographically smaller point. An equal of a point comes only when there are fewer distinct points
 * than `k`. As in Optuna 5, where nothing is to be computed nothing is: with all points wanted, or with a reference that
 * is not finite, they come in order.
 *
 * @param points - Smaller is better; none beyond the reference. NaN counts as Infinity. Shape (n, losses).
 * @param k - How many; all when there are fewer.
 * @returns Positions in `points`, in order of choice. Cost: O(k · n) with two losses; with more, O(k · n) and, for each
 *   contribution that has to be computed, that of the hypervolume of up to k points. With nine losses, 25 of 500 points
 *   take about 0.2 s, 50 of 500 up to 3 s: where all add nearly the same, little can be left uncomputed.
 */
export function hypervolumeSubset(
  points: readonly ArrayLike<number>[],
  k: number,
  reference: ArrayLike<number>,
): number[] {
  const n = points.length
  if (k >= n) return points.map((_, i) => i)
  const sorted = sortRows(points, reference.length)
  const { count, firstOf } = sorted
  if (count < k) return withEquals(sorted, n, k)
  if (count === k || Array.from(reference).some((x) => !Number.isFinite(x)))
    return [...firstOf.subarray(0, k)]
  const chosen = sorted.width === 2 ? greedyInPlane(sorted, k, reference) : greedy(sorted, k, reference)
  return chosen.map((position) => firstOf[position] as number)
}

/** All distinct points and the first of their equals, in the order given. */
function withEquals({ firstOf, count }: SortedRows, n: number, k: number): number[] {
  const isFirst = new Uint8Array(n)
  for (const i of firstOf) isFirst[i] = 1
  let equals = k - count
  return Array.from({ length: n }, (_, i) => i).filter((i) => isFirst[i] === 1 || equals-- > 0)
}

/** A chosen point cuts off the rectangles of the others: on the left in their width, on the right in their height. */
function greedyInPlane({ rows, count }: SortedRows, k: number, reference: ArrayLike<number>): number[] {
  const right = new Float64Array(count).fill(reference[0] as number)
  const top = new Float64Array(count).fill(reference[1] as number)
  const isChosen = new Uint8Array(count)
  const chosen: number[] = []
  while (chosen.length < k) {
    let best = -1
    let most = -Infinity
    for (let i = 0; i < count; i++) {
      if (isChosen[i] === 1) continue
      const width = Math.max(0, (right[i] as number) - (rows[2 * i] as number))
      const height = Math.max(0, (top[i] as number) - (rows[2 * i + 1] as number))
      const area = orInfinity(width * height)
      if (area > most) [best, most] = [i, area]
    }
    isChosen[best] = 1
    chosen.push(best)
    const x = rows[2 * best] as number
    const y = rows[2 * best + 1] as number
    for (let i = 0; i < best; i++) right[i] = Math.min(right[i] as number, x)
    for (let i = best + 1; i < count; i++) top[i] = Math.min(top[i] as number, y)
  }
  return chosen
}

function greedy({ rows, count, width: m }: SortedRows, k: number, reference: ArrayLike<number>): number[] {
  const q = rows.map((x, at) => (reference[at % m] as number) - x)
  const candidates = new Candidates(q, count, m, k)
  const chosen: number[] = []
  while (chosen.length < k) {
    const i = candidates.highest()
    // Exact and no less than what others add at most: of equals it is the first, since those before are exact too.
    if (candidates.isExact(i, chosen)) {
      candidates.take(i, chosen.length)
      chosen.push(i)
    } else candidates.lower(i, chosen)
  }
  return chosen
}

// From so many losses on it is quicker to go from one chosen point to the next than to look at all of them at once.
const STEPWISE_FROM = 6

/**
 * The points that are not chosen, and what each adds at most: its own box, less what the chosen points counted so far
 * cover of it. With many losses they are counted one by one, those that share most with it first, and only as far as is
 * needed to see that another point adds more.
 *
 *   q       // (n, m) extents of the points' boxes
 *   alone   // (n) volumes of these
 *   bounds  // (n) what each adds at most
 *   shared  // (n, k) volume that a box shares with each chosen one, in order of choice; -1 once that is counted
 *   counted // (n, k) rows of the chosen points that are counted, in the order in which they were
 *   counts  // (n) how many of them there are
 */
class Candidates {
  readonly #q: Float64Array
  readonly #m: number
  readonly #k: number
  readonly #alone: Float64Array
  readonly #bounds: Float64Array
  readonly #shared: Float64Array
  readonly #counted: Int32Array
  readonly #counts: Int32Array
  readonly #isTaken: Uint8Array
  readonly #cut: Float64Array
  readonly #box: Float64Array
  #isInfinite = false

  constructor(q: Float64Array, n: number, m: number, k: number) {
    this.#q = q
    this.#m = m
    this.#k = k
    this.#alone = Float64Array.from({ length: n }, (_, i) => orInfinity(boxVolume(q, i, m)))
    this.#bounds = this.#alone.slice()
    this.#shared = new Float64Array(n * k)
    this.#counted = new Int32Array(n * k)
    this.#counts = new Int32Array(n)
    this.#isTaken = new Uint8Array(n)
    this.#cut = new Float64Array(k * m)
    this.#box = new Float64Array(m)
  }

  /** The first of those with the highest bound. */
  highest(): number {
    // To an infinite volume all add the same.
    if (this.#isInfinite) return this.#isTaken.indexOf(0)
    let best = -1
    for (let i = 0; i < this.#bounds.length; i++) {
      if (this.#isTaken[i] === 1) continue
      if (best < 0 || (this.#bounds[i] as number) > (this.#bounds[best] as number)) best = i
    }
    return best
  }

  isExact(i: number, chosen: readonly number[]): boolean {
    return this.#isInfinite || this.#alone[i] === Infinity || this.#counts[i] === chosen.length
  }

  /** @param before - How many were taken before. */
  take(i: number, before: number): void {
    this.#isTaken[i] = 1
    if (this.#alone[i] === Infinity) this.#isInfinite = true
    if (this.#m < STEPWISE_FROM) return
    for (let other = 0; other < this.#alone.length; other++) {
      if (this.#isTaken[other] === 0) this.#shared[other * this.#k + before] = this.#meet(other, i)
    }
  }

  /** Counts chosen points in: all of them, or, where that costs much, the next one. */
  lower(i: number, chosen: readonly number[]): void {
    if (this.#m >= STEPWISE_FROM) return this.#lowerByOne(i, chosen)
    for (let j = 0; j < this.#m; j++) this.#box[j] = this.#q[i * this.#m + j] as number
    const covered = this.#covered(chosen, chosen.length, 0)
    this.#bounds[i] = Math.max(0, (this.#alone[i] as number) - covered)
    this.#counts[i] = chosen.length
  }

  #lowerByOne(i: number, chosen: readonly number[]): void {
    const [k, shared, counted] = [this.#k, this.#shared, this.#counted]
    let next = 0
    for (let c = 1; c < chosen.length; c++)
      if ((shared[i * k + c] as number) > (shared[i * k + next] as number)) next = c
    const most = shared[i * k + next] as number
    // -1: lower than what shares nothing.
    shared[i * k + next] = -1
    const count = this.#counts[i] as number
    counted[i * k + count] = chosen[next] as number
    this.#counts[i] = count + 1
    if (most === 0) return
    // Of what it shares, that which no other counted one covers.
    this.#meet(i, chosen[next] as number)
    const covered = this.#covered(counted, count, i * k)
    this.#bounds[i] = Math.max(0, (this.#bounds[i] as number) - Math.max(0, most - covered))
  }

  /** How much of the box `count` points cover, whose rows stand in a list from `start` on. */
  #covered(list: ArrayLike<number>, count: number, start: number): number {
    const [q, m, box, cut] = [this.#q, this.#m, this.#box, this.#cut]
    for (let c = 0; c < count; c++) {
      const row = (list[start + c] as number) * m
      for (let j = 0; j < m; j++) cut[c * m + j] = Math.min(box[j] as number, q[row + j] as number)
    }
    return unionVolume(cut, withoutContained(cut, count, m), m)
  }

  /** Makes the part that two boxes share, and gives its volume. */
  #meet(a: number, b: number): number {
    const [q, m, box] = [this.#q, this.#m, this.#box]
    for (let j = 0; j < m; j++) box[j] = Math.min(q[a * m + j] as number, q[b * m + j] as number)
    return boxVolume(box, 0, m)
  }
}

/** Infinity times 0 is as much as a point at -Infinity adds. */
function orInfinity(volume: number): number {
  return Number.isNaN(volume) ? Infinity : volume
}
