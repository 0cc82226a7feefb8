/**
 * Expected hypervolume improvement: what a point would add, in the mean, to the volume that the front dominates.
 *
 *   boxes: the room not dominated, in losses; y // (m) losses at a point, each normal and independent of the others
 *   HVI(y) = Σ over boxes Π over objectives min(u - l, max(0, u - y))
 *   ψ(a) = E[max(0, a - y)] = σ h((a - μ) / σ), so that the mean of one factor is ψ(u) - ψ(l)
 *
 * Source: Daulton, Balandat & Bakshy 2020, arXiv:2006.05078, equation 1; the exact mean: Yang et al. 2019, J. Global
 * Optim. 75, equation 12; everything in logarithms: Ament et al. 2023, arXiv:2310.20708.
 */
import { type Box, nonDominatedBoxes } from '../box-decomposition.ts'
import type { GaussianProcess } from '../gaussian-process/gaussian-process.ts'
import { eiShares, logEi } from '../log-ei.ts'
import { logSumExp } from '../log-sum-exp.ts'
import type { Acquisition } from './acquisition.ts'
import { STABILIZING_NOISE } from './expected-improvement.ts'

// A length of zero has no logarithm.
const LENGTH_MIN = 1e-12

/**
 * The point up to which the volume counts: a tenth beyond the worst loss of each objective, as in Optuna 5.
 * @param losses - Finite, at least one.
 */
export function referencePoint(losses: readonly ArrayLike<number>[]): Float64Array {
  const m = (losses[0] as ArrayLike<number>).length
  return Float64Array.from({ length: m }, (_, j) => {
    const worst = losses.reduce((most, loss) => Math.max(most, loss[j] as number), -Infinity)
    return nextAbove(Math.max(1.1 * worst, 0.9 * worst))
  })
}

function nextAbove(x: number): number {
  return x === 0 ? Number.MIN_VALUE : x + Math.abs(x) * 2 ** -53 + Number.MIN_VALUE
}

/** The log of what the losses `y` add to the volume, each length at least 1e-12. */
export function logImprovement(y: ArrayLike<number>, boxes: readonly Box[], room: Float64Array): number {
  for (let b = 0; b < boxes.length; b++) {
    const { lower, upper } = boxes[b] as Box
    let sum = 0
    for (let j = 0; j < upper.length; j++) {
      const u = upper[j] as number
      const most = Math.max(u - (lower[j] as number), LENGTH_MIN)
      sum += Math.log(Math.min(most, Math.max(LENGTH_MIN, u - (y[j] as number))))
    }
    room[b] = sum
  }
  return logSumExp(room, boxes.length)
}

/** The log of the mean of values given by their logs. */
export function logMean(logs: ArrayLike<number>): number {
  return logSumExp(logs) - Math.log(logs.length)
}

/**
 * The log of the exact expected hypervolume improvement, for independent objectives.
 * @param processes - Of the objectives, where more is better.
 * @param losses - Of the trials known, in the same order, turned round. At least one.
 * @returns Cost of a value: O(boxes m) beside the processes'.
 */
export function logHypervolumeImprovement(
  processes: readonly GaussianProcess[],
  losses: readonly ArrayLike<number>[],
): Acquisition {
  const m = processes.length
  const boxes = nonDominatedBoxes(losses, referencePoint(losses))
  const B = boxes.length
  const corners = Array.from({ length: m }, (_, j) => new Corners(boxes, j))
  const logs = new Float64Array(B)
  const logFactors = Array.from({ length: m }, () => new Float64Array(B))

  function evaluate(): number {
    for (let b = 0; b < B; b++) {
      let sum = 0
      for (let j = 0; j < m; j++) {
        const factor = (corners[j] as Corners).logLength(b)
        ;(logFactors[j] as Float64Array)[b] = factor
        sum += factor
      }
      logs[b] = sum
    }
    return logSumExp(logs)
  }

  const at = (x: Float64Array): number => {
    for (let j = 0; j < m; j++) {
      const { mean, variance } = (processes[j] as GaussianProcess).at(x)
      ;(corners[j] as Corners).move(-mean, Math.sqrt(variance + STABILIZING_NOISE))
    }
    return evaluate()
  }

  return {
    value: at,
    valueAndGradient(x, gradient) {
      const value = at(x)
      gradient.fill(0)
      for (let j = 0; j < m; j++) {
        const corner = corners[j] as Corners
        let byMean = 0
        let bySigma = 0
        for (let b = 0; b < B; b++) {
          const share = Math.exp((logs[b] as number) - value)
          if (!(share > 1e-12)) continue
          const slopes = corner.slopes(b, (logFactors[j] as Float64Array)[b] as number)
          byMean += share * slopes.byMean
          bySigma += share * slopes.bySigma
        }
        ;(processes[j] as GaussianProcess).addGradient(-byMean, bySigma / (2 * corner.sigma), gradient)
      }
      return value
    },
    values(points, count, out) {
      const means = processes.map(() => new Float64Array(count))
      const variances = processes.map(() => new Float64Array(count))
      processes.forEach((process, j) =>
        process.atAll(points, count, means[j] as Float64Array, variances[j] as Float64Array),
      )
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < m; j++) {
          const variance = (variances[j] as Float64Array)[i] as number
          const mean = (means[j] as Float64Array)[i] as number
          ;(corners[j] as Corners).move(-mean, Math.sqrt(variance + STABILIZING_NOISE))
        }
        out[i] = evaluate()
      }
    },
  }
}

/** ψ at the ends that the boxes have along one objective; boxes share ends, so each is computed once. */
class Corners {
  readonly #ends: Float64Array
  readonly #lower: Int32Array
  readonly #upper: Int32Array
  readonly #logPsi: Float64Array
  readonly #z: Float64Array
  sigma = 1

  constructor(boxes: readonly Box[], j: number) {
    const ends = [...new Set(boxes.flatMap(({ lower, upper }) => [lower[j] as number, upper[j] as number]))]
    const indexOf = new Map(ends.map((end, i) => [end, i]))
    this.#ends = Float64Array.from(ends)
    this.#lower = Int32Array.from(boxes, ({ lower }) => indexOf.get(lower[j] as number) as number)
    this.#upper = Int32Array.from(boxes, ({ upper }) => indexOf.get(upper[j] as number) as number)
    this.#logPsi = new Float64Array(ends.length)
    this.#z = new Float64Array(ends.length)
  }

  /** Takes another belief of the loss. */
  move(mean: number, sigma: number): void {
    this.sigma = sigma
    for (let i = 0; i < this.#ends.length; i++) {
      const z = ((this.#ends[i] as number) - mean) / sigma
      this.#z[i] = z
      this.#logPsi[i] = z === -Infinity ? -Infinity : logEi(z)
    }
  }

  /** log (ψ(u) - ψ(l)) of box b. */
  logLength(b: number): number {
    const upper = this.#logPsi[this.#upper[b] as number] as number
    const lower = this.#logPsi[this.#lower[b] as number] as number
    const length = upper + Math.log(-Math.expm1(Math.min(lower - upper, -1e-16)))
    return length + Math.log(this.sigma)
  }

  /** The derivatives of `logLength` by mean and deviation. */
  slopes(b: number, logLength: number): { readonly byMean: number; readonly bySigma: number } {
    const logSigma = Math.log(this.sigma)
    const part = (end: number): { Phi: number; phi: number } => {
      const logPsi = this.#logPsi[end] as number
      if (logPsi === -Infinity) return { Phi: 0, phi: 0 }
      const { Phi, phi } = eiShares(this.#z[end] as number, logPsi)
      const weight = Math.exp(logPsi + logSigma - logLength)
      return { Phi: weight * Phi, phi: weight * phi }
    }
    const upper = part(this.#upper[b] as number)
    const lower = part(this.#lower[b] as number)
    return { byMean: (lower.Phi - upper.Phi) / this.sigma, bySigma: (upper.phi - lower.phi) / this.sigma }
  }
}
