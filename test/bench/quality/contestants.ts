import { auto } from '../../../src/searchers/auto.ts'
import { cmaes } from '../../../src/searchers/cmaes/cmaes.ts'
import { gp } from '../../../src/searchers/gp/gp.ts'
import { nsga2 } from '../../../src/searchers/nsga2.ts'
import { randomSearch } from '../../../src/searchers/random-search.ts'
import type { Searcher } from '../../../src/searchers/searcher.ts'
import { tpe } from '../../../src/searchers/tpe/tpe.ts'
import { readSpace } from '../../../src/space/read-space.ts'
import type { Problem } from './problem.ts'

/** A searcher in the comparison. */
export interface Contestant {
  readonly make: () => Searcher
  /** After how many trials it is looked at. */
  readonly budgets: readonly number[]
  /** The peers' sampler that it is compared with. */
  readonly peer: string | undefined
  /** Only these problems are for it. Default: all. */
  readonly canRun?: (problem: Problem) => boolean
}

export const CONTESTANTS: Readonly<Record<string, Contestant>> = {
  random: { make: () => randomSearch(), budgets: [25, 50, 100, 200, 500], peer: undefined },
  tpe: { make: () => tpe(), budgets: [25, 50, 100, 200], peer: 'tpe' },
  gp: { make: () => gp(), budgets: [25, 50, 100], peer: 'gp' },
  cmaes: {
    make: () => cmaes(),
    budgets: [25, 50, 100, 200, 500],
    peer: 'cma',
    canRun: ({ space, objectives, constraintCount }) =>
      objectives.length === 1 &&
      constraintCount === 0 &&
      readSpace(space).parameters.every(({ domain }) => domain.kind === 'float' || domain.kind === 'int'),
  },
  // Its first 50 trials are random ones, so that there is nothing to compare before.
  nsga2: { make: () => nsga2(), budgets: [100, 200, 500], peer: 'nsga2' },
  auto: { make: () => auto(), budgets: [25, 50, 100, 200], peer: undefined },
}
