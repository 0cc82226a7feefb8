import type { ExperimentEnd, ExperimentView, Reporter } from '../results/reporter.ts'
import type { Experiment } from '../runtime/experiment.ts'
import { harmless } from '../runtime/harmless.ts'
import { checkEventName } from './event-name.ts'

/** An experiment's reporter. One that throws becomes a warning. */
export class Reporting {
  #reporter: Reporter | undefined
  readonly #experiment: () => Experiment
  #unsubscribe: (() => void) | undefined

  /**
   * @param experiment - As it is now: what is taken up from a log is made anew.
   * @throws {OptionError} when it listens to what is no event.
   */
  constructor(reporter: Reporter | undefined, experiment: () => Experiment) {
    this.#reporter = reporter
    this.#experiment = experiment
    for (const name of Object.keys(reporter?.on ?? {})) checkEventName(name)
  }

  /** One that cannot start, such as a `terminal()` that shows another experiment, is not called again. */
  start(view: ExperimentView): void {
    this.#call(
      (reporter) => reporter.start(view),
      () => (this.#reporter = undefined),
    )
    if (this.#reporter === undefined) return
    this.#listenAll(this.#reporter.on ?? {})
    this.#unsubscribe = this.#experiment().broadcast.subscribe((snapshot) =>
      this.#call((reporter) => reporter.update(snapshot)),
    )
    // Of its opening, such as what its storage does not keep: a user wants to know that before the days that it takes.
    for (const warning of this.#experiment().warnings)
      this.#call((reporter) => reporter.on?.['experiment.warning']?.(warning))
  }

  /** Nothing changes any more. */
  stopUpdating(): void {
    this.#unsubscribe?.()
  }

  end(end: ExperimentEnd): void {
    this.#call((reporter) => reporter.end(end))
  }

  #call(call: (reporter: Reporter) => unknown, onThrown?: () => void): void {
    const reporter = this.#reporter
    if (reporter === undefined) return
    harmless(
      () => call(reporter),
      (cause) => {
        onThrown?.()
        this.#experiment().warn({ kind: 'reporter', message: `The reporter threw: ${cause.message}`, cause })
      },
    )
  }

  #listenAll(listeners: NonNullable<Reporter['on']>): void {
    for (const name of Object.keys(listeners)) {
      const event = checkEventName(name)
      if (listeners[event] === undefined) continue
      this.#experiment().events.on(event, listeners[event] as (event: unknown) => void, 'reporter')
    }
  }
}
