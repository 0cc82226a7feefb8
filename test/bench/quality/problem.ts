import type { Objective } from '../../../src/core/objective.ts'
import type { Params } from '../../../src/core/trial.ts'
import type { SpaceDefinition } from '../../../src/space/space.ts'

/** What came of one configuration. */
export interface Outcome {
  readonly values: readonly number[]
  /** ≤ 0 is feasible. */
  readonly constraints: readonly number[]
}

/** A function to optimise, of which the best is known. */
export interface Problem {
  readonly name: string
  readonly space: SpaceDefinition
  readonly objectives: readonly Objective[]
  /** How many constraints each outcome has. */
  readonly constraintCount: number
  evaluate(params: Params): Outcome | Promise<Outcome>
  /**
   * What was reached, as the peers count it: the lowest feasible value, a share of the best hypervolume, or a percentage.
   * NaN while there is nothing feasible.
   */
  scoreOf(outcomes: readonly Outcome[]): number
  /** How much a score misses to the best that is known, at least 0; Infinity for NaN. */
  regretOf(score: number): number
}

/** Whether every constraint holds. */
export function isFeasible({ constraints }: Outcome): boolean {
  return constraints.every((constraint) => constraint <= 0)
}

/** The lowest value of the first objective among feasible outcomes; NaN when there is none. */
export function lowest(outcomes: readonly Outcome[]): number {
  const feasible = outcomes.filter(isFeasible).map(({ values }) => values[0] as number)
  return feasible.length === 0 ? Number.NaN : Math.min(...feasible)
}

/** The regret of a score whose best is `best`, when smaller is better. */
export function excess(score: number, best: number): number {
  return Number.isNaN(score) ? Infinity : Math.max(score - best, 0)
}
