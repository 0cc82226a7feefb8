import type { Reason, TrialRecord } from '../../src/core/trial.ts'
import type { StopDemand } from '../../src/stoppers/stopper.ts'
import type { ExperimentPlan, ExperimentPorts } from '../plan.ts'
import { isUsersFault } from '../policy.ts'
import type { Failure, PolicyActor, PolicyFault, StopCause } from '../protocol.ts'
import type { Announcer } from './announcer.ts'
import type { Ledger } from './ledger.ts'
import { PolicyClosing } from './policy-closing.ts'

/** Whether and how the experiment ends: what cuts it short, and what is still to be done before it is over. */
export class Ending {
  failure: Failure | undefined
  endedBy: StopCause = 'finished'
  /** What the stopper said that cut it short. */
  reason: Reason | undefined
  /** No trial starts any more. */
  isStopping = false
  readonly #plan: ExperimentPlan
  readonly #ports: ExperimentPorts
  readonly #announcer: Announcer
  readonly #ledger: Ledger
  readonly #closing: PolicyClosing
  /** Its end is on the way: a message about it has been sent, and nothing new is begun before that arrives. */
  #isCut = false
  #isClosingTrials = false
  #pastDemand: StopDemand | undefined

  constructor(plan: ExperimentPlan, ports: ExperimentPorts, announcer: Announcer, ledger: Ledger) {
    this.#plan = plan
    this.#ports = ports
    this.#announcer = announcer
    this.#ledger = ledger
    this.#closing = new PolicyClosing({
      ask: (actor) => announcer.send(actor, { type: `${actor}.close` }),
      later: (fn) => ports.later(plan.stopGraceMs, fn),
      onClosed: () => this.#closeTrials(),
      onLate: (actor) => this.#leaveBehind(actor),
    })
  }

  /** Whether no other trial is wanted, whatever the searcher may still think of. */
  get isOver(): boolean {
    return this.isStopping || this.#isCut
  }

  /** Why a trial ends that has not come to its own end. */
  get interruption(): Reason {
    return {
      by: 'experiment',
      text: `interrupted: the experiment ended (${this.failure?.code ?? this.endedBy})`,
    }
  }

  // ---- In its time ----

  finishWhenEmpty(): void {
    if (this.#ledger.live.size === 0) this.finish()
  }

  /** All trials have ended. Searcher and scheduler are heard out, and then it is over. */
  finish(): void {
    if (!this.#ports.isPast()) this.#closing.begin()
  }

  /** There was one more thing to tell the searcher, which is heard out about that too. */
  onTold(): void {
    this.#closing.askAgain('searcher')
  }

  onClosed(actor: PolicyActor): void {
    this.#closing.onClosed(actor)
  }

  /** One of the experiment's own actors is gone, and nobody may wait for it. */
  lose(actor: string): void {
    if (actor === 'searcher' || actor === 'scheduler') this.#closing.lose(actor)
    else if (actor === 'trials' && this.#isClosingTrials) this.#say({ type: 'experiment.finish' })
  }

  onTrialsClosed(): void {
    this.#say({ type: 'experiment.finish' })
  }

  #closeTrials(): void {
    if (this.#isClosingTrials) return
    this.#isClosingTrials = true
    if (this.#announcer.hasLost('trials')) this.#say({ type: 'experiment.finish' })
    else this.#announcer.send('trials', { type: 'trials.close' })
  }

  #leaveBehind(actor: PolicyActor): void {
    const { searcherName, schedulerName, stopGraceMs } = this.#plan
    const late = `${actor} ${actor === 'searcher' ? searcherName : schedulerName}`
    this.#announcer.warn(
      'abandoned',
      `The ${late} did not take in within ${stopGraceMs} ms how the last trials ended, and was left behind.`,
    )
    this.#closeTrials()
  }

  // ---- Before its time ----

  /** A stopper has had enough of the whole experiment. In the past it was heeded already, and may be asked otherwise now. */
  cut(demand: StopDemand): void {
    const { reason, evidence } = demand
    if (this.#ports.isPast()) this.#pastDemand = demand
    if (this.isOver || this.#ports.isPast()) return
    this.reason = { by: 'stopper', text: reason, evidence }
    this.#isCut = true
    this.endedBy = 'stopper'
    this.#say({ type: 'experiment.stop', by: 'stopper', graceful: false })
  }

  /** The past is over: what a stopper demanded there, it demands still. */
  comeToPresent(): void {
    if (this.#pastDemand !== undefined) this.cut(this.#pastDemand)
  }

  /**
   * It cannot go on. The first failure is the cause; what follows from it would only hide it. What failed in the past is
   * given another chance.
   */
  fail(code: Failure['code'], message: string, cause: unknown): void {
    if (this.#ports.isPast()) return
    const failure: Failure = { code, message, cause }
    this.#isCut = true
    this.failure ??= failure
    this.#say({ type: 'experiment.fail', failure })
  }

  /** Much happens, but time stands, so no limit of time would ever end it. */
  stalled(message: string): void {
    this.fail('stalled', `Time stands at ${this.#ports.now()} ms: ${message}`, undefined)
  }

  deadlock(message: string): void {
    this.fail('deadlock', `After ${Math.round(this.#ports.now())} ms ${message}`, undefined)
  }

  /** A trial has failed; with `failFast` that is the end of all. */
  onTrialFailed({ number, error }: TrialRecord): void {
    if (!this.#plan.failFast) return
    this.fail('failFast', `Trial ${number} failed, and failFast is set: ${error?.message ?? ''}`, error)
  }

  onPolicyFailed({ actor, culprit, error, restarts }: PolicyFault): void {
    // What the user's own space, points or where did wrong says so by itself.
    const isUsers = culprit.isUsersPart === true && isUsersFault(error)
    const { kind, name } = culprit
    const history = restarts === 0 ? 'threw' : `threw, was started again ${restarts} times, and threw again`
    this.fail(kind, isUsers ? error.message : `The ${kind} ${name} ${history}: ${error.message}`, error)
    this.#closing.lose(actor)
  }

  #say(message: { readonly type: string } & Readonly<Record<string, unknown>>): void {
    this.#announcer.send('self', message)
  }
}
