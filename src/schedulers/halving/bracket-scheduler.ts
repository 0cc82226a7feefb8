import { TroupeError } from '../../errors.ts'
import { CONTINUE, type Decision, type Scheduler } from '../scheduler.ts'
import {
  type HyperbandState,
  drop,
  firstReady,
  lastBracket,
  noBands,
  openBracket,
  place,
  placeOf,
  run,
  takeEnded,
  wait,
} from './bands.ts'
import { type Bracket, advance, hasRoom, mayRun } from './bracket.ts'
import { type HyperbandSettings, lineOf } from './options.ts'
import { unblock } from './rounds.ts'

/** In what the schedulers with brackets differ. */
export interface BracketPolicy {
  /** The factory's name. */
  readonly name: string
  /** For people. */
  readonly title: string
  readonly settings: HyperbandSettings
  /** In which order the brackets of a band are opened. */
  readonly order: 'longestFirst' | 'shortestFirst'
  /** Who runs next: a trial of the earliest bracket, or of the earliest band's least complete one. */
  readonly turn: 'inTurn' | 'fair'
  /** How many trials are expected where that is not known. */
  readonly budget: number
  /** As `hasRoom`, where nobody knows how many trials there will be. Default: `hasRoom`. */
  readonly hasRoomUncounted?: (bracket: Bracket) => boolean
  /** Trial `current` has reached the milestone. */
  onArrival(state: HyperbandState, bracket: Bracket, current: number): Decision
  /** A trial has left by itself. */
  onLeft(state: HyperbandState, bracket: Bracket): void
}

/** The scheduler of a policy: which trial is in which bracket, who runs and who waits. */
export function bracketScheduler(policy: BracketPolicy): Scheduler<HyperbandState> {
  const { name, title, settings, order, turn, budget } = policy
  const { metric, mode, timeAttr } = settings
  return {
    name,
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    pauses: true,
    line: lineOf(title, settings),

    init: (context) => noBands(name, context, budget),

    onAdd(state, { trial }) {
      const last = lastBracket(state)
      const isOpen = state.isCounted ? hasRoom : (policy.hasRoomUncounted ?? hasRoom)
      const bracket = last !== undefined && isOpen(last) ? last : openBracket(state, settings, order)
      place(state, bracket, trial)
    },

    onReport(state, { trial, time, score }) {
      const at = placeOf(state, trial)
      if (at === undefined) {
        throw new TroupeError(
          'internal',
          `${name}: trial ${trial} was told of, but was never added or has ended.`,
        )
      }
      run(state, trial, at)
      // Nobody knows how far it is.
      if (Number.isNaN(time)) return CONTINUE
      const { bracket, entrant } = at
      advance(bracket, entrant, time)
      entrant.score = score
      if (mayRun(bracket, entrant, settings)) return CONTINUE
      const decision = policy.onArrival(state, bracket, trial)
      if (decision.kind === 'pause') wait(state, trial, at)
      return decision
    },

    commands: takeEnded,

    onEnd(state, { trial, state: outcome }) {
      const bracket = placeOf(state, trial)?.bracket
      // It is not made up for, or trials that end by themselves would fill the same bracket for ever.
      if (bracket !== undefined && outcome !== 'failed') bracket.doneCount++
      if (state.ended.length > 0) state.ended = state.ended.filter((command) => command.trial !== trial)
      drop(state, trial)
      if (bracket !== undefined) policy.onLeft(state, bracket)
      return takeEnded(state)
    },

    choose(state, { candidates, idle }) {
      const trial =
        firstReady(state, candidates, settings, turn) ??
        (idle ? unblock(state, candidates, settings) : undefined)
      const at = trial === undefined ? undefined : placeOf(state, trial)
      if (trial !== undefined && at !== undefined) run(state, trial, at)
      return trial
    },
  }
}
