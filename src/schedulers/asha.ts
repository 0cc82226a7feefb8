import { formatNumber } from '../core/format-number.ts'
import { type Mode, orient } from '../core/objective.ts'
import { type Checks, type Merged, must, readOptions } from '../core/options.ts'
import { OptionError, TroupeError } from '../errors.ts'
import {
  type Rung,
  bracketProbabilities,
  cutoffOf,
  emptyRung,
  recordScore,
  rungCount,
  rungLevels,
} from './rungs.ts'
import { CONTINUE, type Decision, type Scheduler, type TrialReport } from './scheduler.ts'

/** Options of `asha`. */
export interface AshaOptions {
  /** Metric to rank by. Default: the experiment's; needed when that has several objectives. */
  readonly metric?: string
  /** `'min'` or `'max'`, beside `metric`. Default: the mode that the experiment gives for this metric. */
  readonly mode?: Mode
  /** The metric that says how far a trial is; it should grow. Default `'training_iteration'`. */
  readonly timeAttr?: string
  /** Where a trial has reached its full length, in units of `timeAttr`. Above 0. Default 100. */
  readonly maxT?: number
  /** Age before which no trial is stopped: the lowest rung. Above 0, at most `maxT`. Default 1. */
  readonly gracePeriod?: number
  /**
   * One in how many trials goes on from each rung, and the distance between rungs as a factor. Above 1, and so far that
   * there are at most 1,000 rungs. Default 4.
   */
  readonly reductionFactor?: number
  /** How many brackets, each beginning one rung later than the one before. Integer from 1 to 1,000. Default 1. */
  readonly brackets?: number
  /** Whether a trial ends when it reaches `maxT`. Default true. */
  readonly stopLastTrials?: boolean
}

const DEFAULTS = {
  metric: undefined,
  mode: undefined,
  timeAttr: 'training_iteration',
  maxT: 100,
  gracePeriod: 1,
  reductionFactor: 4,
  brackets: 1,
  stopLastTrials: true,
}

const CHECKS: Checks<AshaOptions> = {
  metric: (name) => (isName(name) ? undefined : 'must be the name of one metric.'),
  mode: must.beOneOf('min', 'max'),
  timeAttr: (name) => (isName(name) ? undefined : 'must be the name of a metric.'),
  maxT: must.above(0),
  gracePeriod: must.above(0),
  reductionFactor: must.above(1),
  brackets: must.integerFrom(1),
  stopLastTrials: must.beBoolean,
}

/** All that `asha` remembers. */
export interface AshaState {
  readonly metric: string
  readonly mode: Mode
  /** Rungs of each bracket, highest first. */
  readonly brackets: readonly (readonly Rung[])[]
  /** Trials that have not ended. */
  readonly climbers: Map<number, Climber>
}

interface Climber {
  readonly bracket: number
  /** Indices into the bracket of the rungs at which this trial has a score. */
  readonly recorded: Set<number>
}

/**
 * Stops a trial that is not among the best 1 / `reductionFactor` of those that reached the same rung before it: ASHA
 * in its stopping form, decision for decision Ray Tune's `AsyncHyperBandScheduler`.
 *
 * Rungs lie at `gracePeriod` · `reductionFactor`ᵏ up to `maxT`. A report counts at the highest rung that it has
 * reached and has no score at yet; it is compared there with the interpolated quantile of the scores already
 * recorded, then recorded itself. The first trial at a rung has nobody to lose against and goes on. Nothing is paused
 * or promoted later, so the first arrivals always pass: that is the price of never waiting.
 * Source: Li et al. 2018, arXiv:1810.05934. The paper pauses trials and promotes the best; stopping is Ray Tune's form.
 *
 * A trial at exactly the cutoff goes on. NaN is worse than every number: it is stopped at each rung that is not
 * empty. ±Infinity rank in their natural place. Failed and interrupted trials leave the scores they had.
 * Cost of a decision: O(rungs), at a rung O(log trials) and one move of memory.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.maxT - Full length of a trial, in units of `timeAttr`. Above 0. Default 100.
 * @param options.gracePeriod - Age before which no trial is stopped. Above 0, at most `maxT`. Default 1.
 * @param options.reductionFactor - One in how many goes on. Above 1. Default 4.
 * @param options.brackets - Brackets, each beginning one rung later; a trial's is drawn. Integer from 1. Default 1.
 * @param options.stopLastTrials - Whether a trial ends, completed, at `maxT`. Default true.
 * @throws {OptionError} when an option is unknown or out of its range, or `mode` stands without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', scheduler: asha({ maxT: 81, reductionFactor: 3 }) })
 */
export function asha(options: AshaOptions = {}): Scheduler<AshaState> {
  const settings = readOptions('asha', options, DEFAULTS, CHECKS)
  const { metric, mode, timeAttr, maxT, reductionFactor, brackets, stopLastTrials } = settings
  refuseContradictions(settings)
  refuseTooManyRungs(settings)
  const levels = Array.from({ length: brackets }, (_, s) => rungLevels(settings, s))
  const probabilities = bracketProbabilities(levels.map((bracket) => bracket.length))

  return {
    name: 'asha',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using ASHA: rungs at ${timeAttr} ${listed(levels[0] ?? [])}; full length ${formatNumber(maxT)}.`,

    init({ objectives: [objective] }) {
      if (objective === undefined) throw new TroupeError('internal', 'asha was started without an objective.')
      return {
        metric: objective.metric,
        mode: objective.mode,
        brackets: levels.map((bracket) => bracket.map(emptyRung)),
        climbers: new Map(),
      }
    },

    onAdd(state, { trial, random }) {
      state.climbers.set(trial, { bracket: drawIndex(probabilities, random.next()), recorded: new Set() })
    },

    onReport(state, report) {
      if (stopLastTrials && report.time >= maxT) {
        return {
          kind: 'stop',
          reason: `${timeAttr} ${report.time} has reached maxT ${maxT}`,
          outcome: 'completed',
          evidence: { time: report.time, maxT },
        }
      }
      return decide(state, report)
    },

    onEnd(state, { trial, state: outcome, last }) {
      // Kept from Ray: the last report counts once more, at the next rung below that the trial jumped over, or at
      // maxT's own rung, where `onReport` did not record it.
      if (last !== undefined && (outcome === 'completed' || outcome === 'pruned')) decide(state, last)
      state.climbers.delete(trial)
    },
  }

  /** Records the report at its rung, if it has reached one, and compares it with those that were there before. */
  function decide(state: AshaState, { trial, time, score, values }: TrialReport): Decision {
    const climber = climberOf(state, trial)
    const rungs = state.brackets[climber.bracket] as readonly Rung[]
    const index = nextRung(rungs, climber.recorded, time)
    if (index === undefined) return CONTINUE
    const rung = rungs[index] as Rung
    const competitors = rung.count
    const oriented = cutoffOf(rung, reductionFactor)
    recordScore(rung, score)
    climber.recorded.add(index)

    const cutoff = oriented === null ? null : orient(oriented, state.mode) + 0
    const value = values[0] as number
    const evidence = { rung: rung.level, value, mode: state.mode, cutoff, competitors }
    // Not `score < oriented`: NaN has to lose.
    if (oriented === null || score >= oriented) return { kind: 'continue', evidence }
    const reason = `${state.metric} ${formatNumber(value)} is worse than ${formatNumber(cutoff as number)}, the cutoff of ${competitors} trials at rung ${formatNumber(rung.level)}`
    return { kind: 'stop', reason, outcome: 'pruned', evidence }
  }

  /** The highest rung that the trial has reached and has no score at. */
  function nextRung(rungs: readonly Rung[], recorded: ReadonlySet<number>, time: number): number | undefined {
    for (let i = 0; i < rungs.length; i++) {
      // Not `time < level`: NaN has reached nothing.
      if (!(time >= (rungs[i] as Rung).level)) continue
      if (!recorded.has(i)) return i
      // Kept from Ray: without an end at maxT, a trial that has passed a rung is not measured at lower ones again.
      if (!stopLastTrials) return undefined
    }
    return undefined
  }
}

function refuseContradictions({
  metric,
  mode,
  gracePeriod,
  maxT,
}: Merged<AshaOptions, typeof DEFAULTS>): void {
  if (gracePeriod > maxT) {
    throw new OptionError(
      'asha.gracePeriod',
      `asha.gracePeriod: must be at most maxT, which is ${maxT}. Got ${gracePeriod}. Lower it, or raise maxT.`,
      { received: gracePeriod },
    )
  }
  if (mode !== undefined && metric === undefined) {
    throw new OptionError('asha.metric', 'asha: mode is given but metric is not. Give both, or neither.')
  }
}

// More rungs than anybody has trials to fill, and each would cost memory.
const RUNGS_MAX = 1_000

function refuseTooManyRungs(settings: Merged<AshaOptions, typeof DEFAULTS>): void {
  const { reductionFactor, gracePeriod, maxT, brackets } = settings
  const count = rungCount(settings, 0)
  if (count > RUNGS_MAX) {
    throw new OptionError(
      'asha.reductionFactor',
      `asha.reductionFactor: gives ${count} rungs from gracePeriod ${gracePeriod} to maxT ${maxT}, and there can be ${RUNGS_MAX}. Got ${reductionFactor}. Raise it (4 and 3 are usual), raise gracePeriod, or lower maxT.`,
      { received: reductionFactor },
    )
  }
  if (brackets > RUNGS_MAX) {
    throw new OptionError(
      'asha.brackets',
      `asha.brackets: must be at most ${RUNGS_MAX}. Got ${brackets}. There is no use for more than there are rungs, which are ${count}.`,
      { received: brackets },
    )
  }
}

// Rungs that are named at each end of a long list.
const NAMED_RUNGS = 4

/** @param levels - Highest first. */
function listed(levels: readonly number[]): string {
  const names = levels.toReversed().map(formatNumber)
  if (names.length <= 2 * NAMED_RUNGS) return names.join(', ')
  return [...names.slice(0, NAMED_RUNGS), '…', ...names.slice(-NAMED_RUNGS)].join(', ')
}

function climberOf(state: AshaState, trial: number): Climber {
  const climber = state.climbers.get(trial)
  if (climber !== undefined) return climber
  throw new TroupeError('internal', `asha: trial ${trial} was told of, but was never added or has ended.`)
}

function drawIndex(probabilities: readonly number[], u: number): number {
  let sum = 0
  const index = probabilities.findIndex((probability) => (sum += probability) > u)
  // Rounding can leave the sum a last bit under 1.
  return index === -1 ? probabilities.length - 1 : index
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}
