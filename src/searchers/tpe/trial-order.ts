import { hypervolumeSubset } from '../../math/hypervolume-subset.ts'
import { nonDominationRanks } from '../../math/non-domination.ts'
import type { Outcome } from './outcome.ts'
import { SortedTrials } from './sorted-trials.ts'

interface Complete {
  readonly number: number
  readonly losses: readonly number[]
}

/**
 * Finished trials in order of preference, as in Optuna 5: feasible completed ones by their loss, then feasible pruned
 * ones (the longest first, then by their last loss, NaN after all others; those without a report last), then infeasible
 * ones by the sum of their violations. Equal ones stand in order of their numbers.
 *
 * With several objectives the completed ones come front by front; from a front that is too large for its place, those are
 * taken that together dominate most (Ozaki et al. 2022, section 4.2, greedily). That is found anew only when a trial came
 * that can change it.
 */
export class TrialOrder {
  readonly #isMany: boolean
  readonly #complete = new SortedTrials()
  readonly #fronts: Complete[] = []
  readonly #pruned = new SortedTrials()
  readonly #infeasible = new SortedTrials()
  // The last answer for several objectives. It stands as long as all that comes is worse than the front that was cut.
  #chosen: Chosen | undefined

  /** @param objectiveCount - How many losses a completed trial has. */
  constructor(objectiveCount: number) {
    this.#isMany = objectiveCount > 1
  }

  /** How many trials there are. */
  get size(): number {
    return this.#complete.size + this.#fronts.length + this.#pruned.size + this.#infeasible.size
  }

  /** How many of them were pruned or interrupted, and kept their constraints. */
  get prunedCount(): number {
    return this.#pruned.size
  }

  add(outcome: Outcome): void {
    switch (outcome.kind) {
      case 'complete':
        if (this.#isMany) {
          insertByNumber(this.#fronts, outcome)
          if (this.#chosen?.cut.some((losses) => dominates(losses, outcome.losses)) !== true)
            this.#chosen = undefined
        } else this.#complete.add(outcome.number, outcome.losses[0] as number)
        return
      case 'pruned': {
        const { last, number } = outcome
        if (last === undefined) this.#pruned.add(number, Infinity)
        else this.#pruned.add(number, -last.step, Number.isNaN(last.loss) ? Infinity : last.loss)
        return
      }
      case 'infeasible':
        this.#infeasible.add(outcome.number, outcome.violation)
    }
  }

  /** Numbers of the `k` best trials, in no order. */
  best(k: number): number[] {
    const best = this.#isMany ? [...this.#bestFronts(k)] : [...this.#complete.head(k)]
    best.push(...this.#pruned.head(k - best.length))
    best.push(...this.#infeasible.head(k - best.length))
    return best
  }

  #bestFronts(k: number): readonly number[] {
    if (this.#chosen?.k !== k) this.#chosen = { k, ...bestByFronts(this.#fronts, k) }
    return this.#chosen.numbers
  }
}

interface Chosen extends BestByFronts {
  readonly k: number
}

interface BestByFronts {
  readonly numbers: readonly number[]
  /** Losses of the front that does not fit, which may be empty. */
  readonly cut: readonly (readonly number[])[]
}

function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((loss, i) => loss <= (b[i] as number)) && a.some((loss, i) => loss < (b[i] as number))
}

function insertByNumber(trials: Complete[], trial: Complete): void {
  let at = trials.length
  while (at > 0 && (trials[at - 1] as Complete).number > trial.number) at--
  trials.splice(at, 0, trial)
}

function bestByFronts(trials: readonly Complete[], k: number): BestByFronts {
  if (k >= trials.length) return { numbers: trials.map(({ number }) => number), cut: [] }
  if (k <= 0) return { numbers: [], cut: [] }
  const ranks = nonDominationRanks(
    trials.map(({ losses }) => losses),
    { nBelow: k },
  )
  const cut = cutFront(ranks, k)
  const best = trials.filter((_, i) => (ranks[i] as number) < cut)
  const front = trials.filter((_, i) => ranks[i] === cut)
  const losses = front.map((trial) => trial.losses)
  const chosen = hypervolumeSubset(losses, k - best.length, referencePoint(losses))
  const numbers = [...best, ...chosen.map((i) => front[i] as Complete)].map(({ number }) => number)
  return { numbers, cut: losses }
}

/** The first front that does not fit among `k` with those before it. */
function cutFront(ranks: Int32Array, k: number): number {
  const sizes: number[] = []
  for (const rank of ranks) sizes[rank] = (sizes[rank] ?? 0) + 1
  let room = k
  let front = 0
  while ((sizes[front] ?? 0) <= room && front < sizes.length) room -= sizes[front++] ?? 0
  return front
}

/**
 * The point up to which hypervolume is measured to cut a front: on each axis a tenth of the worst loss beyond it. 0 would
 * lie on the axis, and becomes 1e-12. Source: Optuna 5.
 */
export function referencePoint(losses: readonly (readonly number[])[]): number[] {
  const worst = (losses[0] as readonly number[]).map((_, j) =>
    losses.reduce((max, row) => Math.max(max, row[j] as number), -Infinity),
  )
  return worst.map((w) => Math.max(1.1 * w, 0.9 * w) || 1e-12)
}
