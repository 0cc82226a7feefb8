import type { Candidate } from '../scheduler.ts'
import { isBehind, type Member, type Population, setWaiting } from './population.ts'

/** Puts those in the queue that start again after a failure: nobody else says so. */
export function noticeRetries(population: Population, candidates: readonly Candidate[]): void {
  for (const { trial } of candidates) {
    const member = population.members.get(trial)
    if (member !== undefined) setWaiting(population, member, true)
  }
}

/** The candidate that is least far; among those only that are behind, where that is asked. */
export function foremost(
  population: Population,
  candidates: readonly Candidate[],
  onlyBehind: boolean,
): number | undefined {
  for (const trial of population.queue) {
    const { time } = population.members.get(trial) as Member
    if (onlyBehind && !isBehind(population, time)) return undefined
    if (hasTrial(candidates, trial)) return trial
  }
  return undefined
}

/** @param candidates - By trial number. */
function hasTrial(candidates: readonly Candidate[], trial: number): boolean {
  let low = 0
  let high = candidates.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((candidates[middle] as Candidate).trial < trial) low = middle + 1
    else high = middle
  }
  return candidates[low]?.trial === trial
}
