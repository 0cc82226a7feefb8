import { asha } from '../../../src/schedulers/asha.ts'
import { randomSearch } from '../../../src/searchers/random-search.ts'
import { tpe } from '../../../src/searchers/tpe/tpe.ts'
import type { Method } from './fidelity.ts'

/** A method in the comparison by epochs. */
export interface MethodContestant extends Method {
  /** By epochs spent: the recorded method that it must not be worse than, or the best of all that are recorded. */
  readonly against: Readonly<Record<number, string>>
}

/** After how many epochs the methods are looked at. */
export const EPOCH_BUDGETS = [100, 200, 500, 1000, 2000] as const

/** The best of what is recorded at a budget. */
export const BEST = 'best'

// Epochs of a full trial.
const maxT = 52

/** The methods, with the same options for all data sets. */
export const METHODS: Readonly<Record<string, MethodContestant>> = {
  'random+asha': {
    searcher: () => randomSearch(),
    scheduler: () => asha({ maxT }),
    against: { 500: 'random+asha4', 2000: 'random+asha4' },
  },
  // With early stopping ten trials cost no more than two or three, and say little; most networks look alike after one epoch.
  'tpe+asha': {
    searcher: () => tpe({ nStartupTrials: 30, countPruned: false }),
    scheduler: () => asha({ maxT, gracePeriod: 4 }),
    against: { 500: BEST, 2000: 'tpe' },
  },
}
