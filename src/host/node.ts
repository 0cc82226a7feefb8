import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { TroupeError } from '../errors.ts'
import type { Thread } from '../core/thread.ts'

export type { Thread } from '../core/thread.ts'

/** How many trials of plain computation this machine runs at once without slowing each other: its usable cores, from 1. */
export function hostCores(): number {
  return availableParallelism()
}

/** SHA-256 of the pieces of a text, one after the other, as 64 hexadecimal digits. */
export function sha256(pieces: Iterable<string>): Promise<string> {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return Promise.resolve(hash.digest('hex'))
}

/** Starts a thread that makes a searcher and thinks for it. */
export function startSearcherThread(): Thread {
  const isSource = import.meta.url.endsWith('.ts')
  // Named by hand, since the compiler rewrites imports alone.
  const file = new URL(`../runtime/threads/searcher-worker.${isSource ? 'ts' : 'js'}`, import.meta.url)
  const worker = new Worker(file, isSource ? { execArgv: [...process.execArgv, ...readingTypeScript()] } : {})
  worker.unref()
  let isClosed = false
  return {
    post: (message) => worker.postMessage(message),
    listen({ message, failed }) {
      worker.on('message', message)
      worker.on('error', failed)
      worker.on('exit', (code) => {
        if (!isClosed)
          failed(new TroupeError('searcher', `The thread of a searcher ended with code ${code}.`))
      })
    },
    hold: () => worker.ref(),
    release: () => worker.unref(),
    close() {
      isClosed = true
      void worker.terminate()
    },
  }
}

/** What tsx does for the main thread it does not do for others: they have to ask for it. Only sources need it. */
function readingTypeScript(): string[] {
  const tsx = import.meta.resolve('tsx/esm/api')
  return ['--import', `data:text/javascript,import { register } from '${tsx}'; register()`]
}
