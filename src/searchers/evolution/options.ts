import { type Checks, must } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { SEARCHER_CHECKS, SEARCHER_DEFAULTS, type SearcherOptions } from '../searcher.ts'
import { THREAD_CHECKS, THREAD_DEFAULTS, type ThreadOptions } from '../thread.ts'
import {
  checkCrossover,
  checkMutation,
  crossoverOf,
  type CrossoverOptions,
  type MutationOptions,
} from './operators.ts'

/** Options that `nsga2` and `nsga3` share. */
export interface EvolutionOptions extends SearcherOptions, ThreadOptions {
  /** Trials that are drawn from the prior at first, and members that live from then on. Integer from 2. Default 50. */
  readonly populationSize?: number | undefined
  /** Share of the living members that breed: the best of them, but at least 4. Above 0, up to 1. Default 0.4. */
  readonly parentShare?: number | undefined
  /** How numbers are crossed over: the name of an operator, or the operator with its options. Default `'uniform'`. */
  readonly crossover?: CrossoverOptions['kind'] | CrossoverOptions | undefined
  /** How likely a child has several parents; else it is a mutated copy of one. From 0 to 1. Default 0.9. */
  readonly crossoverProb?: number | undefined
  /** How likely a value comes from the second parent: of choices, and of numbers in `'uniform'`. From 0 to 1. Default 0.5. */
  readonly swappingProb?: number | undefined
  /** How a parameter is mutated: the name, or the name with its options. Default `'polynomial'`. */
  readonly mutation?: MutationOptions['kind'] | MutationOptions | undefined
  /** How likely each parameter is mutated. From 0 to 1. Default: 1 / parameters of the child. */
  readonly mutationProb?: number | undefined
}

/** Defaults of `EvolutionOptions`. */
export const EVOLUTION_DEFAULTS = {
  ...SEARCHER_DEFAULTS,
  ...THREAD_DEFAULTS,
  populationSize: 50,
  parentShare: 0.4,
  crossover: 'uniform',
  crossoverProb: 0.9,
  swappingProb: 0.5,
  mutation: 'polynomial',
  mutationProb: undefined,
} as const

/** Checks of `EvolutionOptions`. */
export const EVOLUTION_CHECKS: Checks<EvolutionOptions> = {
  ...SEARCHER_CHECKS,
  ...THREAD_CHECKS,
  populationSize: must.integerFrom(2),
  parentShare: (value) =>
    typeof value === 'number' && value > 0 && value <= 1 ? undefined : 'must be a number above 0, up to 1.',
  crossover: checkCrossover,
  crossoverProb: must.within(0, 1),
  swappingProb: must.within(0, 1),
  mutation: checkMutation,
  mutationProb: must.within(0, 1),
}

/**
 * Refuses a population in which no child can have as many parents as its crossover takes.
 * @throws {OptionError} naming the least size.
 */
export function checkFamily(
  owner: string,
  {
    populationSize,
    crossover,
  }: { populationSize: number; crossover: NonNullable<EvolutionOptions['crossover']> },
): void {
  const { parentCount } = crossoverOf(crossover, 0.5, false)
  if (populationSize >= parentCount) return
  throw new OptionError(
    `${owner}.populationSize`,
    `${owner}.populationSize is ${populationSize}, but the crossover takes ${parentCount} parents. Give at least ${parentCount}, or another crossover.`,
    { received: populationSize },
  )
}
