import { type SortedRows, sortRows } from './lexicographic.ts'

/** What `nonDominationRanks` looks at besides the losses. */
export interface NonDominationOptions {
  /** By how much each row breaks its constraints; above 0 is infeasible, NaN is infinitely much. Default: none does. */
  readonly violations?: ArrayLike<number> | undefined
  /** How many of the best rows must be told apart; the others share one rank. From 1. Default: all. */
  readonly nBelow?: number | undefined
}

/**
 * The front that each row belongs to: 0 for rows that no other dominates, 1 for those that only rows of front 0 do, and
 * so on. A row dominates another when it is nowhere larger and somewhere smaller; equal rows share a front. Feasible
 * rows come first; infeasible ones follow in order of their violation, whatever their losses, those with equal
 * violations together (Deb et al. 2002, section VI, with the sum of violations).
 *
 * One loss: the distinct values are counted. Two: one sweep with a binary search for the front (Jensen 2003). More:
 * rows in lexicographic order, each with a binary search for the first front of which no row dominates it (ENS-BS of
 * Zhang et al. 2015). Nothing recurses.
 *
 * @param losses - Smaller is better. NaN counts as Infinity. All of one length.
 * @param options.nBelow - Fronts are exact until they hold this many distinct rows; all rows beyond share the next one.
 *   With one loss every rank is exact (so it is in Optuna 5, whose ranks these are).
 * @returns One rank a row. Cost: O(n log n) for one or two losses, else O(losses · n · front · log fronts).
 */
export function nonDominationRanks(
  losses: readonly ArrayLike<number>[],
  { violations, nBelow }: NonDominationOptions = {},
): Int32Array {
  const n = losses.length
  const wanted = nBelow === undefined || nBelow <= 0 ? n : nBelow
  if (violations === undefined) return ranksOf(losses, wanted)
  const ranks = new Int32Array(n)
  const feasible: number[] = []
  const infeasible: number[] = []
  for (let i = 0; i < n; i++) ((violations[i] as number) <= 0 ? feasible : infeasible).push(i)
  const inner = ranksOf(
    feasible.map((i) => losses[i] as ArrayLike<number>),
    wanted,
  )
  let next = 0
  feasible.forEach((i, k) => {
    ranks[i] = inner[k] as number
    next = Math.max(next, (inner[k] as number) + 1)
  })
  const outer = ranksOf(
    infeasible.map((i) => [violations[i] as number]),
    wanted - feasible.length,
  )
  infeasible.forEach((i, k) => {
    ranks[i] = next + (outer[k] as number)
  })
  return ranks
}

function ranksOf(losses: readonly ArrayLike<number>[], wanted: number): Int32Array {
  const n = losses.length
  const first = losses[0]
  if (first === undefined || wanted <= 0) return new Int32Array(n)
  const sorted = sortRows(losses, first.length)
  const { positionOf, count, width } = sorted
  if (width === 1) return positionOf
  const ranks = width === 2 ? sweep(sorted) : ensBs(sorted, Math.min(wanted, count))
  cutBelow(ranks, Math.min(wanted, count))
  return positionOf.map((position) => ranks[position] as number)
}

/** Ranks of distinct sorted pairs: a pair is dominated by a front just when the smallest second loss there is no larger. */
function sweep({ rows, count }: SortedRows): Int32Array {
  const ranks = new Int32Array(count)
  // Smallest second loss of each front so far: ascending, since each front dominates the next.
  const smallest = new Float64Array(count)
  let fronts = 0
  for (let i = 0; i < count; i++) {
    const y = rows[2 * i + 1] as number
    let low = 0
    let high = fronts
    while (low < high) {
      const middle = (low + high) >> 1
      if ((smallest[middle] as number) <= y) low = middle + 1
      else high = middle
    }
    ranks[i] = low
    smallest[low] = y
    if (low === fronts) fronts++
  }
  return ranks
}

/** Ranks of distinct sorted rows; those beyond `frontsMax` fronts get that number. */
function ensBs({ rows, count, width }: SortedRows, frontsMax: number): Int32Array {
  const ranks = new Int32Array(count)
  // Each front as a list, the row that came last at its head: neighbours in the order are the likeliest to dominate.
  const heads: number[] = []
  const before = new Int32Array(count).fill(-1)
  const isDominated = (i: number, front: number): boolean => {
    for (let other = heads[front] as number; other >= 0; other = before[other] as number) {
      let j = 1
      // The first loss is not larger, since rows are sorted, and no two rows are equal.
      while (j < width && (rows[other * width + j] as number) <= (rows[i * width + j] as number)) j++
      if (j === width) return true
    }
    return false
  }
  for (let i = 0; i < count; i++) {
    let low = 0
    let high = heads.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isDominated(i, middle)) low = middle + 1
      else high = middle
    }
    ranks[i] = low
    if (low === frontsMax) continue
    before[i] = heads[low] ?? -1
    heads[low] = i
  }
  return ranks
}

/** Gives the rows beyond the fronts that hold the first `wanted` rows one rank. */
function cutBelow(ranks: Int32Array, wanted: number): void {
  if (wanted >= ranks.length) return
  const sizes = new Int32Array(ranks.length + 1)
  for (const rank of ranks) sizes[rank] = (sizes[rank] as number) + 1
  let last = 0
  for (let held = 0; held < wanted; last++) held += sizes[last] as number
  for (let i = 0; i < ranks.length; i++) ranks[i] = Math.min(ranks[i] as number, last)
}
