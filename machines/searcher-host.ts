import type { AnyEventObject } from 'xstate'
import type { Params } from '../src/core/trial.ts'
import { assertNever, DivergenceError } from '../src/errors.ts'
import {
  type Answer,
  type PastAnswers,
  type RecordedAnswer,
  recordedAnswer,
  type SearchSession,
  type SearchState,
  type SearchStates,
} from '../src/searchers/session.ts'
import { CallDigest } from '../src/searchers/session/call-digest.ts'
import type { RunningTrial } from '../src/searchers/searcher.ts'
import { pointKey } from '../src/space/same-value.ts'
import type { PolicyHost } from './policy.ts'
import type { Culprit, SearcherMessage } from './protocol.ts'

// The searcher is asked for its state after a quarter more calls: what a search costs to save grows with it, so all of that
// is a few times the cost of the last one; and no more than a fifth of the calls is ever to be done again.
const TAIL_SHARE = 0.25
const TAIL_MIN = 64
const TAIL_MAX = 4096

const NONE: readonly RunningTrial[] = []

type Suggest = Extract<SearcherMessage, { type: 'searcher.suggest' }>
type Told = Extract<SearcherMessage, { type: 'searcher.tell' | 'searcher.observe' }>

/** A call that was done, with what must come again when it is done again. */
type Call =
  | { readonly message: Told }
  | {
      readonly message: Suggest
      readonly answer: Answer
      /** Whether the answer was that of an earlier process. */
      readonly isPast: boolean
    }

/** How a search is taken up from an earlier process, and left to a later one. */
export interface SearchBeyond {
  /** What it answered in the past, while that is done again. */
  readonly past?: PastAnswers | undefined
  /** Where its states are kept, if they are. */
  readonly states?: SearchStates | undefined
}

/**
 * A searcher in its space, with what is needed to start it again: the state that it saved, and the calls since. States are
 * asked for at growing distances up to a bound, so that saving costs a small share of a call. Of a searcher that would have to
 * be asked again in another process they are kept for that too; there, while the past is done again, it is left alone up to
 * where the last of them stands.
 */
export class SearcherHost implements PolicyHost<SearcherMessage> {
  readonly actor = 'searcher'
  readonly #makeSession: (saved: unknown) => SearchSession
  readonly #past: PastAnswers | undefined
  readonly #states: SearchStates | undefined
  readonly #digest: CallDigest | undefined
  #session: SearchSession
  #running = new Map<number, Params>()
  #callCount = 0
  // Since the last state.
  #calls: Call[] = []
  #saved: { readonly state: unknown; readonly running: ReadonlyMap<number, Params> } | undefined
  #nextSave = TAIL_MIN
  // States of an earlier process that stand at calls which are still to be done again, in order.
  #coming: SearchState[]
  // The answer for the next trial, which the searcher is at before it is asked for.
  #ahead: { readonly trial: number; readonly answer: Answer | Promise<Answer> } | undefined

  /** @param makeSession - Starts the searcher in its space, from a state that it saved where there is one. */
  constructor(makeSession: (saved: unknown) => SearchSession, { past, states }: SearchBeyond = {}) {
    this.#makeSession = makeSession
    this.#past = past
    this.#states = states
    this.#digest = states && new CallDigest()
    this.#session = makeSession(undefined)
    this.#coming = states?.found.filter(({ saved }) => this.#canStartFrom(saved)) ?? []
    this.#session.rests = this.#coming.length > 0
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
    const waking = this.#hasRested ? this.restart() : undefined
    const done = waking === undefined ? this.#do(message) : waking.then(() => this.#do(message))
    if (done instanceof Promise) return done.then((call) => this.#record(call))
    return this.#record(done)
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
    this.#coming = []
    // A copy, since the searcher may go on to write to what it is given.
    this.#session = this.#makeSession(structuredClone(this.#saved?.state))
    this.#running = new Map(this.#saved?.running)
    for (const [i, call] of this.#calls.entries()) {
      const done = this.#doAgain(call)
      if (done instanceof Promise) return this.#goOnThinking(call, done, this.#calls.slice(i + 1))
      this.#redone(call, done)
    }
  }

  /** One call after the other, as it was the first time. */
  async #goOnThinking(call: Call, thought: Promise<Call>, rest: readonly Call[]): Promise<void> {
    this.#redone(call, await thought)
    for (const next of rest) this.#redone(next, await this.#doAgain(next))
  }

  #redone(call: Call, again: Call): void {
    if ('answer' in call && 'answer' in again) assertSame(call.message.trial, call.answer, again.answer)
    this.#follow(again)
  }

  #doAgain(call: Call): Call | Promise<Call> {
    return 'answer' in call && call.isPast
      ? this.#suggestAgain(call.message, recordedAnswer(call.answer))
      : this.#doAnew(call.message)
  }

  #do(message: Suggest | Told): Call | Promise<Call> {
    const past = this.#past
    if (message.type !== 'searcher.suggest' || past === undefined || past.isPresent)
      return this.#doAnew(message)
    const recorded = past.answer(message.trial)
    return recorded instanceof Promise
      ? recorded.then((found) => this.#suggestAsRecorded(message, found))
      : this.#suggestAsRecorded(message, recorded)
  }

  #doAnew(message: Suggest | Told): Call | Promise<Call> {
    switch (message.type) {
      case 'searcher.suggest':
        return answered(message, this.#suggestAnew(message.trial), false)
      case 'searcher.tell': {
        const told = this.#session.tell(message.told)
        return told instanceof Promise ? told.then(() => ({ message })) : { message }
      }
      case 'searcher.observe':
        this.#session.observe(message.observation)
        return { message }
      default:
        return assertNever(message, 'A message to the searcher')
    }
  }

  /** @param recorded - Undefined when the past ended before. */
  #suggestAsRecorded(message: Suggest, recorded: RecordedAnswer | undefined): Call | Promise<Call> {
    if (recorded !== undefined) return this.#suggestAgain(message, recorded)
    const waking = this.#session.rests ? this.restart() : undefined
    return waking === undefined ? this.#doAnew(message) : waking.then(() => this.#doAnew(message))
  }

  #suggestAgain(message: Suggest, recorded: RecordedAnswer): Call | Promise<Call> {
    const ask = { number: message.trial, running: this.#runningFor() }
    return answered(message, this.#session.suggestAgain(ask, recorded), true)
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

  #record(call: Call): readonly AnyEventObject[] {
    this.#follow(call)
    this.#calls.push(call)
    this.#count(call)
    if (this.#session.rests) this.#meetState()
    else if (this.#calls.length >= this.#nextSave) this.#save()
    return 'answer' in call
      ? [{ type: 'searcher.answered', trial: call.message.trial, answer: call.answer }]
      : []
  }

  #follow(call: Call): void {
    if (call.message.type === 'searcher.tell') this.#running.delete(call.message.told.number)
    else if ('answer' in call && call.answer.kind === 'trial')
      this.#running.set(call.message.trial, call.answer.params)
  }

  #count(call: Call): void {
    this.#callCount++
    if ('answer' in call) this.#digest?.answered(call.message.trial, call.answer)
    else if (call.message.type === 'searcher.tell') this.#digest?.told(call.message.told)
    else this.#digest?.observed(call.message.observation)
  }

  #save(): void {
    const state = this.#savedState()
    if (state === undefined) {
      // It may have none just now.
      this.#nextSave = this.#calls.length * 2
      return
    }
    this.#goOnFrom(state)
    // Of what need not be asked again the log says enough.
    if (this.#digest !== undefined && this.#session.isRebuiltByAsks)
      this.#states?.keep({ calls: this.#callCount, digest: this.#digest.text, saved: state })
  }

  /** What came before this need not be done again. */
  #goOnFrom(state: unknown): void {
    this.#saved = { state, running: new Map(this.#running) }
    this.#calls = []
    this.#nextSave = Math.min(TAIL_MAX, Math.max(TAIL_MIN, Math.ceil(this.#callCount * TAIL_SHARE)))
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

  #canStartFrom(state: unknown): boolean {
    try {
      this.#makeSession(structuredClone(state)).close()
      return true
    } catch {
      // Of another version, or of a searcher with other options.
      return false
    }
  }

  /** A state of an earlier process may stand here. One that stands for other calls is passed over. */
  #meetState(): void {
    for (let state = this.#coming[0]; state !== undefined; state = this.#coming[0]) {
      if (state.calls > this.#callCount) return
      this.#coming.shift()
      if (state.calls === this.#callCount && state.digest === this.#digest?.text) this.#goOnFrom(state.saved)
    }
  }

  /** Whether the searcher was left alone, and is needed now: no state is to come, or none that could come. */
  get #hasRested(): boolean {
    return this.#session.rests && (this.#coming.length === 0 || this.#past?.isPresent !== false)
  }

  #runningTrials(): RunningTrial[] {
    return Array.from(this.#running, ([number, params]) => ({ number, params }))
  }
}

function answered(message: Suggest, answer: Answer | Promise<Answer>, isPast: boolean): Call | Promise<Call> {
  return answer instanceof Promise
    ? answer.then((settled) => ({ message, answer: settled, isPast }))
    : { message, answer, isPast }
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
