import { EventEmitter } from 'eventemitter3'
import type { ExperimentEvent, ExperimentEventName, ExperimentEvents, Warning } from '../core/events.ts'
import { harmless } from './harmless.ts'

type Listener<Name extends ExperimentEventName> = (event: ExperimentEvents[Name]) => void

/**
 * The events of one experiment. A listener that throws, or returns a promise that rejects, harms neither the
 * experiment nor the other listeners: it becomes an `experiment.warning`.
 */
export class EventHub {
  readonly #emitter = new EventEmitter<ExperimentEventName>()
  // The emitter knows the guarded listeners; users take off the ones that they put on.
  readonly #guarded = new Map<unknown, Map<string, (event: unknown) => void>>()
  readonly #taps = new Set<(event: ExperimentEvent) => void>()
  /** Hears of listeners that throw. */
  onFault: (warning: Pick<Warning, 'kind' | 'message' | 'cause'>) => void = () => {}

  on<Name extends ExperimentEventName>(
    name: Name,
    listener: Listener<Name>,
    kind: Warning['kind'] = 'listener',
  ): void {
    this.#add(name, listener, listener, kind)
  }

  #add<Name extends ExperimentEventName>(
    name: Name,
    key: Listener<Name>,
    listener: Listener<Name>,
    kind: Warning['kind'],
  ): void {
    const guarded = (event: unknown): void =>
      this.#call(name, listener, event as ExperimentEvents[Name], kind)
    let byName = this.#guarded.get(key)
    if (byName === undefined) this.#guarded.set(key, (byName = new Map()))
    if (byName.has(name)) return
    byName.set(name, guarded)
    this.#emitter.on(name, guarded)
  }

  once<Name extends ExperimentEventName>(name: Name, listener: Listener<Name>): void {
    const once: Listener<Name> = (event) => {
      this.off(name, listener)
      return listener(event)
    }
    this.#add(name, listener, once, 'listener')
  }

  off<Name extends ExperimentEventName>(name: Name, listener: Listener<Name>): void {
    const byName = this.#guarded.get(listener)
    const guarded = byName?.get(name)
    if (byName === undefined || guarded === undefined) return
    this.#emitter.off(name, guarded)
    byName.delete(name)
    if (byName.size === 0) this.#guarded.delete(listener)
  }

  /** Hears every event, with its name. Returns how to stop. `tap` is ours and must not throw. */
  tap(tap: (event: ExperimentEvent) => void): () => void {
    this.#taps.add(tap)
    return () => void this.#taps.delete(tap)
  }

  hears(name: ExperimentEventName): boolean {
    return this.#taps.size > 0 || this.#emitter.listenerCount(name) > 0
  }

  emit<Name extends ExperimentEventName>(name: Name, event: ExperimentEvents[Name]): void {
    this.#emitter.emit(name, event)
    if (this.#taps.size === 0) return
    // The pair of a name and its own event is one of the union, which the compiler cannot see for a generic name.
    const named = { type: name, ...event } as ExperimentEvent
    for (const tap of this.#taps) tap(named)
  }

  #call<Name extends ExperimentEventName>(
    name: Name,
    listener: Listener<Name>,
    event: ExperimentEvents[Name],
    kind: Warning['kind'],
  ): void {
    harmless(
      () => listener(event),
      (error) => this.#onThrown(name, kind, error),
    )
  }

  #onThrown(name: string, kind: Warning['kind'], error: Error): void {
    // A listener of warnings that throws would hear of itself for ever.
    if (name === 'experiment.warning') return
    this.onFault({ kind, message: `A ${kind} of ${name} threw: ${error.message}`, cause: error })
  }
}
