import { type Box, nonDominatedBoxes } from '../box-decomposition.ts'
import type { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import type { Acquisition } from './acquisition.ts'
import { STABILIZING_NOISE } from './expected-improvement.ts'
import { logImprovement, logMean, referencePoint } from './hypervolume-improvement.ts'

/** One way in which the trials that run might end, and a point might turn out. */
export interface HypervolumeFantasy {
  /** Weights of each objective's process given their values. */
  readonly weights: readonly Float64Array[]
  /** By how many deviations the point's value lies above its mean, for each objective. Shape (m). */
  readonly normals: ArrayLike<number>
  /** Losses of the trials known, with those that run as they might end. */
  readonly losses: readonly ArrayLike<number>[]
}

/**
 * The log of the expected hypervolume improvement while other points are still being tried: the mean over fantasies, of
 * each of which the point's own values are one draw.
 * Source: Daulton, Balandat & Bakshy 2020, arXiv:2006.05078, equation 1, with fixed quasi-random draws.
 * @param processes - They know the points that are being tried.
 * @param known - Losses of the trials known; they fix the reference point.
 */
export function logFantasizedHypervolume(
  processes: readonly GaussianProcess[],
  fantasies: readonly HypervolumeFantasy[],
  known: readonly ArrayLike<number>[],
): Acquisition {
  const m = processes.length
  const reference = referencePoint(known)
  const boxes = fantasies.map(({ losses }) => nonDominatedBoxes(losses, reference))
  const room = new Float64Array(boxes.reduce((most, { length }) => Math.max(most, length), 0))
  const logs = new Float64Array(fantasies.length)
  const losses = fantasies.map(() => new Float64Array(m))
  const sigmas = new Float64Array(m)

  function evaluate(x: Float64Array): number {
    processes.forEach((process, j) => {
      sigmas[j] = Math.sqrt(process.at(x).variance + STABILIZING_NOISE)
      fantasies.forEach(({ weights, normals }, s) => {
        const mean = process.meanFor(weights[j] as Float64Array)
        ;(losses[s] as Float64Array)[j] = -(mean + (sigmas[j] as number) * (normals[j] as number))
      })
    })
    fantasies.forEach((_, s) => {
      logs[s] = logImprovement(losses[s] as Float64Array, boxes[s] as readonly Box[], room)
    })
    return logMean(logs)
  }

  return {
    value: evaluate,
    valueAndGradient(x, gradient) {
      const value = evaluate(x)
      const total = value + Math.log(fantasies.length)
      gradient.fill(0)
      const slopes = fantasies.map((_, s) => {
        const share = Math.exp((logs[s] as number) - total)
        return slopeOf(losses[s] as Float64Array, boxes[s] as readonly Box[], logs[s] as number).map(
          (slope) => share * slope,
        )
      })
      processes.forEach((process, j) => {
        const mixed = new Float64Array(process.inputs.n)
        let bySigma = 0
        fantasies.forEach(({ weights, normals }, s) => {
          // The loss falls as the value rises.
          const byMean = -((slopes[s] as Float64Array)[j] as number)
          bySigma += byMean * (normals[j] as number)
          const weight = weights[j] as Float64Array
          for (let i = 0; i < mixed.length; i++)
            mixed[i] = (mixed[i] as number) + byMean * (weight[i] as number)
        })
        process.addGradient(1, bySigma / (2 * (sigmas[j] as number)), gradient, mixed)
      })
      return value
    },
    values(points, count, out) {
      const { d } = (processes[0] as GaussianProcess).inputs
      for (let i = 0; i < count; i++) out[i] = evaluate(points.subarray(i * d, (i + 1) * d))
    },
  }
}

/** The derivatives of `logImprovement` by the losses. Shape (m). */
function slopeOf(y: Float64Array, boxes: readonly Box[], log: number): Float64Array {
  const slope = new Float64Array(y.length)
  for (const { lower, upper } of boxes) {
    let sum = 0
    for (let j = 0; j < y.length; j++) sum += Math.log(lengthOf(y, lower, upper, j))
    const share = Math.exp(sum - log)
    for (let j = 0; j < y.length; j++) {
      const length = (upper[j] as number) - (y[j] as number)
      if (length > 1e-12 && (y[j] as number) > (lower[j] as number))
        slope[j] = (slope[j] as number) - share / length
    }
  }
  return slope
}

function lengthOf(y: Float64Array, lower: Float64Array, upper: Float64Array, j: number): number {
  const u = upper[j] as number
  const most = Math.max(u - (lower[j] as number), 1e-12)
  return Math.min(most, Math.max(1e-12, u - (y[j] as number)))
}
