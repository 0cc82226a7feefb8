import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { type AshaSettings, ashaTraits, fullLength } from './halving-options.ts'
import { bracketLaw, climberOf, rungLevelsOf } from './brackets.ts'
import { onlyObjective } from './ranking-options.ts'
import { type Rung, cutoffOf, emptyRung, recordScore } from './rungs.ts'
import { CONTINUE, type Decision, type Scheduler, type TrialReport } from './scheduler.ts'

/** All that `asha` remembers. */
export interface AshaState {
  readonly metric: string
  readonly mode: Mode
  /** Rungs of each bracket, highest first. */
  readonly brackets: readonly (readonly Rung[])[]
  /** How trials of each bracket begin. */
  readonly beginnings: readonly Climber[]
  /** By trial: those that have not ended. A Map would have to be built anew whenever it has doubled. */
  readonly climbers: (Climber | undefined)[]
}

/**
 * How a trial has climbed so far. Never changed, and one for all that have climbed alike: an object for each trial would
 * be most of what there is to keep in memory and to look up.
 */
interface Climber {
  readonly bracket: number
  /** Indices into the bracket of the rungs at which such a trial has a score. */
  readonly recorded: readonly number[]
  /** What becomes of it, by the index of the rung that comes next. */
  readonly after: Map<number, Climber>
}

/** `asha` in its stopping form: no trial waits. */
export function stoppingAsha(settings: AshaSettings): Scheduler<AshaState> {
  const { reductionFactor, stopLastTrials } = settings
  const levels = rungLevelsOf(settings)
  const draw = bracketLaw(levels)

  return {
    ...ashaTraits('ASHA', settings),

    init(context) {
      return {
        ...onlyObjective('asha', context),
        brackets: levels.map((bracket) => bracket.map(emptyRung)),
        beginnings: levels.map((_, bracket) => ({ bracket, recorded: [], after: new Map() })),
        climbers: [],
      }
    },

    onAdd(state, { trial, random }) {
      state.climbers[trial] = state.beginnings[draw(random)]
    },

    onReport(state, report) {
      return fullLength(settings, report.time) ?? decide(state, report)
    },

    onEnd(state, { trial, state: outcome, last }) {
      // Kept from Ray: the last report counts once more, at the next rung below that the trial jumped over, or at
      // maxT's own rung, where `onReport` did not record it.
      if (last !== undefined && (outcome === 'completed' || outcome === 'pruned')) decide(state, last)
      state.climbers[trial] = undefined
    },
  }

  /** Records the report at its rung, if it has reached one, and compares it with those that were there before. */
  function decide(state: AshaState, { trial, time, score, values, feasible = true }: TrialReport): Decision {
    const climber = climberOf('asha', state.climbers, trial)
    const rungs = state.brackets[climber.bracket] as readonly Rung[]
    const index = nextRung(rungs, climber.recorded, time, stopLastTrials)
    if (index === undefined) return CONTINUE
    const rung = rungs[index] as Rung
    const competitors = rung.count
    const oriented = cutoffOf(rung, reductionFactor)
    recordScore(rung, score, reductionFactor)
    state.climbers[trial] = recordedAt(climber, index)

    const cutoff = oriented === null ? null : orient(oriented, state.mode) + 0
    const value = values[0] as number
    const facts = { rung: rung.level, value, mode: state.mode, cutoff, competitors }
    const evidence = feasible ? facts : { ...facts, feasible }
    // Not `score < oriented`: NaN has to lose.
    if (oriented === null || score >= oriented) return { kind: 'continue', evidence }
    const reason = `${state.metric} ${formatNumber(value)}${feasible ? '' : ' (infeasible)'} is worse than ${formatNumber(cutoff as number)}, the cutoff of ${competitors} trials at rung ${formatNumber(rung.level)}`
    return { kind: 'stop', reason, outcome: 'pruned', evidence }
  }
}

function recordedAt({ bracket, recorded, after }: Climber, index: number): Climber {
  let next = after.get(index)
  if (next === undefined) {
    next = { bracket, recorded: [...recorded, index], after: new Map() }
    after.set(index, next)
  }
  return next
}

/**
 * Index of the highest rung that a trial has reached and was not measured at.
 * @param rungs - Highest first.
 * @param recorded - Indices of the rungs where it was measured.
 */
export function nextRung(
  rungs: readonly { readonly level: number }[],
  recorded: readonly number[],
  time: number,
  stopLastTrials: boolean,
): number | undefined {
  for (let i = 0; i < rungs.length; i++) {
    // Not `time < level`: NaN has reached nothing.
    if (!(time >= (rungs[i] as { readonly level: number }).level)) continue
    if (!recorded.includes(i)) return i
    // Kept from Ray: without an end at maxT, a trial that has passed a rung is not measured at lower ones again.
    if (!stopLastTrials) return undefined
  }
  return undefined
}
