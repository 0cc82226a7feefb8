import { isPlainObject } from './metrics.ts'
import { describe } from './options.ts'
import type { Resources } from './trial.ts'

// Sums of fractions such as 0.1 + 0.2 drift by rounding; room within this share of the total counts as room. What is
// left of the drift goes when nobody holds the kind any more.
const SLACK = 1e-9

/** Counts logical resources: it isolates nothing, it only says how many trials may run at once. */
export class ResourcePool {
  /** What there is of each kind. With less than there was, those that hold something keep it. */
  total: Resources
  readonly #used: Record<string, number> = {}
  readonly #holders: Record<string, number> = {}

  /** @param total - What there is of each kind; Infinity for no limit. A kind that is not named has none. */
  constructor(total: Resources) {
    this.total = total
    for (const kind of Object.keys(total)) this.#used[kind] = 0
  }

  get used(): Resources {
    return this.#used
  }

  /** Whether the need could be met if nothing else ran. */
  couldFit(need: Resources): boolean {
    return this.lacking(need) === undefined
  }

  /** The first kind of which there is not enough even in an empty pool. */
  lacking(need: Resources): string | undefined {
    for (const kind in need) if ((need[kind] as number) > (this.total[kind] ?? 0)) return kind
    return undefined
  }

  /** Whether the need can be met now. */
  fits(need: Resources): boolean {
    for (const kind in need) {
      const amount = need[kind] as number
      const total = this.total[kind] ?? 0
      if (amount > 0 && (this.#used[kind] ?? 0) + amount > total * (1 + SLACK)) return false
    }
    return true
  }

  take(need: Resources): void {
    for (const kind in need) {
      this.#used[kind] = (this.#used[kind] ?? 0) + (need[kind] as number)
      this.#holders[kind] = (this.#holders[kind] ?? 0) + 1
    }
  }

  /** @param need - What was taken, in one piece. */
  giveBack(need: Resources): void {
    for (const kind in need) {
      const holders = (this.#holders[kind] ?? 1) - 1
      this.#holders[kind] = holders
      this.#used[kind] = holders === 0 ? 0 : (this.#used[kind] ?? 0) - (need[kind] as number)
    }
  }
}

/** Says what is wrong with what there is in all, if anything is: amounts from 0, Infinity for no limit. */
export function amountsProblem(value: unknown): string | undefined {
  const words = 'must be an object of amounts from 0, such as { cpu: 2, gpu: 0.5 }'
  if (!isPlainObject(value)) return `${words}.`
  const wrong = Object.entries(value).find(([, amount]) => typeof amount !== 'number' || !(amount >= 0))
  return wrong && `${words}, but ${wrong[0]} is ${describe(wrong[1])}.`
}

/** Says what is wrong with what a trial asks for, if anything is. */
export function needProblem(value: unknown): string | undefined {
  const problem = amountsProblem(value)
  if (problem !== undefined) return problem
  // Whoever takes an endless amount could never give it back.
  return Object.values(value as Resources).includes(Infinity) ? 'must be finite amounts.' : undefined
}
