import type { AnyEventObject } from 'xstate'
import type { DecisionInfo, ExperimentEventName, ExperimentEvents } from '../../src/core/events.ts'
import type { LogRecord } from '../../src/core/log.ts'
import type { EndState, TrialRecord, TrialStatus } from '../../src/core/trial.ts'
import { loggedError } from '../../src/core/logged-error.ts'
import { deliver } from '../mail.ts'
import type { Cast, ExperimentPlan, ExperimentPorts } from '../plan.ts'
import type { LiveTrial } from './live-trial.ts'
import { toldTrial, withoutValues } from './told-trial.ts'

/** A line of the log before it is given its time. */
type LogEntry = LogRecord extends infer Line ? (Line extends LogRecord ? Omit<Line, 'at'> : never) : never

/** All that the controller says: messages to the other actors, lines of the log, events for whoever listens. */
export class Announcer {
  readonly #plan: ExperimentPlan
  readonly #ports: ExperimentPorts
  readonly #onTold: () => void
  #cast: Cast | undefined
  readonly #brokenActors = new Set<string>()

  /** @param onTold - Called whenever there was something to tell the searcher. */
  constructor(plan: ExperimentPlan, ports: ExperimentPorts, onTold: () => void) {
    this.#plan = plan
    this.#ports = ports
    this.#onTold = onTold
  }

  /** Whom it can speak to. Called once, before anything else. */
  meet(cast: Cast): void {
    this.#cast = cast
  }

  // ---- Messages ----

  /** One that cannot be spoken to any more: what is sent to it is lost. */
  lose(actor: string): void {
    this.#brokenActors.add(actor)
  }

  hasLost(actor: string): boolean {
    return this.#brokenActors.has(actor)
  }

  send(to: 'searcher' | 'scheduler' | 'trials' | 'self', message: AnyEventObject): void {
    const cast = this.#cast as Cast
    if (!this.#brokenActors.has(to)) deliver(cast.self, cast[to], message)
  }

  sendTrial({ ref }: LiveTrial, message: AnyEventObject): void {
    if (ref !== undefined) deliver((this.#cast as Cast).self, ref, message)
  }

  /** @param isStray - Its values are those of a configuration that the searcher cannot know. */
  tellSearcher(record: TrialRecord, domains: LiveTrial['domains'], isStray = false): void {
    const trial = toldTrial(record, domains, this.#plan)
    const told = isStray ? withoutValues(trial) : trial
    this.send('searcher', { type: 'searcher.tell', told })
    if (this.#plan.stoppersHearEnds) this.send('scheduler', { type: 'scheduler.told', told })
    this.#onTold()
  }

  // ---- Events ----

  hears(name: ExperimentEventName): boolean {
    return this.#ports.hears(name)
  }

  publish<Name extends ExperimentEventName>(name: Name, event: ExperimentEvents[Name]): void {
    if (this.#ports.hears(name)) this.#ports.publish(name, event)
  }

  warn(
    kind: ExperimentEvents['experiment.warning']['kind'],
    message: string,
    { trial, cause }: { readonly trial?: number; readonly cause?: Error } = {},
  ): void {
    this.publish('experiment.warning', { at: this.#ports.now(), kind, message, trial, cause })
  }

  // ---- The log ----

  log(entry: LogEntry): void {
    this.#ports.log?.({ at: this.#ports.now(), ...entry })
  }

  /**
   * A trial is in another state: for the log, and as an event.
   * @param error - What user code threw, when that is what led there.
   */
  transition(
    record: TrialRecord,
    from: TrialStatus,
    to: TrialStatus,
    cause: string,
    at: number,
    error?: Error,
  ): void {
    const { number: trial, attempt } = record
    const line = { at, type: 'trial.transition', trial, from, to, cause, attempt } as const
    this.#ports.log?.(error === undefined ? line : { ...line, error: loggedError(error) })
    this.publish('trial.transition', { trial: record, from, to, cause, attempt, at })
  }

  logDecision(
    { number: trial, attempt }: TrialRecord,
    seq: number,
    { kind, reason, evidence }: DecisionInfo,
    isByStopper: boolean,
  ): void {
    const { log, now } = this.#ports
    if (log === undefined) return
    const line = { at: now(), type: 'trial.decision', trial, attempt, seq, decision: kind } as const
    // Nearly all say nothing more.
    if (reason === undefined && evidence === undefined && !isByStopper) return log(line)
    log({
      ...line,
      ...(isByStopper ? { by: 'stopper' } : {}),
      ...(reason === undefined ? {} : { reason }),
      ...(evidence === undefined ? {} : { evidence }),
    })
  }

  logEnd({ number, values, reason, error }: TrialRecord, state: EndState): void {
    if (this.#ports.log === undefined) return
    this.log({
      type: 'trial.ended',
      trial: number,
      state,
      values,
      ...(reason === undefined ? {} : { reason }),
      ...(error === undefined ? {} : { error: error.message }),
    })
  }
}
