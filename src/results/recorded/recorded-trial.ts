import { beginFrom, type Beginning } from '../../core/beginning.ts'
import type { LogRecord } from '../../core/log.ts'
import { RecordedError } from '../../core/logged-error.ts'
import { metricOf } from '../../core/metrics.ts'
import type { Objective } from '../../core/objective.ts'
import {
  type EndState,
  newTrialRecord,
  type Reason,
  type TrialOrigin,
  type TrialRecord,
  type TrialStatus,
  valuesOf,
} from '../../core/trial.ts'
import { contains } from '../../space/encoding.ts'
import type { Domain } from '../../space/space.ts'
import { paramsIn } from '../../space/params-in.ts'
import { hasEnded } from '../result.ts'

type Of<Type extends LogRecord['type']> = Extract<LogRecord, { type: Type }>

/** How a trial is left that ended without its machine: its result was known, or it came too late. */
const STATUS_OF: Readonly<Record<EndState, TrialStatus>> = {
  completed: 'terminated',
  pruned: 'terminated',
  failed: 'error',
  interrupted: 'paused',
}

// Shared by nearly all trials: what 100,000 of them have each of their own is paid for in garbage collection.
const START: { readonly row: number; readonly iteration: number } = { row: 0, iteration: 0 }

/** One trial of an experiment, brought along the log message by message: its record is what the experiment's was. */
export class RecordedTrial {
  readonly record: TrialRecord
  readonly #domains: Readonly<Record<string, object>> | undefined
  #isBorn = false
  #enteredAt = 0
  /** Whether its code has been called and has not left: it may be held back at a report. */
  #isInCode = false
  // Where the history of what it goes on from begins, as the experiment has it.
  #origin = START
  #exploits = false
  /** Reports that a new attempt goes on from, until its first report says so itself. */
  #kept: number | undefined
  #decided: Of<'trial.decision'> | undefined

  constructor(origin: TrialOrigin, domains: Readonly<Record<string, object>> | undefined) {
    this.record = newTrialRecord(origin)
    this.#domains = domains
  }

  /** It goes on from where another one's last checkpoint was. */
  onBegun(begins: Beginning): void {
    const { record } = this
    beginFrom(record, begins)
    const { iteration } = begins
    record.checkpoint = { value: undefined, iteration }
    this.#origin = { row: record.history.length, iteration }
    this.#kept = record.history.length
    record.iteration = 0
  }

  // ---- From state to state ----

  onTransition({ at, from, to, cause, attempt, error }: Of<'trial.transition'>): void {
    const { record } = this
    this.#beBorn()
    if (to === 'pending') this.#goOn()
    record.attempt = attempt
    this.#isInCode = to === 'running' || to === 'stopping' || (to === 'paused' && from === 'running')
    this.#enter(to, at, cause)
    if (error !== undefined) record.error = new RecordedError(error)
    // Those that the trial's machine counts.
    if (cause === 'run.failed' || cause === 'run.timedOut') record.failures++
    switch (to) {
      case 'running':
        record.state = 'running'
        record.startedAt ??= at
        record.reason = undefined
        break
      case 'paused':
        record.state = 'paused'
        if (from === 'pending') record.reason = { by: 'user', text: 'paused by the user' }
        break
      default:
    }
  }

  /**
   * The experiment goes on. Code that was cut off is called again, in its next attempt, and what it reported already is
   * answered from the log: so it has its reports still, and is where it was.
   */
  onResumed(): void {
    const { record } = this
    if (!hasEnded(record.state) && this.#isInCode) record.attempt++
  }

  onEnded({ at, state, values, reason, error }: Of<'trial.ended'>): void {
    const { record } = this
    if (!this.#isBorn) {
      this.#isBorn = true
      this.#enter(STATUS_OF[state], at, causeOf(record, state))
    }
    record.state = state
    record.values = values
    // To the moment, where its machine says when: the log may be written a little later.
    record.endedAt = record.status === 'paused' ? at : this.#enteredAt
    if (record.source === 'given') record.startedAt = record.endedAt
    if (reason !== undefined) record.reason = reason
    if (error === undefined) record.error = undefined
    else if (record.error?.message !== error)
      record.error = new RecordedError({ name: 'Error', message: error })
  }

  /** A new attempt goes on from the last checkpoint. */
  #goOn(): void {
    const { record } = this
    this.#settle()
    const iteration = record.checkpoint?.iteration ?? 0
    if (this.#exploits) this.#origin = { row: record.history.length, iteration }
    this.#kept = Math.max(0, this.#origin.row + iteration - this.#origin.iteration)
    this.#exploits = false
    record.state = 'waiting'
    record.endedAt = undefined
  }

  #enter(status: TrialStatus, at: number, cause: string): void {
    this.#enteredAt = at
    this.record.status = status
    this.record.life.enter(status, at, cause, this.record.attempt)
  }

  // One that ends as soon as it is made was never pending.
  #beBorn(): void {
    if (this.#isBorn) return
    this.#isBorn = true
    this.record.life.enter('pending', this.record.createdAt, 'trial.created', 1)
  }

  // ---- What it said ----

  onReport({ metrics, checkpoint, ranMs }: Of<'trial.report'>): void {
    const { record } = this
    const iteration = metricOf(metrics, 'training_iteration') ?? record.history.length + 1
    const row = this.#origin.row + iteration - 1 - this.#origin.iteration
    // It may have been called again from earlier than where it was: what it said beyond did not happen.
    if (row < record.history.length) record.history.truncate(Math.max(0, row))
    this.#kept = undefined
    record.history.push(metrics)
    const seconds = metrics['time_total_s']
    if (ranMs !== undefined) record.ranMs = ranMs
    else if (typeof seconds === 'number') record.ranMs = seconds * 1000
    if (checkpoint === true) this.onCheckpoint(iteration)
  }

  /** Called again, its code did otherwise: what it had reported beyond this does not count. */
  onRewound({ iteration, checkpoint }: Of<'trial.rewound'>): void {
    const { record } = this
    record.history.truncate(Math.max(0, this.#origin.row + iteration - this.#origin.iteration))
    this.#kept = undefined
    if (checkpoint === undefined) record.checkpoint = undefined
    else this.onCheckpoint(checkpoint)
  }

  /** Its content is not in the log. */
  onCheckpoint(iteration: number): void {
    this.record.checkpoint = { value: undefined, iteration }
  }

  onDecision(decision: Of<'trial.decision'>): void {
    this.#decided = decision
    if (decision.decision === 'pause') this.record.reason = reasonOf(decision)
  }

  onExploited({ config }: Of<'trial.exploited'>, donor: TrialRecord | undefined): void {
    const { record } = this
    record.config = config
    const params = paramsIn(config, record.params)
    const isStray = Object.entries(params).some(([path, value]) => {
      const domain = this.#domains?.[path]
      return domain !== undefined && !contains(domain as Domain, value)
    })
    if (!isStray) record.params = params
    record.checkpoint = donor?.checkpoint
    if (this.#decided?.decision === 'exploit') record.reason = reasonOf(this.#decided)
    this.#exploits = true
  }

  // ---- At the end of the log ----

  /** The record as the log leaves it. Nothing is said of the trial after this. */
  finish(objectives: readonly Objective[]): TrialRecord {
    const { record } = this
    this.#beBorn()
    if (this.#kept !== undefined) record.iteration = record.checkpoint?.iteration ?? 0
    this.#settle()
    const { history } = record
    if (record.source === 'given' && history.length === 0) pushGiven(record, objectives)
    record.metrics = history.at(-1)
    if (record.metrics !== undefined && record.source !== 'given') {
      record.iteration ||= metricOf(record.metrics, 'training_iteration') ?? history.length
    }
    if (record.source !== 'given') readValues(record, objectives)
    return record
  }

  #settle(): void {
    if (this.#kept !== undefined) this.record.history.truncate(this.#kept)
  }
}

function causeOf({ source }: TrialRecord, state: EndState): string {
  if (source === 'given' || source === 'reused') return source
  return state === 'failed' ? 'refused' : 'experiment.stop'
}

function reasonOf({ reason = '', evidence }: Of<'trial.decision'>): Reason {
  return { by: reason === 'paused by the user' ? 'user' : 'scheduler', text: reason, evidence }
}

// As the experiment makes its one report of what the user gave.
function pushGiven({ history, values }: TrialRecord, objectives: readonly Objective[]): void {
  if (values === undefined) return
  history.push(Object.fromEntries(objectives.map(({ metric }, k) => [metric, values[k]])))
}

/** The values of the last report that carries them all. The log says those of trials that have ended. */
function readValues(record: TrialRecord, objectives: readonly Objective[]): void {
  if (objectives.length === 0) return
  const { history } = record
  for (let i = history.length - 1; i >= 0; i--) {
    const report = history.at(i) ?? {}
    const values = valuesOf(report, objectives)
    if (values === undefined) continue
    record.valuesAt = metricOf(report, 'training_iteration') ?? i + 1
    if (record.endedAt === undefined) record.values = values
    return
  }
}
