import type { Axis } from '../../math/acquisition/axis.ts'
import { logDensity, type ProductKernels, productKernels, samplePoint } from '../../math/product-kernels.ts'
import type { RandomStream } from '../../random/random.ts'
import { type LearningCurve, lossAt, reachOf } from '../learning-curve.ts'

// b  budget: a step;  N  trials that have reached it;  N_min  fewest points of a density
// N_l, N_g  trials of the good and of the bad density;  l, g  the two densities

/** What the model depends on. */
export interface ModelOptions {
  /** N_min; undefined for one more than there are parameters. */
  readonly minPointsInModel: number | undefined
  /** 100 q of the paper. */
  readonly topNPercent: number
  readonly numSamples: number
  readonly bandwidthFactor: number
  readonly minBandwidth: number
}

/** A trial as the model sees it. */
export interface ModelledTrial {
  readonly number: number
  /** Its coordinates, one for each axis. */
  readonly row: Float64Array
  readonly curve: LearningCurve
  /** Worse than all that were measured, whatever its curve says. */
  readonly isLost: boolean
}

/** The densities of good and of bad trials at one budget. */
export interface Model {
  readonly budget: number
  readonly good: ProductKernels
  readonly bad: ProductKernels
}

/**
 * The model at the largest budget that N_min + 2 trials have reached: N_l = max(N_min, q N) of the best trials make the
 * good density, N_g = max(N_min, N - N_l) of the worst the bad one. Where there are few trials the two overlap.
 * Source: Falkner, Klein & Hutter 2018, section 4.1 and equation 3. A trial that has come further counts with the loss
 * that it had at the budget; one that failed counts as worst of all. Of equals, the lower number is better.
 * Cost: O(n log n) in the trials, and O(N d).
 * @returns Undefined while too few trials have reported.
 */
export function modelOf(
  axes: readonly Axis[],
  trials: readonly ModelledTrial[],
  options: ModelOptions,
): Model | undefined {
  const minPoints = Math.max(options.minPointsInModel ?? 0, axes.length + 1)
  const measured = trials.filter(({ curve, isLost }) => !isLost && reachOf(curve) !== undefined)
  if (measured.length < minPoints + 2) return undefined
  const reaches = Float64Array.from(measured, ({ curve }) => reachOf(curve) as number).sort()
  const budget = reaches[reaches.length - minPoints - 2] as number
  const ranked = measured
    .filter(({ curve }) => (reachOf(curve) as number) >= budget)
    .map((trial) => ({ trial, loss: lossAt(trial.curve, budget) as number }))
    .sort((a, b) => compare(a.loss, b.loss) || a.trial.number - b.trial.number)
    .map(({ trial }) => trial)
  const lost = trials.filter((trial) => trial.isLost).sort((a, b) => a.number - b.number)
  const all = [...ranked, ...lost]
  const share = Math.floor((options.topNPercent * all.length) / 100)
  const goodCount = Math.max(minPoints, Math.min(share, ranked.length))
  const badCount = Math.max(minPoints, all.length - goodCount)
  const densityOf = (part: readonly ModelledTrial[]): ProductKernels => {
    const points = new Float64Array(part.length * axes.length)
    part.forEach(({ row }, i) => points.set(row, i * axes.length))
    return productKernels(axes, points, options.minBandwidth)
  }
  return { budget, good: densityOf(all.slice(0, goodCount)), bad: densityOf(all.slice(-badCount)) }
}

/** Of points drawn near the good trials, the one with the largest l / g. Source: Falkner et al. 2018, algorithm 2. */
export function bestCandidate(
  { good, bad }: Model,
  { numSamples, bandwidthFactor }: ModelOptions,
  random: RandomStream,
): Float64Array {
  let best = samplePoint(good, bandwidthFactor, random)
  let most = logDensity(good, best) - logDensity(bad, best)
  for (let i = 1; i < numSamples; i++) {
    const x = samplePoint(good, bandwidthFactor, random)
    const ratio = logDensity(good, x) - logDensity(bad, x)
    if (ratio > most) [best, most] = [x, ratio]
  }
  return best
}

function compare(a: number, b: number): number {
  // Not a difference: Infinity - Infinity is NaN.
  return a < b ? -1 : a > b ? 1 : 0
}
