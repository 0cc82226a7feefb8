import type { Candidate } from './scheduler.ts'

/**
 * The trial to run next when a scheduler does not choose by itself: the lowest number among `pending`, then among
 * `paused`.
 * @param candidates - By trial number.
 * @returns A trial's number, or undefined when there is no candidate.
 */
export function defaultChoice(candidates: readonly Candidate[]): number | undefined {
  return (candidates.find(({ status }) => status === 'pending') ?? candidates[0])?.trial
}
