import type { LogRecord } from '../src/core/log.ts'
import type { Reason, Resources } from '../src/core/trial.ts'
import { assertNever } from '../src/errors.ts'
import { sameValue } from '../src/space/same-value.ts'
import { Announcer } from './controller/announcer.ts'
import type { Desk } from './controller/desk.ts'
import { Ending } from './controller/ending.ts'
import { Judge } from './controller/judge.ts'
import { Ledger } from './controller/ledger.ts'
import type { LiveTrial } from './controller/live-trial.ts'
import { Lives } from './controller/lives.ts'
import { Quota } from './controller/quota.ts'
import { Room } from './controller/room.ts'
import type { Cast, ExperimentPlan, ExperimentPorts } from './plan.ts'
import type { ExperimentMessage, Failure, PolicyFault, StopCause, UsersWord } from './protocol.ts'

const WORDS = {
  'experiment.pauseTrial': 'pause',
  'experiment.resumeTrial': 'resume',
  'experiment.stopTrial': 'stop',
} as const

/** How an experiment goes on. */
export type Resumption = Pick<
  Extract<LogRecord, { readonly type: 'experiment.resumed' }>,
  'trialCount' | 'slotCount' | 'totalResources' | 'retried' | 'unfinished'
>

/**
 * What the experiment's actor does with its messages: who is asked when, and who is told what. It is the only writer
 * of trial records. Everything it needs of the world comes in by `ExperimentPorts`, so it runs the same in real and in
 * virtual time.
 *
 * A proposal becomes a trial in `TrialMaker`; `Room` says which trial runs next; `Judge` has reports decided; `Lives`
 * follows each trial to its end; `Ending` brings the whole to its own.
 */
export class Controller {
  readonly plan: ExperimentPlan
  readonly ledger: Ledger
  readonly #desk: Desk
  readonly #room: Room
  readonly #judge: Judge
  readonly #lives: Lives
  #hasStarted = false
  #isHandling = false

  constructor(plan: ExperimentPlan, ports: ExperimentPorts) {
    this.plan = plan
    this.ledger = new Ledger(plan.slotCount, plan.totalResources)
    const announcer: Announcer = new Announcer(plan, ports, () => ending.onTold())
    const ending = new Ending(plan, ports, announcer, this.ledger)
    this.#desk = { plan, ports, ledger: this.ledger, quota: new Quota(plan), announcer, ending }
    this.#room = new Room(this.#desk)
    this.#judge = new Judge(this.#desk, this.#room)
    this.#lives = new Lives(this.#desk, this.#room, this.#judge)
  }

  get failure(): Failure | undefined {
    return this.#desk.ending.failure
  }

  get endedBy(): StopCause {
    return this.#desk.ending.endedBy
  }

  /** What the stopper said that ended it early, if one did. */
  get endReason(): Reason | undefined {
    return this.#desk.ending.reason
  }

  /** Whether no other trial is wanted, whatever the searcher may still think of. */
  get isOver(): boolean {
    return this.#desk.ending.isOver
  }

  /** What keeps the experiment from going on, as a person would say it. */
  waitingFor(): string[] {
    const { counts } = this.ledger
    const waits = this.#room.waitingFor()
    if (counts.running > 0) waits.push(`${trials(counts.running)} to report or end`)
    if (counts.stopping > 0) waits.push(`${trials(counts.stopping)} to leave`)
    if (counts.retrying > 0) waits.push(`${trials(counts.retrying)} to try again`)
    const held = [...this.ledger.waitingTrials()].filter((trial) => trial.held)
    if (held.length > 0) waits.push(`the user to resume ${held.map((trial) => trial.record.id).join(', ')}`)
    return waits
  }

  /** Hears whom it can speak to. Called once, before anything else. */
  meet(cast: Cast): void {
    this.#desk.announcer.meet(cast)
  }

  begin(): void {
    const { announcer, ports } = this.#desk
    const { name, seed } = this.plan
    this.logStart()
    announcer.publish('experiment.start', { name, seed, at: ports.now() })
    this.#room.begin()
  }

  /** Sees to it that its log begins with its start, however soon it ends: so it can be gone on with. */
  logStart(): void {
    if (this.#hasStarted) return
    const { name, seed, objectives, searcherName: searcher, schedulerName: scheduler } = this.plan
    const { trialCount, slotCount, totalResources } = this.plan
    this.#hasStarted = true
    this.#desk.announcer.log({
      type: 'experiment.started',
      name,
      seed,
      objectives,
      searcher,
      scheduler,
      trialCount,
      slotCount,
      totalResources,
    })
  }

  /** Does one message. Those that move the experiment's own machine are not among them. */
  handle(message: ExperimentMessage): void {
    this.#isHandling = true
    try {
      this.#do(message)
    } finally {
      this.#isHandling = false
    }
  }

  #do(message: ExperimentMessage): void {
    switch (message.type) {
      case 'trial.reported':
        return this.#judge.onReported(message)
      case 'scheduler.decided':
        return this.#judge.onDecided(message)
      case 'trial.entered':
        return this.#lives.onEntered(message)
      case 'searcher.answered':
        return this.#room.onAnswered(message.trial, message.answer)
      case 'scheduler.chose':
        return this.#room.onChose(message.trial)
      case 'scheduler.commanded':
        return this.#judge.onCommanded(message.commands)
      case 'scheduler.demanded':
        return this.#desk.ending.cut(message.demand)
      case 'trials.spawned':
        return this.#lives.onSpawned(message.trial, message.ref)
      case 'trials.crashed':
        return this.#lives.onCrashed(message.trial, message.error)
      case 'trial.noted':
        return this.#lives.onNoted(message)
      case 'trials.closed':
        return this.#desk.ending.onTrialsClosed()
      case 'searcher.closed':
        return this.#desk.ending.onClosed('searcher')
      case 'scheduler.closed':
        return this.#desk.ending.onClosed('scheduler')
      case 'experiment.pauseTrial':
        return this.#pauseTrial(message.trial)
      case 'experiment.resumeTrial':
        return this.#resumeTrial(message.trial)
      case 'experiment.stopTrial':
        return this.#stopTrial(message.trial)
      case 'policy.restarted':
        return this.#onPolicyRestarted(message)
      case 'policy.failed':
        return this.#desk.ending.onPolicyFailed(message)
      case 'experiment.start':
      case 'experiment.stop':
      case 'experiment.fail':
      case 'experiment.abort':
      case 'experiment.finish':
        return undefined
      default:
        return assertNever(message, 'A message to the experiment')
    }
  }

  // ---- The user's hand ----

  /** Writes down what the user says, which comes as a message in its turn. */
  hear({ type, trial }: UsersWord): void {
    const to = WORDS[type]
    this.#desk.announcer.log({ type: 'trial.steered', trial, to, ...(this.#isHandling && { during: true }) })
  }

  #pauseTrial(number: number): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    this.ledger.hold(trial, true)
    if (trial.record.status === 'pending' && trial.worker < 0 && trial.ref !== undefined)
      this.#lives.holdBack(trial)
  }

  #resumeTrial(number: number): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined || !trial.held) return
    this.ledger.hold(trial, false)
    this.#room.reconsider()
    this.#room.pump()
  }

  #stopTrial(number: number): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined || trial.ending !== undefined) return
    this.#endByUser(trial, 'stopped by the user')
  }

  #endByUser(trial: LiveTrial, text: string): void {
    const reason: Reason = { by: 'user', text }
    if (trial.ref === undefined) trial.ending = { state: 'pruned', reason }
    else this.#judge.end(trial, 'pruned', reason)
  }

  // ---- Going on after a break ----

  /** It was told to stop, and goes on afterwards: trials that run may come to their ends, but none starts. */
  suspend(): void {
    this.#room.shut()
  }

  /**
   * It goes on: after a stop, or where its process was cut off. User code is gone, so what ran is in its next attempt, or
   * ends.
   */
  resume({
    trialCount,
    slotCount = this.ledger.slotCount,
    totalResources = this.ledger.pool.total,
    retried = [],
    unfinished,
  }: Resumption): void {
    const { announcer } = this.#desk
    announcer.log({
      type: 'experiment.resumed',
      trialCount,
      slotCount,
      totalResources,
      ...(unfinished !== undefined && { unfinished }),
      ...(retried.length > 0 && { retried }),
    })
    for (const trial of [...this.ledger.live.values()]) {
      if (unfinished === 'skip')
        this.#endByUser(trial, 'left where it was, since unfinished trials are skipped')
      else if (trial.run.alive) this.#lives.renew(trial)
    }
    for (const { trial, goesOn } of retried) this.#room.retry(trial, goesOn)
    this.#room.open()
    this.#resize(trialCount, slotCount, totalResources)
  }

  /** There are more trials to come, or more room for them, than there were; or less. */
  #resize(trialCount: number, slotCount: number, total: Resources): void {
    const { ledger } = this
    const { quota } = this.#desk
    const isAsBefore =
      quota.trialCount === trialCount && ledger.slotCount === slotCount && sameValue(ledger.pool.total, total)
    if (isAsBefore) return
    quota.trialCount = trialCount
    ledger.slotCount = slotCount
    ledger.pool.total = total
    for (const trial of [...ledger.waitingTrials()]) this.#judge.fit(trial)
    this.#room.reconsider()
    this.#room.pump()
  }

  /** What happened before has been done again; from here on all is new. */
  comeToPresent(): void {
    this.#desk.ending.comeToPresent()
    // What is under way will move it by itself, as it did before.
    if (!this.ledger.isActive) this.#room.pump()
  }

  // ---- The end ----

  /** No trial starts from now on. Those that run are told to leave, or let to their ends when `graceful`. */
  stop(by: StopCause, graceful: boolean): void {
    this.#desk.ending.endedBy = by
    this.#interrupt(graceful)
  }

  /** The experiment cannot go on: all trials are told to leave, and it then ends with this failure. */
  fail(failure: Failure): void {
    // The first failure is the cause; what follows from it would only hide it.
    this.#desk.ending.failure ??= failure
    this.#interrupt(false)
  }

  #interrupt(graceful: boolean): void {
    const { announcer, ending, ports } = this.#desk
    this.logStart()
    announcer.log({
      type: 'experiment.stopping',
      by: ending.failure?.code ?? ending.endedBy,
      graceful,
    })
    ending.isStopping = true
    this.#room.goOn()
    for (const trial of this.ledger.live.values()) {
      const { status } = trial.record
      if (graceful && (status === 'running' || status === 'stopping')) continue
      if (status === 'paused' && !trial.run.alive) this.#lives.onInterrupted(trial, ports.now())
      else this.#lives.interrupt(trial)
    }
    ending.finishWhenEmpty()
  }

  /** The experiment cannot go on, and user code is not waited for: all trials are interrupted where they are. */
  abort(failure: Failure): void {
    const { ending } = this.#desk
    ending.failure ??= failure
    ending.isStopping = true
    this.#room.goOn()
    for (const trial of this.ledger.live.values())
      this.#lives.enterWithoutActor(trial, 'paused', 'experiment.abort')
    ending.finishWhenEmpty()
  }

  /** The experiment's own actor is gone, so nothing can be said any more: all trials are interrupted where they are. */
  endWithoutActors(failure: Failure): void {
    const at = this.#desk.ports.now()
    this.#room.forgetQuestions()
    this.#room.goOn()
    for (const trial of [...this.ledger.live.values()]) {
      const { record, run } = trial
      run.dispose()
      this.ledger.enter(record, 'paused', at, 'experiment.abort')
      record.state = 'interrupted'
      record.endedAt = at
      record.reason = { by: 'experiment', text: `interrupted: ${failure.message}` }
      this.ledger.retire(trial)
    }
  }

  /** One of the experiment's own actors is gone, and nobody may wait for it: a fault of the runtime. */
  onActorBroke(id: string, cause: Error): void {
    const { announcer, ending } = this.#desk
    announcer.lose(id)
    ending.fail('internal', `The ${id} actor broke: ${cause.message}`, cause)
    if (id === 'trials') {
      // The trials' actors have no parent to answer to any more.
      ending.isStopping = true
      for (const trial of this.ledger.live.values())
        this.#lives.enterWithoutActor(trial, 'paused', 'trials.crashed')
    }
    ending.lose(id)
  }

  #onPolicyRestarted({ culprit: { kind, name }, error, restarts }: PolicyFault): void {
    const { announcer } = this.#desk
    announcer.log({ type: 'policy.restarted', policy: kind, error: error.message })
    announcer.warn(
      'policyRestarted',
      `The ${kind} ${name} threw and was started again from its history (restart ${restarts}): ${error.message}`,
      { cause: error },
    )
  }
}

function trials(count: number): string {
  return count === 1 ? '1 trial' : `${count} trials`
}
