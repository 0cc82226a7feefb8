import type { Mode } from '../../core/objective.ts'
import { must, readOptions } from '../../core/options.ts'
import type { Resources } from '../../core/trial.ts'
import { fifo } from '../../schedulers/fifo.ts'
import type { Scheduler } from '../../schedulers/scheduler.ts'
import { uniform } from '../../space/numbers.ts'
import type { SpaceDefinition } from '../../space/space.ts'

/** Who is asked, for messages. */
export const OWNER = 'exploreInterleavings'

/** Options of `exploreInterleavings`. */
export interface ExploreOptions {
  /** The scheduler, or what makes it. Default `fifo()`. */
  readonly scheduler?: Scheduler | (() => Scheduler) | undefined
  /** How many trials. Integer from 1. Default 3. */
  readonly trials?: number | undefined
  /** Reports of each trial, after which it ends by itself. Integer from 1. Default 3. */
  readonly reports?: number | undefined
  /** How many failures and stops there may be in one run, at any time in it. Integer from 0. Default 1. */
  readonly faults?: number | undefined
  /** Failures of one trial that are followed by another attempt. Integer from 0. Default 0. */
  readonly maxFailures?: number | undefined
  /** Trials that run at once. Integer from 1. Default: one less than there are, so that one has to wait. */
  readonly maxConcurrentTrials?: number | undefined
  /** What each trial takes. Default `{ cpu: 1 }`. */
  readonly resources?: Resources | undefined
  /** What there is. Default: enough. */
  readonly totalResources?: Resources | undefined
  /** What a trial reports, by its number and the step, from 1. Default: curves that cross. */
  readonly curve?: ((trial: number, step: number) => number) | undefined
  /** Which way the value should go. Default `'min'`. */
  readonly mode?: Mode | undefined
  /** What trials are configured with. Default `{ x: uniform(0, 1) }`. */
  readonly paramSpace?: SpaceDefinition | undefined
  /** Runs after which it gives up looking. Integer from 1. Default 100,000. */
  readonly maxRuns?: number | undefined
}

const DEFAULTS = {
  scheduler: fifo() as Scheduler | (() => Scheduler),
  trials: 3,
  reports: 3,
  faults: 1,
  maxFailures: 0,
  maxConcurrentTrials: undefined,
  resources: { cpu: 1 } as Resources,
  totalResources: undefined,
  // Each is ahead at some step, and no two are equal.
  curve: (trial: number, step: number): number => ((trial * 5 + step * 3) % 7) + trial / 10 + 1 / step,
  mode: 'min' as Mode,
  paramSpace: { x: uniform(0, 1) } as SpaceDefinition,
  maxRuns: 100_000,
}

const CHECKS = {
  trials: must.integerFrom(1),
  reports: must.integerFrom(1),
  faults: must.integerFrom(0),
  maxFailures: must.integerFrom(0),
  maxConcurrentTrials: must.integerFrom(1),
  curve: must.beFunction,
  mode: must.beOneOf<Mode>('min', 'max'),
  maxRuns: must.integerFrom(1),
}

/** Options of `exploreInterleavings`, with their defaults. */
export type ExploreSettings = ReturnType<typeof readExploreOptions>

/** @throws {OptionError} for options that cannot be used. */
export function readExploreOptions(options: ExploreOptions) {
  return readOptions(OWNER, options, DEFAULTS, CHECKS)
}
