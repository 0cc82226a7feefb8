/**
 * Compares the estimates of `terminator` with Optuna's, by the functions that it itself calls. Kernel parameters and
 * the points of the search for the largest bound are fixed, as they were when the cases were recorded.
 */
import type { KernelParameters } from '../../src/math/gaussian-process/kernel.ts'
import { crossValidationError, medianError } from '../../src/stoppers/terminator/error.ts'
import { stagnation } from '../../src/stoppers/terminator/improvement.ts'
import {
  betaOf,
  emmr,
  regretBound,
  type RegretTools,
  type Scored,
} from '../../src/stoppers/terminator/regret.ts'
import { terminator } from '../../src/stoppers/terminator/terminator.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'

type Direction = 'minimize' | 'maximize'

interface StagnationInput {
  readonly direction: Direction
  readonly values: readonly number[]
  readonly maxStagnationTrials: number
  readonly minNTrials: number
}

interface RegretInput {
  readonly direction: Direction
  readonly x: readonly (readonly number[])[]
  readonly values: readonly number[]
  readonly inverseSquaredLengthscales: readonly number[]
  readonly kernelScale: number
  readonly noiseVariance: number
  readonly probePoints: readonly (readonly number[])[]
  readonly delta: number
}

interface MedianInput {
  readonly values: readonly number[]
  readonly warmUpTrials: number
  readonly nInitialTrials: number
  readonly thresholdRatio: number
}

/** Says what differs first, or nothing. */
export function runTerminatorCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  return difference(resultOf(testCase), testCase['expected'], tolerance)
}

function resultOf({ input, kind }: FixtureCase): unknown {
  switch (kind) {
    case 'stagnation':
      return stagnated(input as StagnationInput)
    case 'cv-error':
      return { error: crossValidationError((input as { readonly scores: readonly number[] }).scores) }
    case 'beta': {
      const { params, trials, delta } = input as {
        readonly params: readonly number[]
        readonly trials: readonly number[]
        readonly delta: number
      }
      return { beta: params.map((d) => trials.map((n) => betaOf(d, n, delta))) }
    }
    case 'emmr':
      return { emmr: emmr(scoredOf(input as RegretInput), toolsOf(input as RegretInput)) }
    case 'regret-bound': {
      const options = input as { readonly topTrialsRatio: number; readonly minNTrials: number }
      return {
        regretBound: regretBound(scoredOf(input as RegretInput), toolsOf(input as RegretInput), options),
      }
    }
    case 'median-error': {
      const { values, ...options } = input as MedianInput
      return { error: medianError(values, (losses) => stagnation(losses, 30), options) }
    }
    default:
      return `cases of kind ${kind} are not known`
  }
}

function stagnated({
  direction,
  values,
  maxStagnationTrials,
  minNTrials,
}: StagnationInput): Record<string, unknown> {
  const losses = direction === 'minimize' ? values : values.map((value) => -value)
  const stopper = terminator({ improvement: 'bestValueStagnation', maxStagnationTrials, minNTrials })
  const state = stopper.init()
  const objectives = [
    { metric: 'value', mode: direction === 'minimize' ? ('min' as const) : ('max' as const) },
  ]
  const demands = values.map((value, number) =>
    stopper.onEnd?.(state, {
      objectives,
      trial: {
        number,
        params: {},
        domains: {},
        state: 'completed',
        values: [value],
        step: 1,
        intermediate: [[1, value]],
        constraints: {},
      },
    }),
  )
  return {
    improvement: stagnation(losses, maxStagnationTrials),
    // What it says after the last trial.
    terminate: demands.at(-1) !== undefined,
  }
}

function scoredOf({ direction, x, values }: RegretInput): Scored {
  return {
    rows: x.map((row) => Float64Array.from(row)),
    scores: values.map((value) => (direction === 'maximize' ? value : -value)),
    isCategorical: new Uint8Array((x[0] as readonly number[]).length),
  }
}

function toolsOf(input: RegretInput): RegretTools {
  const parameters: KernelParameters = {
    inverseSquaredLengthscales: Float64Array.from(input.inverseSquaredLengthscales),
    scale: input.kernelScale,
    noise: input.noiseVariance,
  }
  return {
    fit: () => parameters,
    probes: input.probePoints.map((point) => Float64Array.from(point)),
    delta: input.delta,
  }
}
