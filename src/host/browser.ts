import { OptionError } from '../errors.ts'
import type { Thread } from '../core/thread.ts'

export type { Thread } from '../core/thread.ts'

/** How many trials of plain computation this machine runs at once without slowing each other: its cores as the browser tells them, 4 where it does not. */
export function hostCores(): number {
  // Absent in some browsers and in edge runtimes, whatever the compiler's library says.
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } }
  return navigator?.hardwareConcurrency ?? 4
}

/** Refuses: a searcher thinks in a thread only in Node. */
export function startSearcherThread(): Thread {
  throw new OptionError('thread', 'thread: true needs the worker threads of Node. Leave it out in a browser.')
}
