/**
 * Compares `importance` with Optuna's evaluators, and what it is made of with Optuna and scikit-learn: the densities of
 * PED-ANOVA, the variances of a given tree, and a tree grown without chance.
 */
import type { ToldTrial } from '../../src/searchers/searcher.ts'
import { type Feature, growTree, predict, type RegressionTree } from '../../src/math/regression-tree.ts'
import { type ColumnBounds, impurityDecrease, varianceParts } from '../../src/math/tree-importance.ts'
import type { Domain } from '../../src/space/space.ts'
import type { ImportanceSource } from '../../src/results/importance/assessed.ts'
import { importance, type ImportanceOptions } from '../../src/results/importance/importance.ts'
import { gridDensity } from '../../src/results/importance/ped-anova.ts'
import type { FixtureCase } from './fixture.ts'
import { difference, numberOf, type Tolerance } from './matching.ts'
import { recordedDomain, type RecordedParameter } from './recorded-domain.ts'

interface StudyInput {
  readonly space: readonly RecordedParameter[]
  readonly directions: readonly ('minimize' | 'maximize')[]
  readonly trials: readonly {
    readonly number: number
    readonly state: string
    readonly values: readonly unknown[] | null
    readonly params: Readonly<Record<string, number>>
  }[]
}

interface PedAnovaRun extends Required<
  Pick<ImportanceOptions, 'targetQuantile' | 'regionQuantile' | 'evaluateOnLocal'>
> {
  readonly raw: Readonly<Record<string, number>>
  readonly normalized: Readonly<Record<string, number>>
}

interface DensityInput {
  readonly distribution: Omit<RecordedParameter, 'param'>
  readonly values: readonly number[]
  readonly nSteps: number
  readonly priorWeight: number
}

interface FixedTreeInput {
  readonly bounds: readonly ColumnBounds[]
  readonly columns: Readonly<Record<string, readonly number[]>>
  readonly tree: RegressionTree
}

interface CartInput {
  readonly x: readonly (readonly number[])[]
  readonly y: readonly number[]
  readonly maxDepth: number
  readonly query: readonly (readonly number[])[]
}

interface ForestInput {
  readonly trialsFrom: string
  readonly nTrees: number
  readonly maxDepth: number
}

interface ForestExpected {
  readonly mean: Readonly<Record<string, number>>
  readonly seeds: number
  readonly tolerance: Readonly<Record<string, number>>
}

// A case of a forest names another case of its file, whose trials it is about.
const studies = new Map<string, StudyInput>()

/** Says what differs first, or nothing. */
export function runImportanceCase(
  { name, kind, input, expected }: FixtureCase,
  tolerance: Tolerance,
): string | undefined {
  switch (kind) {
    case 'ped-anova': {
      studies.set(name, input as StudyInput)
      const { runs } = expected as { readonly runs: readonly PedAnovaRun[] }
      return difference({ runs: pedAnovaRuns(input as StudyInput, runs) }, expected, tolerance)
    }
    case 'scott-parzen':
      return difference(densityOf(input as DensityInput), expected, tolerance)
    case 'fixed-tree':
      return difference(partsOf(input as FixedTreeInput), expected, tolerance)
    case 'cart':
      return differenceOfTrees(input as CartInput, expected as Record<string, unknown>, tolerance)
    case 'forest':
      return differenceOfForests(name, input as ForestInput, expected as ForestExpected)
    default:
      return `cases of kind ${kind} are not known`
  }
}

function pedAnovaRuns(input: StudyInput, runs: readonly PedAnovaRun[]): PedAnovaRun[] {
  const source = sourceOf(input)
  return runs.map(({ targetQuantile, regionQuantile, evaluateOnLocal }) => {
    const options = { targetQuantile, regionQuantile, evaluateOnLocal }
    return {
      ...options,
      raw: importance(source, { ...options, normalize: false }),
      normalized: importance(source, options),
    }
  })
}

/** A recorded study; of its choices the internal values, which are indices, are turned back. */
function sourceOf({ space, directions, trials }: StudyInput): ImportanceSource {
  const domains = new Map(space.map((parameter) => [parameter.param, recordedDomain(parameter)]))
  const valueOf = (path: string, value: number): unknown => {
    const domain = domains.get(path)
    return domain?.kind === 'categorical' ? domain.choices[value] : value
  }
  const ended = trials.map(({ number, state, values, params }) => ({
    number,
    state: state === 'COMPLETE' ? ('completed' as const) : ('pruned' as const),
    values: values?.map((value) => numberOf(value) as number),
    params: Object.fromEntries(Object.entries(params).map(([path, value]) => [path, valueOf(path, value)])),
    domains: Object.fromEntries(Object.keys(params).map((path) => [path, domains.get(path) as Domain])),
    constraints: {} satisfies ToldTrial['constraints'],
  }))
  return {
    objectives: directions.map((direction, i) => ({
      metric: `value ${i}`,
      mode: direction === 'minimize' ? 'min' : 'max',
    })),
    endedTrials: () => ended,
  }
}

function densityOf({ distribution, values, nSteps, priorWeight }: DensityInput): Record<string, unknown> {
  const domain = recordedDomain({ param: 'x', ...distribution })
  const density = gridDensity(
    domain,
    domain.kind === 'categorical' ? values.map((value) => domain.choices[value]) : values,
    { placesMax: nSteps, priorWeight },
  )
  const gridSize = density.pdf.length
  const rest = { gridSize, weights: [...density.weights], pdf: [...density.pdf] }
  if ('mus' in density) {
    const [mus, sigmas] = [[...density.mus], [...density.sigmas]]
    const ends = { adaptedLow: -0.5, adaptedHigh: gridSize - 0.5 }
    return { ...rest, components: [{ kind: 'truncnorm', log: false, step: 1, mus, sigmas, ...ends }] }
  }
  const { observed, own, other } = density
  const rows = observed.map((choice) =>
    Array.from({ length: gridSize }, (_, x) => (x === choice ? own : other)),
  )
  const prior = Array<number>(gridSize).fill(1 / gridSize)
  return { ...rest, components: [{ kind: 'categorical', weights: [...rows, prior] }] }
}

function partsOf({ bounds, columns, tree }: FixedTreeInput): Record<string, unknown> {
  const groups = Object.values(columns)
  const named = (values: readonly number[]): Record<string, number> =>
    Object.fromEntries(Object.keys(columns).map((path, i) => [path, values[i] as number]))
  const { total, marginal } = varianceParts(tree, bounds, groups)
  const decrease = impurityDecrease(tree, bounds.length)
  return {
    totalVariance: total,
    marginalVariance: named(marginal),
    fanovaFraction: named(marginal.map((variance) => variance / total)),
    meanDecreaseImpurity: named(
      groups.map((group) => group.reduce((sum, column) => sum + (decrease[column] as number), 0)),
    ),
  }
}

// scikit-learn rounds x to single precision, so its thresholds are a little off.
const THRESHOLDS: Tolerance = { abs: 1e-6, rel: 0 }

function differenceOfTrees(
  { x, y, maxDepth, query }: CartInput,
  { threshold, ...expected }: Record<string, unknown>,
  tolerance: Tolerance,
): string | undefined {
  const features = (x[0] ?? []).map((_, column): Feature => ({
    kind: 'number',
    column,
    values: Float64Array.from(x, (row) => row[column] as number),
  }))
  const weights = new Float64Array(y.length).fill(1)
  const tree = growTree(features, Float64Array.from(y), weights, { maxDepth })
  const { feature, value } = tree
  const actual = { feature, value, predictions: query.map((row) => predict(tree, row)) }
  return (
    difference(actual, expected, tolerance) ??
    difference({ threshold: tree.threshold }, { threshold }, THRESHOLDS)
  )
}

function differenceOfForests(
  name: string,
  { trialsFrom, nTrees, maxDepth }: ForestInput,
  { mean, seeds, tolerance }: ForestExpected,
): string | undefined {
  const study = studies.get(trialsFrom)
  if (study === undefined) return `the trials of ${trialsFrom} are not known; run the whole file`
  const method = name.includes('fanova') ? 'fanova' : 'mdi'
  const runs = Array.from({ length: seeds }, (_, seed) =>
    importance(sourceOf(study), { method, nTrees, maxDepth, seed }),
  )
  for (const [path, expected] of Object.entries(mean)) {
    const actual = runs.reduce((sum, run) => sum + (run[path] ?? Number.NaN), 0) / seeds
    const problem = difference(actual, expected, { abs: tolerance[path] as number, rel: 0 })
    if (problem !== undefined) return `${path}: ${problem}`
  }
  return undefined
}
