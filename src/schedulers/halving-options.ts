import { formatNumber } from '../core/format-number.ts'
import type { Mode } from '../core/objective.ts'
import { type Checks, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import type { Decision, Scheduler } from './scheduler.ts'
import { RANKING_CHECKS } from './ranking-options.ts'
import { rungCount, rungLevels } from './rungs.ts'

/** Where the rungs of asynchronous halving lie, and who is measured at them. */
export interface HalvingOptions {
  /** The metric that says how far a trial is; it should grow. Default `'training_iteration'`. */
  readonly timeAttr?: string | undefined
  /** Where a trial has reached its full length, in units of `timeAttr`. Above 0. Default 100. */
  readonly maxT?: number | undefined
  /** Age before which no trial is stopped: the lowest rung. Above 0, at most `maxT`. Default 1. */
  readonly gracePeriod?: number | undefined
  /**
   * One in how many trials goes on from each rung, and the distance between rungs as a factor. Above 1, and so far that
   * there are at most 1,000 rungs. Default 4.
   */
  readonly reductionFactor?: number | undefined
  /**
   * How many brackets, each beginning one rung later than the one before. Those beyond the number of rungs have none, and
   * stop nobody. Integer from 1 to 1,000. Default 1.
   */
  readonly brackets?: number | undefined
  /** Whether a trial ends when it reaches `maxT`. Default true. */
  readonly stopLastTrials?: boolean | undefined
}

/** Those of `HalvingOptions`, each given. */
export interface HalvingSettings {
  readonly timeAttr: string
  readonly maxT: number
  readonly gracePeriod: number
  readonly reductionFactor: number
  readonly brackets: number
  readonly stopLastTrials: boolean
}

/** Options of `asha` after they were read. */
export interface AshaSettings extends HalvingSettings {
  readonly metric: string | undefined
  readonly mode: Mode | undefined
}

export const HALVING_DEFAULTS = {
  timeAttr: 'training_iteration',
  maxT: 100,
  gracePeriod: 1,
  reductionFactor: 4,
  brackets: 1,
  stopLastTrials: true,
}

export const HALVING_CHECKS: Checks<HalvingOptions> = {
  timeAttr: (name) => RANKING_CHECKS.timeAttr?.(name),
  maxT: must.above(0),
  gracePeriod: must.above(0),
  reductionFactor: must.above(1),
  brackets: must.integerFrom(1),
  stopLastTrials: must.beBoolean,
}

// More rungs than anybody has trials to fill, and each would cost memory.
const RUNGS_MAX = 1_000

/**
 * @param owner - Name of the factory, for messages.
 * @throws {OptionError} when the first rung is above `maxT`, or there are too many.
 */
export function refuseBadRungs(owner: string, settings: HalvingSettings): void {
  const { reductionFactor, gracePeriod, maxT, brackets } = settings
  if (gracePeriod > maxT) {
    throw new OptionError(
      `${owner}.gracePeriod`,
      `${owner}.gracePeriod: must be at most maxT, which is ${maxT}. Got ${gracePeriod}. Lower it, or raise maxT.`,
      { received: gracePeriod },
    )
  }
  const count = rungCount(settings, 0)
  if (count > RUNGS_MAX) {
    throw new OptionError(
      `${owner}.reductionFactor`,
      `${owner}.reductionFactor: gives ${count} rungs from gracePeriod ${gracePeriod} to maxT ${maxT}, and there can be ${RUNGS_MAX}. Got ${reductionFactor}. Raise it (4 and 3 are usual), raise gracePeriod, or lower maxT.`,
      { received: reductionFactor },
    )
  }
  if (brackets > RUNGS_MAX) {
    throw new OptionError(
      `${owner}.brackets`,
      `${owner}.brackets: must be at most ${RUNGS_MAX}. Got ${brackets}. There is no use for more than there are rungs, which are ${count}.`,
      { received: brackets },
    )
  }
}

// Rungs that are named at each end of a long list.
const NAMED_RUNGS = 4

/**
 * Where the rungs of the first bracket lie, as `rungs at training_iteration 1, 4, 16, 64; full length 100`, and how many
 * brackets are without any.
 */
export function inWords(settings: HalvingSettings): string {
  const names = rungLevels(settings, 0).toReversed().map(formatNumber)
  const listed =
    names.length <= 2 * NAMED_RUNGS
      ? names
      : [...names.slice(0, NAMED_RUNGS), '…', ...names.slice(-NAMED_RUNGS)]
  // Kept from Ray, which draws them too.
  const bareCount = Math.max(0, settings.brackets - names.length)
  const bare =
    bareCount === 0 ? '' : `; ${bareCount} of ${settings.brackets} brackets without rungs stop nobody`
  return `rungs at ${settings.timeAttr} ${listed.join(', ')}; full length ${formatNumber(settings.maxT)}${bare}`
}

/** What both forms of `asha` say of themselves. */
export function ashaTraits(
  title: string,
  settings: AshaSettings,
): Pick<Scheduler, 'name' | 'objectives' | 'objective' | 'timeAttr' | 'line'> {
  const { metric, mode, timeAttr } = settings
  return {
    name: 'asha',
    objectives: 'one',
    objective: { metric, mode },
    timeAttr,
    line: `Using ${title}: ${inWords(settings)}.`,
  }
}

/** The end of a trial that has reached its full length, where that ends it; undefined before. */
export function fullLength(
  { timeAttr, maxT, stopLastTrials }: HalvingSettings,
  time: number,
): Extract<Decision, { kind: 'stop' }> | undefined {
  if (!stopLastTrials || !(time >= maxT)) return undefined
  return {
    kind: 'stop',
    reason: `${timeAttr} ${time} has reached maxT ${maxT}`,
    outcome: 'completed',
    evidence: { time, maxT },
  }
}
