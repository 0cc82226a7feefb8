import { compareValues } from '../../core/order.ts'
import { partitionPoint } from '../../core/partition-point.ts'
import { type BandOptions, firstRound, nextRound, totalWork } from './plan.ts'

/** What halving depends on. */
export interface HalvingOptions extends BandOptions {
  /** Whether trials end at `maxT`. */
  readonly stopLastTrials: boolean
}

/** A trial in a bracket. */
export interface Entrant {
  time: number
  /** Oriented: larger is better. NaN before the first report. */
  score: number
  /**
   * - `ready`: it may run as soon as there is a slot, since it never ran, has won a halving, or is to be tried again.
   * - `waiting`: it has reached the milestone, and is paused until the next halving.
   */
  status: 'ready' | 'running' | 'waiting'
}

/** Trials that are halved together. Plain data; the functions of this file alone change it. */
export interface Bracket {
  readonly band: number
  /** s of the paper: how often this bracket is halved in all. */
  readonly s: number
  /** How many trials it has room for until the next halving. */
  size: number
  /** The time that all have to reach before the next halving. */
  milestone: number
  /** Halvings that are still to come. */
  halvings: number
  wasHalved: boolean
  /** Entrants that have not reached the milestone. */
  behind: number
  /** Time that its trials have run for, of `totalWork`. */
  progress: number
  readonly totalWork: number
  /** How many have left without a failure before the first halving: nobody takes their places. */
  doneCount: number
  /** Those that are neither lost nor ended, in the order in which they came. */
  readonly live: Map<number, Entrant>
  /** Those of `live` that are ready, ascending. */
  readonly ready: number[]
}

/** An empty bracket, before its first round. */
export function newBracket(options: HalvingOptions, band: number, s: number): Bracket {
  const first = firstRound(options, s)
  return {
    band,
    s,
    ...first,
    halvings: s,
    wasHalved: false,
    behind: 0,
    progress: 0,
    totalWork: totalWork(options, first, s),
    doneCount: 0,
    live: new Map(),
    ready: [],
  }
}

/** Takes in a trial that has not run yet. */
export function enter(bracket: Bracket, trial: number): void {
  const entrant: Entrant = { time: 0, score: NaN, status: 'running' }
  bracket.live.set(trial, entrant)
  bracket.behind++
  setStatus(bracket, trial, entrant, 'ready')
}

/** Whether a new trial can still come in. One that fails before the first halving is made up for. */
export function hasRoom({ wasHalved, live, doneCount, size }: Bracket): boolean {
  return !wasHalved && live.size + doneCount < size
}

/** Notes what a trial does now. Cost: O(log n), and one move of memory when it is or was ready. */
export function setStatus(
  { ready }: Bracket,
  trial: number,
  entrant: Entrant,
  status: Entrant['status'],
): void {
  if (entrant.status === status) return
  if (entrant.status === 'ready') ready.splice(placeIn(ready, trial), 1)
  if (status === 'ready') ready.splice(placeIn(ready, trial), 0, trial)
  entrant.status = status
}

/** Notes how far a trial has come. */
export function advance(bracket: Bracket, entrant: Entrant, time: number): void {
  bracket.behind += Number(time < bracket.milestone) - Number(entrant.time < bracket.milestone)
  bracket.progress += counted(time) - counted(entrant.time)
  entrant.time = time
}

/** A trial is no longer in the bracket. */
export function leave(bracket: Bracket, trial: number): void {
  const entrant = bracket.live.get(trial)
  if (entrant === undefined) return
  setStatus(bracket, trial, entrant, 'running')
  bracket.live.delete(trial)
  if (entrant.time < bracket.milestone) bracket.behind--
}

/** Whether its trials have all reached their full length. */
export function isFinished({ halvings, behind }: Bracket, { stopLastTrials }: HalvingOptions): boolean {
  return stopLastTrials && halvings === 0 && behind === 0
}

/** Whether a trial may run on: it has not reached the milestone, or there is none any more. */
export function mayRun(
  { halvings, milestone }: Bracket,
  { time }: Entrant,
  { stopLastTrials }: HalvingOptions,
): boolean {
  return (halvings === 0 && !stopLastTrials) || time < milestone
}

/** How far the bracket is, from 0 to 1. */
export function completion(bracket: Bracket, options: HalvingOptions): number {
  return isFinished(bracket, options) ? 1 : Math.min(bracket.progress / bracket.totalWork, 1)
}

/**
 * One step of successive halving: the best ⌈size / η⌉ are `good`, worst first, and the others `bad`, which have not left
 * yet. NaN is worst; of equals the later one is better, as in Ray Tune. Cost: O(n log n) in the trials of the bracket.
 */
export function halve(
  bracket: Bracket,
  options: HalvingOptions,
): { readonly good: readonly number[]; readonly bad: readonly number[] } {
  bracket.wasHalved = true
  if (bracket.halvings === 0) return { good: [...bracket.live.keys()], bad: [] }
  bracket.halvings--
  Object.assign(bracket, nextRound(options, bracket))
  bracket.behind = 0
  for (const { time } of bracket.live.values()) if (time < bracket.milestone) bracket.behind++
  const ranked = [...bracket.live]
    .toSorted(([, a], [, b]) => compareValues(b.score, a.score, 'max'))
    .map(([trial]) => trial)
  const lost = Math.max(0, ranked.length - bracket.size)
  return { good: ranked.slice(lost), bad: ranked.slice(0, lost) }
}

// A trial that says it has run for ever must not make what the others do uncountable.
function counted(time: number): number {
  return Number.isFinite(time) ? time : 0
}

/** Where a number stands, or belongs, in an ascending list. */
function placeIn(ascending: readonly number[], number: number): number {
  return partitionPoint(ascending.length, (i) => (ascending[i] as number) < number)
}
