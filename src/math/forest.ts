import type { RandomStream } from '../random/random.ts'
import { type Feature, growTree, type RegressionTree, sortFeatures } from './regression-tree.ts'

/** How a forest is grown. */
export interface ForestOptions {
  /** How many trees. */
  readonly nTrees: number
  /** Splits on the way from a root to a leaf, at the most. */
  readonly maxDepth: number
  /** Which samples each tree sees: a fork for each tree. */
  readonly random: RandomStream
}

/**
 * Grows regression trees, each on as many samples as there are, drawn with replacement; every split may use every
 * feature.
 * Source: Breiman 2001, Machine Learning 45; with the defaults of scikit-learn's RandomForestRegressor.
 * Cost: O(trees · features · n · (log n + depth)).
 */
export function growForest(
  features: readonly Feature[],
  y: Float64Array,
  { nTrees, maxDepth, random }: ForestOptions,
): RegressionTree[] {
  const sorted = sortFeatures(features)
  return Array.from({ length: nTrees }, (_, tree) => {
    const own = random.fork(tree)
    const weights = new Float64Array(y.length)
    for (let draw = 0; draw < y.length; draw++) {
      const i = own.below(y.length)
      weights[i] = (weights[i] as number) + 1
    }
    return growTree(features, y, weights, { maxDepth, random: own, sorted })
  })
}
