import { type Objective, orient } from './objective.ts'
import { isFeasible } from './order.ts'

/** What the front looks at. */
export interface ParetoCandidate {
  readonly number: number
  readonly state: string
  /** One value an objective. */
  readonly values: readonly number[] | undefined
  readonly constraints: Readonly<Record<string, number>>
}

/**
 * The records that no other dominates: none is at least as good in every objective and better in one. Feasible ones
 * dominate infeasible ones. Failed trials, and those whose values are missing or NaN, are never in the front; equal
 * ones are in it together. In order of number. Cost: O(n log n + n · front · objectives).
 */
export function paretoFront<R extends ParetoCandidate>(
  records: readonly R[],
  objectives: readonly Objective[],
): R[] {
  const ranked = records
    .filter(
      ({ state, values }) =>
        state !== 'failed' && values !== undefined && values.length > 0 && !values.some(Number.isNaN),
    )
    .map((record) => ({
      record,
      scores: (record.values as readonly number[]).map((value, i) =>
        orient(value, (objectives[i] as Objective).mode),
      ),
      feasible: isFeasible(record.constraints),
    }))
  const any = ranked.some(({ feasible }) => feasible)
  // Best first by the first objective, then the next: whoever dominates comes before whom it dominates.
  const sorted = ranked
    .filter(({ feasible }) => feasible === any)
    .toSorted((a, b) => compareScores(a.scores, b.scores))
  const front: typeof sorted = []
  for (const candidate of sorted) {
    if (!front.some(({ scores }) => dominates(scores, candidate.scores))) front.push(candidate)
  }
  return front.map(({ record }) => record).toSorted((a, b) => a.number - b.number)
}

function compareScores(a: readonly number[], b: readonly number[]): number {
  for (const [i, score] of a.entries()) {
    const other = b[i] as number
    if (score !== other) return score > other ? -1 : 1
  }
  return 0
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((score, i) => score >= (b[i] as number)) && a.some((score, i) => score > (b[i] as number))
}
