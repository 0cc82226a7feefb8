import type { AnyEventObject } from 'xstate'
import type { Params } from '../src/core/trial.ts'
import { assertNever, DivergenceError } from '../src/errors.ts'
import type { Answer, RecordedAnswer, SearchSession } from '../src/searchers/session.ts'
import type { RunningTrial } from '../src/searchers/searcher.ts'
import { pointKey } from '../src/space/same-value.ts'
import type { PolicyHost } from './policy.ts'
import type { Culprit, SearcherMessage } from './protocol.ts'

// So many calls are recorded before the searcher is asked for its state: few at first, then twice as many each time.
const TAIL_MIN = 64
const TAIL_MAX = 4096

const NONE: readonly RunningTrial[] = []

/** What the searcher answered in the past; undefined when it did not. */
type Recorded = RecordedAnswer | undefined

type Suggest = Extract<SearcherMessage, { type: 'searcher.suggest' }>
type Told = Extract<SearcherMessage, { type: 'searcher.tell' | 'searcher.observe' }>

/** A call that was done, with what must come again when it is done again. */
type Call = { readonly message: Told } | { readonly message: Suggest; readonly answer: Answer }

/**
 * A searcher in its space, with what is needed to start it again: the state that it saved, and the calls since.
 * States are asked for at doubling distances up to a bound, so that saving costs a small share of a call.
 */
export class SearcherHost implements PolicyHost<SearcherMessage> {
  readonly actor = 'searcher'
  readonly #makeSession: (saved: unknown) => SearchSession
  readonly #recorded: ((trial: number) => Recorded | Promise<Recorded>) | undefined
  #session: SearchSession
  #running = new Map<number, Params>()
  #calls: Call[] = []
  #saved: { readonly state: unknown; readonly running: ReadonlyMap<number, Params> } | undefined
  #nextSave = TAIL_MIN
  // The answer for the next trial, which the searcher is at before it is asked for.
  #ahead: { readonly trial: number; readonly answer: Answer | Promise<Answer> } | undefined

  /**
   * @param makeSession - Starts the searcher in its space, from a state that it saved where there is one.
   * @param recorded - What it answered in the past, while that is done again.
   */
  constructor(
    makeSession: (saved: unknown) => SearchSession,
    recorded?: (trial: number) => Recorded | Promise<Recorded>,
  ) {
    this.#makeSession = makeSession
    this.#recorded = recorded
    this.#session = makeSession(undefined)
  }

  /** The session that is under way. */
  get session(): SearchSession {
    return this.#session
  }

  get culprit(): Culprit {
    const { searcher, isSearching } = this.#session
    return { kind: 'searcher', name: searcher.name, isUsersPart: !isSearching }
  }

  handle(message: SearcherMessage): readonly AnyEventObject[] | Promise<readonly AnyEventObject[]> {
    if (message.type === 'searcher.close') return [{ type: 'searcher.closed' }]
    const done = this.#do(message)
    if (done instanceof Promise) return done.then((answer) => this.#record(message, answer))
    return this.#record(message, done)
  }

  /** Lets go of what the searcher holds, such as its thread. */
  close(): void {
    try {
      this.#session.close()
    } catch {
      // It is over for this searcher in any case.
    }
  }

  restart(): void | Promise<void> {
    this.close()
    this.#ahead = undefined
    // A copy, since the searcher may go on to write to what it is given.
    this.#session = this.#makeSession(structuredClone(this.#saved?.state))
    this.#running = new Map(this.#saved?.running)
    for (const [i, call] of this.#calls.entries()) {
      const done = this.#do(call.message)
      if (done instanceof Promise) return this.#goOnThinking(call, done, this.#calls.slice(i + 1))
      this.#redone(call, done)
    }
  }

  /** One call after the other, as it was the first time. */
  async #goOnThinking(
    call: Call,
    thought: Promise<Answer | undefined>,
    rest: readonly Call[],
  ): Promise<void> {
    this.#redone(call, await thought)
    for (const next of rest) this.#redone(next, await this.#do(next.message))
  }

  #redone(call: Call, answer: Answer | undefined): void {
    if ('answer' in call && answer !== undefined) assertSame(call.message.trial, call.answer, answer)
    this.#follow(call.message, answer)
  }

  #do(message: Suggest | Told): Answer | undefined | Promise<Answer | undefined> {
    switch (message.type) {
      case 'searcher.suggest':
        return this.#suggest(message.trial)
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

  #suggest(trial: number): Answer | Promise<Answer> {
    const recorded = this.#recorded?.(trial)
    if (recorded === undefined) return this.#suggestAnew(trial)
    return recorded instanceof Promise
      ? recorded.then((found) => this.#suggestAgain(trial, found))
      : this.#suggestAgain(trial, recorded)
  }

  #suggestAgain(trial: number, recorded: Recorded): Answer | Promise<Answer> {
    return recorded === undefined
      ? this.#suggestAnew(trial)
      : this.#session.suggestAgain({ number: trial, running: this.#runningFor() }, recorded)
  }

  #runningFor(): readonly RunningTrial[] {
    return this.#session.readsRunning ? this.#runningTrials() : NONE
  }

  #suggestAnew(trial: number): Answer | Promise<Answer> {
    const answer =
      this.#ahead?.trial === trial
        ? this.#ahead.answer
        : this.#session.suggest({
            number: trial,
            running: this.#runningFor(),
          })
    this.#ahead = undefined
    if (!(answer instanceof Promise) || !this.#session.canAskAhead) return answer
    return answer.then((settled) => {
      if (settled.kind === 'trial') this.#askAhead(trial + 1)
      return settled
    })
  }

  /** While the experiment does other things, a searcher that takes its time is already at the next configuration. */
  #askAhead(trial: number): void {
    const answer = this.#session.suggest({ number: trial, running: NONE })
    this.#ahead = { trial, answer }
    // It counts as failed when it is asked for, and not before.
    if (answer instanceof Promise) answer.catch(() => {})
  }

  #record(message: Suggest | Told, answer: Answer | undefined): readonly AnyEventObject[] {
    this.#follow(message, answer)
    if (message.type !== 'searcher.suggest') this.#calls.push({ message })
    else if (answer !== undefined) this.#calls.push({ message, answer })
    if (this.#calls.length >= this.#nextSave) this.#save()
    return answer === undefined || message.type !== 'searcher.suggest'
      ? []
      : [{ type: 'searcher.answered', trial: message.trial, answer }]
  }

  #follow(message: Suggest | Told, answer: Answer | undefined): void {
    if (message.type === 'searcher.tell') this.#running.delete(message.told.number)
    else if (answer?.kind === 'trial' && message.type === 'searcher.suggest') {
      this.#running.set(message.trial, answer.params)
    }
  }

  #save(): void {
    const state = this.#savedState()
    if (state === undefined) {
      // It may have none just now.
      this.#nextSave = this.#calls.length * 2
      return
    }
    this.#saved = { state, running: new Map(this.#running) }
    this.#nextSave = Math.min(TAIL_MAX, this.#calls.length * 2)
    this.#calls = []
  }

  #savedState(): unknown {
    // The searcher is a trial further than the calls say.
    if (this.#ahead !== undefined) return undefined
    try {
      return structuredClone(this.#session.save())
    } catch {
      // A searcher that cannot be saved is built again by doing all calls again, as one that does not offer to be.
      return undefined
    }
  }

  #runningTrials(): RunningTrial[] {
    return Array.from(this.#running, ([number, params]) => ({ number, params }))
  }
}

function assertSame(trial: number, recorded: Answer, answer: Answer): void {
  const same =
    recorded.kind === answer.kind &&
    (recorded.kind !== 'trial' ||
      answer.kind !== 'trial' ||
      pointKey(recorded.params) === pointKey(answer.params))
  if (same) return
  throw new DivergenceError(
    `After a restart the searcher proposed another configuration for trial ${trial} than before, from the same calls. A searcher may draw only from the stream that it is given, and keep nothing outside of what start() returns.`,
  )
}
