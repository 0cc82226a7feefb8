import { partitionPoint } from '../core/partition-point.ts'
import type { Candidate } from './scheduler.ts'

/**
 * Whether a trial could run now. Cost: O(log n).
 * @param candidates - By trial number.
 */
export function isAmong(candidates: readonly Candidate[], trial: number): boolean {
  const at = partitionPoint(candidates.length, (i) => (candidates[i] as Candidate).trial < trial)
  return candidates[at]?.trial === trial
}
