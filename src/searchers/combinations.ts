import type { Params } from '../core/trial.ts'
import { cardinality, valuesOf } from '../space/encoding.ts'
import type { Parameter } from '../space/space.ts'

/** One parameter with the values that it shall take, in order. */
export interface Axis {
  readonly path: string
  readonly when: Parameter['when']
  readonly values: readonly unknown[]
}

/**
 * Every parameter as an axis. Computed ones are left out: they follow from the rest.
 * @param countMax - How many combinations there may be, at the most.
 * @returns Undefined when there are, or may be, more.
 */
export function axesOf(parameters: readonly Parameter[], countMax: number): Axis[] | undefined {
  const dimensions = parameters.filter(({ domain }) => domain.kind !== 'computed')
  // As if all cases were taken at once; only then are values listed, of which one domain can have 2 ** 53.
  const most = dimensions.reduce((product, { domain }) => product * cardinality(domain), 1)
  if (most > countMax) return undefined
  return inOrder(dimensions.map(({ path, when, domain }) => ({ path, when, values: valuesOf(domain) })))
}

/**
 * Axes in the order in which a grid is gone through: by name, as Optuna's GridSampler has it, but a parameter of a
 * branch not before the branch itself.
 */
export function inOrder(axes: readonly Axis[]): Axis[] {
  const sorted = axes.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const placed: Axis[] = []
  const place = (axis: Axis): void => {
    if (placed.includes(axis)) return
    for (const { path } of axis.when) for (const above of sorted) if (above.path === path) place(above)
    placed.push(axis)
  }
  sorted.forEach(place)
  return placed
}

/**
 * All combinations of the axes' values, each once, the last axis fastest. A parameter of a case appears only where its
 * case is taken.
 */
export function* combinations(axes: readonly Axis[]): Generator<Params, void> {
  // Depth first by hand, since a generator within a generator costs its depth at every value.
  const chosen: number[] = []
  const point = new Map<string, unknown>()
  const active: boolean[] = []
  let depth = 0
  while (depth >= 0) {
    if (depth === axes.length) {
      yield Object.fromEntries(point)
      depth--
      continue
    }
    const axis = axes[depth] as Axis
    const next = (chosen[depth] ?? -1) + 1
    if (next === 0) active[depth] = axis.when.every(({ path, value }) => point.get(path) === value)
    // An axis that does not exist here counts as one with a single, empty value.
    const isActive = active[depth] as boolean
    if (next >= (isActive ? axis.values.length : 1)) {
      if (isActive) point.delete(axis.path)
      chosen.length = depth
      depth--
      continue
    }
    chosen[depth] = next
    if (isActive) point.set(axis.path, axis.values[next])
    depth++
  }
}
