/** What runs in the thread of a searcher: it makes the searcher, and hands on what is asked and told. */
import { parentPort } from 'node:worker_threads'
import { asError, assertNever, TroupeError } from '../../errors.ts'
import { randomStream } from '../../random/random.ts'
import { auto } from '../../searchers/auto.ts'
import { cmaes } from '../../searchers/cmaes/cmaes.ts'
import { gp } from '../../searchers/gp/gp.ts'
import { nsga2 } from '../../searchers/nsga2.ts'
import { nsga3 } from '../../searchers/nsga3.ts'
import type { Search, Searcher } from '../../searchers/searcher.ts'
import { tpe } from '../../searchers/tpe/tpe.ts'
import type { FromSearcherThread, ToSearcherThread } from './messages.ts'

const FACTORIES: Readonly<Record<string, (options: object) => Searcher>> = {
  auto,
  cmaes,
  gp,
  nsga2,
  nsga3,
  tpe,
}

let search: Search | undefined
let failed = false
// One message after the other, also if a searcher should answer by promise.
let done: Promise<void> = Promise.resolve()

parentPort?.on('message', (message: ToSearcherThread) => {
  done = done.then(() => handle(message)).catch(fail)
})

async function handle(message: ToSearcherThread): Promise<void> {
  if (failed) return
  switch (message.type) {
    case 'start':
      search = start(message)
      return
    case 'suggest': {
      const suggestion = await started().suggest(message.ask)
      post({ type: 'suggested', request: message.request, suggestion })
      return
    }
    case 'tell':
      await started().tell(message.trial)
      return
    default:
      assertNever(message, 'A message to the thread of a searcher')
  }
}

function start({
  order,
  parameters,
  objectives,
  randomPath,
  budget,
}: Extract<ToSearcherThread, { type: 'start' }>): Search {
  const make = FACTORIES[order.factory]
  if (make === undefined) throw new TroupeError('searcher', `${order.factory} cannot be made in a thread.`)
  return make(order.options).start({
    parameters,
    objectives,
    gridSize: 1,
    random: randomStream(randomPath),
    // What a suggestion leaves out is drawn where the space is.
    sample: () => ({}),
    ...(budget !== undefined && { budget }),
  })
}

function started(): Search {
  if (search === undefined)
    throw new TroupeError('searcher', 'The thread of a searcher was asked before it was started.')
  return search
}

function fail(error: unknown): void {
  failed = true
  post({ type: 'failed', error: asError(error) })
}

function post(message: FromSearcherThread): void {
  parentPort?.postMessage(message)
}
