import type { AnyEventObject } from 'xstate'
import type { Params } from '../src/core/trial.ts'
import { assertNever, DivergenceError } from '../src/errors.ts'
import type { Answer, SearchSession } from '../src/searchers/session.ts'
import type { RunningTrial } from '../src/searchers/searcher.ts'
import { pointKey } from '../src/space/same-value.ts'
import type { PolicyHost } from './policy.ts'
import type { SearcherMessage } from './protocol.ts'

// So many calls are recorded before the searcher is asked for its state: few at first, then twice as many each time.
const TAIL_MIN = 64
const TAIL_MAX = 4096

const NONE: readonly RunningTrial[] = []

/** A call that was done, with what must come again when it is done again. */
type Call =
  | { readonly message: Exclude<SearcherMessage, { type: 'searcher.suggest' }> }
  | { readonly message: Extract<SearcherMessage, { type: 'searcher.suggest' }>; readonly answer: Answer }

/**
 * A searcher in its space, with what is needed to start it again: the state that it saved, and the calls since.
 * States are asked for at doubling distances up to a bound, so that saving costs a small share of a call.
 */
export class SearcherHost implements PolicyHost<SearcherMessage> {
  readonly policy = 'searcher'
  readonly #makeSession: (saved: unknown) => SearchSession
  #session: SearchSession
  #running = new Map<number, Params>()
  #calls: Call[] = []
  #saved: { readonly state: unknown; readonly running: ReadonlyMap<number, Params> } | undefined
  #nextSave = TAIL_MIN

  /** @param makeSession - Starts the searcher in its space, from a state that it saved where there is one. */
  constructor(makeSession: (saved: unknown) => SearchSession) {
    this.#makeSession = makeSession
    this.#session = makeSession(undefined)
  }

  /** The session that is under way. */
  get session(): SearchSession {
    return this.#session
  }

  handle(message: SearcherMessage): readonly AnyEventObject[] | Promise<readonly AnyEventObject[]> {
    const done = this.#do(message)
    if (done instanceof Promise) return done.then((answer) => this.#record(message, answer))
    return this.#record(message, done)
  }

  restart(): void {
    this.#session = this.#makeSession(this.#saved?.state)
    this.#running = new Map(this.#saved?.running)
    for (const call of this.#calls) {
      const done = this.#do(call.message)
      // A searcher that answers by promise cannot be driven from here without a wait; its answers are taken as they
      // were, and only its state is built again.
      const answer = done instanceof Promise || !('answer' in call) ? undefined : done
      if (answer !== undefined && 'answer' in call) assertSame(call.message.trial, call.answer, answer)
      this.#follow(call.message, 'answer' in call ? call.answer : undefined)
    }
  }

  #do(message: SearcherMessage): Answer | undefined | Promise<Answer | undefined> {
    switch (message.type) {
      case 'searcher.suggest':
        return this.#session.suggest({
          number: message.trial,
          running: this.#session.searcher.ignoresResults === true ? NONE : this.#runningTrials(),
        })
      case 'searcher.tell': {
        const told = this.#session.tell(message.told)
        return told instanceof Promise ? told.then(() => undefined) : undefined
      }
      case 'searcher.observe':
        this.#session.observe(message.observation)
        return undefined
      default:
        return assertNever(message, 'A message to the searcher')
    }
  }

  #record(message: SearcherMessage, answer: Answer | undefined): readonly AnyEventObject[] {
    this.#follow(message, answer)
    if (message.type !== 'searcher.suggest') this.#calls.push({ message })
    else if (answer !== undefined) this.#calls.push({ message, answer })
    if (this.#calls.length >= this.#nextSave) this.#save()
    return answer === undefined || message.type !== 'searcher.suggest'
      ? []
      : [{ type: 'searcher.answered', trial: message.trial, answer }]
  }

  #follow(message: SearcherMessage, answer: Answer | undefined): void {
    if (message.type === 'searcher.tell') this.#running.delete(message.told.number)
    else if (answer?.kind === 'trial' && message.type === 'searcher.suggest') {
      this.#running.set(message.trial, answer.params)
    }
  }

  #save(): void {
    const state = this.#session.save()
    if (state === undefined) {
      this.#nextSave = Infinity
      return
    }
    this.#saved = { state: structuredClone(state), running: new Map(this.#running) }
    this.#nextSave = Math.min(TAIL_MAX, this.#calls.length * 2)
    this.#calls = []
  }

  #runningTrials(): RunningTrial[] {
    return Array.from(this.#running, ([number, params]) => ({ number, params }))
  }
}

function assertSame(trial: number, recorded: Answer, answer: Answer): void {
  const same =
    recorded.kind === answer.kind &&
    (recorded.kind !== 'trial' || answer.kind !== 'trial' || pointKey(recorded.params) === pointKey(answer.params))
  if (same) return
  throw new DivergenceError(
    `After a restart the searcher proposed another configuration for trial ${trial} than before, from the same calls. A searcher may draw only from the stream that it is given, and keep nothing outside of what start() returns.`,
  )
}
