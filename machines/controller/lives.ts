import type { AnyActorRef } from 'xstate'
import type { EndState, Reason, TrialRecord, TrialStatus } from '../../src/core/trial.ts'
import { asError, assertNever, TroupeError } from '../../src/errors.ts'
import { sameValue } from '../../src/space/same-value.ts'
import type { ExperimentMessage } from '../protocol.ts'
import { noFinalValue, readHistory } from '../trial-values.ts'
import type { Desk } from './desk.ts'
import type { Judge } from './judge.ts'
import type { LiveTrial } from './live-trial.ts'
import type { Room } from './room.ts'

type Entered = Extract<ExperimentMessage, { type: 'trial.entered' }>
type Noted = Extract<ExperimentMessage, { type: 'trial.noted' }>
type Rewound = Extract<Noted['note'], { kind: 'rewound' }>

// The messages that bring what user code threw; a trial keeps it until its next start.
const BY_ERRORS: ReadonlySet<string> = new Set(['run.failed', 'run.timedOut', 'trials.crashed'])

/** Follows each trial from one state of its machine to the next, and says the last words about it. */
export class Lives {
  readonly #desk: Desk
  readonly #room: Room
  readonly #judge: Judge
  #warnedOfMeasures = false

  constructor(desk: Desk, room: Room, judge: Judge) {
    this.#desk = desk
    this.#room = room
    this.#judge = judge
  }

  // ---- From state to state ----

  onSpawned(number: number, ref: AnyActorRef): void {
    const trial = this.#desk.ledger.live.get(number)
    if (trial !== undefined) trial.ref = ref
  }

  onEntered({ trial: number, status, cause, error }: Entered): void {
    const { announcer, ledger, ports } = this.#desk
    const trial = ledger.live.get(number)
    if (trial === undefined) return
    const { record } = trial
    const from = record.status
    const at = ports.now()
    const isFirst = cause === 'xstate.init'
    // Before anything is said of it: to wait for an attempt belongs to that attempt.
    if (status === 'pending' && !isFirst) this.#prepareNextAttempt(trial)
    ledger.enter(record, status, at, isFirst ? 'trial.created' : cause)
    if (error !== undefined) record.error = error
    if (status !== 'pending' && status !== 'paused') ledger.setWaiting(trial, false)
    if (!isFirst)
      announcer.transition(record, from, status, cause, at, BY_ERRORS.has(cause) ? error : undefined)
    switch (status) {
      case 'running':
        return this.#onRunning(trial, from, at)
      case 'stopping':
        return undefined
      case 'pending':
        ledger.setWaiting(trial, true)
        if (isFirst) this.#add(record)
        this.#catchUp(trial)
        break
      case 'retrying':
        this.#onRetrying(trial, error, at)
        break
      case 'paused':
        this.#onPaused(trial, at)
        break
      case 'terminated':
      case 'error':
        this.#onEnded(trial, status, at, error)
        break
      default:
        assertNever(status, 'A status')
    }
    ledger.freeSlot(trial)
    this.#room.reconsider()
    this.#room.pump()
  }

  /** The trial is there, and the scheduler may hear of it. */
  #add({ number, config, resources }: TrialRecord): void {
    this.#desk.ledger.spawning--
    const added = { trial: number, config, resources }
    this.#desk.announcer.send('scheduler', { type: 'scheduler.add', added })
  }

  /** What was said before the trial could hear it: while its actor was being made, or between two attempts. */
  #catchUp(trial: LiveTrial): void {
    if (trial.ending !== undefined)
      this.#judge.end(trial, trial.ending.state as 'pruned' | 'completed', trial.ending.reason)
    else if (this.#desk.ending.isStopping) this.interrupt(trial)
    else if (trial.held) this.holdBack(trial)
  }

  #onRunning(trial: LiveTrial, from: TrialStatus, at: number): void {
    const { record } = trial
    // One that the user paused before its first start has nothing to resume.
    const name = from === 'paused' && record.startedAt !== undefined ? 'trial.resume' : 'trial.start'
    record.state = 'running'
    record.startedAt ??= at
    record.reason = undefined
    trial.pausedBy = undefined
    this.#desk.quota.ran()
    this.#desk.announcer.publish(name, { trial: record, attempt: record.attempt, at })
  }

  /** A new attempt goes on from the last checkpoint; what was reported beyond it did not happen, unless it exploits. */
  #prepareNextAttempt(trial: LiveTrial): void {
    const { record } = trial
    record.attempt++
    record.iteration = record.checkpoint?.iteration ?? 0
    const { history, iteration } = record
    if (trial.exploits) trial.origin = { row: history.length, iteration }
    else history.truncate(trial.origin.row + iteration - trial.origin.iteration)
    trial.exploits = false
    trial.pausedBy = undefined
    record.state = 'waiting'
    readHistory(record, this.#desk.plan)
  }

  /** Its code was cut off, and is called again from the last checkpoint: the reports that it still owes count as made. */
  renew(trial: LiveTrial): void {
    const { awaiting, record, run } = trial
    record.attempt++
    for (const [i, report] of awaiting.entries()) awaiting[i] = { ...report, attempt: record.attempt }
    run.renew(record.attempt)
  }

  /** Its code was called again, and does not do the same. */
  #rewind(trial: LiveTrial, { iteration, checkpoint, how }: Rewound): void {
    const { announcer, plan } = this.#desk
    const { awaiting, origin, record } = trial
    record.iteration = iteration
    record.checkpoint = checkpoint
    record.history.truncate(origin.row + iteration - origin.iteration)
    readHistory(record, plan)
    // What is decided about reports that do not count is heard, and changes nothing.
    for (const [i, report] of awaiting.entries()) awaiting[i] = { ...report, attempt: 0 }
    const { number, attempt } = record
    announcer.log({
      type: 'trial.rewound',
      trial: number,
      attempt,
      iteration,
      ...(checkpoint !== undefined && { checkpoint: checkpoint.iteration }),
    })
    announcer.warn('divergence', how, { trial: number })
  }

  #onRetrying(trial: LiveTrial, error: Error | undefined, at: number): void {
    const { record } = trial
    if (this.#desk.ending.isStopping) this.#catchUp(trial)
    if (error === undefined) return
    this.#desk.announcer.publish('trial.retry', { trial: record, error, attempt: record.attempt + 1, at })
  }

  #onPaused(trial: LiveTrial, at: number): void {
    const { announcer, ending, ledger } = this.#desk
    const { record } = trial
    if (ending.isStopping) {
      // One that paused by itself during a graceful stop is still in its code, and has to clean up.
      if (trial.run.alive) return this.interrupt(trial)
      return this.onInterrupted(trial, at)
    }
    record.state = 'paused'
    ledger.setWaiting(trial, true)
    announcer.publish('trial.pause', { trial: record, reason: record.reason, at })
  }

  /** Pauses a trial that waits for its start. */
  holdBack(trial: LiveTrial): void {
    trial.pausedBy = 'user'
    trial.record.reason = { by: 'user', text: 'paused by the user' }
    this.#desk.announcer.sendTrial(trial, { type: 'trial.pause' })
  }

  // ---- To the end ----

  interrupt(trial: LiveTrial): void {
    this.#desk.announcer.sendTrial(trial, { type: 'trial.stop', to: 'paused', as: 'paused' })
  }

  /** Cut by the end of the experiment: it could go on from its checkpoint, so its machine stays `paused`. */
  onInterrupted(trial: LiveTrial, at: number): void {
    const { announcer, ending } = this.#desk
    this.#conclude(trial, 'interrupted', at, ending.interruption)
    announcer.publish('trial.stop', { trial: trial.record, reason: trial.record.reason, at })
  }

  #onEnded(trial: LiveTrial, status: 'terminated' | 'error', at: number, error: Error | undefined): void {
    const { announcer, plan } = this.#desk
    const { record, ending } = trial
    if (status === 'terminated') {
      this.#conclude(trial, ending?.state ?? 'completed', at, ending?.reason)
      if (ending === undefined) announcer.publish('trial.complete', { trial: record, at })
      else announcer.publish('trial.stop', { trial: record, reason: ending.reason, at })
      return
    }
    // What an earlier attempt threw is not what ended this one.
    record.error = error ?? noFinalValue(record, plan, trial.returned)
    this.#conclude(trial, 'failed', at, error === undefined ? ending?.reason : undefined)
    announcer.publish('trial.error', { trial: record, error: record.error, at })
    this.#desk.ending.onTrialFailed(record)
  }

  /** The last words about a trial: its record is complete, and searcher and scheduler are told, once. */
  #conclude(trial: LiveTrial, state: EndState, at: number, reason: Reason | undefined): void {
    const { announcer, ledger, quota } = this.#desk
    const { record, lastRanked, domains, isStray, run } = trial
    record.state = state
    record.endedAt = at
    if (reason !== undefined) record.reason = reason
    // An error that a later attempt made good is no error of the trial.
    if (state === 'completed' || state === 'pruned') record.error = undefined
    run.dispose()
    ledger.retire(trial)
    this.#checkMeasures(trial)
    quota.searcherWaits = false
    if (record.startedAt !== undefined) quota.ran()
    announcer.logEnd(record, state)
    announcer.tellSearcher(record, domains, isStray)
    announcer.send('scheduler', {
      type: 'scheduler.end',
      end: { trial: record.number, state, last: lastRanked },
    })
  }

  /** Says once that a scheduler could not see how a trial did: it lets those go on, as if there were none. */
  #checkMeasures({ record, lastRanked, origin }: LiveTrial): void {
    const { announcer, plan } = this.#desk
    if (this.#warnedOfMeasures || lastRanked !== undefined || record.values === undefined) return
    // The values may be those that it began with, of which the scheduler has not heard.
    if (record.history.length === origin.row) return
    this.#warnedOfMeasures = true
    const needed = [plan.timeAttr, ...plan.rankedBy.map(({ metric }) => metric)]
    announcer.warn(
      'report',
      `Trial ${record.number} ended without a report that has ${needed.join(' and ')} together as numbers, by which the scheduler ${plan.schedulerName} decides, so it never decided anything about it. Report them, or give the scheduler another metric or timeAttr.`,
      { trial: record.number },
    )
  }

  onCrashed(number: number, error: unknown): void {
    const trial = this.#desk.ledger.live.get(number)
    if (trial === undefined) return
    const text = `The actor of trial ${number} broke: ${asError(error).message}`
    const fault = new TroupeError('trialActor', text, { cause: error })
    this.enterWithoutActor(trial, 'error', 'trials.crashed', fault)
  }

  /** Brings a trial where it goes from here without the help of its actor, which may be gone or not be there yet. */
  enterWithoutActor(trial: LiveTrial, status: 'paused' | 'error', cause: string, error?: Error): void {
    const { record, run } = trial
    if (record.life.stays().length === 0) this.#add(record)
    run.dispose()
    this.onEntered({ type: 'trial.entered', trial: record.number, status, cause, error })
  }

  // ---- Besides ----

  onNoted({ trial: number, note }: Noted): void {
    const { announcer, ledger, ports } = this.#desk
    const trial = ledger.live.get(number)
    if (trial === undefined) return
    const { record } = trial
    switch (note.kind) {
      case 'userAttr':
        if (Object.hasOwn(record.userAttrs, note.key) && sameValue(record.userAttrs[note.key], note.value))
          return
        record.userAttrs[note.key] = note.value
        return announcer.log({ type: 'trial.attr', trial: number, key: note.key, value: note.value })
      case 'constraint':
        if (record.constraints[note.key] === note.value) return
        record.constraints[note.key] = note.value
        return announcer.log({ type: 'trial.constraint', trial: number, key: note.key, value: note.value })
      case 'log':
        return announcer.publish('trial.log', {
          trial: record,
          fields: undefined,
          ...note.entry,
          at: ports.now(),
        })
      case 'abandoned':
        return announcer.warn(
          'abandoned',
          `Trial ${number} did not leave within ${note.graceMs} ms of being stopped. Its slot was freed, but its code may still run.`,
          { trial: number },
        )
      case 'rewound':
        return this.#rewind(trial, note)
      case 'saved':
        record.checkpoint = note.checkpoint
        return announcer.log({
          type: 'trial.saved',
          trial: number,
          attempt: record.attempt,
          iteration: note.checkpoint.iteration,
        })
      case 'returned':
        trial.returned = note.what
        return undefined
      case 'threwBesides':
        return announcer.warn(
          'cleanup',
          `Trial ${number} threw while it was leaving or cleaning up: ${note.error.message}`,
          { trial: number, cause: note.error },
        )
      default:
        return assertNever(note, 'A note')
    }
  }
}
