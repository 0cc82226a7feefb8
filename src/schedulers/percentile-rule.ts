import { formatNumber } from '../core/format-number.ts'
import type { Mode } from '../core/objective.ts'
import { type Checks, counted, must } from '../core/options.ts'
import { type Furthest, advance, nowhere } from './furthest.ts'
import type { ObservingScheduler } from './observing.ts'
import {
  PRUNING_STEP_CHECKS,
  PRUNING_STEP_DEFAULTS,
  type PruningStepOptions,
  isFirstInInterval,
} from './pruning-steps.ts'
import { onlyObjective, refuseModeAlone } from './ranking-options.ts'
import { CONTINUE, type Decision, type TrialReport } from './scheduler.ts'
import {
  type StepCurve,
  type ValuesByStep,
  addCurve,
  addFirst,
  quantileOf,
  reportCount,
} from './step-values.ts'

/** Options that the percentile pruner and the median pruner have in common. */
export interface PercentileRuleOptions extends PruningStepOptions {
  /** How many trials must have completed before one is stopped. Integer from 0. Default 5. */
  readonly nStartupTrials?: number | undefined
  /** How many completed trials must have reported at a step to be compared with there. Integer from 1. Default 1. */
  readonly nMinTrials?: number | undefined
}

/** Defaults of `PercentileRuleOptions`. */
export const PERCENTILE_RULE_DEFAULTS = {
  ...PRUNING_STEP_DEFAULTS,
  nStartupTrials: 5,
  nMinTrials: 1,
}

/** Checks of `PercentileRuleOptions`. */
export const PERCENTILE_RULE_CHECKS: Checks<PercentileRuleOptions> = {
  ...PRUNING_STEP_CHECKS,
  nStartupTrials: must.integerFrom(0),
  nMinTrials: must.integerFrom(1),
}

/** All that the rule remembers. Values are in the metric's own sign. */
export interface PercentileRuleState {
  readonly metric: string
  readonly mode: Mode
  /** Trials that have not ended. */
  readonly running: Map<number, RunningCurve>
  /** What the completed trials reported. */
  readonly completed: ValuesByStep
  completedCount: number
}

interface RunningCurve {
  readonly furthest: Furthest
  readonly reported: StepCurve
  /** Best of the values; NaN while there is nothing else. */
  best: number
}

interface RuleSettings {
  readonly metric: string | undefined
  readonly mode: Mode | undefined
  readonly timeAttr: string
  readonly nStartupTrials: number
  readonly nWarmupSteps: number
  readonly intervalSteps: number
  readonly nMinTrials: number
  /** How many percent of the completed trials are good. From 0 to 100. */
  readonly percentile: number
}

/**
 * Stops a trial whose best value so far is worse than the best `percentile` percent of what the completed trials
 * reported at the same step.
 * @param name - The factory's name.
 * @param standard - What a trial has to reach, in words, such as `'the median'`.
 */
export function percentileRule(
  name: string,
  standard: string,
  settings: RuleSettings,
): ObservingScheduler<PercentileRuleState> {
  const { metric, mode, timeAttr, nStartupTrials, nWarmupSteps, nMinTrials, percentile } = settings
  refuseModeAlone(name, settings)
  return {
    name,
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using ${name}: against ${standard} of the completed trials at each ${timeAttr} from ${formatNumber(nWarmupSteps)} on, once ${counted(nStartupTrials, 'trial')} ${nStartupTrials === 1 ? 'has' : 'have'} completed.`,

    init(context) {
      const objective = onlyObjective(name, context)
      return { ...objective, running: new Map(), completed: new Map(), completedCount: 0 }
    },

    observe: takeDown,

    onReport(state, report) {
      const curve = takeDown(state, report)
      const { completedCount } = state
      if (completedCount === 0 || completedCount < nStartupTrials) return CONTINUE
      return isFirstInInterval(curve.furthest, settings) ? judge(state, curve) : CONTINUE
    },

    onEnd(state, { trial, state: outcome, last }) {
      const curve = state.running.get(trial)
      state.running.delete(trial)
      if (outcome !== 'completed') return
      state.completedCount++
      const reported = curve?.reported ?? { steps: [], values: [] }
      // A report that came with the end was never judged, but is as good as the others.
      if (last !== undefined) addFirst(reported, last.time, last.values[0] as number)
      addCurve(state.completed, reported, quantileFor(state.mode))
    },
  }

  function quantileFor(direction: Mode): number {
    return (direction === 'max' ? 100 - percentile : percentile) / 100
  }

  function judge(
    { metric: ranked, mode: direction, completed }: PercentileRuleState,
    { furthest: { step }, best }: RunningCurve,
  ): Decision {
    if (Number.isNaN(best)) {
      const reason = `${ranked} was NaN in all reports up to ${timeAttr} ${formatNumber(step)}`
      return { kind: 'stop', reason, outcome: 'pruned', evidence: { step } }
    }
    const values = completed.get(step)
    const competitors = reportCount(values)
    const cutoff = competitors < nMinTrials ? undefined : quantileOf(values, quantileFor(direction))
    const evidence = { best, cutoff: cutoff ?? null, mode: direction, competitors, step }
    if (cutoff === undefined || !isWorse(best, cutoff, direction)) return { kind: 'continue', evidence }
    const reason = `best ${ranked} ${formatNumber(best)} is worse than ${formatNumber(cutoff)}, ${standard} of ${counted(competitors, 'completed trial')} at ${timeAttr} ${formatNumber(step)}`
    return { kind: 'stop', reason, outcome: 'pruned', evidence }
  }
}

function takeDown({ running, mode }: PercentileRuleState, report: TrialReport): RunningCurve {
  const { trial, time } = report
  const value = report.values[0] as number
  let curve = running.get(trial)
  if (curve === undefined) {
    curve = { furthest: nowhere(), reported: { steps: [], values: [] }, best: Number.NaN }
    running.set(trial, curve)
  }
  if (addFirst(curve.reported, time, value) !== undefined) {
    advance(curve.furthest, time, value)
    if (Number.isNaN(curve.best) || isWorse(curve.best, value, mode)) curve.best = value
  }
  return curve
}

function isWorse(a: number, b: number, mode: Mode): boolean {
  return mode === 'max' ? a < b : a > b
}
