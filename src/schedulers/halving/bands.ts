import type { Mode } from '../../core/objective.ts'
import { TroupeError } from '../../errors.ts'
import type { Candidate, Command, SchedulerContext } from '../scheduler.ts'
import {
  type Bracket,
  type Entrant,
  type HalvingOptions,
  advance,
  completion,
  enter,
  leave,
  newBracket,
  setStatus,
} from './bracket.ts'
import { bracketsPerBand, firstRound } from './plan.ts'

/** All that a scheduler with brackets remembers. Plain data; the functions of this folder alone change it. */
export interface HyperbandState {
  readonly metric: string
  readonly mode: Mode
  /** Those that have trials, and the one that was opened last, by how many were opened before. */
  readonly brackets: Map<number, Bracket>
  /** The key of its bracket for each trial that is neither lost nor ended. */
  readonly places: Map<number, number>
  readonly running: Set<number>
  /** How many more trials may be added. */
  toCome: number
  openedCount: number
  /** The band that brackets are being opened in, and how many of it were opened or left out. */
  band: { readonly number: number; readonly opened: number }
  /** Waiting trials that have lost or are done, and have not been told. */
  ended: Command[]
}

/** Where a trial is. */
export interface Place {
  readonly bracket: Bracket
  readonly entrant: Entrant
}

/**
 * Before the first trial.
 * @param owner - The scheduler's name, for messages.
 * @param toCome - How many trials there will be, where that is not known.
 */
export function noBands(
  owner: string,
  { objectives: [objective], budget }: SchedulerContext,
  toCome: number,
): HyperbandState {
  if (objective === undefined) throw new TroupeError('internal', `${owner} was started without an objective.`)
  return {
    metric: objective.metric,
    mode: objective.mode,
    brackets: new Map(),
    places: new Map(),
    running: new Set(),
    toCome: budget ?? toCome,
    openedCount: 0,
    band: { number: 0, opened: 0 },
    ended: [],
  }
}

/** The bracket that was opened last, which alone may take in trials. */
export function lastBracket({ brackets, openedCount }: HyperbandState): Bracket | undefined {
  return brackets.get(openedCount - 1)
}

/** Takes a new trial into the bracket that was opened last. */
export function place(state: HyperbandState, bracket: Bracket, trial: number): void {
  enter(bracket, trial)
  state.places.set(trial, state.openedCount - 1)
  state.toCome = Math.max(0, state.toCome - 1)
}

/** How many trials a bracket can still get before its first halving. */
export function missingIn(state: HyperbandState, bracket: Bracket): number {
  const { size, live, wasHalved, doneCount } = bracket
  if (wasHalved || bracket !== lastBracket(state)) return 0
  return Math.max(0, Math.min(size - live.size - doneCount, state.toCome))
}

/**
 * Opens the next bracket of the band, or of the next band. One whose trials would not run at all is left out.
 * @param order - From the longest trials to the shortest, or the other way round.
 */
export function openBracket(
  state: HyperbandState,
  options: HalvingOptions,
  order: 'longestFirst' | 'shortestFirst',
): Bracket {
  const last = lastBracket(state)
  if (last !== undefined && last.live.size === 0) state.brackets.delete(state.openedCount - 1)
  const count = bracketsPerBand(options)
  for (;;) {
    const { number, opened } = state.band
    state.band = opened + 1 === count ? { number: number + 1, opened: 0 } : { number, opened: opened + 1 }
    const s = order === 'longestFirst' ? opened : count - 1 - opened
    if (firstRound(options, s).milestone === 0) continue
    const bracket = newBracket(options, number, s)
    state.brackets.set(state.openedCount++, bracket)
    return bracket
  }
}

/** Where a trial is; undefined when it has lost or ended. */
export function placeOf({ brackets, places }: HyperbandState, trial: number): Place | undefined {
  const bracket = brackets.get(places.get(trial) ?? -1)
  const entrant = bracket?.live.get(trial)
  return bracket === undefined || entrant === undefined ? undefined : { bracket, entrant }
}

/** A trial is in no bracket any more. */
export function drop(state: HyperbandState, trial: number): void {
  const key = state.places.get(trial) ?? -1
  const bracket = state.brackets.get(key)
  if (bracket === undefined) return
  leave(bracket, trial)
  state.places.delete(trial)
  state.running.delete(trial)
  if (bracket.live.size === 0 && key !== state.openedCount - 1) state.brackets.delete(key)
}

/** Ends a waiting trial, as the scheduler is asked next. */
export function endWaiting(state: HyperbandState, trial: number, decision: Command['decision']): void {
  drop(state, trial)
  state.ended.push({ trial, decision })
}

/** What is to be done about waiting trials. */
export function takeEnded(state: HyperbandState): readonly Command[] {
  const { ended } = state
  if (ended.length > 0) state.ended = []
  return ended
}

/** Notes that a trial runs now. */
export function run(state: HyperbandState, trial: number, { bracket, entrant }: Place): void {
  setStatus(bracket, trial, entrant, 'running')
  state.running.add(trial)
}

/** Notes that a trial is paused until its bracket is halved. */
export function wait(state: HyperbandState, trial: number, { bracket, entrant }: Place): void {
  setStatus(bracket, trial, entrant, 'waiting')
  state.running.delete(trial)
}

/**
 * The trial to run next: the lowest number of the first bracket that has one ready, or of the first band's least
 * complete bracket.
 * Cost: O(brackets that have trials and, in `'fair'`, of that band), and O(log candidates) for each trial that runs.
 * @param candidates - By number.
 */
export function firstReady(
  state: HyperbandState,
  candidates: readonly Candidate[],
  options: HalvingOptions,
  order: 'inTurn' | 'fair',
): number | undefined {
  readmit(state, candidates)
  let best: { trial: number; band: number; completion: number } | undefined
  for (const bracket of state.brackets.values()) {
    const { band } = bracket
    if (best !== undefined && (band > best.band || order === 'inTurn')) break
    // One that is no candidate is held by the user.
    const trial = bracket.ready.find((ready) => statusAmong(candidates, ready) !== undefined)
    if (trial === undefined) continue
    const share = completion(bracket, options)
    if (best === undefined || share < best.completion) best = { trial, band, completion: share }
  }
  return best?.trial
}

/** Trials that ran and wait for a start have failed, and are tried again: they have yet to come where they were. */
function readmit(state: HyperbandState, candidates: readonly Candidate[]): void {
  for (const trial of state.running) {
    if (statusAmong(candidates, trial) === undefined) continue
    const { bracket, entrant } = placeOf(state, trial) as Place
    advance(bracket, entrant, 0)
    setStatus(bracket, trial, entrant, 'ready')
    state.running.delete(trial)
  }
}

function statusAmong(candidates: readonly Candidate[], trial: number): Candidate['status'] | undefined {
  let low = 0
  let high = candidates.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const candidate = candidates[middle] as Candidate
    if (candidate.trial === trial) return candidate.status
    if (candidate.trial < trial) low = middle + 1
    else high = middle - 1
  }
  return undefined
}
