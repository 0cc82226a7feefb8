import { type Checks, must } from '../core/options.ts'
import { OptionError } from '../errors.ts'
import { SEARCHER_DEFAULTS, type Searcher, type SearcherOptions } from './searcher.ts'

/** The option that searchers take whose suggestions may need a while. */
export interface ThreadOptions {
  /**
   * Whether to think in a worker thread, so that the experiment's event loop never waits for a suggestion. The
   * suggestions are the same. Not to be had in browsers. Default false.
   */
  readonly thread?: boolean | undefined
}

/** Default of `ThreadOptions`, for a factory to spread into its own. */
export const THREAD_DEFAULTS = { thread: false } as const

/** Check of `ThreadOptions`. */
export const THREAD_CHECKS: Checks<ThreadOptions> = { thread: must.beBoolean }

/**
 * The searcher itself, or, with `thread: true`, one that has itself made again in a thread when it starts.
 * @param options - What the factory was given. What concerns the session (points, space, metric, seed) stays behind.
 * @throws {OptionError} with `thread: true` and an option that is a function, which no thread can be given.
 */
export function inThread(searcher: Searcher, options: SearcherOptions & ThreadOptions): Searcher {
  if (options.thread !== true) return searcher
  const { name } = searcher
  const own = Object.entries(options).filter(
    ([key]) => key !== 'thread' && !Object.hasOwn(SEARCHER_DEFAULTS, key),
  )
  const code = own.find(([, value]) => typeof value === 'function')
  if (code !== undefined) {
    throw new OptionError(
      `${name}.thread`,
      `${name}.${code[0]} is a function, which cannot be sent to a thread. Leave out thread, or ${code[0]}.`,
      { received: code[1] },
    )
  }
  const order = { factory: name, options: Object.fromEntries(own) }
  return {
    ...searcher,
    start(context) {
      if (context.startThread !== undefined) return context.startThread(order, context)
      throw new OptionError(
        `${name}.thread`,
        `${name} was asked to think in a thread, but whoever runs it offers none. Leave out thread.`,
      )
    },
  }
}
