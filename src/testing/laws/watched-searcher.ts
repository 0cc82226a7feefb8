import { describe } from '../../core/options.ts'
import { isThenable } from '../../core/thenable.ts'
import { asError } from '../../errors.ts'
import type { Ask, Search, Searcher, Suggestion, ToldTrial } from '../../searchers/searcher.ts'
import { membersOf } from '../../searchers/wrapping.ts'
import { pointKey } from '../../space/encoding.ts'
import { fingerprint } from '../fingerprint.ts'
import { Breach } from './breach.ts'

/** The laws of one call to a search. */
export const CALLS = {
  answers: "a searcher answers each request with a point, with 'wait' or with 'finished'",
  survives: 'a searcher survives every outcome that it is told',
  leaves: 'a searcher leaves what it is given as it was',
  inTime: 'a searcher answers every call in time',
  saves: 'a searcher can be saved at any time, as plain data',
  closes: 'a searcher can be closed without an error',
} as const

/** The same searcher, whose calls throw the law that they break, by name. */
export function watched(searcher: Searcher, timeoutMs: number): Searcher {
  return {
    ...membersOf(searcher),
    start(context) {
      const search = searcher.start(context) as Partial<Search> | undefined
      const { suggest, tell } = search ?? {}
      if (typeof suggest === 'function' && typeof tell === 'function')
        return watchedSearch(search as Search, timeoutMs)
      const missing =
        search === undefined ? '' : `, without ${typeof suggest === 'function' ? 'tell' : 'suggest'}`
      throw new Breach(
        CALLS.answers,
        `start returned ${describe(search)}${missing}. Return an object with suggest and tell.`,
      )
    },
  }
}

function watchedSearch(search: Search, timeoutMs: number): Search {
  let toldCount = 0
  const inTime = <T>(call: string, answer: T | PromiseLike<T>): T | Promise<T> =>
    isThenable(answer) ? settledWithin(timeoutMs, call, answer) : answer

  return {
    get isRebuiltByTells() {
      return search.isRebuiltByTells
    },
    suggest(ask) {
      const call = `suggest for trial ${ask.number}`
      const before = runningIn(ask)
      const judge = (suggestion: Suggestion): Suggestion => {
        if (runningIn(ask) !== before)
          throw new Breach(CALLS.leaves, `${call} wrote to the parameters of a trial that runs.`)
        mustBeSuggestion(call, suggestion)
        return suggestion
      }
      // Before anything was told, no outcome can be the cause.
      const law = toldCount === 0 ? CALLS.answers : CALLS.survives
      return guarded(law, call, () => inTime(call, search.suggest(ask)), judge)
    },
    tell(trial) {
      toldCount++
      const call = `tell of trial ${trial.number} (${trial.state})`
      const before = contentsOf(trial)
      const judge = (): void => {
        if (contentsOf(trial) !== before)
          throw new Breach(CALLS.leaves, `${call}: it wrote to what it was told.`)
      }
      return guarded(CALLS.survives, call, () => inTime(call, search.tell(trial)), judge)
    },
    ...(search.observe !== undefined && {
      observe: (observation) => {
        const call = `observe of trial ${observation.number} at step ${observation.step}`
        now(CALLS.survives, call, () => search.observe?.(observation))
      },
    }),
    ...(search.save !== undefined && {
      save: () => now(CALLS.saves, 'save', () => search.save?.()),
    }),
    close: () => now(CALLS.closes, 'close', () => search.close?.()),
  }
}

/** What a call gives; when it throws, that breaks a law. */
function now<T>(law: string, call: string, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    return fail(law, call, cause)
  }
}

/** The same for one that may answer by promise, whose answer is judged. */
function guarded<T, R>(
  law: string,
  call: string,
  make: () => T | Promise<T>,
  judge: (value: T) => R,
): R | Promise<R> {
  const value = now(law, call, make)
  if (!isThenable(value)) return judge(value)
  return Promise.resolve(value).then(judge, (cause: unknown) => fail(law, call, cause))
}

function fail(law: string, call: string, cause: unknown): never {
  if (cause instanceof Breach) throw cause
  throw new Breach(law, `${call} threw: ${asError(cause).message.replace(/\.$/, '')}.`, { cause })
}

async function settledWithin<T>(timeoutMs: number, call: string, answer: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const text = `${call} has not settled after ${timeoutMs} ms. Resolve its promise, or give checkSearcher a longer timeoutMs.`
      // To wait as long again for each shorter history could take minutes.
      reject(new Breach(CALLS.inTime, text, { shrinks: false }))
    }, timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

function mustBeSuggestion(call: string, received: Suggestion): void {
  const { kind } = (received ?? {}) as Partial<Suggestion>
  if (kind === 'wait' || kind === 'finished') return
  const point: unknown = kind === 'point' ? (received as { readonly point: unknown }).point : undefined
  if (typeof point === 'object' && point !== null) return
  const got = typeof kind === 'string' ? `{ kind: '${kind}', … }` : describe(received)
  const what = kind === 'point' ? "kind 'point' without a point" : got
  throw new Breach(
    CALLS.answers,
    `${call} gave ${what}. Return { kind: 'point', point: { … } }, { kind: 'wait' } or { kind: 'finished' }.`,
  )
}

function runningIn({ running }: Ask): string {
  return running.map(({ number, params }) => `${number}: ${pointKey(params)}`).join()
}

function contentsOf({ params, state, values, step, intermediate, constraints }: ToldTrial): string {
  return `${pointKey(params)} ${fingerprint([state, values, step, intermediate, constraints])}`
}
