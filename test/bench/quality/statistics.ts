import { ndtr } from '../../../src/math/normal.ts'

/**
 * The chance that `a` would be as much larger than `b` as it is, were both from one distribution: the one-sided
 * rank-sum test of Mann & Whitney 1947, by the normal approximation with mid-ranks, tie and continuity correction.
 */
export function pLarger(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, mine: true })), ...b.map((value) => ({ value, mine: false }))]
  // Not a difference: Infinity - Infinity is NaN.
  all.sort((x, y) => (x.value < y.value ? -1 : x.value > y.value ? 1 : 0))
  let rankSum = 0
  let ties = 0
  for (let i = 0; i < all.length;) {
    let end = i
    while (end < all.length && all[end]?.value === all[i]?.value) end++
    const count = end - i
    ties += count ** 3 - count
    rankSum += all.slice(i, end).filter(({ mine }) => mine).length * ((i + 1 + end) / 2)
    i = end
  }
  const total = all.length
  const u = rankSum - (a.length * (a.length + 1)) / 2
  const mean = (a.length * b.length) / 2
  const variance = ((a.length * b.length) / 12) * (total + 1 - ties / (total * (total - 1)))
  return variance === 0 ? 1 : ndtr((mean - u + 0.5) / Math.sqrt(variance))
}

/** P values corrected for being many (Holm 1979), in the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[i] as number) - (pValues[j] as number))
  const corrected = Array<number>(pValues.length).fill(1)
  let largest = 0
  order.forEach((index, rank) => {
    largest = Math.max(largest, Math.min(1, (pValues[index] as number) * (pValues.length - rank)))
    corrected[index] = largest
  })
  return corrected
}

/** Hyndman and Fan's quantile of type 8, as the peers' figures have it. */
export function quantile8(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const position = Math.min(Math.max((sorted.length + 1 / 3) * q + 1 / 3, 1), sorted.length)
  const below = Math.floor(position)
  const low = sorted[below - 1] as number
  const high = sorted[Math.min(below, sorted.length - 1)] as number
  return low === high ? low : low + (position - below) * (high - low)
}

/** Ranks from 1, equal values sharing the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  return values.map((value) => {
    const smaller = values.filter((other) => other < value).length
    const equal = values.filter((other) => other === value).length
    return smaller + (equal + 1) / 2
  })
}
