import type { Params } from '../core/trial.ts'
import type { Parameter } from './space.ts'

/** A `gridSearch` axis: how far the index of the cross product goes before its value changes. */
export interface GridAxis {
  readonly path: string
  readonly size: number
  readonly stride: number
}

/**
 * The `gridSearch` axes of a space, by path, the first varying fastest, as Ray Tune has them. Axes that are only there
 * in a case of a branch count too; a trial that takes another case goes without.
 */
export function gridAxes(parameters: readonly Parameter[]): GridAxis[] {
  const sizes = new Map<string, number>()
  for (const { path, domain } of parameters) {
    if (domain.kind === 'grid') sizes.set(path, Math.max(domain.choices.length, sizes.get(path) ?? 1))
  }
  let stride = 1
  return [...sizes]
    .toSorted(([a], [b]) => comparePaths(a, b))
    .map(([path, size]) => {
      const axis = { path, size, stride }
      stride *= size
      return axis
    })
}

/** All combinations of the `gridSearch` axes among some parameters, in that order; one that is empty without any. */
export function gridCombinations(parameters: readonly Parameter[]): Params[] {
  const axes = gridAxes(parameters)
  const choicesOf = new Map<string, readonly unknown[]>()
  for (const { path, domain } of parameters) if (domain.kind === 'grid') choicesOf.set(path, domain.choices)
  const count = axes.reduce((product, { size }) => product * size, 1)
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      axes.map(({ path, size, stride }) => [path, choicesOf.get(path)?.[Math.floor(index / stride) % size]]),
    ),
  )
}

/** Key by key, as Python compares tuples; places in an array by number. */
function comparePaths(a: string, b: string): number {
  const [keysOfA, keysOfB] = [a.split('/'), b.split('/')]
  for (let i = 0; i < keysOfA.length && i < keysOfB.length; i++) {
    const [x, y] = [keysOfA[i] as string, keysOfB[i] as string]
    if (x === y) continue
    const difference = Number(x) - Number(y)
    return Number.isNaN(difference) ? (x < y ? -1 : 1) : difference
  }
  return keysOfA.length - keysOfB.length
}
