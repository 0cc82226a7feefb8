import type { Mode } from '../../core/objective.ts'
import { TroupeError } from '../../errors.ts'
import { partitionPoint } from '../../core/partition-point.ts'
import { isAmong } from '../candidates.ts'
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
  /** By trial, the key of the bracket of each that is neither lost nor ended. */
  readonly places: (number | undefined)[]
  placedCount: number
  /** Keys of the brackets in which a trial is ready, ascending, and of some in which none is any more. */
  readonly readyIn: number[]
  readonly running: Set<number>
  /** Whether it is known how many trials there will be. */
  readonly isCounted: boolean
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
    places: [],
    placedCount: 0,
    readyIn: [],
    running: new Set(),
    isCounted: budget !== undefined,
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
  state.places[trial] = state.openedCount - 1
  state.placedCount++
  noteReady(state, trial)
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
  const bracket = brackets.get(places[trial] ?? -1)
  const entrant = bracket?.live.get(trial)
  return bracket === undefined || entrant === undefined ? undefined : { bracket, entrant }
}

/** A trial is in no bracket any more. */
export function drop(state: HyperbandState, trial: number): void {
  const key = state.places[trial] ?? -1
  const bracket = state.brackets.get(key)
  if (bracket === undefined) return
  leave(bracket, trial)
  state.places[trial] = undefined
  state.placedCount--
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

/** Notes that a trial is ready to run. */
export function getReady(state: HyperbandState, trial: number, { bracket, entrant }: Place): void {
  setStatus(bracket, trial, entrant, 'ready')
  noteReady(state, trial)
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
 * Cost: O(log candidates), for each bracket of a band in `'fair'`, and for each trial that runs where one was retried.
 * @param candidates - By number.
 */
export function firstReady(
  state: HyperbandState,
  candidates: readonly Candidate[],
  options: HalvingOptions,
  order: 'inTurn' | 'fair',
): number | undefined {
  // All but those that run can be candidates. To look for the others among them each time would cost more than the rest.
  if (candidates.length > state.placedCount - state.running.size) readmit(state, candidates)
  const ready = readyAmong(state, candidates, options, order)
  // Where the user holds some, the numbers above hide that one is there to be tried again.
  if (ready !== undefined || !readmit(state, candidates)) return ready
  return readyAmong(state, candidates, options, order)
}

function readyAmong(
  state: HyperbandState,
  candidates: readonly Candidate[],
  options: HalvingOptions,
  order: 'inTurn' | 'fair',
): number | undefined {
  const { brackets, readyIn } = state
  let best: { trial: number; band: number; completion: number } | undefined
  for (let i = 0; i < readyIn.length; i++) {
    const bracket = brackets.get(readyIn[i] as number)
    if (bracket === undefined || bracket.ready.length === 0) {
      readyIn.splice(i--, 1)
      continue
    }
    const { band } = bracket
    if (best !== undefined && (band > best.band || order === 'inTurn')) break
    // One that is no candidate is held by the user.
    const trial = bracket.ready.find((ready) => isAmong(candidates, ready))
    if (trial === undefined) continue
    const share = completion(bracket, options)
    if (best === undefined || share < best.completion) best = { trial, band, completion: share }
  }
  return best?.trial
}

/**
 * Trials that ran and wait for a start have failed, and are tried again: they have yet to come where they were.
 * @returns Whether there were any.
 */
function readmit(state: HyperbandState, candidates: readonly Candidate[]): boolean {
  const runningCount = state.running.size
  for (const trial of state.running) {
    if (!isAmong(candidates, trial)) continue
    const at = placeOf(state, trial) as Place
    advance(at.bracket, at.entrant, 0)
    getReady(state, trial, at)
    state.running.delete(trial)
  }
  return state.running.size < runningCount
}

function noteReady({ places, readyIn }: HyperbandState, trial: number): void {
  const key = places[trial] as number
  const at = partitionPoint(readyIn.length, (i) => (readyIn[i] as number) < key)
  if (readyIn[at] !== key) readyIn.splice(at, 0, key)
}
