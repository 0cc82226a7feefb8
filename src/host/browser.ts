import { OptionError } from '../errors.ts'
import type { Thread } from '../core/thread.ts'

export type { Thread } from '../core/thread.ts'

/** How many trials of plain computation this machine runs at once without slowing each other: its cores as the browser tells them, 4 where it does not. */
export function hostCores(): number {
  // Absent in some browsers and in edge runtimes, whatever the compiler's library says.
  const { navigator } = globalThis as { navigator?: { hardwareConcurrency?: number } }
  return navigator?.hardwareConcurrency ?? 4
}

/** SHA-256 of the pieces of a text, one after the other, as 64 hexadecimal digits. */
export async function sha256(pieces: Iterable<string>): Promise<string> {
  const bytes = new TextEncoder().encode([...pieces].join(''))
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Refuses: a searcher thinks in a thread only in Node. */
export function startSearcherThread(): Thread {
  throw new OptionError('thread', 'thread: true needs the worker threads of Node. Leave it out in a browser.')
}
