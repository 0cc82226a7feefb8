import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { VERSION } from '../core/version.ts'
import type { SearchState } from '../searchers/session/search-states.ts'
import { restoredCheckpoint, valueContent } from './checkpoint-content.ts'
import type { CheckpointStore } from './checkpoint-store.ts'
import { STATE_KEY_END, STATES_KEY } from './experiment-keys.ts'

/** What a `SearchStateKeeper` works with. */
export interface SearchStateKeeperOptions {
  readonly store: CheckpointStore
  /** Of the experiment: its keys begin with it. */
  readonly name: string
  /** What a state belongs to, such as the seed and the space: those of others are passed over. */
  readonly mark: string
}

/** A state with what it belongs to. */
type Content = SearchState & { readonly mark: string }

// The one before is there in case that the last one cannot be read, or stands for calls whose records were lost.
const KEPT_COUNT = 2

const CHECKSUM_BYTES = 32

/**
 * Keeps the last states of an experiment's searcher beside its checkpoints. They save time, and nothing depends on them: one
 * that is missing or damaged, or of another version of this library, is as if it had never been kept.
 */
export class SearchStateKeeper {
  readonly #store: CheckpointStore
  readonly #prefix: string
  readonly #mark: string

  constructor({ store, name, mark }: SearchStateKeeperOptions) {
    this.#store = store
    this.#prefix = `${name}/${STATES_KEY}`
    this.#mark = createHash('sha256').update(`${VERSION}\n${mark}`).digest('hex')
  }

  /** Those that can be used, oldest first. */
  async read(): Promise<readonly SearchState[]> {
    const states: SearchState[] = []
    for (const key of await this.#keys()) {
      const state = await this.#stateOf(key)
      if (state !== undefined) states.push(state)
    }
    return states
  }

  /**
   * Keeps one more, and lets go of all but this one and the one before.
   * @throws {StorageError} (rejects) when it could not be kept.
   */
  async put(state: SearchState): Promise<void> {
    const key = `${this.#prefix}${String(state.calls).padStart(12, '0')}-${state.digest}`
    const content: Content = { ...state, mark: this.#mark }
    const bytes = valueContent(content)
    await this.#store.put(key, Buffer.concat([checksum(bytes), bytes]))
    const keys = await this.#keys()
    const place = keys.indexOf(key)
    // What stands for more calls was left by an experiment of this name that is no longer there, or by one that lost the end
    // of its log.
    const going = [...keys.slice(0, Math.max(0, place + 1 - KEPT_COUNT)), ...keys.slice(place + 1)]
    for (const old of going) await this.#store.delete(old)
  }

  async #keys(): Promise<readonly string[]> {
    const keys = await this.#store.list(this.#prefix)
    return keys.filter((key) => STATE_KEY_END.test(key.slice(this.#prefix.length)))
  }

  async #stateOf(key: string): Promise<SearchState | undefined> {
    try {
      const whole = await this.#store.get(key)
      const bytes = whole.subarray(CHECKSUM_BYTES)
      if (!checksum(bytes).equals(whole.subarray(0, CHECKSUM_BYTES))) return undefined
      const { mark, ...state } = (await restoredCheckpoint(bytes)).value as Content
      return mark === this.#mark ? state : undefined
    } catch {
      // All that is lost is time.
      return undefined
    }
  }
}

function checksum(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
