import { assertNever } from '../../errors.ts'
import type { RandomStream } from '../../random/random.ts'

/** What follows a run that has come to its end. */
export type Restart =
  /** The next has a population `factor` times as large (Auger & Hansen 2005, CEC). Default factor 2. */
  | { readonly kind: 'ipop'; readonly factor?: number | undefined }
  /** The same, in turn with small runs of random size and step (Hansen 2009, GECCO). Default factor 2. */
  | { readonly kind: 'bipop'; readonly factor?: number | undefined }
  /** Nothing: the run goes on. */
  | { readonly kind: 'none' }

/** What one run is made with. */
export interface RunPlan {
  /** Population size λ. */
  readonly lambda: number
  /** Step size to start with, in units of the box. */
  readonly sigma: number
  /** Whether it is one of the small runs of BIPOP. */
  readonly isSmall: boolean
  /** How many trials it may have. */
  readonly trialsMax: number
}

/** What `Restarts` can be gone on with. */
export interface SavedRestarts {
  readonly largest: number
  readonly spentLarge: number
  readonly spentSmall: number
}

/** Plans the runs of one search, one after another. */
export class Restarts {
  readonly #restart: Restart
  readonly #lambda: number
  readonly #sigma: number
  /** λ of the largest run so far. */
  #largest: number
  /** Trials of runs that ended, by regime. */
  #spentLarge = 0
  #spentSmall = 0

  /** @param lambda - Population size of the first run. */
  constructor(restart: Restart, lambda: number, sigma: number, saved?: SavedRestarts) {
    this.#restart = restart
    this.#lambda = lambda
    this.#sigma = sigma
    this.#largest = saved?.largest ?? lambda
    this.#spentLarge = saved?.spentLarge ?? 0
    this.#spentSmall = saved?.spentSmall ?? 0
  }

  first(): RunPlan {
    return { lambda: this.#lambda, sigma: this.#sigma, isSmall: false, trialsMax: Infinity }
  }

  /**
   * The run after one that has ended; undefined when none shall follow.
   * @param trials - How many trials that one had.
   */
  next(ended: RunPlan, trials: number, random: RandomStream): RunPlan | undefined {
    const restart = this.#restart
    switch (restart.kind) {
      case 'none':
        return undefined
      case 'ipop':
        return this.#larger(restart.factor)
      case 'bipop':
        if (ended.isSmall) this.#spentSmall += trials
        else this.#spentLarge += trials
        return this.#largest > this.#lambda && this.#spentSmall < this.#spentLarge
          ? this.#smaller(random)
          : this.#larger(restart.factor)
      default:
        return assertNever(restart, 'restart')
    }
  }

  #larger(factor = 2): RunPlan {
    this.#largest = Math.ceil(this.#largest * factor)
    return { ...this.first(), lambda: this.#largest }
  }

  /** Its size is between λ and half of the largest, its step size down to a hundredth (Hansen 2009). */
  #smaller(random: RandomStream): RunPlan {
    const exponent = random.next() ** 2
    const lambda = Math.floor(this.#lambda * (this.#largest / (2 * this.#lambda)) ** exponent)
    return {
      lambda: Math.max(2, lambda),
      sigma: this.#sigma * 10 ** (-2 * random.next()),
      isSmall: true,
      trialsMax: Math.max(lambda, Math.floor(this.#spentLarge / 2)),
    }
  }

  save(): SavedRestarts {
    return { largest: this.#largest, spentLarge: this.#spentLarge, spentSmall: this.#spentSmall }
  }
}
