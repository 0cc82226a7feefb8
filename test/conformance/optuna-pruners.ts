/**
 * The events recorded from each of Optuna's pruners, fed to the scheduler of the same name. Compared are the decisions
 * and what each was made from: the best value and the cutoff, the bracket and the rungs, the p-value and the best trial.
 */
import { fifo } from '../../src/schedulers/fifo.ts'
import { hyperbandPruner } from '../../src/schedulers/hyperband-pruner.ts'
import { medianPruner } from '../../src/schedulers/median-pruner.ts'
import { patientPruner } from '../../src/schedulers/patient-pruner.ts'
import { percentilePruner } from '../../src/schedulers/percentile-pruner.ts'
import type { Evidence, Scheduler } from '../../src/schedulers/scheduler.ts'
import { successiveHalvingPruner } from '../../src/schedulers/successive-halving-pruner.ts'
import { thresholdPruner } from '../../src/schedulers/threshold-pruner.ts'
import { wilcoxonPruner } from '../../src/schedulers/wilcoxon-pruner.ts'
import type { FixtureCase } from './fixture.ts'
import { type Tolerance, difference } from './matching.ts'
import { type FactsOf, type OptunaCase, OptunaRun } from './optuna-run.ts'

interface MedianConfig {
  readonly n_startup_trials: number
  readonly n_warmup_steps: number
  readonly interval_steps: number
  readonly n_min_trials: number
}

interface PercentileConfig extends MedianConfig {
  readonly percentile: number
}

interface HalvingConfig {
  readonly min_resource: number | 'auto'
  readonly reduction_factor: number
  readonly min_early_stopping_rate: number
  readonly bootstrap_count: number
}

interface HyperbandConfig {
  readonly min_resource: number
  readonly max_resource: number | 'auto'
  readonly reduction_factor: number
  readonly bootstrap_count: number
}

interface ThresholdConfig {
  readonly lower: number | null
  readonly upper: number | null
  readonly n_warmup_steps: number
  readonly interval_steps: number
}

interface WilcoxonConfig {
  readonly p_threshold: number
  readonly n_startup_steps: number
}

type WrappedConfig =
  | (MedianConfig & { readonly type: 'MedianPruner' })
  | (PercentileConfig & { readonly type: 'PercentilePruner' })
  | (HalvingConfig & { readonly type: 'SuccessiveHalvingPruner' })
  | (HyperbandConfig & { readonly type: 'HyperbandPruner' })
  | (ThresholdConfig & { readonly type: 'ThresholdPruner' })
  | (WilcoxonConfig & { readonly type: 'WilcoxonPruner' })
  | { readonly type: 'NopPruner' }

interface PatientConfig {
  readonly wrapped_pruner: WrappedConfig | null
  readonly patience: number
  readonly min_delta: number
}

/** Says what differs first, or nothing; as all that follow. */
export function runOptunaMedianCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const given = testCase as OptunaCase<MedianConfig>
  return new OptunaRun(median(given.config), given).follow(comparison, tolerance)
}

export function runOptunaPercentileCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const given = testCase as OptunaCase<PercentileConfig>
  return new OptunaRun(percentile(given.config), given).follow(comparison, tolerance)
}

export function runOptunaSuccessiveHalvingCase(
  testCase: FixtureCase,
  tolerance: Tolerance,
): string | undefined {
  const given = testCase as OptunaCase<HalvingConfig> & {
    readonly derived: { readonly minResource: number | null }
  }
  const run = new OptunaRun(halving(given.config), given)
  const { state } = run
  const wrong = run.follow(rungsOfTrials(), tolerance)
  return wrong ?? difference({ minResource: state.minResource ?? null }, given.derived, tolerance, 'derived')
}

export function runOptunaHyperbandCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const given = testCase as OptunaCase<HyperbandConfig> & {
    readonly derived: { readonly brackets: number; readonly budgets: readonly number[] }
  }
  const run = new OptunaRun(hyperband(given.config), given)
  const { state } = run
  const wrong = run.follow(bracketAndRungs, tolerance)
  const budgets = state.brackets?.map(({ budget }) => budget) ?? []
  return wrong ?? difference(budgets, given.derived.budgets, tolerance, 'derived/budgets')
}

export function runOptunaThresholdCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const given = testCase as OptunaCase<ThresholdConfig>
  return new OptunaRun(threshold(given.config), given).follow(nothing, tolerance)
}

export function runOptunaPatientCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const given = testCase as OptunaCase<PatientConfig>
  const { wrapped_pruner: inner, patience, min_delta: minDelta } = given.config
  const scheduler = patientPruner({ wrapped: inner === null ? null : wrappedOf(inner), patience, minDelta })
  return new OptunaRun(scheduler, given).follow(comparison, tolerance)
}

export function runOptunaWilcoxonCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  const given = testCase as OptunaCase<WilcoxonConfig>
  // Steps are evaluations here, and the final value is none of them.
  return new OptunaRun(wilcoxon(given.config), given, -1).follow(
    ({ p, best }) => ({ ...(p !== undefined && { p }), ...(best !== undefined && { best }) }),
    tolerance,
  )
}

export function runOptunaNopCase(testCase: FixtureCase, tolerance: Tolerance): string | undefined {
  return new OptunaRun(fifo(), testCase as OptunaCase<object>).follow(nothing, tolerance)
}

function nothing(): Readonly<Record<string, unknown>> {
  return {}
}

/** Optuna's cutoff is NaN when there is nothing to compare with. */
function comparison({ best, cutoff }: Evidence): Readonly<Record<string, unknown>> {
  return best === undefined ? {} : { best, cutoff: cutoff ?? Number.NaN }
}

/** The rungs that each trial has completed; a decision away from a rung says nothing of them. */
function rungsOfTrials(): FactsOf {
  const completed = new Map<number, unknown>()
  return ({ rungs }, trial) => {
    if (rungs !== undefined) completed.set(trial, rungs)
    return { rungs: completed.get(trial) ?? 0 }
  }
}

/** There are none before the full length is known. */
function bracketAndRungs({ bracket, rungs }: Evidence): Readonly<Record<string, unknown>> {
  return bracket === undefined ? {} : { bracket, rungs }
}

const median = (config: MedianConfig) => medianPruner(camelCase(config))
const percentile = (config: PercentileConfig) =>
  percentilePruner({ ...camelCase(config), percentile: config.percentile })
const halving = (config: HalvingConfig) =>
  successiveHalvingPruner({
    minResource: config.min_resource,
    reductionFactor: config.reduction_factor,
    minEarlyStoppingRate: config.min_early_stopping_rate,
    bootstrapCount: config.bootstrap_count,
  })
const hyperband = (config: HyperbandConfig) =>
  hyperbandPruner({
    minResource: config.min_resource,
    maxResource: config.max_resource,
    reductionFactor: config.reduction_factor,
    bootstrapCount: config.bootstrap_count,
  })
const threshold = (config: ThresholdConfig) =>
  thresholdPruner({
    lower: config.lower ?? undefined,
    upper: config.upper ?? undefined,
    nWarmupSteps: config.n_warmup_steps,
    intervalSteps: config.interval_steps,
  })
const wilcoxon = (config: WilcoxonConfig) =>
  wilcoxonPruner({ pThreshold: config.p_threshold, nStartupSteps: config.n_startup_steps })

function camelCase(config: MedianConfig) {
  return {
    nStartupTrials: config.n_startup_trials,
    nWarmupSteps: config.n_warmup_steps,
    intervalSteps: config.interval_steps,
    nMinTrials: config.n_min_trials,
  }
}

function wrappedOf(config: WrappedConfig): Scheduler {
  switch (config.type) {
    case 'MedianPruner':
      return median(config)
    case 'PercentilePruner':
      return percentile(config)
    case 'SuccessiveHalvingPruner':
      return halving(config)
    case 'HyperbandPruner':
      return hyperband(config)
    case 'ThresholdPruner':
      return threshold(config)
    case 'WilcoxonPruner':
      return wilcoxon(config)
    case 'NopPruner':
      return fifo()
    default:
      throw new Error(`a wrapped pruner of type ${String(config satisfies never)} is not known`)
  }
}
