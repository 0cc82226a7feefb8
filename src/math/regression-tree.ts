import type { RandomStream } from '../random/random.ts'

// n  samples, w  their weights // (n), y  their values // (n)
// A tree looks at columns: a feature of numbers is one, a feature of choices is one a choice, of 1 and 0.

/** One property of all samples. */
export type Feature =
  | { readonly kind: 'number'; readonly column: number; readonly values: Float64Array }
  | {
      readonly kind: 'choice'
      /** Column of the choice 0; those of the others follow. */
      readonly column: number
      readonly count: number
      /** The choice of each sample, from 0 to below `count`. // (n) */
      readonly values: Int32Array
    }

/** A binary tree as arrays over its nodes, each node before its children, the left subtree before the right. */
export interface RegressionTree {
  /** The child where `x[feature] <= threshold`; -1 for a leaf. */
  readonly left: ArrayLike<number>
  /** The other child; -1 for a leaf. */
  readonly right: ArrayLike<number>
  /** The column looked at; below 0 for a leaf. */
  readonly feature: ArrayLike<number>
  readonly threshold: ArrayLike<number>
  /** Mean of y. */
  readonly value: ArrayLike<number>
  /** Variance of y. */
  readonly impurity: ArrayLike<number>
  /** Sum of the weights. */
  readonly samples: ArrayLike<number>
}

/** How a tree is grown. */
export interface TreeOptions {
  /** Splits on the way from the root to a leaf, at the most. */
  readonly maxDepth: number
  /** Decides between equally good splits. Without it the first feature wins. */
  readonly random?: RandomStream
  /** `sortFeatures(features)`, for several trees on the same samples. */
  readonly sorted?: readonly (Int32Array | undefined)[]
}

interface Split {
  readonly column: number
  readonly threshold: number
  /** The sum of (Σwy)² / Σw over the two sides: the larger, the smaller their variance. */
  readonly score: number
}

// Below, a node's values are as good as equal.
const IMPURITY_MIN = Number.EPSILON

/**
 * Grows a regression tree: at each node the split that leaves the least variance, of all splits of all features, until
 * the values of a node are equal or its samples cannot be told apart.
 * Source: Breiman et al. 1984, CART; the conventions are those of scikit-learn's DecisionTreeRegressor. Samples are
 * sorted once, then divided stably, as in Mehta et al. 1996 (SLIQ). Cost: O(features · n · (log n + depth)).
 * @param weights - Of each sample, such as how often it was drawn; those of weight 0 do not count.
 */
export function growTree(
  features: readonly Feature[],
  y: Float64Array,
  weights: Float64Array,
  options: TreeOptions,
): RegressionTree {
  return new Grower(features, y, weights, options).grow()
}

/** The samples in order of each feature of numbers; undefined for one of choices. */
export function sortFeatures(features: readonly Feature[]): (Int32Array | undefined)[] {
  return features.map(({ kind, values }) =>
    kind === 'choice'
      ? undefined
      : Int32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number) || a - b),
  )
}

class Grower {
  readonly #features: readonly Feature[]
  readonly #y: Float64Array
  readonly #w: Float64Array
  readonly #options: TreeOptions
  // Samples of weight above 0, by each feature of numbers; and as they come, for the features of choices.
  readonly #sorted: readonly (Int32Array | undefined)[]
  readonly #order: Int32Array
  readonly #isLeft: Uint8Array
  readonly #moved: Int32Array
  readonly #tree = {
    left: [] as number[],
    right: [] as number[],
    feature: [] as number[],
    threshold: [] as number[],
    value: [] as number[],
    impurity: [] as number[],
    samples: [] as number[],
  }

  constructor(features: readonly Feature[], y: Float64Array, weights: Float64Array, options: TreeOptions) {
    this.#features = features
    this.#y = y
    this.#w = weights
    this.#options = options
    const counts = (i: number): boolean => (weights[i] as number) > 0
    this.#order = Int32Array.from(y.keys()).filter(counts)
    this.#sorted = (options.sorted ?? sortFeatures(features)).map((order) => order?.filter(counts))
    this.#isLeft = new Uint8Array(y.length)
    this.#moved = new Int32Array(this.#order.length)
  }

  grow(): RegressionTree {
    const { left, right } = this.#tree
    const open = [{ start: 0, end: this.#order.length, depth: 0, parent: -1, isLeft: false }]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const { start, end, depth, parent, isLeft } = node
      const id = this.#addNode(start, end)
      if (parent >= 0) (isLeft ? left : right)[parent] = id
      const isPure = (this.#tree.impurity[id] as number) <= IMPURITY_MIN
      const split = depth >= this.#options.maxDepth || isPure ? undefined : this.#bestSplit(start, end, id)
      if (split === undefined) continue
      this.#tree.feature[id] = split.column
      this.#tree.threshold[id] = split.threshold
      const middle = this.#divide(start, end, split)
      // The left one is taken up first.
      open.push({ start: middle, end, depth: depth + 1, parent: id, isLeft: false })
      open.push({ start, end: middle, depth: depth + 1, parent: id, isLeft: true })
    }
    return this.#tree
  }

  #addNode(start: number, end: number): number {
    let [sumW, sumY] = [0, 0]
    for (let k = start; k < end; k++) {
      const i = this.#order[k] as number
      const w = this.#w[i] as number
      sumW += w
      sumY += w * (this.#y[i] as number)
    }
    const mean = sumY / sumW
    let squares = 0
    for (let k = start; k < end; k++) {
      const i = this.#order[k] as number
      squares += (this.#w[i] as number) * ((this.#y[i] as number) - mean) ** 2
    }
    const { left, right, feature, threshold, value, impurity, samples } = this.#tree
    left.push(-1)
    right.push(-1)
    feature.push(-2)
    threshold.push(-2)
    impurity.push(squares / sumW)
    samples.push(sumW)
    return value.push(mean) - 1
  }

  #bestSplit(start: number, end: number, node: number): Split | undefined {
    const mean = this.#tree.value[node] as number
    const sumW = this.#tree.samples[node] as number
    const order = this.#features.map((_, f) => f)
    this.#options.random?.shuffle(order)
    let best: Split | undefined
    for (const f of order) {
      const feature = this.#features[f] as Feature
      const sorted = this.#sorted[f]
      const split =
        feature.kind === 'choice'
          ? this.#bestChoice(feature, start, end, mean, sumW)
          : this.#bestThreshold(feature, sorted as Int32Array, start, end, mean, sumW)
      if (split !== undefined && (best === undefined || split.score > best.score)) best = split
    }
    return best
  }

  // With the node's mean taken off y, the sum of the right side is minus that of the left.
  #bestThreshold(
    { column, values }: Extract<Feature, { kind: 'number' }>,
    sorted: Int32Array,
    start: number,
    end: number,
    mean: number,
    sumW: number,
  ): Split | undefined {
    const weights = this.#w
    const y = this.#y
    let w = 0
    let s = 0
    let best = -Infinity
    let at = -1
    for (let k = start; k < end - 1; k++) {
      const i = sorted[k] as number
      w += weights[i] as number
      s += (weights[i] as number) * ((y[i] as number) - mean)
      const score = (s * s) / w + (s * s) / (sumW - w)
      if (score <= best || !((values[sorted[k + 1] as number] as number) > (values[i] as number))) continue
      best = score
      at = k
    }
    if (at < 0) return undefined
    const [x, next] = [values[sorted[at] as number] as number, values[sorted[at + 1] as number] as number]
    const middle = x + (next - x) / 2
    return { column, threshold: middle < next ? middle : x, score: best }
  }

  #bestChoice(
    { column, count, values }: Extract<Feature, { kind: 'choice' }>,
    start: number,
    end: number,
    mean: number,
    sumW: number,
  ): Split | undefined {
    const w = new Float64Array(count)
    const s = new Float64Array(count)
    const taken: number[] = []
    for (let k = start; k < end; k++) {
      const i = this.#order[k] as number
      const choice = values[i] as number
      if (w[choice] === 0) taken.push(choice)
      w[choice] = (w[choice] as number) + (this.#w[i] as number)
      s[choice] = (s[choice] as number) + (this.#w[i] as number) * ((this.#y[i] as number) - mean)
    }
    if (taken.length < 2) return undefined
    let best: Split | undefined
    for (const choice of taken) {
      const [own, sum] = [w[choice] as number, s[choice] as number]
      const score = (sum * sum) / own + (sum * sum) / (sumW - own)
      if (best === undefined || score > best.score) best = { column: column + choice, threshold: 0.5, score }
    }
    return best
  }

  /** Puts the left samples of a node before the right ones. @returns Where the right ones begin. */
  #divide(start: number, end: number, { column, threshold }: Split): number {
    const feature = this.#features.findLast((candidate) => candidate.column <= column) as Feature
    let middle = start
    for (let k = start; k < end; k++) {
      const i = this.#order[k] as number
      const x = feature.values[i] as number
      const isLeft = feature.kind === 'choice' ? x !== column - feature.column : x <= threshold
      this.#isLeft[i] = isLeft ? 1 : 0
      if (isLeft) middle++
    }
    for (const order of [this.#order, ...this.#sorted]) if (order !== undefined) this.#move(order, start, end)
    return middle
  }

  #move(order: Int32Array, start: number, end: number): void {
    const isLeft = this.#isLeft
    const moved = this.#moved
    let at = start
    let held = 0
    for (let k = start; k < end; k++) {
      const i = order[k] as number
      if (isLeft[i] === 1) order[at++] = i
      else moved[held++] = i
    }
    for (let k = 0; k < held; k++) order[at + k] = moved[k] as number
  }
}

/** What a tree says of a row of columns. */
export function predict(tree: RegressionTree, row: ArrayLike<number>): number {
  let node = 0
  while ((tree.left[node] as number) >= 0) {
    const isLeft = (row[tree.feature[node] as number] as number) <= (tree.threshold[node] as number)
    node = (isLeft ? tree.left[node] : tree.right[node]) as number
  }
  return tree.value[node] as number
}
