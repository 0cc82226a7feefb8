import type { RandomStream } from '../random/random.ts'
import { type Axis, nearestIndex } from './acquisition/axis.ts'
import { logSumExp } from './log-sum-exp.ts'
import { truncatedNormalQuantile } from './truncated-normal.ts'

// n  observed points;  d  axes
// X  points // (n, d), row by row;  h  bandwidths // (d)

/** A density over coordinates of several kinds: the mean of one product of kernels for each observed point. */
export interface ProductKernels {
  readonly axes: readonly Axis[]
  /** X. Numbers lie in [0, 1], choices are indices. */
  readonly points: Float64Array
  readonly count: number
  /** h. */
  readonly bandwidths: Float64Array
}

/**
 * The density of observed points. Numbers have normal kernels, choices those of Aitchison & Aitken 1976: 1 - h for the
 * observed choice, and h spread over all others. Bandwidths are by the normal reference rule, hⱼ = 1.06 σⱼ n^(-1 / (4 + d)).
 * For a choice σ² is the chance that two observed points differ in it, and h is never more than the even spread.
 * Source: Silverman 1986, section 4.3.2; Li & Racine 2003 for mixed data.
 * @param points - X, with n · d numbers, n from 1.
 * @param minBandwidth - No bandwidth is smaller, as far as there are other choices. Above 0.
 */
export function productKernels(
  axes: readonly Axis[],
  points: Float64Array,
  minBandwidth: number,
): ProductKernels {
  const d = axes.length
  const count = points.length / d
  const shrink = 1.06 * count ** (-1 / (4 + d))
  const bandwidths = Float64Array.from(axes, (axis, j) => {
    const column = Float64Array.from({ length: count }, (_, i) => points[i * d + j] as number)
    if (axis.kind !== 'choice') return Math.max(minBandwidth, shrink * deviationOf(column))
    const even = (axis.count - 1) / axis.count
    return Math.min(even, Math.max(minBandwidth, shrink * Math.sqrt(disagreementOf(column))))
  })
  return { axes, points, count, bandwidths }
}

/** Log density at a point. Cost: O(n d). */
export function logDensity({ axes, points, count, bandwidths }: ProductKernels, x: Float64Array): number {
  const d = axes.length
  const logs = new Float64Array(count)
  let shared = -Math.log(count)
  axes.forEach((axis, j) => {
    const h = bandwidths[j] as number
    if (axis.kind === 'choice') {
      const [same, other] = [Math.log(1 - h), Math.log(h / (axis.count - 1))]
      for (let i = 0; i < count; i++)
        logs[i] = (logs[i] as number) + (points[i * d + j] === x[j] ? same : other)
      return
    }
    shared -= Math.log(h) + HALF_LOG_2PI
    for (let i = 0; i < count; i++) {
      const z = ((x[j] as number) - (points[i * d + j] as number)) / h
      logs[i] = (logs[i] as number) - 0.5 * z * z
    }
  })
  return shared + logSumExp(logs)
}

/**
 * Draws a point near an observed one, which is drawn first: numbers from its kernel, cut to [0, 1], choices with its
 * chance of another.
 * @param factor - Widens the kernels of numbers. Above 0.
 */
export function samplePoint(
  { axes, points, count, bandwidths }: ProductKernels,
  factor: number,
  random: RandomStream,
): Float64Array {
  const d = axes.length
  const i = random.below(count)
  return Float64Array.from(axes, (axis, j) => {
    const centre = points[i * d + j] as number
    const h = bandwidths[j] as number
    if (axis.kind === 'choice') return random.next() < 1 - h ? centre : random.below(axis.count)
    const width = factor * h
    const u = centre + width * truncatedNormalQuantile(random.next(), -centre / width, (1 - centre) / width)
    const inside = Math.min(1, Math.max(0, u))
    return axis.kind === 'grid'
      ? (axis.coordinates[nearestIndex(axis.coordinates, inside)] as number)
      : inside
  })
}

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI)

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

function disagreementOf(choices: Float64Array): number {
  const counts = new Map<number, number>()
  for (const choice of choices) counts.set(choice, (counts.get(choice) ?? 0) + 1)
  let agreement = 0
  for (const count of counts.values()) agreement += (count / choices.length) ** 2
  return 1 - agreement
}
