import { type Checks, describe, must, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type SearcherOptions } from '../searcher.ts'
import { THREAD_CHECKS, THREAD_DEFAULTS, type ThreadOptions } from '../thread.ts'
import { defaultGamma, hyperoptGamma, severalObjectivesGamma, type Weigh, weighByAge } from './defaults.ts'
import type { LevelsOptions } from './levels.ts'

/** How many of n finished trials count as good: by Optuna's rule, by Hyperopt's, or by one's own. */
export type Gamma = 'optuna' | 'hyperopt' | ((n: number) => number)

/** Options of `tpe`. Their names and defaults are those of Optuna's TPESampler. */
export interface TpeOptions extends SearcherOptions, ThreadOptions {
  /** Trials drawn from the prior before the models are asked: so many must have completed or been pruned. From 0. Default 10. */
  readonly nStartupTrials?: number | undefined
  /** Points drawn from the density of the good trials, of which the best is suggested. From 1. Default 24. */
  readonly nEiCandidates?: number | undefined
  /** Whether parameters that come together are modelled jointly. Default: with one objective. */
  readonly multivariate?: boolean | undefined
  /**
   * Define-by-run: whether parameters that always came together are modelled jointly whatever was chosen (Optuna's
   * decomposition), instead of by what follows from each choice. Turns `multivariate` on. Default false.
   */
  readonly group?: boolean | undefined
  /** Whether trials that run count as bad, so that others keep away from them. Default true. */
  readonly constantLiar?: boolean | undefined
  /** Weight of the prior beside a trial's, which is at most 1. At least 0. Default 1. */
  readonly priorWeight?: number | undefined
  /** Whether bandwidths have a floor: the width of the domain / min(100, trials + 2). Default true. */
  readonly considerMagicClip?: boolean | undefined
  /** Whether the ends of a domain count as neighbours when bandwidths are chosen. Default false. */
  readonly considerEndpoints?: boolean | undefined
  /** How many of n finished trials are good. Default `'optuna'`: a tenth, with one objective at most 25. */
  readonly gamma?: Gamma | undefined
  /**
   * Whether pruned trials are among the n, as in Optuna. Else they are left out once ten others have finished: better under
   * a scheduler that stops many early, where most of the completed ones would be good. Default true.
   */
  readonly countPruned?: boolean | undefined
  /** Weights of n trials, the oldest first. Default: 1 for the last 25, falling evenly to 1 / n for those before. */
  readonly weights?: ((n: number) => ArrayLike<number>) | undefined
}

const DEFAULTS = {
  ...SEARCHER_DEFAULTS,
  ...THREAD_DEFAULTS,
  nStartupTrials: 10,
  nEiCandidates: 24,
  multivariate: undefined,
  group: false,
  constantLiar: true,
  priorWeight: 1,
  considerMagicClip: true,
  considerEndpoints: false,
  gamma: 'optuna' as const,
  countPruned: true,
  weights: undefined,
}

const CHECKS: Checks<TpeOptions> = {
  ...SEARCHER_CHECKS,
  ...THREAD_CHECKS,
  nStartupTrials: must.integerFrom(0),
  nEiCandidates: must.integerFrom(1),
  multivariate: must.beBoolean,
  group: must.beBoolean,
  constantLiar: must.beBoolean,
  priorWeight: must.from(0),
  considerMagicClip: must.beBoolean,
  considerEndpoints: must.beBoolean,
  gamma: (gamma) =>
    typeof gamma === 'function'
      ? undefined
      : must.beOneOf('optuna', 'hyperopt')(gamma)?.replace('.', ', or a function.'),
  countPruned: must.beBoolean,
  weights: must.beFunction,
}

/** Options of `tpe` after they were read. */
export type TpeSettings = ReturnType<typeof readTpeOptions>

/** Reads the options of `tpe`. @throws {OptionError} for one that cannot be used. */
export function readTpeOptions(options: TpeOptions) {
  const given = readOptions('tpe', options, DEFAULTS, CHECKS)
  if (given.group && given.multivariate === false) {
    throw new OptionError(
      'tpe.group',
      'tpe.group models groups of parameters jointly, but tpe.multivariate is false. Leave one of them out.',
      { received: true },
    )
  }
  return given
}

/** What the models of a search need to know. */
export function levelOptionsOf(settings: TpeSettings, objectiveCount: number): LevelsOptions {
  const { gamma, weights, multivariate, group } = settings
  const several = objectiveCount > 1
  return {
    ...settings,
    gamma: typeof gamma === 'function' ? checkedGamma(gamma) : GAMMAS[several ? 'several' : gamma],
    weigh: weights === undefined ? weighByAge : checkedWeights(weights),
    evenBelow: several,
    multivariate: multivariate ?? (group || !several),
    objectiveCount,
  }
}

const GAMMAS = { optuna: defaultGamma, hyperopt: hyperoptGamma, several: severalObjectivesGamma }

function checkedGamma(gamma: (n: number) => number): (n: number) => number {
  return (n) => {
    const count = gamma(n)
    if (count >= 0 && count < Infinity) return Math.floor(count)
    throw new OptionError(
      'tpe.gamma',
      `tpe.gamma(${n}) must give a number of trials from 0, got ${describe(count)}.`,
      {
        received: count,
      },
    )
  }
}

function checkedWeights(weights: (n: number) => ArrayLike<number>): Weigh {
  return (n, into) => {
    const given = weights(n)
    let sum = 0
    for (let i = 0; i < n; i++) sum += into[i] = (given[i] as number) >= 0 ? (given[i] as number) : Number.NaN
    if (n === 0 || (sum > 0 && sum < Infinity)) return
    throw new OptionError(
      'tpe.weights',
      `tpe.weights(${n}) must give ${n} finite numbers from 0, at least one of them above, got ${describe(given)}.`,
      { received: given },
    )
  }
}
