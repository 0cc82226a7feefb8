import type { Mode, Objective } from '../core/objective.ts'
import { type Checks, must } from '../core/options.ts'
import { OptionError, TroupeError } from '../errors.ts'
import type { SchedulerContext } from './scheduler.ts'

/** Options of every scheduler that ranks trials by one metric. */
export interface RankingOptions {
  /** Metric to rank by. Default: the experiment's; needed when that has several objectives. */
  readonly metric?: string | undefined
  /** `'min'` or `'max'`, beside `metric`. Default: the mode that the experiment gives for this metric. */
  readonly mode?: Mode | undefined
  /** The metric that says how far a trial is; it should grow. Default `'training_iteration'`. */
  readonly timeAttr?: string | undefined
}

/** Defaults of `RankingOptions`. */
export const RANKING_DEFAULTS = { metric: undefined, mode: undefined, timeAttr: 'training_iteration' }

/** Checks of `RankingOptions`, one option at a time. */
export const RANKING_CHECKS: Checks<RankingOptions> = {
  metric: (name) => (isName(name) ? undefined : 'must be the name of one metric.'),
  mode: must.beOneOf('min', 'max'),
  timeAttr: (name) => (isName(name) ? undefined : 'must be the name of a metric.'),
}

/** @throws {OptionError} when `mode` stands without `metric`. */
export function refuseModeAlone(owner: string, { metric, mode }: RankingOptions): void {
  if (mode === undefined || metric !== undefined) return
  throw new OptionError(
    `${owner}.metric`,
    `${owner}: mode is given but metric is not. Give both, or neither.`,
    { received: mode },
  )
}

/** What a scheduler that declares `objectives: 'one'` ranks by. */
export function onlyObjective(owner: string, { objectives: [objective] }: SchedulerContext): Objective {
  if (objective !== undefined) return objective
  throw new TroupeError('internal', `${owner} was started without an objective.`)
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}
