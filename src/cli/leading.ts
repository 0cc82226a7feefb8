import { compareValues } from '../core/order.ts'
import { formatNumber } from '../core/format-number.ts'
import { NoResultError } from '../errors.ts'
import type { Recorded } from '../results/recorded/recorded.ts'
import type { BestResult, Result } from '../results/result.ts'
import type { Results } from '../results/results.ts'
import { plainText } from '../results/text.ts'

/** The best trial by each objective, in their order; nothing for those by which none can be ranked. */
export function leadersOf(results: Results, { objectives }: Pick<Recorded, 'objectives'>): BestResult[] {
  return objectives.flatMap(({ metric, mode }) => {
    try {
      return [results.getBestResult(metric, mode)]
    } catch (error) {
      if (error instanceof NoResultError) return []
      throw error
    }
  })
}

/** `mean_loss=0.1`, and so on for each objective. */
export function leaderValues(leaders: readonly BestResult[]): string {
  return leaders.map(({ best }) => `${plainText(best.metric)}=${formatNumber(best.value)}`).join(', ')
}

/** Trials as a table has them: with one objective the best first, else in order of number. */
export function bestFirst(results: Results, { objectives }: Pick<Recorded, 'objectives'>): Result[] {
  const [objective, second] = objectives
  const all = [...results]
  if (objective === undefined || second !== undefined) return all
  const { mode } = objective
  const rank = ({ state, feasible }: Result): number => (state === 'failed' ? 2 : feasible ? 0 : 1)
  return all.sort(
    (a, b) => rank(a) - rank(b) || compareValues(a.values?.[0], b.values?.[0], mode) || a.number - b.number,
  )
}
