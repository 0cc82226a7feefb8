/** Compares TPE's Parzen estimator with Optuna's: weights, kernels and densities. */
import { type Axis, axisOf } from '../../src/searchers/tpe/axis.ts'
import { type Weigh, weighByAge } from '../../src/searchers/tpe/defaults.ts'
import { ParzenMixture } from '../../src/searchers/tpe/parzen-mixture.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'
import { type RecordedParameter, recordedDomain } from './recorded-domain.ts'

type Columns = Readonly<Record<string, readonly number[]>>

interface ParzenInput {
  readonly space: readonly RecordedParameter[]
  readonly observations: Columns
  readonly points: Columns
  readonly priorWeight: number
  readonly considerMagicClip: boolean
  readonly considerEndpoints: boolean
  readonly predeterminedWeights: readonly number[] | null
}

/** Says what differs first, or nothing. */
export function runTpeParzenCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const input = testCase['input'] as ParzenInput
  const { space, priorWeight, considerMagicClip, considerEndpoints, predeterminedWeights } = input
  const weigh: Weigh =
    predeterminedWeights === null ? weighByAge : (_, weights) => weights.set(predeterminedWeights)
  const options = { priorWeight, considerMagicClip, considerEndpoints, weigh }
  const mixture = new ParzenMixture(space.map(recordedAxis), options)
  rowsOf(space, input.observations).forEach((row, number) => mixture.add(number, row))
  const actual = {
    weights: [...mixture.weights()],
    components: space.map((parameter, j) => componentOf(mixture, parameter, j, priorWeight)),
    logPdf: rowsOf(space, input.points).map((row) => mixture.logPdf(row)),
  }
  return difference(actual, testCase['expected'], tolerance)
}

/** The axis of a recorded parameter. Its values are recorded as the axis reads them. */
export function recordedAxis(parameter: RecordedParameter): Axis {
  return axisOf(recordedDomain(parameter)) as Axis
}

/** Rows of values, one a parameter. */
export function rowsOf(space: readonly RecordedParameter[], columns: Columns): number[][] {
  const first = columns[(space[0] as RecordedParameter).param] ?? []
  return first.map((_, i) => space.map(({ param }) => columns[param]?.[i] as number))
}

function componentOf(
  mixture: ParzenMixture,
  { log }: RecordedParameter,
  j: number,
  priorWeight: number,
): Record<string, unknown> {
  const axis = mixture.axes[j] as Axis
  if (axis.kind === 'choice') {
    const weights = mixture.probabilities(j).map((row) => [...row])
    // A prior that weighs nothing has all zeros there.
    if (priorWeight === 0 && mixture.size > 0) weights.at(-1)?.fill(0)
    return { kind: 'categorical', weights }
  }
  const { mus, sigmas } = mixture.bandwidths(j)
  return {
    kind: 'truncnorm',
    log,
    step: axis.step,
    mus: [...mus],
    sigmas: [...sigmas],
    adaptedLow: axis.low,
    adaptedHigh: axis.high,
  }
}
