import type { Mode } from '../../core/objective.ts'
import { randomStream } from '../../random/random.ts'
import type { Decision } from '../scheduler.ts'
import {
  bestFirst,
  enter,
  leave,
  rankOf as standingRankOf,
  type Standings,
  trialAt as standingTrialAt,
} from '../standings.ts'

/** A decision to exploit another trial. */
export type Exploit = Extract<Decision, { readonly kind: 'exploit' }>

/** One trial of a population. */
export interface Member {
  readonly trial: number
  /** As it last reported. */
  config: unknown
  /** Oriented: larger is better. Undefined until it is ranked for the first time. */
  score: number | undefined
  /** How far it was when it was ranked, or when the trial that it exploited was. */
  time: number
  /** How far it was when it was last considered, or when the trial that it exploited was. */
  perturbedAt: number
  hasCheckpoint: boolean
  /** Whether it was among the best when it was last considered. */
  isBest: boolean
  /** Whether it is without a slot, as far as is known. */
  waits: boolean
  /** The name of its stream of chance, and how often it was taken from. */
  chance: string
  draws: number
  /** How far it had come at the most when it met one of the best, and how often it met one since without coming farther. */
  metAt: number
  returns: number
  /** What was decided for it while it waited, until a report shows that it was done. */
  owed: Exploit | undefined
}

/** The trials of an experiment that train each other. Plain data; only the functions of this file change it. */
export interface Population {
  readonly metric: string
  readonly mode: Mode
  /** Those that have not ended. */
  readonly members: Map<number, Member>
  /** Those that have a score, under minus their numbers: of equals the later trial is better, as in Ray Tune. */
  readonly ranking: Standings
  /** Those that wait, by minus how far they are: the best is the least far. */
  readonly queue: Standings
  /** Together: how far all have to be. */
  nextSync: number
  /** Together: how many of `members` are not there yet. */
  behind: number
  /** Together: how far the farthest of those that have ended was. */
  endedAt: number
}

/** Which of a ranking are the worst and the best: two ranges of its indices. */
export interface Quantiles {
  /** Those below it are among the worst. */
  readonly lowerEnd: number
  /** Those from it on are among the best. */
  readonly upperStart: number
}

/**
 * The worst and the best `fraction` of a ranking of `count`: ⌈count · fraction⌉ each, at most one half. Kept from Ray
 * Tune: one trial alone is neither, and with a fraction of 0 none is among the worst and all are among the best.
 */
export function quantilesOf(count: number, fraction: number): Quantiles {
  if (count <= 1) return { lowerEnd: 0, upperStart: count }
  const wanted = Math.ceil(count * fraction)
  const size = wanted > count / 2 ? Math.floor(count / 2) : wanted
  return { lowerEnd: size, upperStart: size === 0 ? 0 : count - size }
}

/** Takes in a trial that waits for its first start. */
export function join(population: Population, trial: number, config: unknown, chance: string): void {
  const member: Member = {
    trial,
    config,
    score: undefined,
    time: 0,
    perturbedAt: 0,
    hasCheckpoint: false,
    isBest: false,
    waits: false,
    chance,
    draws: 0,
    metAt: -Infinity,
    returns: 0,
    owed: undefined,
  }
  population.members.set(trial, member)
  if (isBehind(population, 0)) population.behind++
  setWaiting(population, member, true)
}

/** A member has ended. */
export function part(population: Population, member: Member): void {
  setWaiting(population, member, false)
  if (member.score !== undefined) leave(population.ranking, -member.trial, member.score)
  if (isBehind(population, member.time)) population.behind--
  if (member.time > population.endedAt) population.endedAt = member.time
  population.members.delete(member.trial)
}

/** Ranks a member by a new score. Cost: O(log n), and two moves of some hundred numbers. */
export function rank({ ranking }: Population, member: Member, score: number): void {
  if (member.score !== undefined) leave(ranking, -member.trial, member.score)
  member.score = score
  enter(ranking, -member.trial, score)
}

/** How many are worse than a member that has a score. Cost: O(log n + n / 256). */
export function indexOf({ ranking }: Population, { trial, score }: Member): number {
  return ranking.count - 1 - standingRankOf(ranking, -trial, score as number)
}

/** The trial than which `index` others are worse. Cost: O(n / 256). */
export function trialAt({ ranking }: Population, index: number): number {
  return -(standingTrialAt(ranking, ranking.count - 1 - index) as number)
}

/** All that have a score, worst first. Cost: O(n). */
export function worstFirst({ ranking }: Population): number[] {
  return Array.from(bestFirst(ranking), ({ trial }) => -trial).toReversed()
}

/** A member waits for a slot, or no longer. Cost: O(log n), and one move of some hundred numbers. */
export function setWaiting({ queue }: Population, member: Member, waits: boolean): void {
  if (member.waits === waits) return
  if (waits) enter(queue, member.trial, -member.time)
  else leave(queue, member.trial, -member.time)
  member.waits = waits
}

/** Says how far a member is. */
export function setTime(population: Population, member: Member, time: number): void {
  const { waits } = member
  setWaiting(population, member, false)
  population.behind += Number(isBehind(population, time)) - Number(isBehind(population, member.time))
  member.time = time
  setWaiting(population, member, waits)
}

/** Sets how far all have to be, and counts those that are not there. Cost: O(n). */
export function setSync(population: Population, nextSync: number): void {
  population.nextSync = nextSync
  population.behind = 0
  for (const { time } of population.members.values()) if (isBehind(population, time)) population.behind++
}

/** How far the farthest member is, or was. Cost: O(n). */
export function farthest({ members, endedAt }: Population): number {
  let time = endedAt
  for (const member of members.values()) if (member.time > time) time = member.time
  return time
}

/** Whether one that is so far has yet to come where all have to be. NaN has come nowhere. */
export function isBehind({ nextSync }: Population, time: number): boolean {
  return !(time >= nextSync)
}

/** The chance of a member's next exploit: a stream of its own, whatever was drawn from those before. */
export function chanceOf({ chance, draws }: Pick<Member, 'chance' | 'draws'>) {
  const random = randomStream(chance).fork(draws)
  return { donor: random.fork('donor'), explore: random.fork('explore') }
}
