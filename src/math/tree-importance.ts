import type { RegressionTree } from './regression-tree.ts'

/** Bounds of a column. */
export type ColumnBounds = readonly [low: number, high: number]

/** How the variance of a tree over the whole box is made up. */
export interface VarianceParts {
  readonly total: number
  /** Variance that each group of columns explains alone. */
  readonly marginal: readonly number[]
}

/** The part of a column that a leaf is narrowed to. */
interface Constraint {
  readonly column: number
  readonly low: number
  readonly high: number
}

/**
 * The variance of what a tree predicts for points spread evenly over a box, and how much of it remains when all columns
 * but those of a group are averaged over: the marginals of a functional ANOVA.
 * Source: Hutter, Hoos & Leyton-Brown 2014, ICML, algorithm 2, in closed form over the leaves.
 * Cost: O(leaves · depth) for groups of one column; for others O(p²), p being the different ways in which the leaves
 * divide their columns.
 * @param bounds - Of each column; none may be of width 0.
 * @param groups - Columns that belong together, such as those of one parameter's choices.
 */
export function varianceParts(
  tree: RegressionTree,
  bounds: readonly ColumnBounds[],
  groups: readonly (readonly number[])[],
): VarianceParts {
  let mean = 0
  forEachLeaf(tree, bounds, (value, volume) => (mean += value * volume))
  const groupOf = new Map(groups.flatMap((columns, g) => columns.map((column) => [column, g] as const)))
  const marginals = groups.map((columns) =>
    columns.length === 1 ? new LineMarginal(tree, columns[0] as number, bounds) : new BoxMarginal(bounds),
  )
  let total = 0
  forEachLeaf(tree, bounds, (value, volume, constraints) => {
    total += (value - mean) ** 2 * volume
    const byGroup = new Map<number, Constraint[]>()
    for (const constraint of constraints) {
      const g = groupOf.get(constraint.column)
      if (g === undefined) continue
      const own = byGroup.get(g)
      if (own === undefined) byGroup.set(g, [constraint])
      else own.push(constraint)
    }
    for (const [g, own] of byGroup) marginals[g]?.add((value - mean) * volume, own)
  })
  return { total, marginal: marginals.map((marginal) => Math.max(0, marginal.variance())) }
}

/** Goes through the leaves: the value of each, its share of the box, and where it is narrower than the box. */
function forEachLeaf(
  tree: RegressionTree,
  bounds: readonly ColumnBounds[],
  visit: (value: number, volume: number, constraints: readonly Constraint[]) => void,
): void {
  const { left, right, feature, threshold, value } = tree
  const narrowed: Constraint[] = []
  const walk = (node: number, volume: number): void => {
    const child = left[node] as number
    if (child < 0) {
      visit(value[node] as number, volume, narrowed)
      return
    }
    const column = feature[node] as number
    const known = narrowed.findIndex((constraint) => constraint.column === column)
    const [least, most] = bounds[column] as ColumnBounds
    const { low, high } = narrowed[known] ?? { low: least, high: most }
    const split = Math.min(Math.max(threshold[node] as number, low), high)
    const share = high > low ? (split - low) / (high - low) : 0
    const at = known < 0 ? narrowed.length : known
    narrowed[at] = { column, low, high: split }
    walk(child, volume * share)
    narrowed[at] = { column, low: split, high }
    walk(right[node] as number, volume * (1 - share))
    if (known < 0) narrowed.pop()
    else narrowed[at] = { column, low, high }
  }
  walk(0, 1)
}

/** The marginal over one column: a step function, as the jumps at its thresholds. */
class LineMarginal {
  readonly #ends: Float64Array
  readonly #jumps: Float64Array
  // What all leaves come to that span the whole column.
  #rest = 0

  constructor(tree: RegressionTree, column: number, bounds: readonly ColumnBounds[]) {
    const [low, high] = bounds[column] as ColumnBounds
    const thresholds = Array.from(tree.feature)
      .flatMap((feature, node) => (feature === column ? [tree.threshold[node] as number] : []))
      .filter((threshold) => threshold > low && threshold < high)
    this.#ends = Float64Array.from(new Set([low, ...thresholds, high])).sort()
    this.#jumps = new Float64Array(this.#ends.length)
  }

  add(weight: number, [constraint]: readonly Constraint[]): void {
    const { low, high } = constraint as Constraint
    this.#rest -= weight
    if (!(high > low)) return
    const width = (this.#ends.at(-1) as number) - (this.#ends[0] as number)
    const height = (weight * width) / (high - low)
    const [from, to] = [this.#indexOf(low), this.#indexOf(high)]
    this.#jumps[from] = (this.#jumps[from] as number) + height
    this.#jumps[to] = (this.#jumps[to] as number) - height
  }

  variance(): number {
    const ends = this.#ends
    const width = (ends.at(-1) as number) - (ends[0] as number)
    let height = this.#rest
    let sum = 0
    for (let i = 0; i < ends.length - 1; i++) {
      height += this.#jumps[i] as number
      sum += height * height * ((ends[i + 1] as number) - (ends[i] as number))
    }
    return sum / width
  }

  #indexOf(end: number): number {
    let [low, high] = [0, this.#ends.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ends[middle] as number) < end) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The marginal over several columns: a sum of boxes, each with a height. */
class BoxMarginal {
  readonly #bounds: readonly ColumnBounds[]
  readonly #boxes = new Map<string, { readonly box: Map<number, ColumnBounds>; height: number }>()
  #rest = 0

  constructor(bounds: readonly ColumnBounds[]) {
    this.#bounds = bounds
  }

  add(weight: number, constraints: readonly Constraint[]): void {
    this.#rest -= weight
    const box = new Map(constraints.map(({ column, low, high }) => [column, [low, high] as const]))
    const volume = this.#overlap(box, box)
    if (volume === 0) return
    const key = constraints
      .map(({ column, low, high }) => `${column}:${low}:${high}`)
      .toSorted()
      .join()
    const known = this.#boxes.get(key)
    if (known === undefined) this.#boxes.set(key, { box, height: weight / volume })
    else known.height += weight / volume
  }

  variance(): number {
    const boxes = [...this.#boxes.values(), { box: new Map<number, ColumnBounds>(), height: this.#rest }]
    let sum = 0
    boxes.forEach((a, i) => {
      sum += a.height * a.height * this.#overlap(a.box, a.box)
      for (let j = 0; j < i; j++) {
        const b = boxes[j] as (typeof boxes)[number]
        sum += 2 * a.height * b.height * this.#overlap(a.box, b.box)
      }
    })
    return sum
  }

  // The share of the whole box that lies in both.
  #overlap(a: ReadonlyMap<number, ColumnBounds>, b: ReadonlyMap<number, ColumnBounds>): number {
    let share = 1
    const narrow = (column: number, low: number, high: number): void => {
      const [least, most] = this.#bounds[column] as ColumnBounds
      share *= Math.max(0, high - low) / (most - least)
    }
    for (const [column, [low, high]] of a) {
      const [otherLow, otherHigh] = b.get(column) ?? [-Infinity, Infinity]
      narrow(column, Math.max(low, otherLow), Math.min(high, otherHigh))
      if (share === 0) return 0
    }
    for (const [column, [low, high]] of b) if (!a.has(column)) narrow(column, low, high)
    return share
  }
}

/**
 * How much of the variance of the samples the splits on each column take away, as shares that sum to 1; all 0 for a tree
 * that is a single leaf.
 * Source: Breiman et al. 1984; scikit-learn's `feature_importances_`. Cost: O(nodes).
 */
export function impurityDecrease(tree: RegressionTree, columnCount: number): Float64Array {
  const decrease = new Float64Array(columnCount)
  const held = (node: number): number => (tree.samples[node] as number) * (tree.impurity[node] as number)
  for (let node = 0; node < tree.left.length; node++) {
    const [left, right] = [tree.left[node] as number, tree.right[node] as number]
    if (left < 0) continue
    const column = tree.feature[node] as number
    decrease[column] = (decrease[column] as number) + held(node) - held(left) - held(right)
  }
  const sum = decrease.reduce((total, share) => total + share, 0)
  return sum > 0 ? decrease.map((share) => share / sum) : decrease.fill(0)
}
