import { startSearcherThread, type Thread } from '#host'
import { OptionError, TroupeError } from '../../errors.ts'
import type {
  Ask,
  Search,
  SearchContext,
  Suggestion,
  ThreadOrder,
  ToldTrial,
} from '../../searchers/searcher.ts'
import type { FromSearcherThread, ToSearcherThread } from './messages.ts'

/**
 * Starts a searcher in a thread of its own. It answers by promise and is told without waiting, so that nothing that it
 * computes holds up the caller; what it throws when told comes out at its next suggestion. It cannot be saved: after a
 * crash it is built again by doing all calls again. The thread is there from the first call on.
 * @throws {OptionError} for a space with values that cannot be copied, and in a browser from the first call.
 */
export function startSearchInThread(order: ThreadOrder, context: SearchContext): Search {
  return new ThreadedSearch(order, context)
}

interface Waiting {
  resolve(suggestion: Suggestion): void
  reject(error: Error): void
}

class ThreadedSearch implements Search {
  readonly #start: ToSearcherThread
  readonly #name: string
  #thread: Thread | undefined
  /** By the number of their request. */
  readonly #waiting = new Map<number, Waiting>()
  #requests = 0
  #failure: Error | undefined

  constructor(order: ThreadOrder, { parameters, objectives, random, budget }: SearchContext) {
    this.#name = order.factory
    const start: ToSearcherThread = {
      type: 'start',
      order,
      // Functions that compute values cannot be sent, and no searcher models what they compute.
      parameters: parameters.filter(({ domain }) => domain.kind !== 'computed'),
      objectives,
      randomPath: random.path,
      budget,
    }
    this.#start = this.#copied(() => structuredClone(start))
  }

  suggest(ask: Ask): Promise<Suggestion> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure)
        return
      }
      const request = this.#requests++
      this.#waiting.set(request, { resolve, reject })
      this.#post({ type: 'suggest', request, ask })
      this.#thread?.hold()
    })
  }

  tell(trial: ToldTrial): void {
    this.#post({ type: 'tell', trial })
  }

  close(): void {
    this.#fail(new TroupeError('searcher', `${this.#name} was closed before it answered.`))
    this.#thread?.close()
  }

  #receive(message: FromSearcherThread): void {
    if (message.type === 'failed') {
      this.#fail(message.error)
      return
    }
    this.#waiting.get(message.request)?.resolve(message.suggestion)
    this.#waiting.delete(message.request)
    if (this.#waiting.size === 0) this.#thread?.release()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
    this.#thread?.release()
  }

  #post(message: ToSearcherThread): void {
    // Not before it is needed: an experiment that never runs shall not leave a thread behind.
    this.#thread ??= this.#open()
    const thread = this.#thread
    this.#copied(() => thread.post(message))
  }

  #open(): Thread {
    const thread = startSearcherThread()
    thread.listen({
      message: (message) => this.#receive(message as FromSearcherThread),
      failed: (error) => this.#fail(error),
    })
    thread.post(this.#start)
    return thread
  }

  #copied<T>(copy: () => T): T {
    try {
      return copy()
    } catch (cause) {
      throw new OptionError(
        `${this.#name}.thread`,
        `${this.#name} cannot think in a thread: the space or a configuration holds what cannot be copied there (${String(cause)}). Leave out thread, or use choices that are plain data.`,
        { cause },
      )
    }
  }
}
