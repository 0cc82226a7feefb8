import { partitionPoint } from '../core/partition-point.ts'
import { nearestLog } from '../math/nearest-log.ts'
import { interpolate } from '../math/quantile.ts'
import { type SplitNumbers, addNumber, largestLow, noNumbers, smallestHigh } from '../math/split-numbers.ts'

/** Where the rungs of successive halving lie. */
export interface RungOptions {
  readonly maxT: number
  readonly gracePeriod: number
  readonly reductionFactor: number
}

/** The scores that trials reached at one level. Plain data; `recordScore` alone changes it. */
export interface Rung {
  /** How far a trial has to be to count here, in units of the scheduler's `timeAttr`. */
  readonly level: number
  /** Larger is better. Split where the cutoff lies. */
  readonly scores: SplitNumbers
  count: number
}

/**
 * Levels of the rungs of bracket `s`, highest first: r · ηᵏ⁺ˢ for k = 0 … ⌊log_η(R / r) − s⌋, none above R.
 * Source: Li et al. 2018, arXiv:1810.05934, algorithm 1 (r = `gracePeriod`, η = `reductionFactor`, R = `maxT`).
 * The number of rungs comes from the quotient of two rounded logarithms, as in Ray Tune: a `maxT` of 243 with a factor
 * of 3 has no rung at 243, one of 27 has one at 27.
 */
export function rungLevels(options: RungOptions, s: number): number[] {
  const { gracePeriod, reductionFactor } = options
  const count = rungCount(options, s)
  return Array.from({ length: count }, (_, i) => gracePeriod * reductionFactor ** (count - 1 - i + s))
}

/** How many rungs bracket `s` has, without making them. */
export function rungCount({ maxT, gracePeriod, reductionFactor }: RungOptions, s: number): number {
  const span = maxT / gracePeriod
  // Of a grace period that is next to nothing; there is no logarithm of it.
  if (span === Infinity) return Infinity
  return Math.max(0, Math.floor(nearestLog(span) / nearestLog(reductionFactor) - s + 1))
}

/**
 * With which probability a trial falls into each bracket: the softmax of how many rungs each has.
 * @param rungCounts - Rungs of each bracket, as integers from 0.
 */
export function bracketProbabilities(rungCounts: readonly number[]): number[] {
  const most = Math.max(...rungCounts)
  const weights = rungCounts.map((count) => Math.exp(count - most))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

/** A rung that no trial has reached yet. */
export function emptyRung(level: number): Rung {
  return { level, scores: noNumbers(), count: 0 }
}

/**
 * The score that a trial has to reach at this rung to be among the best 1 / `reductionFactor` of those already there;
 * null while the rung is empty. Never NaN. Cost: O(1).
 * @param reductionFactor - The same as for `recordScore`.
 */
export function cutoffOf({ scores, count }: Rung, reductionFactor: number): number | null {
  const low = largestLow(scores)
  if (low === undefined) return null
  const position = cutoffPosition(count, reductionFactor)
  return interpolate(low, smallestHigh(scores) ?? low, position - Math.floor(position))
}

/** Adds a score to a rung. NaN counts as -Infinity: it lies under every cutoff in either case. Cost: O(log n). */
export function recordScore(rung: Rung, score: number, reductionFactor: number): void {
  const position = cutoffPosition(++rung.count, reductionFactor)
  addNumber(rung.scores, rankedScore(score), Math.floor(position) + 1)
}

/** Where the cutoff lies among so many ascending scores, from 0; between two of them it is interpolated. */
function cutoffPosition(count: number, reductionFactor: number): number {
  // Over 100 and back, as Ray asks numpy for a percentile: the last bit of the cutoff hangs on it.
  return (count - 1) * (((1 - 1 / reductionFactor) * 100) / 100)
}

/** What is kept of a score: NaN is the worst. */
export function rankedScore(score: number): number {
  // `+ 0` makes one zero of two, so that the order in which they came cannot show.
  return Number.isNaN(score) ? -Infinity : score + 0
}

/** How many of the first `count` numbers of an ascending array are at most `value`. Cost: O(log n). */
export function firstAbove(sorted: Readonly<ArrayLike<number>>, count: number, value: number): number {
  return partitionPoint(count, (i) => (sorted[i] as number) <= value)
}
