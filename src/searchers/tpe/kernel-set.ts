import type { Axis } from './axis.ts'
import type { Factor } from './factors.ts'

/** What it takes to sum the kernels of a mixture at a point. */
export interface KernelSet {
  readonly axes: readonly Axis[]
  /** How many kernels there are besides the prior's; their slots are those from 0. */
  readonly count: number
  /** What is the same at every point, as a logarithm; by slot. */
  readonly base: Float64Array
  /** By slot; not divided by their sum yet. */
  readonly weight: Float64Array
  readonly priorWeight: number
  /** Logarithm of the sum of all weights. */
  readonly logWeightSum: number
  /** A kernel whose logarithm lies under that of the sum so far by more than this, which is negative, adds nothing. */
  readonly slack: number
  /** Axes in the order in which kernels are best multiplied: those first that cost least and leave most of them out. */
  readonly byCost: readonly number[]
  /** What the kernels are multiplied with where an axis has a value. */
  factorOf(j: number, value: number): Factor
}
