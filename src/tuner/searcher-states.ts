import { type CheckpointPlace, keepSearchStates } from '#stores'
import { toJson } from '../core/plain-json.ts'
import { asError } from '../errors.ts'
import { nextMacrotask } from '../runtime/macrotask.ts'
import type { SearchState, SearchStates } from '../searchers/session.ts'
import type { Composition } from './compose.ts'
import type { StorePatience } from './store-patience.ts'

/** What the states of an experiment's searcher need of it. */
export interface SearcherStatesOptions {
  readonly place: CheckpointPlace
  /** Once it is known what the experiment is made from. */
  readonly settings: () => Composition['settings']
  /** Resolves when what was logged so far is kept. */
  readonly kept: () => Promise<void>
  readonly patience: StorePatience
  readonly warn: (message: string, cause: unknown) => void
}

/**
 * States of an experiment's searcher, kept beside its checkpoints so that it need not be asked again for what lies before
 * them. What goes wrong with them costs no more than that.
 */
export class SearcherStates implements SearchStates {
  readonly #options: SearcherStatesOptions
  #keeper: ReturnType<typeof keepSearchStates> | undefined
  #found: readonly SearchState[] = []
  #newest: SearchState | undefined
  #keeping: Promise<void> | undefined

  constructor(options: SearcherStatesOptions) {
    this.#options = options
  }

  get found(): readonly SearchState[] {
    return this.#found
  }

  /** Takes in those of earlier processes. */
  async read(): Promise<void> {
    await this.#harmlessly('read', async () => {
      this.#found = await this.#open().read()
    })
  }

  /** Keeps it in its own time. One that waits when there is a newer one is left out. */
  readonly keep = (state: SearchState): void => {
    this.#newest = state
    this.#keeping ??= this.#keepAll()
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#keeping
  }

  async #keepAll(): Promise<void> {
    // The answer that it ends with is logged by then.
    await nextMacrotask()
    for (let state = this.#newest; state !== undefined; state = this.#newest) {
      const next = state
      this.#newest = undefined
      await this.#harmlessly('kept', async () => {
        // One that was ahead of the log could not be used.
        await this.#options.kept()
        await this.#open().put(next)
      })
    }
    this.#keeping = undefined
  }

  #open(): ReturnType<typeof keepSearchStates> {
    const { place, settings } = this.#options
    const { plan } = settings()
    this.#keeper ??= keepSearchStates(place, { name: plan.name, mark: markOf(settings()) })
    return this.#keeper
  }

  async #harmlessly(what: 'read' | 'kept', act: () => Promise<void>): Promise<void> {
    const { patience, warn } = this.#options
    try {
      await patience.answer(what === 'read' ? 'get' : 'put', act)
    } catch (error) {
      warn(
        `A state of the searcher could not be ${what}: ${asError(error).message} When the experiment goes on, the searcher is asked again from the one before.`,
        error,
      )
    }
  }
}

/** What a state depends on, as far as it can be seen. */
function markOf({ plan, searcher, space, duplicates }: Composition['settings']): string {
  return toJson([plan.seed, plan.objectives, searcher, space.parameters, duplicates])
}
