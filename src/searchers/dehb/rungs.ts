import { type BandOptions, bracketsPerBand, firstRound } from '../../schedulers/halving/plan.ts'

/** The budget that trials of one bracket run to first, and how many there are. */
export interface EntryRung {
  /** A step of the scheduler's `timeAttr`. */
  readonly budget: number
  /** Places of its subpopulation. */
  readonly size: number
}

/** Which of the rungs a trial is for, and which place there. */
export interface Seat {
  readonly rung: number
  readonly place: number
}

/** The first rounds of the brackets of a band, smallest budget first; those of no length are left out, as HyperBand does. */
export function entryRungs(options: BandOptions): EntryRung[] {
  const rungs = Array.from({ length: bracketsPerBand(options) }, (_, s) => firstRound(options, s))
  return rungs
    .filter(({ milestone }) => milestone > 0)
    .map(({ milestone: budget, size }) => ({ budget, size }))
    .toReversed()
}

/** The seat of the trial with so many before it, where brackets are filled one after the other. */
export function seatOf(
  rungs: readonly EntryRung[],
  order: 'longestFirst' | 'shortestFirst',
  index: number,
): Seat {
  let place = index % rungs.reduce((sum, { size }) => sum + size, 0)
  for (let i = 0; ; i++) {
    const rung = order === 'shortestFirst' ? i : rungs.length - 1 - i
    const { size } = rungs[rung] as EntryRung
    if (place < size) return { rung, place }
    place -= size
  }
}
