import { EVENT_NAMES, type ExperimentEventName, type ExperimentEvents } from '../core/events.ts'
import { isPlainObject } from '../core/metrics.ts'
import { asError, TroupeError } from '../errors.ts'
import type { Experiment } from '../runtime/experiment.ts'
import type { Callback, CallbackEnd, CallbackSession, CallbackView, ExperimentListeners } from './callback.ts'
import { checkEventName } from './event-name.ts'
import type { StorePatience } from './store-patience.ts'

type Surroundings = Pick<Experiment, 'events' | 'warn'>

/** The callbacks of one experiment: put up, started, and ended with it. None of them can harm it. */
export class Callbacks {
  readonly #members: readonly Member[]
  readonly #experiment: Surroundings

  /** @throws {OptionError} for a listener of an event that there is not. */
  constructor(callbacks: readonly Callback[], experiment: Surroundings, patience: StorePatience) {
    this.#experiment = experiment
    this.#members = callbacks.map((callback) => new Member(callback, experiment, patience))
  }

  async start(view: () => Omit<CallbackView, 'warn'>): Promise<void> {
    if (this.#members.length === 0) return
    const warn: CallbackView['warn'] = (message, cause) =>
      this.#experiment.warn({ kind: 'callback', message, cause })
    // Not spread: it says more once the experiment has begun.
    const shown: CallbackView = Object.assign(view(), { warn })
    await Promise.all(this.#members.map((member) => member.start(shown)))
  }

  async end(end: () => CallbackEnd): Promise<void> {
    if (this.#members.length === 0) return
    const told = end()
    await Promise.all(this.#members.map((member) => member.end(told)))
  }
}

class Member {
  readonly #callback: Callback
  readonly #experiment: Surroundings
  readonly #patience: StorePatience
  readonly #abort = new AbortController()
  readonly #name: string
  readonly #takeDown: () => void
  #session: CallbackSession = {}
  #isOff = false

  constructor(callback: Callback, experiment: Surroundings, patience: StorePatience) {
    this.#callback = callback
    this.#experiment = experiment
    this.#patience = patience
    this.#name = callback.name === undefined ? 'A callback' : `The callback ${callback.name}`
    this.#takeDown = this.#putUp(callback)
  }

  async start(view: CallbackView): Promise<void> {
    const { signal } = this.#abort
    try {
      this.#session = (await this.#answer('start', async () => this.#callback.start?.(view, signal))) ?? {}
      this.#putUp(this.#session)
    } catch (error) {
      this.#isOff = true
      this.#takeDown()
      this.#warn('did not start, and is switched off', error)
    }
  }

  async end(told: CallbackEnd): Promise<void> {
    if (this.#isOff) return
    try {
      await this.#answer('end', async () => {
        await this.#session.end?.(told)
        await this.#callback.end?.(told)
      })
    } catch (error) {
      this.#warn('did not end well', error)
    }
  }

  #answer<T>(call: string, ask: () => Promise<T>): Promise<T> {
    return this.#patience.wait(ask, (waitedMs) => {
      this.#abort.abort()
      return new TroupeError(
        'unresponsive',
        `${call}() has not answered for ${waitedMs / 1000} s. It must, within the time that an experiment waits; let it do less, or stop when its signal aborts.`,
      )
    })
  }

  #warn(what: string, thrown: unknown): void {
    const cause = asError(thrown)
    this.#experiment.warn({ kind: 'callback', message: `${this.#name} ${what}: ${cause.message}`, cause })
  }

  /** Gives how to take its listeners down again. */
  #putUp(owner: ExperimentListeners): () => void {
    const { events } = this.#experiment
    // Kept as methods of their owner, so that instances of a class are callbacks too.
    const listeners = namesIn(owner).map((name) => {
      const listener = (event: ExperimentEvents[ExperimentEventName]): unknown =>
        (owner[name] as (event: unknown) => unknown)(event)
      events.on(name, listener, 'callback')
      return [name, listener] as const
    })
    return () => {
      for (const [name, listener] of listeners) events.off(name, listener)
    }
  }
}

const BESIDES: ReadonlySet<string> = new Set(['name', 'start', 'end'])

/** In an object literal, a name that no event has is a slip; an instance of a class may hold what it likes. */
function namesIn(owner: ExperimentListeners): ExperimentEventName[] {
  if (isPlainObject(owner)) for (const key of Object.keys(owner)) if (!BESIDES.has(key)) checkEventName(key)
  return EVENT_NAMES.filter((name) => owner[name] !== undefined)
}

/** Says what is wrong with the option `callbacks`, if anything is. */
export function callbacksProblem(value: unknown): string | undefined {
  const isCallbacks = Array.isArray(value) && value.every(isCallback)
  return isCallbacks
    ? undefined
    : "must be an array of objects of listeners, such as [{ 'trial.report': (event) => … }], which may also have name, start and end."
}

function isCallback(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const parts = value as Readonly<Record<string, unknown>>
  const calls = isPlainObject(value)
    ? Object.keys(value).filter((key) => key !== 'name')
    : [...EVENT_NAMES, 'start', 'end']
  const isName = parts['name'] === undefined || typeof parts['name'] === 'string'
  return isName && calls.every((key) => parts[key] === undefined || typeof parts[key] === 'function')
}
