import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { counted } from '../core/options.ts'
import { type AshaSettings, ashaTraits, fullLength } from './halving-options.ts'
import { bracketLaw, climberOf as climberIn, rungLevelsOf } from './brackets.ts'
import { isAmong } from './candidates.ts'
import { defaultChoice } from './default-choice.ts'
import { onlyObjective } from './ranking-options.ts'
import {
  type Candidate,
  type Command,
  CONTINUE,
  type Decision,
  type Scheduler,
  type TrialReport,
} from './scheduler.ts'
import { type Standings, bestFirst, emptyStandings, enter, leave, rankOf } from './standings.ts'

/** All that `asha({ type: 'promotion' })` remembers. */
export interface PromotionState {
  readonly metric: string
  readonly mode: Mode
  /** Of all brackets, in the order in which they are looked through: highest level first. */
  readonly rungs: readonly PromotionRung[]
  /** Trials that have not ended. */
  readonly climbers: Map<number, PromotionClimber>
  /** Trials that were never started, in the order in which they came. */
  readonly fresh: Set<number>
  readonly running: Set<number>
  /** How many more trials may be added; Infinity where that is not known. */
  toCome: number
  /** How many wait at a rung. */
  waitingCount: number
  /** Whether nothing could come any more when a trial was last asked for. A trial that does come after all undoes it. */
  isClosing: boolean
  /** A trial that has lost, and was let go on only because one had to be. */
  leftOver: number | undefined
}

interface PromotionRung {
  readonly bracket: number
  readonly level: number
  /** All that were measured here and have not failed. */
  readonly all: Standings
  /** Those of them that wait here. */
  readonly waiting: Standings
}

interface PromotionClimber {
  readonly bracket: number
  /** Indices of the rungs where it was measured, in this order, and its scores there. */
  readonly measuredAt: number[]
  readonly scores: number[]
  /** Whether it waits at the last of them. */
  isWaiting: boolean
  /** Whether it was ended, or will be, for having lost. */
  hasLost: boolean
}

const NO_COMMANDS: readonly Command[] = []

/** `asha` in its promoting form: each trial waits at each rung. */
export function promotingAsha(settings: AshaSettings): Scheduler<PromotionState> {
  const { maxT, reductionFactor } = settings
  const levels = rungLevelsOf(settings)
  const draw = bracketLaw(levels)

  return {
    ...ashaTraits('ASHA with promotion', settings),
    pauses: true,

    init(context) {
      const rungs = levels.flatMap((bracket, s) => bracket.map((level) => emptyRung(s, level)))
      return {
        ...onlyObjective('asha', context),
        // Nobody waits at maxT: there is nothing to be promoted to. Sorting keeps the brackets in order.
        rungs: rungs.filter(({ level }) => level < maxT).toSorted((a, b) => b.level - a.level),
        climbers: new Map(),
        fresh: new Set(),
        running: new Set(),
        toCome: context.budget ?? Infinity,
        waitingCount: 0,
        isClosing: false,
        leftOver: undefined,
      }
    },

    onAdd(state, { trial, random }) {
      const bracket = draw(random)
      state.climbers.set(trial, { bracket, measuredAt: [], scores: [], isWaiting: false, hasLost: false })
      state.fresh.add(trial)
      state.toCome--
      state.isClosing = false
    },

    onReport(state, report) {
      const { trial, time } = report
      // It runs, whoever may have let it: a user can resume a trial.
      start(state, trial)
      const end = fullLength(settings, time)
      if (end !== undefined) {
        state.running.delete(trial)
        return end
      }
      if (state.leftOver === trial && state.isClosing) {
        state.running.delete(trial)
        return loses(state, trial)
      }
      const index = reachedRung(state, trial, time)
      return index === undefined ? CONTINUE : pauseAt(state, index, report)
    },

    commands: endLosers,

    onEnd(state, { trial, state: outcome }) {
      const climber = climberOf(state, trial)
      stopWaiting(state, trial, climber)
      // One that somebody else ended does not keep its places: another takes them.
      if (outcome !== 'completed' && !climber.hasLost) {
        climber.measuredAt.forEach((index, i) =>
          leave((state.rungs[index] as PromotionRung).all, trial, climber.scores[i] as number),
        )
      }
      state.climbers.delete(trial)
      state.fresh.delete(trial)
      state.running.delete(trial)
      return endLosers(state)
    },

    choose(state, { candidates, idle }) {
      state.isClosing ||= idle
      const trial =
        promotable(state, candidates) ??
        newcomer(state, candidates) ??
        (idle ? leftOver(state, candidates) : undefined)
      if (trial !== undefined) start(state, trial)
      return trial
    },
  }

  /** Index of the highest rung that the trial has reached, if it was not measured there or higher before. */
  function reachedRung(state: PromotionState, trial: number, time: number): number | undefined {
    const { bracket, measuredAt } = climberOf(state, trial)
    const end = measuredAt.at(-1) ?? state.rungs.length
    for (let i = 0; i < end; i++) {
      const rung = state.rungs[i] as PromotionRung
      if (rung.bracket === bracket && time >= rung.level) return i
    }
    return undefined
  }

  function pauseAt(state: PromotionState, index: number, { trial, score, values }: TrialReport): Decision {
    const climber = climberOf(state, trial)
    const rung = state.rungs[index] as PromotionRung
    enter(rung.all, trial, score)
    enter(rung.waiting, trial, score)
    climber.measuredAt.push(index)
    climber.scores.push(score)
    climber.isWaiting = true
    state.waitingCount++
    state.running.delete(trial)
    const rank = rankOf(rung.all, trial, score) + 1
    const places = placesAt(state, rung)
    const value = values[0] as number
    return {
      kind: 'pause',
      reason: `${state.metric} ${formatNumber(value)} is number ${rank} of ${counted(rung.all.count, 'trial')} at rung ${formatNumber(rung.level)}, from which ${places} may go on`,
      evidence: { rung: rung.level, value, mode: state.mode, rank, competitors: rung.all.count, places },
    }
  }

  /** How many of a rung may have gone on by now. */
  function placesAt({ isClosing }: PromotionState, { all }: PromotionRung): number {
    const places = Math.floor(all.count / reductionFactor)
    // When no other can come, the best goes on, however few there are.
    return isClosing ? Math.max(1, places) : places
  }

  /** The best trial of the highest rung that may go on, among those that can; with no candidates given, among all. */
  function promotable(state: PromotionState, candidates?: readonly Candidate[]): number | undefined {
    for (const rung of state.rungs) {
      const places = placesAt(state, rung)
      for (const { trial, score } of bestFirst(rung.waiting)) {
        if (rankOf(rung.all, trial, score) >= places) break
        if (candidates === undefined || isAmong(candidates, trial)) return trial
      }
    }
    return undefined
  }

  /** A trial that waits at no rung: a new one, one to be tried again, or one that a user had paused. */
  function newcomer(state: PromotionState, candidates: readonly Candidate[]): number | undefined {
    for (const trial of state.fresh) if (isAmong(candidates, trial)) return trial
    // When all of them wait at rungs there is no need to look through them.
    if (candidates.length <= state.waitingCount && !state.isClosing) return undefined
    return defaultChoice(candidates.filter(({ trial }) => !climberOf(state, trial).isWaiting))
  }

  /** One must be named, and all that wait have lost: the one that came furthest, for one report. */
  function leftOver(state: PromotionState, candidates: readonly Candidate[]): number | undefined {
    for (const { waiting } of state.rungs) {
      for (const { trial } of bestFirst(waiting)) {
        if (!isAmong(candidates, trial)) continue
        state.leftOver = trial
        return trial
      }
    }
    return undefined
  }

  /** When nobody runs, nobody may go on and nobody can come, those that wait have lost. */
  function endLosers(state: PromotionState): readonly Command[] {
    const { isClosing, toCome, running, fresh, waitingCount } = state
    if (running.size > 0 || fresh.size > 0 || waitingCount === 0) return NO_COMMANDS
    if (!isClosing && toCome > 0) return NO_COMMANDS
    // One that the user holds may still go on, and until then it is not known who else may.
    if (promotable({ ...state, isClosing: true }) !== undefined) return NO_COMMANDS
    state.isClosing = true
    const commands = state.rungs.flatMap(({ waiting }) =>
      Array.from(bestFirst(waiting), ({ trial }) => ({ trial, decision: loses(state, trial) })),
    )
    for (const { trial } of commands) stopWaiting(state, trial, climberOf(state, trial))
    return commands.toSorted((a, b) => a.trial - b.trial)
  }

  /** Says of a trial why it is ended at the rung where it was measured last. */
  function loses(state: PromotionState, trial: number): Extract<Decision, { kind: 'stop' }> {
    const climber = climberOf(state, trial)
    climber.hasLost = true
    const rung = state.rungs[climber.measuredAt.at(-1) as number] as PromotionRung
    const score = climber.scores.at(-1) as number
    const rank = rankOf(rung.all, trial, score) + 1
    const value = orient(score, state.mode) + 0
    const places = placesAt(state, rung)
    return {
      kind: 'stop',
      reason: `${state.metric} ${formatNumber(value)} was number ${rank} of ${counted(rung.all.count, 'trial')} at rung ${formatNumber(rung.level)}, from which ${places} went on, and no other can come`,
      outcome: 'pruned',
      evidence: { rung: rung.level, value, mode: state.mode, rank, competitors: rung.all.count, places },
    }
  }
}

function start(state: PromotionState, trial: number): void {
  stopWaiting(state, trial, climberOf(state, trial))
  state.fresh.delete(trial)
  state.running.add(trial)
}

function stopWaiting(state: PromotionState, trial: number, climber: PromotionClimber): void {
  if (!climber.isWaiting) return
  const rung = state.rungs[climber.measuredAt.at(-1) as number] as PromotionRung
  leave(rung.waiting, trial, climber.scores.at(-1) as number)
  climber.isWaiting = false
  state.waitingCount--
}

function emptyRung(bracket: number, level: number): PromotionRung {
  return { bracket, level, all: emptyStandings(), waiting: emptyStandings() }
}

function climberOf(state: PromotionState, trial: number): PromotionClimber {
  return climberIn('asha', state.climbers, trial)
}
