/**
 * Compares the encoding of points with Optuna's search space transform, listed values and lowered bounds with its
 * decimal arithmetic, and the order of grids with its GridSampler. Domains come from suggestions, as in a trial.
 */
import { randomStream } from '../../src/random/random.ts'
import { axesOf, combinations } from '../../src/searchers/combinations.ts'
import { choice } from '../../src/space/choices.ts'
import { SuggestRecorder } from '../../src/space/define-by-run.ts'
import type { IntDomain } from '../../src/space/domain.ts'
import { cardinality, encodingOf, valuesOf } from '../../src/space/encoding.ts'
import { readSpace } from '../../src/space/read-space.ts'
import type { Domain } from '../../src/space/space.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, type Tolerance } from './matching.ts'

interface RecordedParameter {
  readonly param: string
  readonly type: 'float' | 'int' | 'categorical'
  readonly low: number
  readonly high: number
  readonly log: boolean
  readonly step: number | null
  readonly choices: readonly unknown[]
}

interface TransformInput {
  readonly space: readonly RecordedParameter[]
  readonly transformLog: boolean
  readonly transformStep: boolean
  readonly transform01: boolean
  readonly params: readonly Record<string, unknown>[]
  readonly encodedToDecode: readonly (readonly number[])[]
}

interface Range {
  readonly low: number
  readonly high: number
  readonly step: number
  readonly log?: boolean
}

/** Says what differs first, or nothing. */
export function runSpaceTransformCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const { input, expected, kind } = testCase
  switch (kind) {
    case 'transform':
      return difference(transformed(input as TransformInput), expected, tolerance)
    case 'enumerate':
      return firstDifference(domainsOf(input as Range).map(listed), expected, tolerance)
    case 'adjust':
      return firstDifference(
        domainsOf(input as Range).map(({ high }) => ({ high })),
        expected,
        tolerance,
      )
    case 'grid':
      return difference(
        gridOf((input as { grid: Record<string, readonly unknown[]> }).grid),
        expected,
        tolerance,
      )
    default:
      return `cases of kind ${kind} are not known`
  }
}

function transformed(input: TransformInput): Record<string, unknown> {
  const dimensions = input.space.map((parameter) => ({ path: parameter.param, domain: suggested(parameter) }))
  const options = { log: input.transformLog, step: input.transformStep, unit: input.transform01 }
  const { bounds, columnsOf, dimensionOf, encode, decode } = encodingOf(dimensions, options)
  return {
    bounds,
    columnToEncoded: columnsOf,
    encodedToColumn: dimensionOf,
    encoded: input.params.map((params) => [...encode(params)]),
    decoded: input.encodedToDecode.map(decode),
  }
}

function suggested({ param, type, low, high, log, step, choices }: RecordedParameter): Domain {
  const trial = new SuggestRecorder({}, () => randomStream(0))
  const options = { log, ...(step === null ? {} : { step }) }
  if (type === 'float') trial.suggestFloat(param, low, high, options)
  else if (type === 'int') trial.suggestInt(param, low, high, options)
  else trial.suggestCategorical(param, choices)
  return trial.domains[param] as Domain
}

/** A range of whole numbers is a domain of both kinds, and both must give the same. */
function domainsOf({ low, high, step, log = false }: Range): IntDomain[] {
  const types = [low, high, step].every(Number.isInteger) ? (['float', 'int'] as const) : (['float'] as const)
  return types
    .filter((type) => !log || type === 'int')
    .map((type) => suggested({ param: 'x', type, low, high, log, step, choices: [] }) as IntDomain)
}

function listed(domain: Domain): Record<string, unknown> {
  return { values: valuesOf(domain), cardinality: cardinality(domain) }
}

function firstDifference(
  actuals: readonly unknown[],
  expected: unknown,
  tolerance: Tolerance,
): string | undefined {
  return actuals
    .map((actual) => difference(actual, expected, tolerance))
    .find((problem) => problem !== undefined)
}

function gridOf(grid: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown> {
  const choices = Object.entries(grid).map(([path, values]) => [path, choice(values)])
  const axes = axesOf(readSpace(Object.fromEntries(choices) as object).parameters, Infinity) ?? []
  const paramOrder = axes.map(({ path }) => path)
  const unshuffled = [...combinations(axes)].map((point) => paramOrder.map((path) => point[path]))
  return { paramOrder, unshuffled, cardinality: unshuffled.length }
}
