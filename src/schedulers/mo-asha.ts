import { formatNumber } from '../core/format-number.ts'
import {
  type Mode,
  type Objective,
  type ObjectiveOptions,
  orient,
  readObjectives,
} from '../core/objective.ts'
import { type Checks, counted, must, readOptions } from '../core/options.ts'
import {
  HALVING_CHECKS,
  HALVING_DEFAULTS,
  type HalvingOptions,
  fullLength,
  inWords,
  refuseBadRungs,
} from './halving-options.ts'
import { type AshaState, nextRung, stoppingAsha } from './asha-stopping.ts'
import { bracketLaw, climberOf, rungLevelsOf } from './brackets.ts'
import { type FrontStrategy, placeOfLast } from './non-dominated-place.ts'
import { CONTINUE, type Decision, type Scheduler, type TrialReport } from './scheduler.ts'

/** Options of `moAsha`. */
export interface MoAshaOptions extends HalvingOptions {
  /** Metrics to rank by. Default: the experiment's. */
  readonly metric?: ObjectiveOptions['metric']
  /** `'min'` or `'max'`, one for each metric. Default: the modes that the experiment gives for these metrics. */
  readonly mode?: Mode | readonly Mode[] | undefined
  /**
   * How trials that do not dominate each other are told apart: those most alone in their front first, or those that
   * cover the front most evenly. Default `'epsilonNet'`.
   */
  readonly strategy?: FrontStrategy | undefined
}

const DEFAULTS = {
  ...HALVING_DEFAULTS,
  metric: undefined,
  mode: undefined,
  strategy: 'epsilonNet' as FrontStrategy,
}

const CHECKS: Checks<MoAshaOptions> = {
  ...HALVING_CHECKS,
  strategy: must.beOneOf('nonDominatedSorting', 'epsilonNet'),
}

/** All that `moAsha` remembers: with one objective it is `asha`. */
export type MoAshaState =
  | { readonly kind: 'one'; readonly asha: AshaState }
  | {
      readonly kind: 'several'
      readonly objectives: readonly Objective[]
      /** Rungs of each bracket, highest first. */
      readonly brackets: readonly (readonly MoRung[])[]
      /** Trials that have not ended. */
      readonly climbers: (MoClimber | undefined)[]
    }

interface MoRung {
  readonly level: number
  /** What trials had here, turned so that smaller is better. */
  readonly losses: (readonly number[])[]
}

interface MoClimber {
  readonly bracket: number
  recorded: readonly number[]
}

type Several = Extract<MoAshaState, { kind: 'several' }>

/**
 * Asynchronous halving with several objectives: a trial goes on from a rung when it is among the best 1 /
 * `reductionFactor` of those that have reached it, itself included, by fronts of non-domination. Within the front where
 * the line falls, `'nonDominatedSorting'` takes the trials that are most alone there, as NSGA-II does, and `'epsilonNet'`
 * those that cover it most evenly. With one objective it is `asha`, decision for decision.
 *
 * Rungs, brackets and `maxT` are those of `asha`, in its stopping form: no trial waits. The first trial at a rung goes on.
 * Of equal trials each stands where the first of them does. NaN is the worst value of its objective; ±Infinity count in
 * their natural place; a trial that breaks a constraint counts as the worst in each. Failed trials leave the values they had.
 * Source: Schmucker et al. 2021, "Multi-objective Asynchronous Successive Halving", arXiv:2106.12639; Deb et al. 2002;
 * Salinas et al. 2021, arXiv:2106.05680.
 * Cost of a decision at a rung of n trials: O(n log n) for two objectives, O(n · front · log fronts) for more, and with
 * `'epsilonNet'` O(front · n / `reductionFactor`).
 * @param options.strategy - `'nonDominatedSorting'` or `'epsilonNet'`. Default `'epsilonNet'`.
 * @param options.metric - Metrics to rank by. Default: the experiment's.
 * @param options.mode - One for each metric. Default: the experiment's for these metrics.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @param options.maxT - Full length of a trial, in units of `timeAttr`. Above 0. Default 100.
 * @param options.gracePeriod - Age before which no trial is stopped. Above 0, at most `maxT`. Default 1.
 * @param options.reductionFactor - One in how many goes on. Above 1. Default 4.
 * @param options.brackets - Brackets, each beginning one rung later; a trial's is drawn. Integer from 1. Default 1.
 * @param options.stopLastTrials - Whether a trial ends, completed, at `maxT`. Default true.
 * @throws {OptionError} when an option is unknown or out of its range.
 * @example new Tuner(train, { paramSpace, metric: ['loss', 'ms'], mode: ['min', 'min'], scheduler: moAsha({ maxT: 27 }) })
 */
export function moAsha(options: MoAshaOptions = {}): Scheduler<MoAshaState> {
  const settings = readOptions('moAsha', options, DEFAULTS, CHECKS)
  const { metric, mode, timeAttr, reductionFactor, stopLastTrials, strategy } = settings
  refuseBadRungs('moAsha', settings)
  // Metrics alone take the experiment's modes, which are not known here.
  if (mode !== undefined) readObjectives('moAsha', { metric, mode })
  const levels = rungLevelsOf(settings)
  const draw = bracketLaw(levels)
  const single = stoppingAsha({ ...settings, metric: undefined, mode: undefined })

  return {
    name: 'moAsha',
    objectives: 'some',
    objective: { metric, mode },
    timeAttr,
    line: `Using ASHA for several objectives: ${inWords(settings)}.`,

    init(context) {
      const { objectives } = context
      if (objectives.length === 1) return { kind: 'one', asha: single.init(context) }
      const brackets = levels.map((bracket) => bracket.map((level) => ({ level, losses: [] })))
      return { kind: 'several', objectives, brackets, climbers: [] }
    },

    onAdd(state, added) {
      if (state.kind === 'one') single.onAdd?.(state.asha, added)
      else state.climbers[added.trial] = { bracket: draw(added.random), recorded: [] }
    },

    onReport(state, report) {
      if (state.kind === 'one') return single.onReport(state.asha, report)
      return fullLength(settings, report.time) ?? decide(state, report)
    },

    onEnd(state, end) {
      if (state.kind === 'one') single.onEnd?.(state.asha, end)
      else state.climbers[end.trial] = undefined
    },
  }

  function decide(
    { objectives, brackets, climbers }: Several,
    { trial, time, values, feasible = true }: TrialReport,
  ): Decision {
    const climber = climberOf('moAsha', climbers, trial)
    const rungs = brackets[climber.bracket] as readonly MoRung[]
    const index = nextRung(rungs, climber.recorded, time, stopLastTrials)
    if (index === undefined) return CONTINUE
    const { level, losses } = rungs[index] as MoRung
    climber.recorded = [...climber.recorded, index]
    losses.push(
      values.map((value, i) => (feasible ? -orient(value, (objectives[i] as Objective).mode) : Infinity)),
    )
    const places = Math.ceil(losses.length / reductionFactor)
    const { front, better } = placeOfLast(losses, places, strategy)
    const competitors = losses.length - 1
    const evidence = { rung: level, values, front, better, places, competitors }
    if (better < places) return { kind: 'continue', evidence }
    const named = objectives.map((objective, i) => `${objective.metric} ${formatNumber(values[i] as number)}`)
    return {
      kind: 'stop',
      reason: `${named.join(', ')} is in front ${front} of ${counted(losses.length, 'trial')} at rung ${formatNumber(level)}, behind ${better} or more, and ${places} may go on`,
      outcome: 'pruned',
      evidence,
    }
  }
}
