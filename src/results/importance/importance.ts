import { type Checks, describe, must, readOptions } from '../../core/options.ts'
import { assertNever, OptionError } from '../../errors.ts'
import type { Seed } from '../../random/random.ts'
import { assess, type ImportanceSource, type ImportanceTarget } from './assessed.ts'
import { fanova, meanDecreaseImpurity } from './forest-importance.ts'
import { allPaths, checkPaths, commonParameters, namedParameters } from './parameters.ts'
import { pedAnova } from './ped-anova.ts'

/** How importance is measured. */
export type ImportanceMethod = 'pedAnova' | 'fanova' | 'mdi'

/** Options of `importance`. */
export interface ImportanceOptions {
  /** How importance is measured. Default `'pedAnova'`. */
  readonly method?: ImportanceMethod | undefined
  /** Paths of the parameters to assess. Default: all; for `fanova` and `mdi` those that every completed trial has. */
  readonly params?: readonly string[] | undefined
  /**
   * What the parameters are important for: an objective by its metric, or a function of a trial of which less is better.
   * Default: the objective; of several, for `pedAnova`, to come near the Pareto front.
   */
  readonly target?: ImportanceTarget | undefined
  /** Whether the importances are scaled to sum to 1. Default true. */
  readonly normalize?: boolean | undefined
  /** `pedAnova`: the share of the trials that count as the best. Above 0, below `regionQuantile`. Default 0.1. */
  readonly targetQuantile?: number | undefined
  /** `pedAnova`: the share of the trials that these are compared with. At most 1. Default 1. */
  readonly regionQuantile?: number | undefined
  /** `pedAnova`: whether to compare with the trials, and not with the whole space. Default true. */
  readonly evaluateOnLocal?: boolean | undefined
  /** `fanova`, `mdi`: how many trees the forest has. Integer from 1. Default 64. */
  readonly nTrees?: number | undefined
  /** `fanova`, `mdi`: how deep a tree may be. Integer from 1. Default 64. */
  readonly maxDepth?: number | undefined
  /** `fanova`, `mdi`: of the forest. Any string or finite number. Default 0. */
  readonly seed?: Seed | undefined
}

const DEFAULTS = {
  method: 'pedAnova' as const,
  params: undefined,
  target: undefined,
  normalize: true,
  targetQuantile: 0.1,
  regionQuantile: 1,
  evaluateOnLocal: true,
  nTrees: 64,
  maxDepth: 64,
  seed: 0,
}

const CHECKS: Checks<ImportanceOptions> = {
  method: must.beOneOf('pedAnova', 'fanova', 'mdi'),
  params: (paths) =>
    Array.isArray(paths) && paths.every((path) => typeof path === 'string')
      ? undefined
      : "must be an array of paths, such as ['optimizer/lr'].",
  target: (target) =>
    typeof target === 'string' || typeof target === 'function'
      ? undefined
      : 'must be the name of an objective, or a function of a trial.',
  normalize: must.beBoolean,
  targetQuantile: must.above(0),
  regionQuantile: must.above(0),
  evaluateOnLocal: must.beBoolean,
  nTrees: must.integerFrom(1),
  maxDepth: must.integerFrom(1),
  seed: must.beSeed,
}

const FOREST: readonly ImportanceMethod[] = ['fanova', 'mdi']

/** Options that mean something with some methods alone. */
const FOR_METHOD: Readonly<Record<string, readonly ImportanceMethod[]>> = {
  targetQuantile: ['pedAnova'],
  regionQuantile: ['pedAnova'],
  evaluateOnLocal: ['pedAnova'],
  nTrees: FOREST,
  maxDepth: FOREST,
  seed: FOREST,
}

/**
 * How important each parameter is, from the completed trials with finite values.
 *
 * - `pedAnova` asks which parameters set the best trials apart from all: how differently their densities lie. Quick, and
 *   at home in conditional spaces, where every parameter that appears is assessed.
 * - `fanova` fits a random forest and asks how much of the loss' variance over the space each parameter explains alone.
 *   Seen from everywhere, the bad regions included.
 * - `mdi` asks the same forest how much of the variance among the trials the splits on each parameter take away.
 *
 * Infeasible trials count as they are; pruned and failed ones do not. With less than two trials, or when all are equal,
 * nothing is known: then all parameters are equally important.
 * Source: Watanabe et al. 2023, arXiv:2304.10255, with arXiv:2601.20800; Hutter et al. 2014; Breiman 2001; the defaults
 * are Optuna's. Cost: PED-ANOVA O(parameters · trials); forests O(trees · parameters · trials · depth).
 *
 * @param source - `Results` or a `Study`.
 * @returns Importances by path, the greatest first.
 * @throws {OptionError} when an option is unknown, out of its range, or for another method, a parameter is in no completed trial (for forests:
 *   not in one with all others, or with another domain), or a forest would have several objectives.
 * @example importance(results) // { lr: 0.71, 'model/width': 0.22, dropout: 0.07 }
 * @example importance(results, { method: 'fanova', target: 'loss' })
 */
export function importance(
  source: ImportanceSource,
  options: ImportanceOptions = {},
): Record<string, number> {
  const settings = readOptions('importance', options, DEFAULTS, CHECKS)
  const { method, params, target, normalize, targetQuantile, regionQuantile } = settings
  refuseOthers(options, method)
  if (!(targetQuantile < regionQuantile && regionQuantile <= 1)) {
    throw new OptionError(
      'importance.targetQuantile',
      `importance: targetQuantile must be below regionQuantile, and that at most 1. Got ${targetQuantile} and ${regionQuantile}.`,
      { received: targetQuantile },
    )
  }
  checkSource(source)
  const assessed = assess(source, target)
  const paths = params === undefined ? undefined : [...new Set(params)]
  switch (method) {
    case 'pedAnova': {
      const known = paths ?? allPaths(assessed)
      if (paths !== undefined) checkPaths(paths, assessed)
      return ordered(known, pedAnova(assessed.trials, known, settings), normalize)
    }
    case 'fanova':
    case 'mdi': {
      if (assessed.lossCount > 1) throw severalObjectives(source, method)
      const parameters = paths === undefined ? commonParameters(assessed) : namedParameters(paths, assessed)
      const measure = method === 'fanova' ? fanova : meanDecreaseImpurity
      const whole = assessed.trials.filter((trial) =>
        parameters.every(({ path }) => trial.domains[path] !== undefined),
      )
      const known = parameters.map(({ path }) => path)
      return ordered(known, measure(whole, parameters, settings), normalize)
    }
    default:
      return assertNever(method, 'method')
  }
}

function refuseOthers(options: ImportanceOptions, method: ImportanceMethod): void {
  for (const [key, value] of Object.entries(options)) {
    const own = FOR_METHOD[key]
    if (own === undefined || value === undefined || own.includes(method)) continue
    throw new OptionError(
      `importance.${key}`,
      `importance.${key} is for ${own.map((name) => `'${name}'`).join(' and ')}, but method is '${method}'. Leave it out, or choose another method. Got ${describe(value)}.`,
      { received: value },
    )
  }
}

function checkSource(source: unknown): void {
  const { objectives, endedTrials } = (source ?? {}) as Partial<ImportanceSource>
  if (Array.isArray(objectives) && typeof endedTrials === 'function') return
  throw new OptionError('importance', `importance takes results or a study, got ${describe(source)}.`, {
    received: source,
  })
}

function ordered(
  paths: readonly string[],
  importances: readonly number[],
  normalize: boolean,
): Record<string, number> {
  const sum = importances.reduce((total, value) => total + value, 0)
  const scaled = normalize
    ? importances.map((value) => (sum > 0 ? value / sum : 1 / importances.length))
    : importances
  const pairs = paths.map((path, i) => [path, scaled[i] as number] as const)
  return Object.fromEntries(pairs.toSorted(([, a], [, b]) => b - a))
}

function severalObjectives({ objectives }: ImportanceSource, method: string): OptionError {
  const names = objectives.map(({ metric }) => metric)
  return new OptionError(
    'importance.target',
    `importance: ${method} explains one objective, and there are ${names.length} (${names.join(', ')}). Name one in importance(results, { method: '${method}', target: '${names[0]}' }), or use method: 'pedAnova'.`,
  )
}
