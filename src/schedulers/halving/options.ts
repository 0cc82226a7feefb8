import { formatNumber } from '../../core/format-number.ts'
import { type Checks, type Merged, counted, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { RANKING_CHECKS, RANKING_DEFAULTS, type RankingOptions, refuseModeAlone } from '../ranking-options.ts'
import { type BandOptions, bracketsPerBand } from './plan.ts'

/** Options of `hyperband` and `hyperbandForBohb`. */
export interface HyperbandOptions extends RankingOptions {
  /** Where a trial has reached its full length, in units of `timeAttr`. At least 1. Default 81. */
  readonly maxT?: number | undefined
  /** One in how many trials of a bracket goes on from each halving. Above 1. Default 3. */
  readonly reductionFactor?: number | undefined
  /** Whether a trial ends when its bracket has reached its full length. Default true. */
  readonly stopLastTrials?: boolean | undefined
}

const DEFAULTS = {
  ...RANKING_DEFAULTS,
  maxT: 81,
  reductionFactor: 3,
  stopLastTrials: true,
}

const CHECKS: Checks<HyperbandOptions> = {
  ...RANKING_CHECKS,
  maxT: must.from(1),
  reductionFactor: must.above(1),
  stopLastTrials: must.beBoolean,
}

/** Options with their defaults. */
export type HyperbandSettings = Merged<HyperbandOptions, typeof DEFAULTS>

// More than anybody has trials to fill, and computing them would cost time.
const BRACKETS_MAX = 1_000

/**
 * Reads the options of a scheduler with brackets.
 * @param owner - The factory's name.
 * @throws {OptionError} when an option is unknown or out of its range, `mode` stands without `metric`, or there would be
 *   more than 1,000 brackets.
 */
export function readHyperbandOptions(owner: string, options: HyperbandOptions): HyperbandSettings {
  const settings = readOptions(owner, options, DEFAULTS, CHECKS)
  refuseModeAlone(owner, settings)
  refuseTooManyBrackets(owner, settings)
  return settings
}

/**
 * Refuses a band of more than 1,000 brackets.
 * @param owner - The factory's name.
 * @throws {OptionError} when there would be more.
 */
export function refuseTooManyBrackets(owner: string, options: BandOptions): void {
  const { maxT, reductionFactor } = options
  const count = bracketsPerBand(options)
  if (count <= BRACKETS_MAX) return
  throw new OptionError(
    `${owner}.reductionFactor`,
    `${owner}.reductionFactor: gives ${count} brackets up to maxT ${maxT}, and there can be ${BRACKETS_MAX}. Got ${reductionFactor}. Raise it (3 and 4 are usual), or lower maxT.`,
    { received: reductionFactor },
  )
}

/** What a scheduler with brackets says of itself in one line. */
export function lineOf(name: string, settings: HyperbandSettings): string {
  const { maxT, timeAttr } = settings
  return `Using ${name}: ${counted(bracketsPerBand(settings), 'bracket')} a band; full length ${formatNumber(maxT)} ${timeAttr}.`
}
