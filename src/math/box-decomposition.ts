/**
 * The room that no point of a front dominates, as boxes that do not overlap: an integral over it, such as the
 * hypervolume that a new point would add, is then a sum of products.
 *
 *   u // (m) an upper bound: a point adds something when it lies under one of them
 *   z // (m, m) defining points: row k is the point that gave u its coordinate k
 *
 * Source: Lacour, Klamroth & Fonseca 2017, arXiv:1510.01963, algorithm 2 and equation 2. It is gone through twice, the
 * second time upside down, for the boxes outside (Daulton, Balandat & Bakshy 2020, arXiv:2006.05078, appendix).
 */
import { sortRows } from './lexicographic.ts'
import { nonDominationRanks } from './non-domination.ts'

/** A box between two corners, where less is better. A lower bound may be -Infinity. */
export interface Box {
  readonly lower: Float64Array
  readonly upper: Float64Array
}

interface UpperBound {
  readonly u: Float64Array
  readonly z: Float64Array
}

/**
 * Boxes that fill what is under the reference point and not dominated by any of the points. Two objectives: one box
 * more than the front has points; the number grows about as front^(m / 2).
 * @param losses - Smaller is better; finite. Those that do not lie under the reference are left out.
 * @param reference - Shape (m), m from 2.
 */
export function nonDominatedBoxes(
  losses: readonly ArrayLike<number>[],
  reference: ArrayLike<number>,
): readonly Box[] {
  const m = reference.length
  const under = losses.filter((loss) => isUnder(loss, reference))
  const bounds = upperBounds(frontOf(under, m), Float64Array.from(reference))
  // Upside down, the upper bounds are the front of the room that is left.
  const inverted = bounds.map(({ u }) => u.map((x) => -x))
  const infinity = new Float64Array(m).fill(Infinity)
  return upperBounds(frontOf(inverted, m), infinity)
    .map((bound) => boxOf(bound, infinity))
    .filter(({ lower, upper }) => isUnder(lower, upper))
    .map(({ lower, upper }) => ({ lower: upper.map((x) => -x), upper: lower.map((x) => -x) }))
}

/** Distinct rows that no other dominates, in lexicographic order. */
function frontOf(losses: readonly ArrayLike<number>[], m: number): Float64Array[] {
  const { rows, count } = sortRows(losses, m)
  const distinct = Array.from({ length: count }, (_, i) => rows.slice(i * m, (i + 1) * m))
  const ranks = nonDominationRanks(distinct)
  return distinct.filter((_, i) => ranks[i] === 0)
}

/** Algorithm 2: the points must come in order of their first coordinate. */
function upperBounds(front: readonly Float64Array[], reference: Float64Array): UpperBound[] {
  const m = reference.length
  const z = new Float64Array(m * m).fill(-Infinity)
  for (let j = 0; j < m; j++) z[j * m + j] = reference[j] as number
  let bounds: UpperBound[] = [{ u: reference, z }]
  for (const point of front) {
    const kept: UpperBound[] = []
    const split: UpperBound[] = []
    for (const bound of bounds) {
      if (!isUnder(point, bound.u)) kept.push(bound)
      else for (let j = 0; j < m; j++) if (mayLower(bound, point, j)) split.push(lowered(bound, point, j))
    }
    bounds = [...kept, ...split]
  }
  return bounds
}

/** Whether the bound with coordinate j lowered to the point's would be a bound of its own. */
function mayLower({ z }: UpperBound, point: Float64Array, j: number): boolean {
  const m = point.length
  // In the first coordinate the order of the points makes it true.
  if (j === 0) return true
  for (let k = 0; k < m; k++) {
    if (k !== j && (point[j] as number) < (z[k * m + j] as number)) return false
  }
  return true
}

function lowered(bound: UpperBound, point: Float64Array, j: number): UpperBound {
  const u = bound.u.slice()
  const z = bound.z.slice()
  u[j] = point[j] as number
  z.set(point, j * point.length)
  return { u, z }
}

/** Equation 2. */
function boxOf({ u, z }: UpperBound, reference: Float64Array): Box {
  const m = u.length
  const lower = new Float64Array(m)
  const upper = u.slice()
  lower[0] = z[0] as number
  upper[0] = reference[0] as number
  for (let j = 1; j < m; j++) {
    let most = -Infinity
    for (let k = 0; k < j; k++) most = Math.max(most, z[k * m + j] as number)
    lower[j] = most
  }
  return { lower, upper }
}

function isUnder(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  for (let j = 0; j < b.length; j++) if (!((a[j] as number) < (b[j] as number))) return false
  return true
}
