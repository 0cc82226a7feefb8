import { isPlainObject } from '../../core/metrics.ts'
import type { Objective } from '../../core/objective.ts'
import { type Checks, describe, must, nearest, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { contains, type Dimension } from '../../space/encoding.ts'
import { INDEPENDENT_DEFAULTS, type IndependentOptions, withIndependent } from '../independent.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from '../searcher.ts'
import { inThread, THREAD_CHECKS, THREAD_DEFAULTS, type ThreadOptions } from '../thread.ts'
import { Box } from './box.ts'
import type { Restart } from './restarts.ts'
import { CmaesSearch } from './search.ts'
import { pointOf, type SourceTrial, sourcePoints } from './source-trials.ts'

export type { Restart } from './restarts.ts'
export type { SourceTrial } from './source-trials.ts'

/** Options of `cmaes`. */
export interface CmaesOptions extends SearcherOptions, ThreadOptions, IndependentOptions {
  /** Trials a generation. Integer from 2. Default 4 + ⌊3 ln n⌋ for n numeric parameters. */
  readonly populationSize?: number | undefined
  /** A configuration to start at, which may be partial. Default: the best trial that came before, else the centre. */
  readonly x0?: object | undefined
  /** Standard deviation to start with, as a share of each parameter's range. Above 0, up to 1. Default 1/6. */
  readonly sigma0?: number | undefined
  /**
   * How many results there must be before the first candidate; until then trials are drawn from the prior, and with
   * two or more, the search starts at the best. Integer from 0. Default 0 (Optuna has 1, to learn the space from).
   */
  readonly nStartupTrials?: number | undefined
  /** What follows when a run has converged: its kind, or the kind with a factor. Default `{ kind: 'bipop', factor: 2 }`. */
  readonly restart?: Restart['kind'] | Restart | undefined
  /** Whether a pruned trial counts, with its last value. Default false: it is passed over. */
  readonly considerPrunedTrials?: boolean | undefined
  /** Whether only variances are learned, and no correlations: for hundreds of parameters. Default false. */
  readonly useSeparableCma?: boolean | undefined
  /** Whether neighbouring values of integers and steps stay likely. Default true. */
  readonly withMargin?: boolean | undefined
  /** Whether updates are made smaller where they are mostly noise. Default false. */
  readonly lrAdapt?: boolean | undefined
  /** Trials of a similar search, such as `study.trials`, to start from, in place of `x0` and `sigma0`. */
  readonly sourceTrials?: readonly SourceTrial[] | undefined
}

const DEFAULTS = {
  ...SEARCHER_DEFAULTS,
  ...THREAD_DEFAULTS,
  ...INDEPENDENT_DEFAULTS,
  populationSize: undefined,
  x0: undefined,
  sigma0: 1 / 6,
  nStartupTrials: 0,
  restart: { kind: 'bipop', factor: 2 } as Restart['kind'] | Restart,
  considerPrunedTrials: false,
  useSeparableCma: false,
  withMargin: true,
  lrAdapt: false,
  sourceTrials: undefined,
}

const CHECKS: Checks<CmaesOptions> = {
  ...SEARCHER_CHECKS,
  ...THREAD_CHECKS,
  populationSize: must.integerFrom(2),
  x0: (x0) => (isPlainObject(x0) ? undefined : 'must be a configuration, such as { lr: 0.1 }.'),
  sigma0: (sigma) =>
    sigma > 0 && sigma <= 1
      ? undefined
      : "must be above 0, up to 1: it is a share of each parameter's range.",
  nStartupTrials: must.integerFrom(0),
  restart: checkRestart,
  considerPrunedTrials: must.beBoolean,
  useSeparableCma: must.beBoolean,
  withMargin: must.beBoolean,
  lrAdapt: must.beBoolean,
  sourceTrials: (trials) =>
    Array.isArray(trials) && trials.length > 0 && trials.every(hasConfig)
      ? undefined
      : 'must be an array of trials with values and config, such as study.trials.',
}

/**
 * Samples from a normal distribution that follows the better half of each generation of trials: the searcher for ten or
 * more numeric parameters that depend on each other, and for hundreds of trials or more.
 *
 * Source: CMA-ES (Hansen 2016, arXiv:1604.00772) with active covariance update; mirrored orthogonal sampling (Wang,
 * Emmerich & Bäck 2019); margin for integers and steps (Hamano et al. 2022); restarts IPOP (Auger & Hansen 2005) and
 * BIPOP (Hansen 2009); on demand separable (Ros & Hansen 2008), with learning-rate adaptation (Nomura et al. 2023), with
 * a warm start (Nomura et al. 2021). Time: O(n²) a trial and O(n³) a generation, about 1 ms a trial for n = 200.
 *
 * Searched are the numeric parameters that every trial has, each over its own scale, normal ones within five standard
 * deviations, ordered choices by position. All others (unordered choices, parameters of branches) are drawn from the
 * prior, or come from `independentSampler`. In a define-by-run space the parameters are learned: as long as a trial brings something new, the search begins
 * anew at the best trial so far.
 *
 * A generation ends when `populationSize` of its trials have ended, in any order; more may be asked for meanwhile. Those
 * of this run that end late, trials that came from elsewhere, and those that ran with other values than suggested count in
 * the generation that is under way, pulled towards its mean where they are too far off (Hansen 2011, arXiv:1110.4181).
 * Failed candidates and NaN rank last, and a generation of nothing else changes nothing; interrupted
 * trials count as missing, and so do pruned ones unless `considerPrunedTrials`. Of equal trials the earlier number is
 * better. Constraints are not looked at.
 *
 * @throws {OptionError} for an option that is not known or has a wrong value, and for `sourceTrials` beside `x0` or
 *   `sigma0`; where the experiment is made, when `x0` does not fit the space, or no source trial does.
 * @example new Tuner(train, { paramSpace, searcher: cmaes({ sigma0: 0.2 }), metric: 'loss', mode: 'min', numSamples: 500 })
 */
export function cmaes(options: CmaesOptions = {}): Searcher {
  const given = readOptions('cmaes', options, DEFAULTS, CHECKS)
  const { useSeparableCma: isSeparable, x0, sourceTrials, considerPrunedTrials } = given
  if (sourceTrials !== undefined && (x0 !== undefined || options.sigma0 !== undefined)) {
    throw new OptionError(
      'cmaes.sourceTrials',
      `cmaes.sourceTrials says where to start and how wide, and so ${x0 === undefined ? 'does sigma0' : 'does x0'}. Leave one of them out.`,
    )
  }
  const restart = typeof given.restart === 'string' ? { kind: given.restart } : given.restart
  const settings = { ...given, isSeparable, restart }
  const searcher: Searcher = {
    name: 'cmaes',
    options: given,
    objectives: 'one',
    check(space, objectives) {
      if (space.kind === 'define-by-run') return
      const always = space.parameters.filter(({ when }) => when.length === 0)
      if (x0 !== undefined) checkStart(x0, always)
      if (sourceTrials !== undefined)
        checkSources(sourceTrials, new Box(always), objectives, considerPrunedTrials)
    },
    start: (context) => new CmaesSearch(context, settings),
  }
  const { independentSampler, ...own } = options
  return withIndependent(inThread(searcher, own), { independentSampler })
}

function checkRestart(restart: unknown): string | undefined {
  const { kind, factor, ...others } = (isPlainObject(restart) ? restart : { kind: restart }) as {
    readonly kind?: unknown
    readonly factor?: unknown
  }
  if (kind !== 'ipop' && kind !== 'bipop' && kind !== 'none') {
    const its = isPlainObject(restart) ? `; its kind is ${describe(kind)}` : ''
    return `must be 'ipop', 'bipop' or 'none', or one of them with a factor, { kind: 'ipop', factor: 2 }${its}.`
  }
  const [other] = Object.keys(others)
  if (other !== undefined) return `has no option ${other}. Its options are kind and factor.`
  if (factor === undefined) return undefined
  if (kind === 'none') return `has a factor of ${describe(factor)}, but where nothing follows none is of use.`
  const isFactor = typeof factor === 'number' && factor >= 1 && factor < Infinity
  return isFactor ? undefined : `must have a factor from 1, and finite; it is ${describe(factor)}.`
}

function hasConfig(trial: unknown): boolean {
  return isPlainObject(trial) && typeof trial['config'] === 'object' && trial['config'] !== null
}

function checkStart(x0: object, dimensions: readonly Dimension[]): void {
  const paths = dimensions.map(({ path }) => path)
  for (const key of Object.keys(x0)) {
    if (paths.some((path) => path === key || path.startsWith(`${key}/`))) continue
    const near = nearest(key, paths)
    const hint = near === undefined ? `There are ${paths.join(', ')}.` : `Did you mean ${near}?`
    throw new OptionError(
      `cmaes.x0`,
      `cmaes.x0: the space has no parameter ${key} that every trial has. ${hint}`,
      {
        received: x0,
      },
    )
  }
  const box = new Box(dimensions)
  const point = pointOf(x0, box)
  const bad = box.dimensions.find(({ path, domain }) => path in point && !contains(domain, point[path]))
  if (bad === undefined) return
  throw new OptionError(
    'cmaes.x0',
    `cmaes.x0 has ${describe(point[bad.path])} for ${bad.path}, which is not in its domain. Give a value of the domain, or leave it out.`,
    { received: x0 },
  )
}

function checkSources(
  trials: readonly SourceTrial[],
  box: Box,
  [objective]: readonly Objective[],
  considersPruned: boolean,
): void {
  if (objective === undefined || sourcePoints(trials, box, objective, considersPruned).length > 0) return
  throw new OptionError(
    'cmaes.sourceTrials',
    `None of the ${trials.length} sourceTrials of cmaes is completed and has every numeric parameter of this space, within its bounds. Give trials of a search over the same parameters.`,
  )
}
