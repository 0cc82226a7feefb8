import { fitKernel } from '../../math/gaussian-process/fit.ts'
import { GaussianProcess } from '../../math/gaussian-process/gaussian-process.ts'
import { inputsOf, type KernelParameters } from '../../math/gaussian-process/kernel.ts'
import { evened } from './evened.ts'
import { standardized } from './scores.ts'

// A hundredth of Optuna's least noise: what is a thousandth of a deviation is not taken for noise, and where there is
// none, the best of 100 trials comes ten times as near to the optimum (Branin, Hartmann, a mixed space). Noise that
// there is, is fitted.
const NOISE_MIN = 1e-8

/** A trial that a model learns from. */
export interface ModelledTrial {
  /** Its coordinates. Shape (d). */
  readonly x: Float64Array
  /** One loss an objective; may be infinite, never NaN. */
  readonly losses: readonly number[]
  /** ≤ 0 is feasible; may be empty. */
  readonly constraints: Readonly<Record<string, number>>
}

/** What is believed of one quantity, of which more is better. */
export interface Belief {
  readonly process: GaussianProcess
  /** What counts as feasible, for a constraint; 0 for an objective. */
  readonly threshold: number
}

/** Kernel parameters of the last fit, by what they are of: where the next fit starts. */
export type Kernels = Map<string, KernelParameters>

/** What a model is made from. */
export interface ModelOptions {
  readonly isCategorical: Uint8Array
  readonly isDeterministic: boolean
  /** Kernel parameters that stand, or where to start from. Brought up to date. */
  readonly kernels: Kernels
  /** Whether to fit them anew. */
  readonly isFitted: boolean
}

/** All that is believed after some trials. */
export interface Model {
  readonly trials: readonly ModelledTrial[]
  /** One for each objective. */
  readonly objectives: readonly GaussianProcess[]
  readonly constraints: readonly Belief[]
  /** Whether each trial keeps all constraints. */
  readonly isFeasible: readonly boolean[]
  /** Length scale of each coordinate, the mean of the objectives' ones. Shape (d). */
  readonly lengthScales: Float64Array
}

/**
 * Models the objectives, one process each, and every constraint, of the trials that have it.
 * @param losses - What is modelled in place of the trials' losses, by objective: their weighted worst, for instance.
 */
export function modelOf(
  trials: readonly ModelledTrial[],
  losses: readonly Float64Array[],
  options: ModelOptions,
): Model {
  const rows = trials.map(({ x }) => x)
  const objectives = losses.map((loss, j) => {
    // The volume under several objectives means something in their own units alone.
    const { y } = standardized((losses.length === 1 ? evened(loss) : loss).map((value) => -value))
    return processOf(`objective/${j}`, rows, y, options)
  })
  const names = [...new Set(trials.flatMap(({ constraints }) => Object.keys(constraints)))]
  const constraints = names.map((name) => {
    const those = trials.filter((trial) => Object.hasOwn(trial.constraints, name))
    const { y, mean, deviation } = standardized(
      those.map((trial) => -slackOf(trial.constraints[name] as number)),
    )
    const process = processOf(
      `constraint/${name}`,
      those.map(({ x }) => x),
      y,
      options,
    )
    return { process, threshold: -mean / deviation }
  })
  return {
    trials,
    objectives,
    constraints,
    isFeasible: trials.map((trial) => Object.values(trial.constraints).every((value) => value <= 0)),
    lengthScales: lengthScalesOf(objectives, options.isCategorical.length),
  }
}

/** NaN counts as broken by infinitely much. */
function slackOf(constraint: number): number {
  return Number.isNaN(constraint) ? Infinity : constraint
}

function processOf(
  name: string,
  rows: readonly Float64Array[],
  y: Float64Array,
  { isCategorical, isDeterministic, kernels, isFitted }: ModelOptions,
): GaussianProcess {
  const d = isCategorical.length
  const flat = new Float64Array(rows.length * d)
  rows.forEach((x, i) => flat.set(x, i * d))
  const inputs = inputsOf(flat, rows.length, isCategorical)
  const before = kernels.get(name)
  const start = before?.inverseSquaredLengthscales.length === d ? before : undefined
  const parameters =
    start !== undefined && !isFitted
      ? start
      : fitKernel(inputs, y, { start, isDeterministic, minimumNoise: NOISE_MIN })
  kernels.set(name, parameters)
  return new GaussianProcess(inputs, y, parameters)
}

function lengthScalesOf(processes: readonly GaussianProcess[], d: number): Float64Array {
  return Float64Array.from({ length: d }, (_, j) => {
    let sum = 0
    for (const { parameters } of processes)
      sum += 1 / Math.sqrt(parameters.inverseSquaredLengthscales[j] as number)
    return sum / processes.length
  })
}
