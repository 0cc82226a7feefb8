import { describe } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { mustBeScheduler, traitsOf } from '../../schedulers/traits.ts'
import { randomSearch } from '../../searchers/random-search.ts'
import { compose } from '../../tuner/compose.ts'
import { readExperimentOptions } from '../../tuner/options.ts'
import { type ExploreSettings, OWNER } from './explore-options.ts'
import type { Stage, StagedRun } from './staged-run.ts'
import { watchedScheduler, watchedSearcher } from './watched-policies.ts'

// No other timer has so many.
const GRACE_MS = 5_000

/**
 * What the runs of an exploration share: composed once, since policies keep nothing between two experiments.
 * @throws {OptionError} for a scheduler that is none, or that cannot rank by one objective.
 */
export function stageOf(settings: ExploreSettings): Stage {
  const {
    scheduler: given,
    trials,
    reports,
    faults,
    maxFailures,
    resources,
    totalResources,
    curve,
    mode,
    paramSpace,
  } = settings
  const scheduler: unknown = typeof given === 'function' ? given() : given
  mustBeScheduler(OWNER, scheduler)
  const { objective, timeAttr } = traitsOf(scheduler)
  const metrics = [objective.metric ?? 'value'].flat()
  const slots = settings.maxConcurrentTrials ?? Math.max(1, trials - 1)
  let current: StagedRun | undefined
  const run = (): StagedRun => current as StagedRun
  const read = readExperimentOptions(OWNER, {
    paramSpace,
    metric: 'value',
    mode,
    numSamples: trials,
    searcher: watchedSearcher(randomSearch(), run),
    scheduler: watchedScheduler(scheduler, run),
    maxConcurrentTrials: slots,
    resources,
    ...(totalResources !== undefined && { totalResources }),
    failure: { maxFailures, backoffMs: 1 },
    stopGraceMs: GRACE_MS,
    executor: () => run().executor,
  })
  const composition = compose(() => {}, read, {
    owner: OWNER,
    defaultSeed: '0',
    defaultConcurrency: slots,
    unlimitedResources: true,
  })
  return {
    slots,
    faults,
    graceMs: GRACE_MS,
    totalResources: totalResources ?? {},
    script: {
      reports,
      metricsOf: (trial, step) => ({
        [timeAttr]: step,
        value: numberOf(curve(trial, step)),
        ...Object.fromEntries(metrics.map((metric) => [metric, curve(trial, step)])),
      }),
    },
    build: (kernel, log, next) => {
      current = next
      return composition.build(kernel, log)
    },
  }
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  throw new OptionError(`${OWNER}.curve`, `${OWNER}.curve must give numbers, got ${describe(value)}.`, {
    received: value,
  })
}
