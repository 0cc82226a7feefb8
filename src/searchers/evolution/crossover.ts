import type { RandomStream } from '../../random/random.ts'

/**
 * Makes one child of the numbers of several parents. Each number stands on its parameter's scale, from 0 to 1; a child's
 * may lie beyond, and is then taken to the nearer end.
 */
export interface Crossover {
  readonly parentCount: 2 | 3
  /** @param parents - As many rows of equal length as `parentCount` says; never written. */
  cross(parents: readonly Float64Array[], random: RandomStream): Float64Array
}
