import type { ToldTrial } from '../../src/searchers/searcher.ts'

/** A trial that completed after one report, as a searcher is told of it. */
export function completedTrial(
  number: number,
  { params, domains }: Pick<ToldTrial, 'params' | 'domains'>,
  values: readonly number[],
): ToldTrial {
  return {
    number,
    params,
    domains,
    state: 'completed',
    values,
    step: 1,
    intermediate: [[1, values[0] as number]],
    constraints: {},
  }
}
