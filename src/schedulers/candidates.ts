import { partitionPoint } from '../core/partition-point.ts'
import type { Candidate } from './scheduler.ts'

/**
 * Whether a trial could run now. Cost: O(log n).
 * @param candidates - By trial number.
 */
export function isAmong(candidates: readonly Candidate[], trial: number): boolean {
  return candidateOf(candidates, trial) !== undefined
}

/**
 * What a scheduler is shown of a trial, if it could run now. Cost: O(log n).
 * @param candidates - By trial number.
 */
export function candidateOf(candidates: readonly Candidate[], trial: number): Candidate | undefined {
  const candidate =
    candidates[partitionPoint(candidates.length, (i) => (candidates[i] as Candidate).trial < trial)]
  return candidate?.trial === trial ? candidate : undefined
}
