/**
 * Compares what the searcher `cmaes` calls with recorded numbers: constants and generations of CMA-ES, by the tutorial
 * and by pycma with its own constants, and the distribution of a warm start.
 */
import {
  defaultPopulationSize,
  strategyConstants,
  type StrategyConstants,
} from '../../src/searchers/cmaes/constants.ts'
import { Evolution } from '../../src/searchers/cmaes/evolution.ts'
import { warmStart } from '../../src/searchers/cmaes/warm-start.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'

interface ConstantsInput {
  readonly dim: number
  readonly popsize: number
}

interface Generation {
  readonly x: readonly (readonly number[])[]
  readonly f: readonly number[]
}

interface TrajectoryInput {
  readonly mean: readonly number[]
  readonly sigma: number
  readonly C?: readonly (readonly number[])[]
  readonly popsize: number
  readonly constants?: Omit<StrategyConstants, 'weights' | 'lambda' | 'mueffMinus'> & {
    readonly weights: readonly number[]
  }
  readonly generations: readonly Generation[]
}

interface WarmStartInput extends Generation {
  readonly gamma: number
  readonly alpha: number
}

// What pycma computes in another order is off by more than rounding: its file says how much is allowed.
const PYCMA: Tolerance = { abs: 1e-10, rel: 1e-6 }

/** Says what differs first, or nothing. */
export function runCmaCase({ kind, input, expected }: FixtureCase, tolerance: Tolerance): string | undefined {
  switch (kind) {
    case 'constants':
      return difference(constantsOf(input as ConstantsInput), expected, tolerance)
    case 'trajectory':
      return difference({ generations: trajectoryOf(input as TrajectoryInput) }, expected, tolerance)
    case 'pycma':
      return difference(
        { generations: trajectoryOf(input as TrajectoryInput).map(asPycma) },
        { generations: (expected as { generations: PycmaGeneration[] }).generations.map(withoutNote) },
        PYCMA,
      )
    case 'warm-start':
      return difference(warmStartOf(input as WarmStartInput), expected, tolerance)
    default:
      return `cases of kind ${kind} are not known`
  }
}

function constantsOf({ dim, popsize }: ConstantsInput): Record<string, unknown> {
  const { lambda: _, weights, ...constants } = strategyConstants(dim, popsize)
  return { ...constants, weights: [...weights], defaultPopsize: defaultPopulationSize(dim) }
}

interface RecordedGeneration {
  readonly mean: number[]
  readonly sigma: number
  readonly C: number[][]
  readonly ps: number[]
  readonly pc: number[]
  readonly hsig: number
}

interface PycmaGeneration {
  readonly relDeviationFromTutorialUpdate?: number
}

function trajectoryOf({
  mean,
  sigma,
  C,
  popsize,
  constants,
  generations,
}: TrajectoryInput): RecordedGeneration[] {
  const n = mean.length
  const own = strategyConstants(n, popsize)
  const evolution = new Evolution({
    constants:
      constants === undefined ? own : { ...own, ...constants, weights: Float64Array.from(constants.weights) },
    mean: Float64Array.from(mean),
    sigma,
    ...(C === undefined ? {} : { C: Float64Array.from(C.flat()) }),
  })
  return generations.map(({ x, f }) => {
    evolution.update(candidatesOf(x, f))
    return {
      mean: [...evolution.mean],
      sigma: evolution.sigma,
      C: rowsOf(evolution.covariance.entries, n),
      ps: [...evolution.pSigma],
      pc: [...evolution.pC],
      hsig: evolution.hsig ? 1 : 0,
    }
  })
}

function asPycma({ mean, sigma, C, ps, pc }: RecordedGeneration): Record<string, unknown> {
  return { mean, sigma, C, psNorm: Math.hypot(...ps), pc }
}

// It says how far pycma itself is from the tutorial, which is no result of ours.
function withoutNote({ relDeviationFromTutorialUpdate: _, ...generation }: PycmaGeneration): unknown {
  return generation
}

function warmStartOf({ x, f, gamma, alpha }: WarmStartInput): Record<string, unknown> {
  const { mean, sigma, C } = warmStart(candidatesOf(x, f), { gamma, alpha })
  return { mean: [...mean], sigma, C: rowsOf(C, mean.length) }
}

function candidatesOf(
  x: Generation['x'],
  f: Generation['f'],
): { readonly x: Float64Array; readonly loss: number; readonly number: number }[] {
  return x.map((row, i) => ({ x: Float64Array.from(row), loss: f[i] as number, number: i }))
}

function rowsOf(matrix: Float64Array, n: number): number[][] {
  return Array.from({ length: n }, (_, i) => [...matrix.subarray(i * n, i * n + n)])
}
