import { type Checks, describe, must } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import type { Seed } from '../../random/random.ts'
import type { Improvement } from './improvement.ts'

/** Options of `terminator`. */
export interface TerminatorOptions {
  /**
   * How much is still to be gained. Default `'regretBound'`.
   * - `'regretBound'`: by how much the best trial may at most fall short, with high probability.
   * - `'emmr'`: how much one more trial still changes what is expected of the best one.
   * - `'bestValueStagnation'`: how many trials may still pass without a new best value.
   */
  readonly improvement?: Improvement | undefined
  /**
   * How small it must become. Default: 0 for `'bestValueStagnation'`, else `'crossValidation'`.
   * - `'crossValidation'`: below the statistical error of the best trial, whose folds it reported as `cvScores`.
   * - `'median'`: below a share of the median improvement of the first trials.
   * - a number: below that, in the unit of the improvement.
   */
  readonly error?: 'crossValidation' | 'median' | number | undefined
  /** Completed trials before the experiment may end. Integer from 1. Default 20. */
  readonly minNTrials?: number | undefined
  /** For `'regretBound'`: the share of the trials, best first, that is modelled. In (0, 1]. Default 0.5. */
  readonly topTrialsRatio?: number | undefined
  /** For `'bestValueStagnation'`: trials without a new best value. Integer from 0. Default 30. */
  readonly maxStagnationTrials?: number | undefined
  /** For `'emmr'`: whether a configuration always gives the same value. Default false. */
  readonly deterministicObjective?: boolean | undefined
  /** The probability with which the bounds may fail. In (0, 1). Default 0.1. */
  readonly delta?: number | undefined
  /** For `'median'`: trials at the beginning that do not count. Integer from 0. Default 10. */
  readonly warmUpTrials?: number | undefined
  /** For `'median'`: trials after them that count. Integer from 1. Default 20. */
  readonly nInitialTrials?: number | undefined
  /** For `'median'`: the share of the median. Above 0. Default 0.01. */
  readonly thresholdRatio?: number | undefined
  /** For `'crossValidation'`: the metric that holds the values of the folds, an array. Default `'cvScores'`. */
  readonly cvScores?: string | undefined
  /** Seed of the points at which the model is looked at. Default 0. */
  readonly seed?: Seed | undefined
}

/** Defaults of `TerminatorOptions`. */
export const TERMINATOR_DEFAULTS = {
  improvement: 'regretBound' as Improvement,
  error: undefined,
  minNTrials: 20,
  topTrialsRatio: 0.5,
  maxStagnationTrials: 30,
  deterministicObjective: false,
  delta: 0.1,
  warmUpTrials: 10,
  nInitialTrials: 20,
  thresholdRatio: 0.01,
  cvScores: 'cvScores',
  seed: 0,
}

/** Checks of `TerminatorOptions`, each for itself. */
export const TERMINATOR_CHECKS: Checks<TerminatorOptions> = {
  improvement: must.beOneOf('regretBound', 'emmr', 'bestValueStagnation'),
  error: (error) =>
    error === 'crossValidation' || error === 'median' || (typeof error === 'number' && Number.isFinite(error))
      ? undefined
      : "must be 'crossValidation', 'median' or a finite number.",
  minNTrials: must.integerFrom(1),
  topTrialsRatio: (ratio) => (ratio > 0 && ratio <= 1 ? undefined : 'must be above 0 and at most 1.'),
  maxStagnationTrials: must.integerFrom(0),
  deterministicObjective: must.beBoolean,
  delta: (delta) => (delta > 0 && delta < 1 ? undefined : 'must be between 0 and 1.'),
  warmUpTrials: must.integerFrom(0),
  nInitialTrials: must.integerFrom(1),
  thresholdRatio: must.above(0),
  cvScores: (name) => (typeof name === 'string' && name !== '' ? undefined : 'must be the name of a metric.'),
  seed: must.beSeed,
}

/** Options that mean something with some ways to estimate alone. */
const FOR_IMPROVEMENT: Readonly<Record<string, readonly Improvement[]>> = {
  topTrialsRatio: ['regretBound'],
  maxStagnationTrials: ['bestValueStagnation'],
  deterministicObjective: ['emmr'],
  delta: ['regretBound', 'emmr'],
  seed: ['regretBound', 'emmr'],
}

/** Options that mean something with one error alone. */
const FOR_ERROR: Readonly<Record<string, 'crossValidation' | 'median'>> = {
  warmUpTrials: 'median',
  nInitialTrials: 'median',
  thresholdRatio: 'median',
  cvScores: 'crossValidation',
}

/**
 * Refuses options that say nothing beside the others.
 * @param options - As the user gave them.
 * @throws {OptionError} naming what they are for.
 */
export function checkModes(options: TerminatorOptions, improvement: Improvement, error: unknown): void {
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    const improvements = FOR_IMPROVEMENT[key]
    if (improvements !== undefined && !improvements.includes(improvement))
      throw misplaced(key, value, 'improvement', improvement, improvements)
    const own = FOR_ERROR[key]
    if (own !== undefined && own !== error) throw misplaced(key, value, 'error', error, [own])
  }
}

function misplaced(
  key: string,
  value: unknown,
  mode: string,
  chosen: unknown,
  own: readonly string[],
): OptionError {
  const others = own.map((name) => `'${name}'`).join(' and ')
  return new OptionError(
    `terminator.${key}`,
    `terminator.${key} is for ${mode}: ${others}, but ${mode} is ${describe(chosen)} here. Leave it out, or choose another ${mode}. Got ${describe(value)}.`,
    { received: value },
  )
}
