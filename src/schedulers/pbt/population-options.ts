import { type Checks, must } from '../../core/options.ts'
import { RANKING_CHECKS, RANKING_DEFAULTS, type RankingOptions } from '../ranking-options.ts'
import type { ExploreFunction } from './custom-explore.ts'

/** Options of every scheduler that trains a population. */
export interface PopulationOptions<Config = Readonly<Record<string, unknown>>> extends RankingOptions {
  /** How far a trial runs before it is considered, and from then to the next time. Above 0. Default 60. */
  readonly perturbationInterval?: number | undefined
  /** The share of trials that count as best, and as worst. From 0, which exploits nobody, to 0.5. Default 0.25. */
  readonly quantileFraction?: number | undefined
  /** Changes the configuration further, last of all. It gets a copy, and returns what is to be used, at once. */
  readonly customExploreFn?: ExploreFunction<Config> | undefined
  /**
   * Which configurations are allowed; the same as the experiment's `where`, which a scheduler does not know. Default: all.
   */
  readonly where?: ((config: Config) => boolean) | undefined
  /** Whether the evidence of an exploit holds both configurations and what was changed. Default true. */
  readonly logConfig?: boolean | undefined
  /** Whether all trials wait for each other at each interval, and are considered together. Default false. */
  readonly synch?: boolean | undefined
}

/** Defaults of `PopulationOptions`. */
export const POPULATION_DEFAULTS = {
  ...RANKING_DEFAULTS,
  perturbationInterval: 60,
  quantileFraction: 0.25,
  customExploreFn: undefined,
  where: undefined,
  logConfig: true,
  synch: false,
}

/** Checks of `PopulationOptions`, one option at a time. */
export const POPULATION_CHECKS: Checks<PopulationOptions<never>> = {
  ...RANKING_CHECKS,
  perturbationInterval: must.above(0),
  quantileFraction: must.within(0, 0.5),
  customExploreFn: must.beFunction,
  where: must.beFunction,
  logConfig: must.beBoolean,
  synch: must.beBoolean,
}
