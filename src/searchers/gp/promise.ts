import { cholesky } from '../../math/cholesky.ts'
import { type Acquisition, productOf } from '../../math/acquisition/acquisition.ts'
import { logProbability } from '../../math/acquisition/confidence.ts'
import {
  type Fantasy,
  logExpectedImprovement,
  logFantasizedImprovement,
  STABILIZING_NOISE,
} from '../../math/acquisition/expected-improvement.ts'
import {
  type HypervolumeFantasy,
  logFantasizedHypervolume,
} from '../../math/acquisition/hypervolume-fantasies.ts'
import { logHypervolumeImprovement } from '../../math/acquisition/hypervolume-improvement.ts'
import type { GaussianProcess } from '../../math/gaussian-process/gaussian-process.ts'
import { normalSobol } from '../../math/normal-sobol.ts'
import type { RandomStream } from '../../random/random.ts'
import type { Belief, Model } from './model.ts'

/** Points without a result. */
export interface Pending {
  /** Rows of trials that run. */
  readonly running: readonly Float64Array[]
  /** Rows of trials that ended without a value that could be modelled. */
  readonly lost: readonly Float64Array[]
}

const FANTASIES = 32

// Of the covariance of points that run, whose variance is about 1: what rounding may take from the pivots of its root.
const JITTER = 1e-9

/**
 * What makes a point promising after some trials: (hypervolume) improvement, times the probability that it keeps each
 * constraint. Where nothing is feasible yet, that probability alone.
 *
 * Trials that run are fantasies: the improvement is the mean over ways in which they might end. At trials that were lost
 * the model is told its own mean, or the median where that is worse: so the search turns elsewhere, without a guess
 * that would spoil the model ("kriging believer", Ginsbourger, Le Riche & Carraro 2010).
 */
export function promiseOf(model: Model, pending: Pending, random: RandomStream): Acquisition {
  const lost = rowsOf(pending.lost)
  const running = rowsOf(pending.running)
  const objectives = model.objectives.map((process) => believing(process, lost, pending.lost.length, true))
  const constraints = model.constraints.map(({ process, threshold }) => ({
    process: believing(
      process,
      rowsOf([...pending.lost, ...pending.running]),
      pending.lost.length + pending.running.length,
      false,
    ),
    threshold,
  }))
  const feasibility = constraints.map(({ process, threshold }) => logProbability(process, threshold))
  if (!model.isFeasible.includes(true)) return productOf(feasibility)
  const known = model.isFeasible.flatMap((isFeasible, i) => (isFeasible ? [i] : []))
  const state = { known, running, rows: pending.running, constraints, random }
  const [objective] = objectives as [GaussianProcess]
  const improvement =
    objectives.length === 1 ? improvementOver(objective, state) : hypervolumeOver(objectives, state)
  return productOf([improvement, ...feasibility])
}

/** What improvement is measured by, besides the objectives. */
interface Improving {
  /** Which of the modelled trials are feasible. */
  readonly known: readonly number[]
  /** The points that run. Shape (r, d). */
  readonly running: Float64Array
  /** The same, row by row. */
  readonly rows: readonly Float64Array[]
  readonly constraints: readonly Belief[]
  readonly random: RandomStream
}

function improvementOver(
  process: GaussianProcess,
  { known, running, rows, constraints, random }: Improving,
): Acquisition {
  const best = known.reduce((most, i) => Math.max(most, process.y[i] as number), -Infinity)
  if (rows.length === 0) return logExpectedImprovement(process, best)
  const counts = rows.map((x) => mayBeFeasible(x, constraints))
  const { conditioned, draws } = fantasize(process, running, rows, random)
  const fantasies = draws.map((values): Fantasy => {
    const threshold = values.reduce((most, y, r) => (counts[r] === true ? Math.max(most, y) : most), best)
    return { weights: weightsWith(conditioned, values), threshold }
  })
  return logFantasizedImprovement(conditioned, fantasies)
}

function hypervolumeOver(
  objectives: readonly GaussianProcess[],
  { known, running, rows, constraints, random }: Improving,
): Acquisition {
  const losses = known.map((i) => objectives.map(({ y }) => -(y[i] as number)))
  if (rows.length === 0) return logHypervolumeImprovement(objectives, losses)
  const counts = rows.map((x) => mayBeFeasible(x, constraints))
  const fantasies = objectives.map((process, j) => fantasize(process, running, rows, random.fork(j)))
  const noise = normalSobol(objectives.length, FANTASIES, random.fork('point'))
  return logFantasizedHypervolume(
    fantasies.map(({ conditioned }) => conditioned),
    noise.map((normals, s): HypervolumeFantasy => {
      const ended = rows.flatMap((_, r) =>
        counts[r] === true ? [fantasies.map(({ draws }) => -((draws[s] as Float64Array)[r] as number))] : [],
      )
      const weights = fantasies.map(({ conditioned, draws }) =>
        weightsWith(conditioned, draws[s] as Float64Array),
      )
      return { weights, normals, losses: [...losses, ...ended] }
    }),
    losses,
  )
}

/**
 * Values that the points which run might have, drawn jointly, and the process that knows the points.
 *
 *   y = mu + L z with L Lᵀ = Sigma + jitter I // (r, r) the joint covariance of the r points, z // (r) standard normal
 *
 * Source: Rasmussen & Williams 2006, equation A.2 with section A.2, for joint draws; Snoek, Larochelle & Adams 2012,
 * arXiv:1206.2944, section 3.2, for improvement over fantasies. O(r³ + r n²) for n trials.
 * @param running - The same as `rows`. Shape (r, d).
 */
function fantasize(
  process: GaussianProcess,
  running: Float64Array,
  rows: readonly Float64Array[],
  random: RandomStream,
): { readonly conditioned: GaussianProcess; readonly draws: readonly Float64Array[] } {
  const r = rows.length
  const means = rows.map((x) => process.at(x).mean)
  const L = process.jointCovariance(running, r)
  for (let i = 0; i < r; i++) L[i * r + i] = (L[i * r + i] as number) + STABILIZING_NOISE + JITTER
  // Where it fails, points lie on one another: what is left of the matrix is a draw all the same.
  if (!cholesky(L, r)) for (let i = 0; i < r * r; i++) L[i] = Number.isFinite(L[i]) ? (L[i] as number) : 0
  const draws = normalSobol(r, FANTASIES, random.fork('running')).map((normals) =>
    Float64Array.from(means, (mean, i) => {
      let y = mean
      for (let k = 0; k <= i; k++) y += (L[i * r + k] as number) * (normals[k] as number)
      return y
    }),
  )
  return { conditioned: process.given(running, means), draws }
}

function weightsWith(process: GaussianProcess, values: Float64Array): Float64Array {
  const y = process.y.slice()
  y.set(values, y.length - values.length)
  return process.weightsOf(y)
}

function believing(
  process: GaussianProcess,
  rows: Float64Array,
  count: number,
  isPessimistic: boolean,
): GaussianProcess {
  if (count === 0) return process
  const { d } = process.inputs
  const middle = process.y.toSorted()[process.y.length >> 1] as number
  const beliefs = Array.from({ length: count }, (_, i) => {
    const { mean } = process.at(rows.subarray(i * d, (i + 1) * d))
    return isPessimistic ? Math.min(mean, middle) : mean
  })
  return process.given(rows, beliefs)
}

function mayBeFeasible(x: Float64Array, constraints: readonly Belief[]): boolean {
  return constraints.every(({ process, threshold }) => process.at(x).mean >= threshold)
}

function rowsOf(rows: readonly Float64Array[]): Float64Array {
  const d = rows[0]?.length ?? 0
  const flat = new Float64Array(rows.length * d)
  rows.forEach((x, i) => flat.set(x, i * d))
  return flat
}
