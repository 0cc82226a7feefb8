import { describe } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { OptionError } from '../errors.ts'
import { pointKey } from '../space/encoding.ts'
import type { Portable } from './portable.ts'
import type { Searcher, ToldTrial } from './searcher.ts'

/**
 * What becomes of a suggestion whose parameters equal those of an earlier trial.
 * - `allow`: it runs again.
 * - `resample`: the searcher is asked for another, 100 times; then one is drawn that is new. When a finite space has
 *   none left the search has finished; where none can be found in an infinite one, the duplicate runs.
 *   Points that the user gave run as given.
 * - `reuse`: it takes over the result of a trial that completed with the same parameters, if there is one.
 */
export type DuplicatePolicy = 'allow' | 'resample' | 'reuse'

/** The points that were given out, as far as the policy for duplicates needs to know. */
export class SeenPoints {
  readonly #policy: DuplicatePolicy
  // Number of a trial that completed at this point, or -1 for a point that is only taken.
  readonly #numbers = new Map<string, number>()
  readonly #portable: Portable

  constructor(policy: DuplicatePolicy, { name, repeat = 1 }: Searcher, portable: Portable) {
    if (!['allow', 'resample', 'reuse'].includes(policy)) {
      throw new OptionError(
        'duplicates',
        `duplicates must be 'allow', 'resample' or 'reuse', got ${describe(policy)}.`,
        {
          received: policy,
        },
      )
    }
    if (repeat > 1 && policy !== 'allow') {
      throw new OptionError(
        'duplicates',
        `${name} runs each configuration ${repeat} times, which duplicates: '${policy}' undoes. Leave one of the two out.`,
        { received: policy },
      )
    }
    this.#policy = policy
    this.#portable = portable
  }

  /** Whether there are points that may not come again. */
  get hasTaken(): boolean {
    return this.#policy === 'resample' && this.#numbers.size > 0
  }

  /** Whether what becomes of a suggestion depends on how trials ended. */
  get readsResults(): boolean {
    return this.#policy === 'reuse'
  }

  /** Whether a suggestion may not be used, since its point is taken. */
  refuses(params: Params): boolean {
    return this.#policy === 'resample' && this.#numbers.has(this.#keyOf(params))
  }

  /** Number of the completed trial whose result a new one with these parameters takes over. */
  completed(params: Params): number | undefined {
    return this.#policy === 'reuse' ? this.#numbers.get(this.#keyOf(params)) : undefined
  }

  /** A trial with these parameters is made. */
  add(params: Params): void {
    if (this.#policy === 'resample') this.#numbers.set(this.#keyOf(params), -1)
  }

  end({ number, params, state }: ToldTrial): void {
    if (this.#policy === 'resample') this.add(params)
    else if (this.#policy === 'reuse' && state === 'completed') {
      const key = this.#keyOf(params)
      if (!this.#numbers.has(key)) this.#numbers.set(key, number)
    }
  }

  save(): unknown {
    return [...this.#numbers]
  }

  restore(saved: unknown): void {
    for (const [key, number] of saved as [string, number][]) this.#numbers.set(key, number)
  }

  // The key is kept for other processes, where what counts by identity is another thing.
  #keyOf(params: Params): string {
    return pointKey(this.#portable.write(params))
  }
}
