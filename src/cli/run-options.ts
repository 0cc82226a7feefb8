import type { Reporter } from '../results/reporter.ts'
import type { Store } from '../stores/store.ts'

/**
 * What `troupe run FILE` was told, as options of the Tuner: what a FILE is called with that exports a function. Only what
 * was given is there, so that it can be put over one's own options.
 * @example export default (options: RunOptions) => new Tuner(train, { paramSpace, metric: 'loss', mode: 'min', ...options })
 */
export interface RunOptions {
  /** Where to keep it: `--storage`, else `TROUPE_STORAGE`. */
  readonly storage?: Store
  /** `--name`, and the STUDY of `troupe resume`. */
  readonly name?: string
  /** `--num-samples`. */
  readonly numSamples?: number
  /** Whether what is kept under the name is to be carried on: `--resume`, and always with `troupe resume`. */
  readonly resume?: boolean
  /** Shows it in the terminal. */
  readonly reporter?: Reporter
}
