/**
 * What is believed of each quantity after some trials: one Gaussian process for each objective and each constraint.
 *
 *   x // (n, d) rows of the trials, y // (n) what is modelled of them: standardised, and more is better
 *   mean, variance at a point: k(x*)ᵀ A⁻¹ y and k(x*, x*) - k(x*)ᵀ A⁻¹ k(x*), with A = K + noise I // (n, n)
 *
 * Source: Rasmussen & Williams 2006, equations 2.25 and 2.26; a process for each constraint as in Gardner et al. 2014,
 * ICML, section 3. The kernel and its priors are those of Optuna 5 (`src/math/gaussian-process`).
 */
import { fitKernel } from '../../math/gaussian-process/fit.ts'
import { GaussianProcess } from '../../math/gaussian-process/gaussian-process.ts'
import { type Inputs, inputsOf, type KernelParameters } from '../../math/gaussian-process/kernel.ts'
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

/** Kernel parameters, by what they are of. */
export type Kernels = ReadonlyMap<string, KernelParameters>

/** One quantity of some trials, as a process models it. */
export interface Quantity {
  /** What it is, such as `objective/0`. */
  readonly name: string
  /** Shape (d) each. */
  readonly rows: readonly Float64Array[]
  /** Of mean 0 and deviation 1; more is better. Shape (n). */
  readonly y: Float64Array
  /** What counts as feasible, for a constraint; 0 for an objective. */
  readonly threshold: number
}

/** What is modelled of some trials. */
export interface Quantities {
  readonly trials: readonly ModelledTrial[]
  readonly objectives: readonly Quantity[]
  readonly constraints: readonly Quantity[]
}

/** How kernel parameters are fitted. */
export interface FitSettings {
  /** 1 where a coordinate is the index of a choice. Shape (d). */
  readonly isCategorical: Uint8Array
  readonly isDeterministic: boolean
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
 * What is to be modelled: the objectives, and every constraint, of the trials that have it.
 * @param losses - What is modelled in place of the trials' losses, by objective: their weighted worst, for instance.
 */
export function quantitiesOf(trials: readonly ModelledTrial[], losses: readonly Float64Array[]): Quantities {
  const rows = trials.map(({ x }) => x)
  const objectives = losses.map((loss, j) => {
    // The volume under several objectives means something in their own units alone.
    const { y } = standardized((losses.length === 1 ? evened(loss) : loss).map((value) => -value))
    return { name: `objective/${j}`, rows, y, threshold: 0 }
  })
  const names = [...new Set(trials.flatMap(({ constraints }) => Object.keys(constraints)))]
  const constraints = names.map((name) => {
    const those = trials.filter((trial) => Object.hasOwn(trial.constraints, name))
    const { y, mean, deviation } = standardized(
      those.map((trial) => -slackOf(trial.constraints[name] as number)),
    )
    return { name: `constraint/${name}`, rows: those.map(({ x }) => x), y, threshold: -mean / deviation }
  })
  return { trials, objectives, constraints }
}

/**
 * Kernel parameters that make each quantity likely.
 * @param start - Those of fits to part of the same trials, where the fits begin.
 */
export function kernelsOf(
  { objectives, constraints }: Quantities,
  start: Kernels,
  { isCategorical, isDeterministic }: FitSettings,
): Kernels {
  return new Map(
    [...objectives, ...constraints].map(({ name, rows, y }) => {
      const options = { start: start.get(name), isDeterministic, minimumNoise: NOISE_MIN }
      return [name, fitKernel(inputsOfRows(rows, isCategorical), y, options)]
    }),
  )
}

/** Models quantities with kernel parameters that were fitted to them, or to part of their trials. */
export function modelOf(
  { trials, objectives, constraints }: Quantities,
  kernels: Kernels,
  { isCategorical, isDeterministic }: FitSettings,
): Model {
  const processOf = ({ name, rows, y }: Quantity): GaussianProcess => {
    const inputs = inputsOfRows(rows, isCategorical)
    // A constraint that came up after the fit.
    const parameters = kernels.get(name) ?? fitKernel(inputs, y, { isDeterministic, minimumNoise: NOISE_MIN })
    return new GaussianProcess(inputs, y, parameters)
  }
  const processes = objectives.map(processOf)
  return {
    trials,
    objectives: processes,
    constraints: constraints.map((quantity) => ({
      process: processOf(quantity),
      threshold: quantity.threshold,
    })),
    isFeasible: trials.map((trial) => Object.values(trial.constraints).every((value) => value <= 0)),
    lengthScales: lengthScalesOf(processes, isCategorical.length),
  }
}

/** NaN counts as broken by infinitely much. */
function slackOf(constraint: number): number {
  return Number.isNaN(constraint) ? Infinity : constraint
}

function inputsOfRows(rows: readonly Float64Array[], isCategorical: Uint8Array): Inputs {
  const d = isCategorical.length
  const flat = new Float64Array(rows.length * d)
  rows.forEach((x, i) => flat.set(x, i * d))
  return inputsOf(flat, rows.length, isCategorical)
}

function lengthScalesOf(processes: readonly GaussianProcess[], d: number): Float64Array {
  return Float64Array.from({ length: d }, (_, j) => {
    let sum = 0
    for (const { parameters } of processes)
      sum += 1 / Math.sqrt(parameters.inverseSquaredLengthscales[j] as number)
    return sum / processes.length
  })
}
