import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { counted } from '../core/options.ts'
import { type AshaSettings, ashaTraits, fullLength } from './halving-options.ts'
import { bracketLaw, climberOf as climberIn, rungLevelsOf } from './brackets.ts'
import { candidateOf, isAmong } from './candidates.ts'
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
import { type Standings, bestFirst, clear, emptyStandings, enter, leave, rankOf } from './standings.ts'

/** All that `asha({ type: 'promotion' })` remembers. */
export interface PromotionState {
  readonly metric: string
  readonly mode: Mode
  /** Of all brackets, in the order in which they are looked through: highest level first. */
  readonly rungs: readonly PromotionRung[]
  /** By trial: those that have not ended. */
  readonly climbers: (PromotionClimber | undefined)[]
  /** Trials in the order in which they came: those that were never started, and some that were. */
  readonly arrivals: number[]
  /** Index of the first of them that was never started. */
  freshFrom: number
  /** How many were never started. */
  freshCount: number
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
  measuredAt: readonly number[]
  scores: readonly number[]
  /** Whether it was never started. */
  isFresh: boolean
  /** Whether it waits at the last of the rungs. */
  isWaiting: boolean
  /** Whether it was ended, or will be, for having lost. */
  hasLost: boolean
}

// Those that were started are cleared away when they are more than this, and half of all.
const ARRIVALS_KEPT = 1_000

const NONE: readonly number[] = []

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
        climbers: [],
        arrivals: [],
        freshFrom: 0,
        freshCount: 0,
        running: new Set(),
        toCome: context.budget ?? Infinity,
        waitingCount: 0,
        isClosing: false,
        leftOver: undefined,
      }
    },

    onAdd(state, { trial, random }) {
      state.climbers[trial] = {
        bracket: draw(random),
        measuredAt: NONE,
        scores: NONE,
        isFresh: true,
        isWaiting: false,
        hasLost: false,
      }
      state.arrivals.push(trial)
      state.freshCount++
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
        const climber = climberOf(state, trial)
        const score = climber.scores.at(-1) as number
        return loses(state, climber, rankOf(rungOf(state, climber).all, trial, score) + 1)
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
      noLongerFresh(state, climber)
      state.climbers[trial] = undefined
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

  function pauseAt(
    state: PromotionState,
    index: number,
    { trial, score, values, feasible = true }: TrialReport,
  ): Decision {
    const climber = climberOf(state, trial)
    const rung = state.rungs[index] as PromotionRung
    const rank = enter(rung.all, trial, score) + 1
    enter(rung.waiting, trial, score)
    // Not pushed: that leaves room for a dozen more, of which most trials need none.
    climber.measuredAt = [...climber.measuredAt, index]
    climber.scores = [...climber.scores, score]
    climber.isWaiting = true
    state.waitingCount++
    state.running.delete(trial)
    const places = placesAt(state, rung)
    const value = values[0] as number
    const competitors = rung.all.count
    const facts = { rung: rung.level, value, mode: state.mode, rank, competitors, places }
    return {
      kind: 'pause',
      reason: `${state.metric} ${formatNumber(value)}${feasible ? '' : ' (infeasible)'} is number ${rank} of ${counted(competitors, 'trial')} at rung ${formatNumber(rung.level)}, from which ${places} may go on`,
      evidence: feasible ? facts : { ...facts, feasible },
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
    const { arrivals, climbers, freshFrom, running, waitingCount, isClosing } = state
    for (let i = freshFrom; i < arrivals.length; i++) {
      const trial = arrivals[i] as number
      if (climbers[trial]?.isFresh === true && isAmong(candidates, trial)) return trial
    }
    // When all of them wait at rungs there is no need to look for others.
    if (candidates.length <= waitingCount && !isClosing) return undefined
    const others = Array.from(running, (trial) => candidateOf(candidates, trial))
    return defaultChoice(others.filter((other) => other !== undefined).toSorted((a, b) => a.trial - b.trial))
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
    const { isClosing, toCome, running, freshCount, waitingCount } = state
    if (running.size > 0 || freshCount > 0 || waitingCount === 0) return NO_COMMANDS
    if (!isClosing && toCome > 0) return NO_COMMANDS
    // One that the user holds may still go on, and until then it is not known who else may.
    if (promotable({ ...state, isClosing: true }) !== undefined) return NO_COMMANDS
    state.isClosing = true
    const commands: Command[] = []
    state.rungs.forEach(({ all, waiting }, index) => {
      let rank = 0
      for (const { trial } of bestFirst(all)) {
        rank++
        const climber = state.climbers[trial]
        if (climber?.isWaiting !== true || climber.measuredAt.at(-1) !== index) continue
        climber.isWaiting = false
        commands.push({ trial, decision: loses(state, climber, rank) })
      }
      clear(waiting)
    })
    state.waitingCount = 0
    return commands.toSorted((a, b) => a.trial - b.trial)
  }

  /** Says of a trial why it is ended at the rung where it was measured last. */
  function loses(
    state: PromotionState,
    climber: PromotionClimber,
    rank: number,
  ): Extract<Decision, { kind: 'stop' }> {
    climber.hasLost = true
    const rung = rungOf(state, climber)
    const value = orient(climber.scores.at(-1) as number, state.mode) + 0
    const places = placesAt(state, rung)
    return {
      kind: 'stop',
      reason: `${state.metric} ${formatNumber(value)} was number ${rank} of ${counted(rung.all.count, 'trial')} at rung ${formatNumber(rung.level)}, from which ${places} went on, and no other can come`,
      outcome: 'pruned',
      evidence: { rung: rung.level, value, mode: state.mode, rank, competitors: rung.all.count, places },
    }
  }
}

/** Where a trial was measured last. */
function rungOf({ rungs }: PromotionState, { measuredAt }: PromotionClimber): PromotionRung {
  return rungs[measuredAt.at(-1) as number] as PromotionRung
}

function start(state: PromotionState, trial: number): void {
  const climber = climberOf(state, trial)
  stopWaiting(state, trial, climber)
  noLongerFresh(state, climber)
  state.running.add(trial)
}

function noLongerFresh(state: PromotionState, climber: PromotionClimber): void {
  if (!climber.isFresh) return
  climber.isFresh = false
  state.freshCount--
  const { arrivals, climbers } = state
  while (state.freshFrom < arrivals.length && climbers[arrivals[state.freshFrom] as number]?.isFresh !== true)
    state.freshFrom++
  if (state.freshFrom < ARRIVALS_KEPT || 2 * state.freshFrom < arrivals.length) return
  arrivals.splice(0, state.freshFrom)
  state.freshFrom = 0
}

function stopWaiting(state: PromotionState, trial: number, climber: PromotionClimber): void {
  if (!climber.isWaiting) return
  leave(rungOf(state, climber).waiting, trial, climber.scores.at(-1) as number)
  climber.isWaiting = false
  state.waitingCount--
}

function emptyRung(bracket: number, level: number): PromotionRung {
  return { bracket, level, all: emptyStandings(), waiting: emptyStandings() }
}

function climberOf(state: PromotionState, trial: number): PromotionClimber {
  return climberIn('asha', state.climbers, trial)
}
