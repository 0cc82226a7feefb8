import type { AnyActorRef, AnyEventObject } from 'xstate'
import type { DecisionInfo, ExperimentEventName, ExperimentEvents } from '../src/core/events.ts'
import { History } from '../src/core/history.ts'
import type { LogRecord } from '../src/core/log.ts'
import type { Metrics } from '../src/core/metrics.ts'
import { type Objective, orient } from '../src/core/objective.ts'
import {
  type EndState,
  Life,
  type Params,
  type Reason,
  type Resources,
  type TrialRecord,
  type TrialSource,
  type TrialStatus,
  valuesOf,
} from '../src/core/trial.ts'
import { metricOf } from '../src/core/metrics.ts'
import { assertNever, TroupeError } from '../src/errors.ts'
import type { Assignment } from '../src/executors/executor.ts'
import type { Choice, Command, Decision, TrialReport } from '../src/schedulers/scheduler.ts'
import type { Answer, GivenTrial } from '../src/searchers/session.ts'
import { type Awaiting, Ledger, type LiveTrial } from './ledger.ts'
import { deliver } from './mail.ts'
import type { ExperimentMessage, Failure, StopCause, TrialRun } from './protocol.ts'
import { toldTrial } from './told-trial.ts'

/** What an experiment is made of, all of it decided before it starts. */
export interface ExperimentPlan {
  readonly name: string
  /** What trials are named after: `<trainable>_<id>`. */
  readonly trainableName: string
  readonly seed: string
  readonly searcherName: string
  readonly schedulerName: string
  /** The metric that says how far a trial is. */
  readonly timeAttr: string
  readonly objectives: readonly Objective[]
  /** What the scheduler ranks by: the objectives, or its own. */
  readonly rankedBy: readonly Objective[]
  /** How many trials to run; Infinity until the searcher has finished. */
  readonly trialCount: number
  readonly slotCount: number
  /** Ask for the next `slotCount` configurations only when all of the last ones have ended. */
  readonly batch: boolean
  readonly totalResources: Resources
  readonly maxFailures: number
  readonly failFast: boolean
  readonly saveEvery: number
  readonly saveAtEnd: boolean
  /** Whether the searcher wants to hear of each report. */
  readonly searcherObserves: boolean
  /** Trials with known results, that take the first numbers and do not run. */
  readonly given: readonly GivenTrial[]
}

/** What the world gives to an experiment: each is called at once, and none may throw. */
export interface ExperimentPorts {
  readonly now: () => number
  readonly makeId: () => string
  readonly resourcesOf: (config: unknown) => Resources
  readonly makeRun: (record: TrialRecord) => TrialRun
  readonly publish: <Name extends ExperimentEventName>(name: Name, event: ExperimentEvents[Name]) => void
  /** Whether anybody listens: events that nobody hears are not made. */
  readonly hears: (name: ExperimentEventName) => boolean
  /** Takes down what changed, where a trace or a store wants it. */
  readonly log: ((record: LogRecord) => void) | undefined
}

/** The actors that the experiment speaks to. */
export interface Cast {
  readonly self: AnyActorRef
  readonly searcher: AnyActorRef
  readonly scheduler: AnyActorRef
  readonly trials: AnyActorRef
}

/**
 * What the experiment's actor does with its messages: who is asked when, and who is told what. It is the only writer
 * of trial records. Everything it needs of the world comes in by `ExperimentPorts`, so it runs the same in real and in
 * virtual time.
 */
export class Controller {
  readonly plan: ExperimentPlan
  readonly ledger: Ledger
  failure: Failure | undefined
  endedBy: StopCause = 'finished'
  readonly #ports: ExperimentPorts
  #cast: Cast | undefined
  #stopping = false
  #finishing = false
  // Questions that are out: none is asked twice.
  #asking = false
  #choosing = false
  /** The scheduler wanted none of those that wait, and nothing has changed since. */
  #declined = false
  #declinedIdle = false
  #searcherWaits = false
  #searcherFinished = false
  #created = 0
  #batchCount = 0

  constructor(plan: ExperimentPlan, ports: ExperimentPorts) {
    this.plan = plan
    this.#ports = ports
    this.ledger = new Ledger(plan.slotCount, plan.totalResources)
  }

  /** Hears whom it can speak to. Called once, before anything else. */
  meet(cast: Cast): void {
    this.#cast = cast
  }

  /** Begins: the trials with known results first, then as many others as there is room for. */
  begin(): void {
    const { name, seed, objectives, searcherName, schedulerName, given } = this.plan
    this.#log({ type: 'experiment.started', name, seed, objectives, searcher: searcherName, scheduler: schedulerName })
    this.#publish('experiment.start', { name, seed, at: this.#ports.now() })
    for (const trial of given) this.#addGiven(trial)
    this.#pump()
  }

  /** Does one message. Those that move the experiment's own machine are not among them. */
  handle(message: ExperimentMessage): void {
    switch (message.type) {
      case 'trial.reported':
        return this.#onReported(message)
      case 'scheduler.decided':
        return this.#onDecided(message)
      case 'trial.entered':
        return this.#onEntered(message)
      case 'searcher.answered':
        return this.#onAnswered(message.trial, message.answer)
      case 'scheduler.chose':
        return this.#onChose(message.trial)
      case 'scheduler.commanded':
        this.#obey(message.commands)
        return this.#pump()
      case 'trials.spawned':
        return this.#onSpawned(message.trial, message.ref)
      case 'trials.crashed':
        return this.#onCrashed(message.trial, message.error)
      case 'trial.noted':
        return this.#onNoted(message)
      case 'experiment.pauseTrial':
        return this.#pauseTrial(message.trial)
      case 'experiment.resumeTrial':
        return this.#resumeTrial(message.trial)
      case 'experiment.stopTrial':
        return this.#stopTrial(message.trial)
      case 'policy.restarted':
        return this.#publish('experiment.warning', {
          at: this.#ports.now(),
          kind: 'policyRestarted',
          message: `The ${message.policy} threw and was started again from its history (${message.restarts}. time): ${message.error.message}`,
          trial: undefined,
          cause: message.error,
        })
      case 'policy.failed':
        return this.#fail(message.policy, this.#policyFailed(message), message.error)
      case 'experiment.start':
      case 'experiment.stop':
      case 'experiment.fail':
      case 'experiment.finish':
        return undefined
      default:
        return assertNever(message, 'A message to the experiment')
    }
  }

  /** No trial starts from now on. Those that run are told to leave, or let to their ends when `graceful`. */
  stop(by: StopCause, graceful: boolean): void {
    this.endedBy = by
    this.#interrupt(graceful)
  }

  /** The experiment cannot go on: all trials are told to leave, and it then ends with this failure. */
  fail(failure: Failure): void {
    // The first failure is the cause; what follows from it would only hide it.
    this.failure ??= failure
    this.#interrupt(false)
  }

  /** What keeps the experiment from going on, as a person would say it. */
  waitingFor(): string[] {
    const { counts } = this.ledger
    const waits: string[] = []
    if (this.#asking) waits.push(`the searcher ${this.plan.searcherName} to propose a configuration`)
    if (this.#choosing) waits.push(`the scheduler ${this.plan.schedulerName} to choose a trial`)
    if (counts.running > 0) waits.push(`${trials(counts.running)} to report or end`)
    if (counts.stopping > 0) waits.push(`${trials(counts.stopping)} to leave`)
    if (counts.retrying > 0) waits.push(`${trials(counts.retrying)} to try again`)
    const held = [...this.ledger.waitingTrials()].filter((trial) => trial.held)
    if (held.length > 0) waits.push(`the user to resume ${held.map((trial) => trial.record.id).join(', ')}`)
    return waits
  }

  // ---- From searcher to trial ----

  #addGiven({ config, params, domains, values, metrics }: GivenTrial): void {
    const record = this.#newRecord('given', config, params)
    record.history.push(metrics)
    record.metrics = metrics
    record.values = values
    record.state = 'completed'
    record.startedAt = record.endedAt = this.#ports.now()
    this.#enterAtOnce(record, 'terminated', 'given')
    this.#log({ type: 'trial.ended', trial: record.number, state: 'completed', values })
    this.#tellSearcher(record, domains)
  }

  #onAnswered(number: number, answer: Answer): void {
    this.#asking = false
    if (this.#stopping) return
    this.#log({ type: 'searcher.asked', trial: number, answer: answer.kind === 'trial' ? 'point' : answer.kind })
    if (answer.kind === 'wait') this.#searcherWaits = true
    else if (answer.kind === 'finished') this.#searcherFinished = true
    else this.#create(answer)
    this.#pump()
  }

  #create(answer: Extract<Answer, { kind: 'trial' }>): void {
    this.#created++
    this.#batchCount++
    const { config, params, domains, source, duplicateOf } = answer
    if (duplicateOf !== undefined) return this.#reuse(answer, this.ledger.records[duplicateOf] as TrialRecord)
    const record = this.#newRecord(source, config, params)
    const lacking = this.ledger.pool.lacking(record.resources)
    if (lacking !== undefined) return this.#refuse(record, domains, lacking)
    const run = this.#ports.makeRun(record)
    this.ledger.live.set(record.number, {
      record,
      run,
      domains,
      ref: undefined,
      worker: -1,
      held: false,
      pausedBy: undefined,
      ending: undefined,
      awaiting: [],
      exploits: false,
      lastRanked: undefined,
    })
    this.ledger.spawning++
    this.#send('trials', { type: 'trials.spawn', record, run })
  }

  /** The same parameters have a result already: it is taken over, and nothing runs. */
  #reuse({ config, params, domains }: Extract<Answer, { kind: 'trial' }>, original: TrialRecord): void {
    const record = this.#newRecord('reused', config, params)
    for (const metrics of original.history) record.history.push(metrics)
    record.metrics = original.metrics
    record.values = original.values
    record.valuesAt = original.valuesAt
    record.iteration = original.iteration
    Object.assign(record.constraints, original.constraints)
    record.state = 'completed'
    record.endedAt = this.#ports.now()
    record.reason = { by: 'searcher', text: `has the parameters of trial ${original.number}, whose result it takes over` }
    this.#enterAtOnce(record, 'terminated', 'reused')
    this.#log({ type: 'trial.ended', trial: record.number, state: 'completed', values: record.values })
    this.#publish('trial.complete', { trial: record, at: record.endedAt })
    this.#tellSearcher(record, domains)
  }

  #refuse(record: TrialRecord, domains: LiveTrial['domains'], kind: string): void {
    const need = record.resources[kind]
    const total = this.plan.totalResources[kind] ?? 0
    record.error = new TroupeError(
      'resources',
      `Trial ${record.number} needs ${need} ${kind}, but there are ${total} in all. Ask for less, or raise totalResources.${kind}.`,
    )
    record.state = 'failed'
    record.endedAt = this.#ports.now()
    this.#enterAtOnce(record, 'error', 'refused')
    this.#log({ type: 'trial.ended', trial: record.number, state: 'failed', values: undefined, error: record.error.message })
    this.#publish('trial.error', { trial: record, error: record.error, at: record.endedAt })
    this.#tellSearcher(record, domains)
    if (this.plan.failFast) this.#failFast(record)
  }

  #newRecord(source: TrialSource, config: unknown, params: Params): TrialRecord {
    const id = this.#ports.makeId()
    const number = this.ledger.records.length
    const record: TrialRecord = {
      number,
      id,
      name: `${this.plan.trainableName}_${id}`,
      config,
      params,
      source,
      resources: this.#ports.resourcesOf(config),
      history: new History(),
      userAttrs: {},
      constraints: {},
      status: 'pending',
      state: 'waiting',
      attempt: 1,
      iteration: 0,
      metrics: undefined,
      values: undefined,
      valuesAt: 0,
      checkpoint: undefined,
      error: undefined,
      reason: undefined,
      failures: 0,
      createdAt: this.#ports.now(),
      startedAt: undefined,
      endedAt: undefined,
      ranMs: 0,
      life: new Life(),
    }
    this.ledger.records.push(record)
    this.ledger.counts.pending++
    this.#log({ type: 'trial.created', trial: number, id, source, params, config })
    this.#publish('trial.created', { trial: record, at: record.createdAt })
    return record
  }

  #onSpawned(number: number, ref: AnyActorRef): void {
    const trial = this.ledger.live.get(number)
    if (trial !== undefined) trial.ref = ref
  }

  // ---- Room, and who gets it ----

  /** Does the next thing that can be done: start a trial, ask for one, or see that nothing more can come. */
  #pump(): void {
    if (this.#stopping) return this.#finishWhenEmpty()
    if (this.#asking || this.#choosing || this.ledger.spawning > 0) return
    if (this.ledger.hasFreeSlot) {
      if (this.#choose()) return
      if (this.#mayAsk()) {
        this.#asking = true
        return this.#send('searcher', { type: 'searcher.suggest', trial: this.ledger.records.length })
      }
    }
    if (!this.ledger.isActive) this.#onIdle()
  }

  #choose(): boolean {
    if (this.#declined || this.ledger.waitingCount === 0) return false
    const candidates = this.ledger.candidates()
    if (candidates.length === 0) return false
    const idle = !this.ledger.isActive && !this.#mayCreate()
    this.#choosing = true
    this.#declinedIdle = idle
    const choice: Choice = { candidates, idle }
    this.#send('scheduler', { type: 'scheduler.choose', choice })
    return true
  }

  #onChose(number: number | undefined): void {
    this.#choosing = false
    if (this.#stopping) return this.#finishWhenEmpty()
    const trial = number === undefined ? undefined : this.ledger.live.get(number)
    if (trial === undefined) this.#declined = true
    else this.#start(trial)
    this.#pump()
  }

  #mayCreate(): boolean {
    return this.#created < this.plan.trialCount && !this.#searcherFinished && !this.#searcherWaits
  }

  #mayAsk(): boolean {
    if (!this.#mayCreate() || (this.ledger.waitingCount > 0 && !this.#declined)) return false
    if (!this.plan.batch) return true
    if (this.ledger.live.size === 0) this.#batchCount = 0
    return this.#batchCount < this.plan.slotCount
  }

  /** Nothing runs and nothing is asked: it is over, or it would stand still for ever. */
  #onIdle(): void {
    if (this.ledger.live.size === 0) {
      if (this.#searcherWaits && !this.#searcherFinished && this.#created < this.plan.trialCount) {
        return this.#deadlock(
          `The searcher ${this.plan.searcherName} waits for a result, but no trial is under way. A searcher that has nothing more to propose must answer 'finished'.`,
        )
      }
      return this.#finish()
    }
    const waiting = [...this.ledger.waitingTrials()]
    if (waiting.some((trial) => trial.held)) return
    if (this.#declined && !this.#declinedIdle) {
      // The scheduler declined while something could still come. Nothing can: it is asked once more, and told so.
      this.#declined = false
      if (this.#choose()) return
    }
    const names = waiting.slice(0, 5).map(({ record }) => `${record.number} (${record.status})`)
    const more = waiting.length > names.length ? `, and ${waiting.length - names.length} more` : ''
    this.#deadlock(
      `Nothing runs, and ${waiting.length === 1 ? 'trial' : 'trials'} ${names.join(', ')}${more} wait for the scheduler ${this.plan.schedulerName}, which chooses none of them. A scheduler that is told 'idle' must choose a trial, or have ended those that wait.`,
    )
  }

  #start(trial: LiveTrial): void {
    const { record } = trial
    this.ledger.takeSlot(trial)
    this.ledger.setWaiting(trial, false)
    const assignment: Assignment = {
      trial: record.number,
      id: record.id,
      attempt: record.attempt,
      config: record.config,
      resources: record.resources,
      checkpoint: record.checkpoint,
      randomPath: `${this.plan.seed}/trial/${record.number}`,
      worker: trial.worker,
      saveEvery: this.plan.saveEvery,
      saveAtEnd: this.plan.saveAtEnd,
    }
    this.#sendTrial(trial, { type: 'trial.start', assignment })
  }

  // ---- Reports and decisions ----

  #onReported({ trial: number, report, attempt, ranMs }: Extract<ExperimentMessage, { type: 'trial.reported' }>): void {
    const trial = this.ledger.live.get(number)
    // A report of an earlier attempt, or one that crossed with the trial's end, changes nothing any more.
    if (trial === undefined || attempt !== trial.record.attempt) return
    const { record } = trial
    const metrics: Metrics = {
      ...report.metrics,
      training_iteration: ++record.iteration,
      time_total_s: ranMs / 1000,
    }
    record.metrics = metrics
    record.ranMs = ranMs
    record.history.push(metrics)
    if (report.checkpoint !== undefined) {
      record.checkpoint = { value: report.checkpoint.value, iteration: record.iteration }
    }
    const { objectives, rankedBy, timeAttr } = this.plan
    const values = objectives.length > 0 ? valuesOf(metrics, objectives) : undefined
    if (values !== undefined) {
      record.values = values
      record.valuesAt = metricOf(metrics, timeAttr) ?? record.iteration
    }
    trial.awaiting.push({ attempt, seq: report.seq, metrics, last: report.last })
    const { log } = this.#ports
    log?.({ at: this.#ports.now(), type: 'trial.report', trial: number, attempt, seq: report.seq, metrics })
    const ranked = this.#rankable(record, metrics, rankedBy === objectives ? values : valuesOf(metrics, rankedBy))
    if (ranked !== undefined) trial.lastRanked = ranked
    if (this.plan.searcherObserves && values !== undefined) {
      this.#send('searcher', { type: 'searcher.observe', observation: { number, step: record.valuesAt, values } })
    }
    this.#send('scheduler', {
      type: 'scheduler.report',
      trial: number,
      seq: report.seq,
      report: ranked,
      metrics,
      elapsedMs: this.#ports.now(),
      last: report.last,
    })
  }

  /** The report as a scheduler ranks it; undefined when it lacks an objective or the time. */
  #rankable(record: TrialRecord, metrics: Metrics, values: number[] | undefined): TrialReport | undefined {
    const time = metricOf(metrics, this.plan.timeAttr)
    if (values === undefined || time === undefined) return undefined
    const [first] = this.plan.rankedBy
    return {
      trial: record.number,
      time,
      score: first === undefined ? NaN : orient(values[0] as number, first.mode),
      values,
      metrics,
      config: record.config,
      hasCheckpoint: record.checkpoint !== undefined,
    }
  }

  #onDecided(message: Extract<ExperimentMessage, { type: 'scheduler.decided' }>): void {
    const { seq, demand, commands } = message
    const trial = this.ledger.live.get(message.trial)
    const awaiting = trial?.awaiting.shift()
    this.#declined = false
    // A trial whose end is decided has nothing to wait for, nor has an attempt that is over.
    const isAwaited = awaiting?.seq === seq && awaiting.attempt === trial?.record.attempt
    if (trial !== undefined && isAwaited && trial.ending === undefined) this.#apply(trial, awaiting, message)
    this.#obey(commands)
    if (demand?.scope === 'experiment' && !this.#stopping) {
      this.#send('self', { type: 'experiment.stop', by: 'stopper', graceful: false })
    }
    if (commands.length > 0 || this.#stopping) this.#pump()
  }

  #apply(
    trial: LiveTrial,
    awaiting: Awaiting,
    { decision, demand }: Extract<ExperimentMessage, { type: 'scheduler.decided' }>,
  ): void {
    const { record } = trial
    const info = this.#decisionInfo(trial, awaiting, decision, demand)
    this.#logDecision(record, awaiting.seq, info)
    if (this.#ports.hears('trial.report')) {
      this.#ports.publish('trial.report', {
        trial: record,
        metrics: awaiting.metrics,
        decision: info,
        at: this.#ports.now(),
      })
    }
    switch (info.kind) {
      case 'continue':
        return this.#sendTrial(trial, { type: 'trial.continue', seq: awaiting.seq })
      case 'pause':
        trial.pausedBy = info.by === 'user' ? 'user' : 'scheduler'
        record.reason = reasonOf(info)
        return this.#sendTrial(trial, { type: 'trial.pause' })
      case 'stop': {
        const outcome = decision.kind === 'stop' && info.by === 'scheduler' ? decision.outcome : 'completed'
        return this.#end(trial, outcome, reasonOf(info))
      }
      case 'exploit':
        return this.#exploit(trial, awaiting.seq, decision)
      default:
        return assertNever(info.kind, 'A decision')
    }
  }

  /**
   * The trial leaves, and starts again with the new configuration from the donor's checkpoint. Without a checkpoint
   * there is nothing to go on from, and starting from scratch would lose what it has: it goes on as it is.
   */
  #exploit(trial: LiveTrial, seq: number, decision: Decision): void {
    const { record } = trial
    const checkpoint = decision.kind === 'exploit' ? this.ledger.records[decision.donor]?.checkpoint : undefined
    if (decision.kind !== 'exploit' || checkpoint === undefined) {
      return this.#sendTrial(trial, { type: 'trial.continue', seq })
    }
    const { donor, config, reason, evidence } = decision
    record.config = config
    record.checkpoint = checkpoint
    record.reason = { by: 'scheduler', text: reason, evidence }
    trial.exploits = true
    this.#publish('trial.exploit', { trial: record, donor, config, at: this.#ports.now() })
    this.#sendTrial(trial, { type: 'trial.stop', to: 'pending', as: 'exploited' })
  }

  /** Who has the last word on a report: a stopper, then the scheduler, then a user who asked for a pause. */
  #decisionInfo(
    trial: LiveTrial,
    awaiting: Awaiting,
    decision: Extract<ExperimentMessage, { type: 'scheduler.decided' }>['decision'],
    demand: Extract<ExperimentMessage, { type: 'scheduler.decided' }>['demand'],
  ): DecisionInfo {
    // The trial ends by itself with this report, so nothing is left to decide.
    if (awaiting.last) return GOES_ON
    if (demand?.scope === 'trial') {
      return { kind: 'stop', by: 'stopper', reason: demand.reason, evidence: demand.evidence }
    }
    if (decision.kind === 'continue' && trial.held) {
      return { kind: 'pause', by: 'user', reason: 'paused by the user', evidence: undefined }
    }
    if (decision.kind === 'continue' && decision.evidence === undefined) return GOES_ON
    const reason = decision.kind === 'continue' ? undefined : decision.reason
    return { kind: decision.kind, by: 'scheduler', reason, evidence: decision.evidence }
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial: number, decision } of commands) {
      const trial = this.ledger.live.get(number)
      if (trial === undefined || trial.ending !== undefined) continue
      const reason: Reason = { by: 'scheduler', text: decision.reason, evidence: decision.evidence }
      this.#end(trial, decision.outcome, reason)
    }
  }

  /** Ends a trial that has not ended by itself. */
  #end(trial: LiveTrial, state: 'pruned' | 'completed', reason: Reason): void {
    trial.ending = { state, reason }
    this.ledger.setWaiting(trial, false)
    const lacksValue = state === 'completed' && !this.hasFinalValue(trial.record)
    this.#sendTrial(trial, { type: 'trial.stop', to: lacksValue ? 'error' : 'terminated', as: 'stopped' })
  }

  /** Whether the last report that carried the objectives gave numbers that can be ranked. */
  readonly hasFinalValue = (record: TrialRecord): boolean => {
    if (this.plan.objectives.length === 0) return true
    return record.values !== undefined && !record.values.some(Number.isNaN)
  }

  // ---- The life of a trial ----

  #onEntered({ trial: number, status, cause, error }: Extract<ExperimentMessage, { type: 'trial.entered' }>): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    const { record } = trial
    const from = record.status
    const at = this.#ports.now()
    const isFirst = cause === 'xstate.init'
    this.ledger.setStatus(record, status)
    record.life.enter(status, at, isFirst ? 'trial.created' : cause, record.attempt)
    if (error !== undefined) record.error = error
    if (!isFirst) this.#logTransition(record, from, status, cause, at)
    switch (status) {
      case 'running':
        return this.#onRunning(trial, from, at)
      case 'stopping':
        return undefined
      case 'pending':
        if (!isFirst) this.#prepareNextAttempt(trial)
        this.ledger.setWaiting(trial, true)
        if (isFirst) {
          this.ledger.spawning--
          this.#send('scheduler', { type: 'scheduler.add', added: { trial: number, config: record.config } })
        }
        this.#catchUp(trial)
        break
      case 'retrying':
        if (this.#stopping) this.#catchUp(trial)
        if (this.#ports.hears('trial.retry') && error !== undefined) {
          this.#ports.publish('trial.retry', { trial: record, error, attempt: record.attempt + 1, at })
        }
        break
      case 'paused':
        this.#onPaused(trial, at)
        break
      case 'terminated':
      case 'error':
        this.#onEnded(trial, status, at)
        break
      default:
        assertNever(status, 'A status')
    }
    this.ledger.freeSlot(trial)
    this.#declined = false
    this.#pump()
  }

  /** What was said before the trial could hear it: while its actor was being made, or between two attempts. */
  #catchUp(trial: LiveTrial): void {
    if (trial.ending !== undefined) this.#end(trial, trial.ending.state as 'pruned' | 'completed', trial.ending.reason)
    else if (this.#stopping) this.#sendTrial(trial, { type: 'trial.stop', to: 'paused', as: 'paused' })
    else if (trial.held) this.#holdBack(trial)
  }

  #onRunning(trial: LiveTrial, from: TrialStatus, at: number): void {
    const { record } = trial
    // One that the user paused before its first start has nothing to resume.
    const name = from === 'paused' && record.startedAt !== undefined ? 'trial.resume' : 'trial.start'
    record.state = 'running'
    record.startedAt ??= at
    record.reason = undefined
    trial.pausedBy = undefined
    if (this.#ports.hears(name)) this.#ports.publish(name, { trial: record, attempt: record.attempt, at })
  }

  /** A new attempt goes on from the last checkpoint; what was reported beyond it did not happen, unless it exploits. */
  #prepareNextAttempt(trial: LiveTrial): void {
    const { record } = trial
    record.attempt++
    record.iteration = record.checkpoint?.iteration ?? 0
    if (!trial.exploits) record.history.truncate(record.iteration)
    trial.exploits = false
    record.state = 'waiting'
  }

  #onPaused(trial: LiveTrial, at: number): void {
    const { record } = trial
    if (this.#stopping) return this.#onInterrupted(trial, at)
    record.state = 'paused'
    this.ledger.setWaiting(trial, true)
    if (this.#ports.hears('trial.pause')) {
      this.#ports.publish('trial.pause', { trial: record, reason: record.reason, at })
    }
  }

  /** Cut by the end of the experiment: it could go on from its checkpoint, so its machine stays `paused`. */
  #onInterrupted(trial: LiveTrial, at: number): void {
    const text = `interrupted: the experiment ended (${this.failure?.code ?? this.endedBy})`
    this.#conclude(trial, 'interrupted', at, { by: 'experiment', text })
    this.#publish('trial.stop', { trial: trial.record, reason: trial.record.reason, at })
  }

  #onEnded(trial: LiveTrial, status: 'terminated' | 'error', at: number): void {
    const { record, ending } = trial
    if (status === 'terminated') {
      this.#conclude(trial, ending?.state ?? 'completed', at, ending?.reason)
      if (ending === undefined) this.#publish('trial.complete', { trial: record, at })
      else this.#publish('trial.stop', { trial: record, reason: ending.reason, at })
      return
    }
    record.error ??= this.#noFinalValue(record)
    this.#conclude(trial, 'failed', at, ending?.reason)
    this.#publish('trial.error', { trial: record, error: record.error, at })
    if (this.plan.failFast) this.#failFast(record)
  }

  /** The last words about a trial: its record is complete, and searcher and scheduler are told, once. */
  #conclude(trial: LiveTrial, state: EndState, at: number, reason: Reason | undefined): void {
    const { record, lastRanked, domains, run } = trial
    record.state = state
    record.endedAt = at
    if (reason !== undefined) record.reason = reason
    // An error that a later attempt made good is no error of the trial.
    if (state === 'completed' || state === 'pruned') record.error = undefined
    run.dispose()
    this.ledger.retire(trial)
    this.#searcherWaits = false
    this.#logEnd(record, state)
    this.#tellSearcher(record, domains)
    this.#send('scheduler', { type: 'scheduler.end', end: { trial: record.number, state, last: lastRanked } })
  }

  #noFinalValue(record: TrialRecord): Error {
    const names = this.plan.objectives.map(({ metric }) => metric).join(', ')
    if (record.values !== undefined) {
      return new TroupeError('nanResult', `Trial ${record.number} ended with ${names} = ${record.values.join(', ')}: NaN cannot be ranked.`)
    }
    return new TroupeError(
      'noResult',
      `Trial ${record.number} ended without a report of ${names} that is a number. Report it, or name another metric.`,
    )
  }

  #onCrashed(number: number, error: unknown): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    const { record, run } = trial
    if (trial.ref === undefined || record.life.stays().length === 0) this.ledger.spawning--
    run.dispose()
    record.error = new TroupeError('trialActor', `The actor of trial ${number} broke: ${String(error)}`, { cause: error })
    this.#onEntered({ type: 'trial.entered', trial: number, status: 'error', cause: 'trials.crashed', error: record.error })
  }

  #onNoted({ trial: number, note }: Extract<ExperimentMessage, { type: 'trial.noted' }>): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    const { record } = trial
    const at = this.#ports.now()
    switch (note.kind) {
      case 'userAttr':
        record.userAttrs[note.key] = note.value
        return this.#log({ type: 'trial.attr', trial: number, key: note.key, value: note.value })
      case 'constraint':
        record.constraints[note.key] = note.value
        return this.#log({ type: 'trial.constraint', trial: number, key: note.key, value: note.value })
      case 'log':
        return this.#publish('trial.log', { trial: record, fields: undefined, ...note.entry, at })
      case 'abandoned':
        return this.#publish('experiment.warning', {
          at,
          kind: 'abandoned',
          message: `Trial ${number} did not leave within ${note.graceMs} ms of being stopped. Its slot was freed, but its code may still run.`,
          trial: number,
          cause: undefined,
        })
      default:
        return assertNever(note, 'A note')
    }
  }

  // ---- The user's hand ----

  #pauseTrial(number: number): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    trial.held = true
    if (trial.record.status === 'pending' && trial.worker < 0 && trial.ref !== undefined) this.#holdBack(trial)
  }

  /** Pauses a trial that waits for its start. */
  #holdBack(trial: LiveTrial): void {
    trial.pausedBy = 'user'
    trial.record.reason = { by: 'user', text: 'paused by the user' }
    this.#sendTrial(trial, { type: 'trial.pause' })
  }

  #resumeTrial(number: number): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined || !trial.held) return
    trial.held = false
    this.#declined = false
    this.#pump()
  }

  #stopTrial(number: number): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined || trial.ending !== undefined) return
    const reason: Reason = { by: 'user', text: 'stopped by the user' }
    if (trial.ref === undefined) trial.ending = { state: 'pruned', reason }
    else this.#end(trial, 'pruned', reason)
  }

  // ---- The end ----

  #interrupt(graceful: boolean): void {
    this.#stopping = true
    for (const trial of this.ledger.live.values()) {
      const { status } = trial.record
      if (graceful && (status === 'running' || status === 'stopping')) continue
      if (status === 'paused' && !trial.run.alive) {
        this.#onInterrupted(trial, this.#ports.now())
      } else if (trial.ref !== undefined) {
        this.#sendTrial(trial, { type: 'trial.stop', to: 'paused', as: 'paused' })
      }
    }
    this.#finishWhenEmpty()
  }

  #finishWhenEmpty(): void {
    if (this.ledger.live.size === 0) this.#finish()
  }

  #finish(): void {
    // Without a cast it has not begun, and the chart is on its way to the end by itself.
    if (this.#finishing || this.#cast === undefined) return
    this.#finishing = true
    this.#send('self', { type: 'experiment.finish' })
  }

  #failFast(record: TrialRecord): void {
    this.#fail('failFast', `Trial ${record.number} failed, and failFast is set: ${record.error?.message ?? ''}`, record.error)
  }

  #deadlock(message: string): void {
    this.#fail('deadlock', message, undefined)
  }

  #fail(code: Failure['code'], message: string, cause: unknown): void {
    this.#send('self', { type: 'experiment.fail', failure: { code, message, cause } })
  }

  #policyFailed({ policy, error, restarts }: Extract<ExperimentMessage, { type: 'policy.failed' }>): string {
    const name = policy === 'searcher' ? this.plan.searcherName : this.plan.schedulerName
    return `The ${policy} ${name} threw, was started again ${restarts} times, and threw again: ${error.message}`
  }

  // ---- Mail, log and events ----

  #send(to: 'searcher' | 'scheduler' | 'trials' | 'self', message: AnyEventObject): void {
    const cast = this.#cast as Cast
    deliver(cast.self, cast[to], message)
  }

  #sendTrial({ ref }: LiveTrial, message: AnyEventObject): void {
    deliver((this.#cast as Cast).self, ref as AnyActorRef, message)
  }

  #tellSearcher(record: TrialRecord, domains: LiveTrial['domains']): void {
    this.#send('searcher', { type: 'searcher.tell', told: toldTrial(record, domains, this.plan) })
  }

  #publish<Name extends ExperimentEventName>(name: Name, event: ExperimentEvents[Name]): void {
    if (this.#ports.hears(name)) this.#ports.publish(name, event)
  }

  #log(record: LogEntryOf<LogRecord>): void {
    this.#ports.log?.({ at: this.#ports.now(), ...record })
  }

  #logTransition(record: TrialRecord, from: TrialStatus, to: TrialStatus, cause: string, at: number): void {
    const { number: trial, attempt } = record
    this.#ports.log?.({ at, type: 'trial.transition', trial, from, to, cause, attempt })
    if (this.#ports.hears('trial.transition')) {
      this.#ports.publish('trial.transition', { trial: record, from, to, cause, attempt, at })
    }
  }

  #logDecision(record: TrialRecord, seq: number, { kind, reason, evidence }: DecisionInfo): void {
    const { log } = this.#ports
    if (log === undefined) return
    log({
      at: this.#ports.now(),
      type: 'trial.decision',
      trial: record.number,
      attempt: record.attempt,
      seq,
      decision: kind,
      ...(reason === undefined ? {} : { reason }),
      ...(evidence === undefined ? {} : { evidence }),
    })
  }

  #logEnd(record: TrialRecord, state: EndState): void {
    if (this.#ports.log === undefined) return
    const { reason, error } = record
    this.#log({
      type: 'trial.ended',
      trial: record.number,
      state,
      values: record.values,
      ...(reason === undefined ? {} : { reason }),
      ...(error === undefined ? {} : { error: error.message }),
    })
  }

  /** A trial that never runs goes to its end at once. */
  #enterAtOnce(record: TrialRecord, status: TrialStatus, cause: string): void {
    this.ledger.setStatus(record, status)
    record.life.enter(status, this.#ports.now(), cause, record.attempt)
  }
}

type LogEntryOf<R> = R extends { readonly at: number } ? Omit<R, 'at'> : never

const GOES_ON: DecisionInfo = Object.freeze({
  kind: 'continue',
  by: 'scheduler',
  reason: undefined,
  evidence: undefined,
})

function reasonOf({ by, reason, evidence }: DecisionInfo): Reason {
  return { by, text: reason ?? '', evidence }
}

function trials(count: number): string {
  return count === 1 ? '1 trial' : `${count} trials`
}
