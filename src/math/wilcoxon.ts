import { ndtr } from './normal.ts'

// n  differences, r  ranks of their absolute values, from 1 // (n), T+  sum of the ranks of positive differences

/** Which deviation from symmetry around 0 counts: to either side, or differences too large, or too small. */
export type Alternative = 'two-sided' | 'greater' | 'less'

/**
 * What becomes of differences of 0. `wilcox`: they are left out. `pratt`: they take ranks, which count for neither side.
 * `zsplit`: they take ranks, which count half for each side.
 */
export type ZeroMethod = 'wilcox' | 'pratt' | 'zsplit'

/** How the test is done. */
export interface SignedRankOptions {
  /** Default `'two-sided'`. */
  readonly alternative?: Alternative
  /** Default `'wilcox'`. */
  readonly zeroMethod?: ZeroMethod
  /**
   * `auto`: exact, by all ways to choose the signs, for up to 50 differences without ties and zeros, and for up to 13
   * with them; else `asymptotic`, the normal approximation, corrected for ties and not for continuity. Default `auto`.
   */
  readonly method?: 'auto' | 'asymptotic'
}

/** What the test says. */
export interface SignedRankResult {
  /** T+; for two sides the smaller of T+ and T-. */
  readonly statistic: number
  /** Probability of a statistic at least as extreme, when all differences are symmetric around 0. */
  readonly p: number
  /** Of the normal approximation alone; for two sides not above 0. */
  readonly z: number | undefined
}

/**
 * The signed-rank test: whether paired differences are symmetric around 0.
 * Source: Wilcoxon 1945; the conventions and the choice of method are those of `scipy.stats.wilcoxon` 1.17.
 * Cost: O(n log n), exact O(n³).
 * @param differences - Without NaN; ±Infinity has the largest rank.
 * @returns NaN without differences; a `p` of NaN where the approximation has nothing to go by, when all are 0.
 */
export function signedRankTest(
  differences: readonly number[],
  { alternative = 'two-sided', zeroMethod = 'wilcox', method = 'auto' }: SignedRankOptions = {},
): SignedRankResult {
  if (differences.length === 0) return { statistic: Number.NaN, p: Number.NaN, z: undefined }
  const ranked = zeroMethod === 'wilcox' ? differences.filter((d) => d !== 0) : differences
  const { ranks, tieSizes } = averageRanks(ranked.map(Math.abs))
  const sumWhere = (holds: (d: number) => boolean): number =>
    ranked.reduce((sum, d, i) => (holds(d) ? sum + (ranks[i] as number) : sum), 0)
  const split = zeroMethod === 'zsplit' ? sumWhere((d) => d === 0) / 2 : 0
  const plus = sumWhere((d) => d > 0) + split
  const minus = sumWhere((d) => d < 0) + split
  const statistic = alternative === 'two-sided' ? Math.min(plus, minus) : plus

  const hasZeros = differences.includes(0)
  const isClean = !hasZeros && tieSizes.every((size) => size === 1)
  if (method === 'auto' && differences.length <= (isClean ? 50 : 13)) {
    const signed = ranks.filter((_, i) => ranked[i] !== 0)
    return { statistic, p: exactP(plus - split, signed, alternative), z: undefined }
  }
  const zeros = zeroMethod === 'pratt' ? differences.filter((d) => d === 0).length : 0
  const z = zScore(plus, ranked.length, zeros, tieSizes)
  return { statistic, p: normalP(z, alternative), z: alternative === 'two-sided' ? -Math.abs(z) : z }
}

/** Ranks from 1, equal values sharing the mean of theirs; and how many values each group of equals has, ascending. */
function averageRanks(values: readonly number[]): {
  readonly ranks: readonly number[]
  readonly tieSizes: readonly number[]
} {
  const order = values
    .map((_, i) => i)
    .sort((a, b) => ((values[a] as number) < (values[b] as number) ? -1 : 1))
  const ranks = Array<number>(values.length)
  const tieSizes: number[] = []
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && values[order[end] as number] === values[order[start] as number]) end++
    for (let i = start; i < end; i++) ranks[order[i] as number] = (start + end + 1) / 2
    tieSizes.push(end - start)
    start = end
  }
  return { ranks, tieSizes }
}

/** The share of the ways to choose signs for the ranks in which T+ is at least as extreme. */
function exactP(plus: number, ranks: readonly number[], alternative: Alternative): number {
  // Mean ranks are halves, so that twice the sums are integers: `ways[t]` is how many ways lead to 2 T+ = t.
  const doubled = ranks.map((rank) => 2 * rank)
  const total = doubled.reduce((sum, rank) => sum + rank, 0)
  const ways = new Float64Array(total + 1)
  ways[0] = 1
  let reached = 0
  for (const rank of doubled) {
    // Downwards, so that no rank is taken twice.
    for (let t = reached; t >= 0; t--) ways[t + rank] = (ways[t + rank] as number) + (ways[t] as number)
    reached += rank
  }

  const observed = 2 * plus
  let below = 0
  let above = 0
  for (let t = 0; t <= total; t++) {
    if (t <= observed) below += ways[t] as number
    if (t >= observed) above += ways[t] as number
  }
  const all = 2 ** ranks.length
  if (alternative === 'less') return below / all
  if (alternative === 'greater') return above / all
  return Math.min(1, (2 * Math.min(below, above)) / all)
}

function zScore(plus: number, n: number, zeros: number, tieSizes: readonly number[]): number {
  // Zeros that have ranks and take no side are smallest, so they are the first group. Cureton 1967.
  const tied = zeros > 0 ? tieSizes.slice(1) : tieSizes
  const ties = tied.reduce((sum, size) => sum + size ** 3 - size, 0)
  const mean = (n * (n + 1) - zeros * (zeros + 1)) / 4
  const spread = n * (n + 1) * (2 * n + 1) - zeros * (zeros + 1) * (2 * zeros + 1)
  return (plus - mean) / Math.sqrt((spread - ties / 2) / 24)
}

function normalP(z: number, alternative: Alternative): number {
  if (alternative === 'less') return ndtr(z)
  return alternative === 'greater' ? ndtr(-z) : Math.min(1, 2 * ndtr(-Math.abs(z)))
}
