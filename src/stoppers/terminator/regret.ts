/**
 * What is still to be gained, by a Gaussian process over the trials.
 *
 *   X // (n, d) rows of the trials, y // (n) their scores, of which more is better
 *   beta: how many deviations, squared, a confidence bound is from the mean
 *
 * Source: Makarova et al. 2022, AutoML-Conf, "Automatic termination for hyperparameter optimization" (regret bound);
 * Ishibashi et al. 2023, AISTATS, "A stopping criterion for Bayesian optimization by the gap of expected minimum simple
 * regrets" (EMMR). In the form of Optuna 5, whose numbers these are.
 */
import { confidenceBounds } from '../../math/acquisition/confidence.ts'
import { MINIMUM_NOISE } from '../../math/gaussian-process/fit.ts'
import { GaussianProcess } from '../../math/gaussian-process/gaussian-process.ts'
import { type Inputs, inputsOf, type KernelParameters } from '../../math/gaussian-process/kernel.ts'
import { ndtr, normalLogPdf } from '../../math/normal.ts'

/** Trials as a model sees them. */
export interface Scored {
  /** Shape (d) each. */
  readonly rows: readonly Float64Array[]
  /** Larger is better; finite. */
  readonly scores: readonly number[]
  readonly isCategorical: Uint8Array
}

/** What the estimates are made with. */
export interface RegretTools {
  /** Chooses kernel parameters for standardised scores; `start` are those of a fit to nearly the same data. */
  readonly fit: (inputs: Inputs, y: Float64Array, start?: KernelParameters) => KernelParameters
  /** Points at which the largest upper bound is looked for, besides those of the trials. Shape (d) each. */
  readonly probes: readonly Float64Array[]
  /** The probability with which the bound may fail, in (0, 1). */
  readonly delta: number
}

/** As large as an improvement is said to be where there are too few trials to tell. */
export const UNKNOWN_IMPROVEMENT = Number.MAX_VALUE * 0.1

/**
 * β of the confidence bounds: 2 ln(d n² π² / 6δ), a fifth of it, as the paper scales it.
 * Source: Srinivas et al. 2010, arXiv:0912.3995, theorem 1, with the number of parameters for the size of the domain.
 */
export function betaOf(d: number, n: number, delta: number): number {
  return (2 / 5) * Math.log((d * n * n * Math.PI * Math.PI) / 6 / delta)
}

/**
 * By how much the best trial may at most fall short of the optimum, with high probability: the largest upper confidence
 * bound over the space less the largest lower one over the trials. In the unit of the scores.
 * @param topTrialsRatio - The share of the trials, best first, that is modelled; at least `minNTrials`.
 */
export function regretBound(
  { rows, scores, isCategorical }: Scored,
  tools: RegretTools,
  { topTrialsRatio, minNTrials }: { readonly topTrialsRatio: number; readonly minNTrials: number },
): number {
  const n = scores.length
  const count = Math.min(n, Math.max(minNTrials, Math.floor(n * topTrialsRatio)))
  const bar = scores.toSorted((a, b) => b - a)[count - 1] as number
  const top = scores.flatMap((score, i) => (score >= bar ? [i] : []))
  const data = {
    rows: top.map((i) => rows[i] as Float64Array),
    scores: top.map((i) => scores[i] as number),
    isCategorical,
  }
  const { y, deviation } = standardizedBy(data.scores, 1e-10)
  return standardizedRegretBound(processOf(data, y, tools), data.rows, tools) * deviation
}

function standardizedRegretBound(
  process: GaussianProcess,
  rows: readonly Float64Array[],
  { probes, delta }: RegretTools,
): number {
  const beta = betaOf(process.inputs.d, rows.length, delta)
  const atTrials = boundsAt(process, rows, beta)
  const upper = Math.max(atTrials.upper, boundsAt(process, probes, beta).upper)
  return upper - atTrials.lower
}

/** The largest bounds among some points. */
function boundsAt(
  process: GaussianProcess,
  points: readonly Float64Array[],
  beta: number,
): { readonly lower: number; readonly upper: number } {
  const { d } = process.inputs
  const flat = new Float64Array(points.length * d)
  points.forEach((x, i) => flat.set(x, i * d))
  const means = new Float64Array(points.length)
  const variances = new Float64Array(points.length)
  process.atAll(flat, points.length, means, variances)
  let lower = -Infinity
  let upper = -Infinity
  for (let i = 0; i < points.length; i++) {
    const bounds = confidenceBounds({ mean: means[i] as number, variance: variances[i] as number }, beta)
    lower = Math.max(lower, bounds.lower)
    upper = Math.max(upper, bounds.upper)
  }
  return { lower, upper }
}

/**
 * The expected minimum model regret: how much the last trial could still have changed what is expected of the best one,
 * in standard deviations of the scores. It falls to zero once more trials teach nothing.
 * Source: Ishibashi et al. 2023, algorithm 1, with the divergence of its equation 4.
 * @param data - At least two trials, in the order in which they were made.
 */
export function emmr(data: Scored, tools: RegretTools): number {
  const { rows, scores, isCategorical } = data
  const last = scores.length - 1
  const { y } = standardizedBy(scores, Number.MIN_VALUE)
  const before = { rows: rows.slice(0, last), scores: scores.slice(0, last), isCategorical }
  const earlier = processOf(before, y.slice(0, last), tools)
  const now = processOf(data, y, tools, earlier.parameters)
  const bestRow = rows[indexOfLargest(y)] as Float64Array
  const earlierBestRow = rows[indexOfLargest(y.subarray(0, last))] as Float64Array
  const isSame = bestRow === earlierBestRow
  const best = now.at(bestRow)
  const covariance = isSame ? best.variance : covarianceOf(now, bestRow, earlierBestRow)
  const earlierBest = earlier.at(earlierBestRow).mean
  // Theorem 1: the mean of the larger of two normal values.
  const v = Math.sqrt(Math.max(1e-10, best.variance - 2 * covariance + now.at(earlierBestRow).variance))
  const g = (best.mean - earlierBest) / v
  const gain = v * Math.exp(normalLogPdf(g)) + v * g * ndtr(g)
  // Equation 4: the divergence between what was believed before and after the last trial.
  const { mean, variance } = now.at(rows[last] as Float64Array)
  const surprise = variance + MINIMUM_NOISE
  const divergence =
    0.5 * Math.log1p(variance / MINIMUM_NOISE) -
    (0.5 * variance) / surprise +
    (0.5 * variance * ((y[last] as number) - mean) ** 2) / surprise ** 2
  const kappa = standardizedRegretBound(earlier, before.rows, tools)
  const total = earlierBest - best.mean + gain + kappa * Math.sqrt(0.5 * divergence)
  return Math.min(Number.MAX_VALUE * 0.5, total)
}

function covarianceOf(process: GaussianProcess, a: Float64Array, b: Float64Array): number {
  const both = new Float64Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return process.jointCovariance(both, 2)[1] as number
}

function processOf(
  { rows, isCategorical }: Scored,
  y: Float64Array,
  { fit }: RegretTools,
  start?: KernelParameters,
): GaussianProcess {
  const d = isCategorical.length
  const flat = new Float64Array(rows.length * d)
  rows.forEach((x, i) => flat.set(x, i * d))
  const inputs = inputsOf(flat, rows.length, isCategorical)
  return new GaussianProcess(inputs, y, fit(inputs, y, start))
}

function standardizedBy(
  scores: readonly number[],
  deviationMin: number,
): { readonly y: Float64Array; readonly deviation: number } {
  const n = scores.length
  const mean = scores.reduce((sum, score) => sum + score / n, 0)
  const variance = scores.reduce((sum, score) => sum + (score - mean) ** 2 / n, 0)
  const deviation = Math.max(deviationMin, Math.sqrt(variance))
  return { y: Float64Array.from(scores, (score) => (score - mean) / deviation), deviation }
}

function indexOfLargest(y: Float64Array): number {
  let best = 0
  for (let i = 1; i < y.length; i++) if ((y[i] as number) > (y[best] as number)) best = i
  return best
}
