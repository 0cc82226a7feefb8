import { formatNumber } from '../core/format-number.ts'
import type { Mode } from '../core/objective.ts'
import { type Checks, must, readOptions } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { crc32 } from '../math/crc32.ts'
import { nearestLog } from '../math/nearest-log.ts'
import type { SplitNumbers } from '../math/split-numbers.ts'
import { completedLength } from './completed-length.ts'
import { advance } from './furthest.ts'
import { type HalvingClimber, atTheFoot, climb, isBelowNext } from './rung-climb.ts'
import type { ObservingScheduler } from './observing.ts'
import {
  RANKING_CHECKS,
  RANKING_DEFAULTS,
  type RankingOptions,
  onlyObjective,
  refuseModeAlone,
} from './ranking-options.ts'
import { CONTINUE, type Decision, type TrialReport } from './scheduler.ts'
import { refuseBootstrapOfAuto } from './successive-halving-pruner.ts'

/** Options of `hyperbandPruner`. */
export interface HyperbandPrunerOptions extends RankingOptions {
  /** Where the lowest rung of the first bracket lies, in units of `timeAttr`. Integer from 1. Default 1. */
  readonly minResource?: number | undefined
  /**
   * Full length of a trial, in units of `timeAttr`. Integer from `minResource`, or `'auto'`: one more than the greatest
   * step of those that have completed when a trial is judged first. Default `'auto'`.
   */
  readonly maxResource?: number | 'auto' | undefined
  /** One in how many trials passes a rung, and the distance between rungs as a factor. Integer from 2. Default 3. */
  readonly reductionFactor?: number | undefined
  /** How many trials arrive at a rung before one can pass; needs a number as `maxResource`. Integer from 0. Default 0. */
  readonly bootstrapCount?: number | undefined
}

const DEFAULTS = {
  ...RANKING_DEFAULTS,
  minResource: 1,
  maxResource: 'auto' as const,
  reductionFactor: 3,
  bootstrapCount: 0,
}

const CHECKS: Checks<HyperbandPrunerOptions> = {
  ...RANKING_CHECKS,
  minResource: must.integerFrom(1),
  maxResource: (value) =>
    value === 'auto' || must.integerFrom(1)(value) === undefined
      ? undefined
      : "must be an integer from 1, or 'auto'.",
  reductionFactor: must.integerFrom(2),
  bootstrapCount: must.integerFrom(0),
}

/** All that `hyperbandPruner` remembers. */
export interface HyperbandPrunerState {
  readonly name: string
  readonly metric: string
  readonly mode: Mode
  /** Undefined until a completed trial tells the full length. */
  brackets: readonly Bracket[] | undefined
  /** Greatest step of the completed trials. */
  longest: number | undefined
  /** Trials that have not ended. */
  readonly climbers: Map<number, BracketClimber>
}

interface Bracket {
  /** Share of the trials, beside those of the other brackets. */
  readonly budget: number
  /** Lowest first. */
  readonly rungs: SplitNumbers[]
}

interface BracketClimber extends HalvingClimber {
  /** Undefined until it is judged first. */
  bracket: number | undefined
}

/**
 * Successive halving in several brackets, the first of which judges trials from `minResource` on and each further one
 * a rung later: decision for decision Optuna's `HyperbandPruner`. For when you do not know how early a bad trial shows.
 *
 * There are ⌊log(`maxResource` / `minResource`) / log `reductionFactor`⌋ + 1 brackets. A trial falls into one by the
 * checksum of the experiment's name and its number, so a name makes that reproducible; the earlier a bracket judges, the
 * more trials it gets. A trial is compared with those of its bracket alone, as `successiveHalvingPruner` does. Nothing
 * is paused or waited for, unlike in `hyperband`.
 * Source: Optuna; Li et al. 2017, "Hyperband", JMLR 18, algorithm 1.
 *
 * NaN is stopped at the next rung and recorded nowhere. ±Infinity rank in their natural place; ties pass. Failed and
 * interrupted trials leave the values that they had at rungs. With `maxResource: 'auto'` nothing is stopped until a
 * trial has completed; kept from Optuna: when those that have completed then are shorter than `minResource`, none is
 * ever stopped.
 * Cost of a decision: O(1), at a rung O(log trials).
 * @param options.minResource - Where the lowest rung lies. Integer from 1. Default 1.
 * @param options.maxResource - Full length of a trial. Integer from `minResource`, or `'auto'`. Default `'auto'`.
 * @param options.reductionFactor - One in how many passes. Integer from 2. Default 3.
 * @param options.bootstrapCount - How many arrive at a rung before one can pass; those are stopped. Integer from 0.
 *   Default 0.
 * @param options.metric - Metric to rank by. Default: the experiment's.
 * @param options.mode - `'min'` or `'max'`. Default: the experiment's for that metric.
 * @param options.timeAttr - Metric that says how far a trial is. Default `'training_iteration'`.
 * @throws {OptionError} when an option is unknown or out of its range, `maxResource` is below `minResource`,
 *   `bootstrapCount` stands beside `'auto'`, or `mode` without `metric`.
 * @example new Tuner(train, { paramSpace, metric: 'acc', mode: 'max', name: 'digits', scheduler: hyperbandPruner({ maxResource: 81 }) })
 */
export function hyperbandPruner(
  options: HyperbandPrunerOptions = {},
): ObservingScheduler<HyperbandPrunerState> {
  const settings = readOptions('hyperbandPruner', options, DEFAULTS, CHECKS)
  const { metric, mode, timeAttr, minResource, maxResource, reductionFactor, bootstrapCount } = settings
  refuseModeAlone('hyperbandPruner', settings)
  refuseBootstrapOfAuto('hyperbandPruner', 'maxResource', maxResource, bootstrapCount)
  refuseShortTrials(minResource, maxResource)
  return {
    name: 'hyperbandPruner',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using hyperbandPruner: the best 1 in ${reductionFactor} pass each rung from ${timeAttr} ${minResource} on, ${maxResource === 'auto' ? 'brackets as the first completed trial is long' : `in ${bracketsFor(maxResource).length} brackets`}.`,

    init: (context) => ({
      ...onlyObjective('hyperbandPruner', context),
      name: context.name,
      brackets: maxResource === 'auto' ? undefined : bracketsFor(maxResource),
      longest: undefined,
      climbers: new Map(),
    }),

    observe: takeDown,

    onReport(state, report) {
      const climber = takeDown(state, report)
      // Not when the trial completes: others may complete before the next report, and be longer.
      if (state.longest !== undefined) state.brackets ??= bracketsFor(state.longest + 1)
      const { brackets = [] } = state
      if (brackets.length === 0) return CONTINUE
      const bracket = (climber.bracket ??= bracketOf(`${state.name}_${report.trial}`, brackets))
      if (isBelowNext(climber)) return { kind: 'continue', evidence: { bracket, rungs: climber.rungs } }
      return withBracket(climber, judge(state, climber, bracket, brackets[bracket] as Bracket))
    },

    onEnd(state, end) {
      const length = completedLength(end, state.climbers.get(end.trial)?.furthest)
      if (length !== undefined) state.longest = Math.max(length, state.longest ?? length)
      state.climbers.delete(end.trial)
    },
  }

  function judge(
    { metric: ranked, mode: direction }: HyperbandPrunerState,
    climber: BracketClimber,
    bracket: number,
    { rungs }: Bracket,
  ): Decision {
    const rules = { minResource, reductionFactor, bootstrapCount, minEarlyStoppingRate: bracket }
    const words = { metric: ranked, mode: direction, bracket: ` of bracket ${bracket}` }
    return climb(rungs, climber, rules, words)
  }

  /** Source: Li et al. 2017, algorithm 1, where s falls: s = 0 is the last bracket. */
  function bracketsFor(fullLength: number): Bracket[] {
    const count = bracketCount(fullLength / minResource, reductionFactor)
    return Array.from({ length: count }, (_, bracket) => {
      const s = count - 1 - bracket
      return { budget: Math.ceil((count * reductionFactor ** s) / (s + 1)), rungs: [] }
    })
  }
}

function bracketCount(span: number, reductionFactor: number): number {
  return span < 1 ? 0 : Math.floor(nearestLog(span) / nearestLog(reductionFactor)) + 1
}

function bracketOf(key: string, brackets: readonly Bracket[]): number {
  let rest = crc32(key) % brackets.reduce((sum, { budget }) => sum + budget, 0)
  return brackets.findIndex(({ budget }) => (rest -= budget) < 0)
}

function withBracket({ bracket, rungs }: BracketClimber, decision: Decision): Decision {
  return { ...decision, evidence: { bracket, rungs, ...decision.evidence } }
}

function takeDown({ climbers }: HyperbandPrunerState, { trial, time, values }: TrialReport): BracketClimber {
  let climber = climbers.get(trial)
  if (climber === undefined) {
    climber = { ...atTheFoot(), bracket: undefined }
    climbers.set(trial, climber)
  }
  advance(climber.furthest, time, values[0] as number)
  return climber
}

function refuseShortTrials(minResource: number, maxResource: number | 'auto'): void {
  if (maxResource === 'auto' || maxResource >= minResource) return
  throw new OptionError(
    'hyperbandPruner.maxResource',
    `hyperbandPruner.maxResource: must be at least minResource, which is ${formatNumber(minResource)}. Got ${maxResource}. Raise it, or lower minResource.`,
    { received: maxResource },
  )
}
