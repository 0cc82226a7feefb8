import { isAmong } from '../candidates.ts'
import type { Candidate } from '../scheduler.ts'
import { bestFirst } from '../standings.ts'
import { isBehind, type Population, setWaiting } from './population.ts'

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
  for (const { trial, score } of bestFirst(population.queue)) {
    if (onlyBehind && !isBehind(population, -score)) return undefined
    if (isAmong(candidates, trial)) return trial
  }
  return undefined
}
