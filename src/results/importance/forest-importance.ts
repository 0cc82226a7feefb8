import { growForest } from '../../math/forest.ts'
import type { Feature } from '../../math/regression-tree.ts'
import { type ColumnBounds, impurityDecrease, varianceParts } from '../../math/tree-importance.ts'
import { randomStream, type Seed } from '../../random/random.ts'
import { cardinality } from '../../space/encoding.ts'
import type { Domain } from '../../space/space.ts'
import { choiceIndex } from '../../space/values.ts'
import type { AssessedTrial } from './assessed.ts'

/** How the forest is grown. */
export interface ForestSettings {
  readonly nTrees: number
  readonly maxDepth: number
  readonly seed: Seed
}

/** A parameter with the domain that it has in every trial. */
export interface FixedParameter {
  readonly path: string
  readonly domain: Domain
}

interface Table {
  readonly features: readonly Feature[]
  readonly bounds: readonly ColumnBounds[]
  /** The columns of each parameter. */
  readonly groups: readonly (readonly number[])[]
}

/**
 * How much of the variance of the loss over the space each parameter explains alone, by a random forest: the mean over
 * the trees of the share of its marginal.
 * Source: Hutter, Hoos & Leyton-Brown 2014, ICML. Logarithmic parameters are taken as they are, as Optuna does: the
 * space is even on the values, not on their logarithms.
 * @returns One importance a parameter, in their order, not normalised; 0 where nothing can be said.
 */
export function fanova(
  trials: readonly AssessedTrial[],
  parameters: readonly FixedParameter[],
  settings: ForestSettings,
): number[] {
  const varied = parameters.filter(({ domain }) => cardinality(domain) > 1)
  if (trials.length <= 1 || varied.length === 0) return parameters.map(() => 0)
  const { features, bounds, groups } = tableOf(trials, varied)
  const trees = growTrees(features, trials, settings)
  const parts = trees.map((tree) => varianceParts(tree, bounds, groups)).filter(({ total }) => total > 0)
  const shares = new Map(
    varied.map(({ path }, g) => {
      const sum = parts.reduce((all, { total, marginal }) => all + (marginal[g] as number) / total, 0)
      return [path, parts.length === 0 ? 0 : sum / parts.length]
    }),
  )
  return parameters.map(({ path }) => shares.get(path) ?? 0)
}

/**
 * How much of the variance among the trials the splits on each parameter take away, by a random forest: the mean
 * decrease in impurity.
 * Source: Breiman 2001, Machine Learning 45; Louppe et al. 2013, NeurIPS.
 * @returns One importance a parameter, in their order; 0 where nothing can be said.
 */
export function meanDecreaseImpurity(
  trials: readonly AssessedTrial[],
  parameters: readonly FixedParameter[],
  settings: ForestSettings,
): number[] {
  if (trials.length <= 1 || parameters.length === 0) return parameters.map(() => 0)
  const { features, bounds, groups } = tableOf(trials, parameters)
  const trees = growTrees(features, trials, settings)
  const sums = new Float64Array(bounds.length)
  for (const tree of trees) {
    impurityDecrease(tree, bounds.length).forEach((share, column) => {
      sums[column] = (sums[column] as number) + share / trees.length
    })
  }
  return groups.map((columns) => columns.reduce((sum, column) => sum + (sums[column] as number), 0))
}

function growTrees(
  features: readonly Feature[],
  trials: readonly AssessedTrial[],
  { nTrees, maxDepth, seed }: ForestSettings,
): ReturnType<typeof growForest> {
  const random = randomStream(seed).fork('importance')
  return growForest(features, scaledLosses(trials), { nTrees, maxDepth, random })
}

// Importance does not depend on the scale, and squares of very large and very small numbers are no numbers.
function scaledLosses(trials: readonly AssessedTrial[]): Float64Array {
  const losses = Float64Array.from(trials, (trial) => trial.losses[0] as number)
  const largest = losses.reduce((max, loss) => Math.max(max, Math.abs(loss)), 0) || 1
  const scaled = losses.map((loss) => loss / largest)
  const low = scaled.reduce((min, loss) => Math.min(min, loss), Infinity)
  const high = scaled.reduce((max, loss) => Math.max(max, loss), -Infinity)
  return high > low ? scaled.map((loss) => (loss - low) / (high - low)) : scaled.fill(0)
}

function tableOf(trials: readonly AssessedTrial[], parameters: readonly FixedParameter[]): Table {
  const features: Feature[] = []
  const bounds: ColumnBounds[] = []
  const groups: number[][] = []
  for (const { path, domain } of parameters) {
    const column = bounds.length
    const values = trials.map(({ params }) => params[path])
    if (domain.kind === 'categorical' || domain.kind === 'grid') {
      const chosen = values.map((value) => choiceIndex(domain, value))
      // A choice that no trial made is in no split, so it needs no column.
      const order = new Map([...new Set(chosen)].map((choice, k) => [choice, k]))
      const own = Int32Array.from(chosen, (choice) => order.get(choice) as number)
      features.push({ kind: 'choice', column, count: order.size, values: own })
      groups.push(Array.from({ length: order.size }, (_, k) => column + k))
      for (let k = 0; k < order.size; k++) bounds.push([0, 1])
    } else {
      const [low, high] = boundsOf(domain)
      const own = Float64Array.from(values, (value) => Math.min(Math.max(value as number, low), high))
      features.push({ kind: 'number', column, values: own })
      groups.push([column])
      bounds.push([low, high])
    }
  }
  return { features, bounds, groups }
}

function boundsOf(domain: Exclude<Domain, { kind: 'categorical' | 'grid' }>): ColumnBounds {
  if (domain.kind === 'computed') return [-Infinity, Infinity]
  if (domain.kind === 'normal') return [domain.mean - 5 * domain.sd, domain.mean + 5 * domain.sd]
  return [domain.low, domain.high]
}
