/**
 * Compares the Gaussian process of `gp`, its fit and its acquisitions with Optuna's, by the functions that the search
 * itself calls.
 */
import type { Acquisition } from '../../src/math/acquisition/acquisition.ts'
import { confidenceBounds, logProbability } from '../../src/math/acquisition/confidence.ts'
import { logExpectedImprovement } from '../../src/math/acquisition/expected-improvement.ts'
import {
  logImprovement,
  logMean,
  referencePoint,
} from '../../src/math/acquisition/hypervolume-improvement.ts'
import { nonDominatedBoxes } from '../../src/math/box-decomposition.ts'
import { fitKernel, logPrior, lossOf, rawOf } from '../../src/math/gaussian-process/fit.ts'
import { GaussianProcess } from '../../src/math/gaussian-process/gaussian-process.ts'
import {
  covarianceMatrix,
  covariances,
  inputsOf,
  type KernelParameters,
} from '../../src/math/gaussian-process/kernel.ts'
import { logEi } from '../../src/math/log-ei.ts'
import { matern52, matern52Slope } from '../../src/math/matern.ts'
import { unitScaleOf } from '../../src/searchers/kernel-axes.ts'
import { roundHalfEven } from '../../src/space/axis.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'

type Rows = readonly (readonly number[])[]

interface RecordedProcess {
  readonly x: Rows
  readonly y: readonly number[]
  readonly isCategorical: readonly boolean[]
  readonly inverseSquaredLengthscales: readonly number[]
  readonly kernelScale: number
  readonly noiseVariance: number
}

interface PosteriorInput extends RecordedProcess {
  readonly points: Rows
  readonly threshold: number
  readonly beta: number
  readonly stabilizingNoise: number
}

interface FitInput {
  readonly x: Rows
  readonly y: readonly number[]
  readonly minimumNoise: number
  readonly gtol: number
}

interface FitExpected {
  readonly logPosterior: number
  readonly inverseSquaredLengthscales: readonly number[]
  readonly kernelScale: number
  readonly noiseVariance: number
}

interface NormalizeInput {
  readonly distribution: {
    readonly type: 'float' | 'int'
    readonly low: number
    readonly high: number
    readonly log: boolean
    readonly step: number | null
  }
  readonly values: readonly number[]
  readonly unit: readonly number[]
}

/** Says what differs first, or nothing. */
export function runGpCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { input, expected, kind } = testCase
  switch (kind) {
    case 'posterior':
      return difference(posterior(input as PosteriorInput, expected as object), expected, tolerance)
    case 'logei': {
      const { z } = input as { readonly z: readonly unknown[] }
      return difference({ logEI: z.map((at) => logEi(numberOf(at) as number)) }, expected, tolerance)
    }
    case 'matern': {
      const { squaredDistance } = input as { readonly squaredDistance: readonly number[] }
      const actual = { value: squaredDistance.map(matern52), derivative: squaredDistance.map(matern52Slope) }
      return difference(actual, expected, tolerance)
    }
    case 'logehvi':
      return difference(hypervolumeImprovement(input as HypervolumeInput), expected, tolerance)
    case 'normalize':
      return difference(normalized(input as NormalizeInput), expected, tolerance)
    case 'fit':
      return fitted(input as FitInput, expected as FitExpected)
    default:
      return `cases of kind ${kind} are not known`
  }
}

/** The process of a record, as searchers and terminators make theirs. */
export function processOf(record: RecordedProcess): GaussianProcess {
  const parameters: KernelParameters = {
    inverseSquaredLengthscales: Float64Array.from(record.inverseSquaredLengthscales),
    scale: record.kernelScale,
    noise: record.noiseVariance,
  }
  const isCategorical = Uint8Array.from(record.isCategorical, Number)
  return new GaussianProcess(
    inputsOf(record.x.flat(), record.x.length, isCategorical),
    Float64Array.from(record.y),
    parameters,
  )
}

function posterior(input: PosteriorInput, expected: object): Record<string, unknown> {
  const { points, threshold, beta, stabilizingNoise } = input
  const process = processOf(input)
  const { inputs, parameters, y } = process
  const rows = points.map((point) => Float64Array.from(point))
  const beliefs = rows.map((x) => process.at(x))
  const bounds = beliefs.map((belief) => confidenceBounds(belief, beta))
  const flat = Float64Array.from(points.flat())
  const actual = {
    kernelXX: symmetric(inputs.n, (out) => covarianceMatrix(inputs, parameters, out, 0)),
    kernelPX: rows.map((x) => {
      const k = new Float64Array(inputs.n)
      covariances(inputs, parameters, x, k)
      return [...k]
    }),
    mean: beliefs.map(({ mean }) => mean),
    variance: beliefs.map(({ variance }) => variance),
    jointCovariance4: inRows(process.jointCovariance(flat, 4), 4),
    marginalLogLikelihood: process.logLikelihood(),
    logPrior: logPrior(parameters),
    logEI: valuesOf(logExpectedImprovement(process, threshold, stabilizingNoise), rows),
    logPI: valuesOf(logProbability(process, threshold, stabilizingNoise), rows),
    ucb: bounds.map(({ upper }) => upper),
    lcb: bounds.map(({ lower }) => lower),
  }
  if (!('fitLoss' in expected)) return actual
  const raw = rawOf(parameters)
  const gradient = new Float64Array(raw.length)
  const fitLoss = lossOf(inputs, y)(raw, gradient)
  return { ...actual, fitLoss, fitLossGradient: [...gradient] }
}

/** At all points at once, as candidates are looked at; a point by itself, as a local search does, must give the same. */
function valuesOf(acquisition: Acquisition, rows: readonly Float64Array[]): number[] {
  const d = (rows[0] as Float64Array).length
  const points = new Float64Array(rows.length * d)
  rows.forEach((x, i) => points.set(x, i * d))
  const out = new Float64Array(rows.length)
  acquisition.values(points, rows.length, out)
  return rows.map((x, i) => {
    const alone = acquisition.valueAndGradient(x, new Float64Array(d))
    return Math.abs(alone - (out[i] as number)) <= 1e-6 * Math.abs(alone) ? alone : Number.NaN
  })
}

interface HypervolumeInput {
  readonly observed: Rows
  readonly posteriorSamples: readonly Rows[]
}

function hypervolumeImprovement({ observed, posteriorSamples }: HypervolumeInput): Record<string, unknown> {
  const losses = observed.map((y) => y.map((value) => -value))
  const reference = referencePoint(losses)
  const boxes = nonDominatedBoxes(losses, reference)
  const room = new Float64Array(boxes.length)
  const logEHVI = posteriorSamples.map((samples) =>
    logMean(
      samples.map((y) =>
        logImprovement(
          y.map((value) => -value),
          boxes,
          room,
        ),
      ),
    ),
  )
  return { referencePointOfLosses: [...reference], logEHVI, nBoxes: boxes.length }
}

function normalized({ distribution, values, unit }: NormalizeInput): Record<string, unknown> {
  const { type, low, high, log, step } = distribution
  const scale = log ? 'log' : 'linear'
  const rule = 'optuna'
  const { toUnit, fromUnit, stepAt } = unitScaleOf(
    type === 'int'
      ? { kind: 'int', low, high, scale, rule, step: step ?? 1 }
      : { kind: 'float', low, high, scale, rule, step: step ?? undefined },
  )
  return {
    normalized: values.map(toUnit),
    roundedUnit: unit.map((u) => toUnit(stepAt(u))),
    // Optuna rounds integers once more when it hands them out.
    unnormalized: unit.map((u) => (type === 'int' ? roundHalfEven(fromUnit(u)) : fromUnit(u))),
  }
}

/** A better optimum is as good; and where the likelihood is flat, its place is uncertain. */
function fitted({ x, y, minimumNoise, gtol }: FitInput, expected: FitExpected): string | undefined {
  const isCategorical = new Uint8Array((x[0] as readonly number[]).length)
  const inputs = inputsOf(x.flat(), x.length, isCategorical)
  const values = Float64Array.from(y)
  const parameters = fitKernel(inputs, values, { minimumNoise, gradientTolerance: gtol })
  const logPosterior = new GaussianProcess(inputs, values, parameters).logLikelihood() + logPrior(parameters)
  if (!(logPosterior >= expected.logPosterior - 1e-4)) {
    return `logPosterior: expected at least ${expected.logPosterior} - 1e-4, got ${logPosterior}`
  }
  if (logPosterior > expected.logPosterior + 1e-4) return undefined
  const { inverseSquaredLengthscales, kernelScale, noiseVariance } = expected
  return difference(
    {
      inverseSquaredLengthscales: [...parameters.inverseSquaredLengthscales],
      kernelScale: parameters.scale,
      noiseVariance: parameters.noise,
    },
    { inverseSquaredLengthscales, kernelScale, noiseVariance },
    { abs: 0, rel: 2e-2 },
  )
}

function symmetric(n: number, write: (out: Float64Array) => void): number[][] {
  const lower = new Float64Array(n * n)
  write(lower)
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_unused, j) => lower[Math.max(i, j) * n + Math.min(i, j)] as number),
  )
}

function inRows(matrix: Float64Array, n: number): number[][] {
  return Array.from({ length: n }, (_, i) => [...matrix.subarray(i * n, (i + 1) * n)])
}
