import type { AnyActorRef, AnyEventObject } from 'xstate'
import type { DecisionInfo, ExperimentEventName, ExperimentEvents } from '../src/core/events.ts'
import type { LogRecord } from '../src/core/log.ts'
import type { Metrics } from '../src/core/metrics.ts'
import {
  type EndState,
  newTrialRecord,
  type Params,
  type Reason,
  type Resources,
  type TrialRecord,
  type TrialSource,
  type TrialStatus,
} from '../src/core/trial.ts'
import { asError, assertNever, TroupeError } from '../src/errors.ts'
import type { Assignment } from '../src/executors/executor.ts'
import type { Choice, Command, Decision } from '../src/schedulers/scheduler.ts'
import type { Answer, GivenTrial, TrialAnswer } from '../src/searchers/session.ts'
import { type Awaiting, Ledger, type LiveTrial } from './ledger.ts'
import { deliver } from './mail.ts'
import type { StopDemand } from '../src/stoppers/stopper.ts'
import type { Cast, ExperimentPlan, ExperimentPorts } from './plan.ts'
import { isUsersFault } from './policy.ts'
import { PolicyClosing } from './policy-closing.ts'
import type { ExperimentMessage, Failure, PolicyActor, PolicyFault, StopCause } from './protocol.ts'
import { InstantCount, REPORTS_MAX, Standstill, STARTS_MAX, TRIALS_MAX, UNRUN_MAX } from './standstill.ts'
import { toldTrial } from './told-trial.ts'
import { hasFinalValue, noFinalValue, rankable, readHistory, readValues } from './trial-values.ts'

// So many trials that do not run may follow each other before timers and the host get their turn.
const UNRUN_SLICE = 64

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
  /** Its end is on the way: a message about it has been sent, and nothing new is begun before that arrives. */
  #isCut = false
  readonly #closing: PolicyClosing
  #isClosingTrials = false
  readonly #brokenActors = new Set<string>()
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
  /** Trials made since one ran last. */
  #unrunCount = 0
  readonly #createdAtOnce = new InstantCount()
  #letProcessEnd: (() => void) | undefined
  #warnedOfClock = false

  constructor(plan: ExperimentPlan, ports: ExperimentPorts) {
    this.plan = plan
    this.#ports = ports
    this.ledger = new Ledger(plan.slotCount, plan.totalResources)
    this.#closing = new PolicyClosing({
      ask: (actor) => this.#send(actor, { type: `${actor}.close` }),
      later: (fn) => ports.later(plan.stopGraceMs, fn),
      onClosed: () => this.#closeTrials(),
      onLate: (actor) => this.#leaveBehind(actor),
    })
  }

  /** Hears whom it can speak to. Called once, before anything else. */
  meet(cast: Cast): void {
    this.#cast = cast
  }

  /** Begins: the trials with known results first, then as many others as there is room for. */
  begin(): void {
    const { name, seed, objectives, searcherName, schedulerName, given } = this.plan
    this.#log({
      type: 'experiment.started',
      name,
      seed,
      objectives,
      searcher: searcherName,
      scheduler: schedulerName,
    })
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
      case 'scheduler.demanded':
        return this.#cut()
      case 'trials.spawned':
        return this.#onSpawned(message.trial, message.ref)
      case 'trials.crashed':
        return this.#onCrashed(message.trial, message.error)
      case 'trial.noted':
        return this.#onNoted(message)
      case 'trials.closed':
        return this.#send('self', { type: 'experiment.finish' })
      case 'searcher.closed':
        return this.#closing.onClosed('searcher')
      case 'scheduler.closed':
        return this.#closing.onClosed('scheduler')
      case 'experiment.pauseTrial':
        return this.#pauseTrial(message.trial)
      case 'experiment.resumeTrial':
        return this.#resumeTrial(message.trial)
      case 'experiment.stopTrial':
        return this.#stopTrial(message.trial)
      case 'policy.restarted':
        return this.#onPolicyRestarted(message)
      case 'policy.failed':
        return this.#onPolicyFailed(message)
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

  /** The experiment cannot go on, and user code is not waited for: all trials are interrupted where they are. */
  abort(failure: Failure): void {
    this.failure ??= failure
    this.#stopping = true
    this.#goOn()
    for (const trial of this.ledger.live.values())
      this.#enterWithoutActor(trial, 'paused', 'experiment.abort', undefined)
    this.#finishWhenEmpty()
  }

  /** The experiment's own actor is gone, so nothing can be said any more: all trials are interrupted where they are. */
  endWithoutActors(failure: Failure): void {
    const at = this.#ports.now()
    this.#asking = false
    this.#goOn()
    for (const trial of [...this.ledger.live.values()]) {
      const { record, run } = trial
      run.dispose()
      this.#enterAtOnce(record, 'paused', 'experiment.abort')
      record.state = 'interrupted'
      record.endedAt = at
      record.reason = { by: 'experiment', text: `interrupted: ${failure.message}` }
      this.ledger.retire(trial)
    }
  }

  /** One of the experiment's own actors is gone, and nobody may wait for it: a fault of the runtime. */
  onActorBroke(id: string, cause: Error): void {
    this.#brokenActors.add(id)
    this.#fail('internal', `The ${id} actor broke: ${cause.message}`, cause)
    if (id === 'trials') {
      // The trials' actors have no parent to answer to any more.
      this.#stopping = true
      for (const trial of this.ledger.live.values())
        this.#enterWithoutActor(trial, 'paused', 'trials.crashed', undefined)
      if (this.#isClosingTrials) this.#send('self', { type: 'experiment.finish' })
    } else if (id === 'searcher' || id === 'scheduler') {
      this.#closing.lose(id)
    }
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
    record.startedAt = this.#endAtOnce(record, 'completed', 'terminated', 'given')
    this.#tellSearcher(record, domains)
  }

  #onAnswered(number: number, answer: Answer): void {
    this.#asking = false
    this.#log({
      type: 'searcher.asked',
      trial: number,
      answer: answer.kind === 'trial' ? 'point' : answer.kind,
    })
    if (answer.kind === 'wait') this.#searcherWaits = true
    else if (answer.kind === 'finished') this.#searcherFinished = true
    else if (this.#stopping || this.#isCut) this.#interruptAtOnce(answer)
    else {
      this.#publishChoice(number, answer)
      this.#create(answer)
    }
    this.#pump()
  }

  #publishChoice(trial: number, { choice }: TrialAnswer): void {
    if (choice === undefined) return
    this.#publish('searcher.choice', {
      searcher: this.plan.searcherName,
      ...choice,
      trial,
      at: this.#ports.now(),
    })
  }

  /** It comes too late to run, but the searcher has proposed it and is told what became of it. */
  #interruptAtOnce({ config, params, domains, source }: TrialAnswer): void {
    const record = this.#newRecord(source, config, params)
    record.reason = this.#interruption()
    const at = this.#endAtOnce(record, 'interrupted', 'paused', 'experiment.stop')
    this.#publish('trial.stop', { trial: record, reason: record.reason, at })
    this.#tellSearcher(record, domains)
  }

  #create(answer: TrialAnswer): void {
    this.#countCreated()
    const { config, params, domains, source, duplicateOf } = answer
    if (duplicateOf !== undefined) return this.#reuse(answer, this.ledger.records[duplicateOf] as TrialRecord)
    const need = this.#ports.resourcesOf(config)
    const record = this.#newRecord(source, config, params, need instanceof Error ? {} : need)
    const problem = need instanceof Error ? need : this.#lackOf(record)
    if (problem !== undefined) return this.#refuse(record, domains, problem)
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
      returned: undefined,
      standstill: new Standstill(),
    })
    this.ledger.spawning++
    this.#send('trials', { type: 'trials.spawn', record, run })
  }

  #countCreated(): void {
    this.#created++
    this.#batchCount++
    this.#unrunCount++
    const count = this.#createdAtOnce.add(this.#ports.now())
    if (count !== TRIALS_MAX + 1 || !this.plan.isEndless) return
    this.#stalled(
      `${TRIALS_MAX} trials were made, and there is no end to them. Give numSamples, or let time pass in them, with trial.sleep(ms) or stepMs.`,
    )
  }

  /** The same parameters have a result already: it is taken over, and nothing runs. */
  #reuse({ config, params, domains }: TrialAnswer, original: TrialRecord): void {
    const record = this.#newRecord('reused', config, params)
    for (const metrics of original.history) record.history.push(metrics)
    record.metrics = original.metrics
    record.values = original.values
    record.valuesAt = original.valuesAt
    record.iteration = original.iteration
    Object.assign(record.constraints, original.constraints)
    const at = this.#endAtOnce(record, 'completed', 'terminated', 'reused')
    const text = `has the parameters of trial ${original.number}, whose result it takes over`
    record.reason = { by: 'searcher', text }
    this.#publish('trial.complete', { trial: record, at })
    this.#tellSearcher(record, domains)
  }

  /** What there is not enough of for a trial, even when nothing else runs. */
  #lackOf({ number, resources }: TrialRecord): Error | undefined {
    const kind = this.ledger.pool.lacking(resources)
    if (kind === undefined) return undefined
    const total = this.plan.totalResources[kind] ?? 0
    return new TroupeError(
      'resources',
      `Trial ${number} needs ${resources[kind]} ${kind}, but there are ${total} in all. Ask for less, or raise totalResources.${kind}.`,
    )
  }

  #refuse(record: TrialRecord, domains: LiveTrial['domains'], error: Error): void {
    record.error = error
    const at = this.#endAtOnce(record, 'failed', 'error', 'refused')
    this.#publish('trial.error', { trial: record, error, at })
    this.#tellSearcher(record, domains)
    if (this.plan.failFast) this.#failFast(record)
  }

  // Trials that do not run, since their results are known, take nothing.
  #newRecord(source: TrialSource, config: unknown, params: Params, resources: Resources = {}): TrialRecord {
    const id = this.#ports.makeId()
    const number = this.ledger.records.length
    const name = `${this.plan.trainableName}_${id}`
    const createdAt = this.#ports.now()
    const record = newTrialRecord({ number, id, name, config, params, source, resources, createdAt })
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
    this.#goOn()
    if (this.#stopping) return this.#finishWhenEmpty()
    if (this.#isCut || this.#choosing || this.ledger.spawning > 0) return
    if (this.ledger.hasFreeSlot) {
      if (this.#choose()) return
      if (this.#mayAsk()) return this.#ask()
    }
    if (!this.#asking && !this.ledger.isActive) this.#onIdle()
  }

  #ask(): void {
    this.#asking = true
    // Trials that do not run lead from one question to the next within one event, for as long as there are any.
    if (this.#unrunCount % UNRUN_SLICE !== UNRUN_SLICE - 1) return this.#suggest()
    this.#ports.post(() => {
      if (!this.#asking) return
      if (!this.#stopping && !this.#isCut) return this.#suggest()
      this.#asking = false
      this.#pump()
    })
  }

  #suggest(): void {
    this.#send('searcher', { type: 'searcher.suggest', trial: this.ledger.records.length })
  }

  #choose(): boolean {
    if (this.#declined || !this.ledger.hasWaiting) return false
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
    if (number === undefined) this.#declined = true
    else {
      const trial = this.ledger.live.get(number)
      // A scheduler that took its time may choose one that has ended, or that the user has paused, meanwhile.
      if (trial !== undefined && !trial.held && this.ledger.isWaiting(trial)) this.#start(trial)
    }
    this.#pump()
  }

  /** Whether no other trial is wanted, whatever the searcher may still think of. */
  get isOver(): boolean {
    return this.#stopping || this.#isCut
  }

  /** Whether another trial may come before any of those that are under way has moved. */
  #mayCreate(): boolean {
    if (this.#created >= this.plan.trialCount || this.#searcherFinished || this.#searcherWaits) return false
    if (this.#isBarren) return false
    if (this.ledger.live.size === 0) this.#batchCount = 0
    return this.#batchCount < this.plan.batchSize
  }

  /** Whether so many trials have not run that more of them would be no use before one of those that are there has. */
  get #isBarren(): boolean {
    return this.plan.isEndless && this.#unrunCount >= UNRUN_MAX
  }

  #mayAsk(): boolean {
    return !this.#asking && this.#mayCreate() && (!this.ledger.hasWaiting || this.#declined)
  }

  /** Nothing runs and nothing is asked: it is over, or it would stand still for ever. */
  #onIdle(): void {
    if (this.ledger.live.size === 0) {
      if (this.#searcherWaits && !this.#searcherFinished && this.#created < this.plan.trialCount) {
        return this.#deadlock(
          `the searcher ${this.plan.searcherName} waits for a result, but no trial is under way. A searcher that has nothing more to propose must answer 'finished'.`,
        )
      }
      if (this.#isBarren && !this.#searcherFinished) return this.#failBarren()
      return this.#finish()
    }
    const waiting = [...this.ledger.waitingTrials()]
    if (waiting.some((trial) => trial.held)) {
      this.#letProcessEnd = this.#ports.keepAlive()
      return
    }
    if (this.#declined && !this.#declinedIdle) {
      // The scheduler declined while something could still come. Nothing can: it is asked once more, and told so.
      this.#declined = false
      if (this.#choose()) return
    }
    const names = waiting.slice(0, 5).map(({ record }) => `${record.number} (${record.status})`)
    const more = waiting.length > names.length ? `, and ${waiting.length - names.length} more` : ''
    const alsoWaits = this.#searcherWaits
      ? ` The searcher ${this.plan.searcherName} waits for one of them to end.`
      : ''
    this.#deadlock(
      `nothing runs, and ${waiting.length === 1 ? 'trial' : 'trials'} ${names.join(', ')}${more} wait for the scheduler ${this.plan.schedulerName}, which chooses none of them.${alsoWaits} A scheduler that is told 'idle' must choose a trial, or have ended those that wait.`,
    )
  }

  /** Something other than the user moves: a process with nothing else to do may end again. */
  #goOn(): void {
    this.#letProcessEnd?.()
    this.#letProcessEnd = undefined
  }

  #start(trial: LiveTrial): void {
    const { record } = trial
    if (trial.standstill.start(this.#ports.now())) {
      return this.#stalled(
        `trial ${record.number} was started ${STARTS_MAX} times. A scheduler must not pause a trial or let it exploit for ever, nor may one fail for ever. Let time pass in it, with trial.sleep(ms) or stepMs, or between its attempts, with failure.backoffMs.`,
      )
    }
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

  #onReported({
    trial: number,
    report,
    attempt,
    ranMs,
  }: Extract<ExperimentMessage, { type: 'trial.reported' }>): void {
    const trial = this.ledger.live.get(number)
    // A report of an earlier attempt, or one that crossed with the trial's end, changes nothing any more.
    if (trial === undefined || attempt !== trial.record.attempt) return
    const { record } = trial
    const at = this.#ports.now()
    if (!this.#warnedOfClock) this.#checkClock(number, report.metrics)
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
    const values = readValues(record, metrics, this.plan)
    trial.awaiting.push({ attempt, seq: report.seq, metrics, last: report.last })
    const { log } = this.#ports
    log?.({ at, type: 'trial.report', trial: number, attempt, seq: report.seq, metrics })
    const ranked = rankable(record, metrics, values, this.plan)
    if (ranked !== undefined) trial.lastRanked = ranked
    if (this.plan.searcherObserves && values !== undefined) {
      this.#send('searcher', {
        type: 'searcher.observe',
        observation: { number, step: record.valuesAt, values },
      })
    }
    this.#send('scheduler', {
      type: 'scheduler.report',
      trial: number,
      seq: report.seq,
      report: ranked,
      metrics,
      elapsedMs: at,
      last: report.last,
    })
    if (trial.standstill.report(at)) {
      this.#stalled(
        `trial ${number} reported ${REPORTS_MAX} times. Let time pass in it, with trial.sleep(ms) or stepMs.`,
      )
    }
  }

  /** Says once that what the runtime counts by itself is not the user's to report. */
  #checkClock(number: number, metrics: Metrics): void {
    const name = 'training_iteration' in metrics ? 'training_iteration' : 'time_total_s'
    if (!(name in metrics)) return
    this.#warnedOfClock = true
    this.#publish('experiment.warning', {
      at: this.#ports.now(),
      kind: 'report',
      message: `Trial ${number} reported ${name}, which is counted for it, and takes the place of what it said. Report it under another name, and give that to the scheduler as timeAttr if it is how far a trial is.`,
      trial: number,
      cause: undefined,
    })
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
    if (demand?.scope === 'experiment') this.#cut()
    if (commands.length > 0 || this.#stopping) this.#pump()
  }

  /** A stopper has had enough of the whole experiment. */
  #cut(): void {
    if (this.#stopping || this.#isCut) return
    this.#isCut = true
    this.endedBy = 'stopper'
    this.#send('self', { type: 'experiment.stop', by: 'stopper', graceful: false })
  }

  #apply(
    trial: LiveTrial,
    awaiting: Awaiting,
    { decision, demand }: { readonly decision: Decision; readonly demand: StopDemand | undefined },
  ): void {
    const { record } = trial
    const info = this.#carriedOut(trial, decision, this.#decisionInfo(trial, awaiting, decision, demand))
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
        // What is done is what the scheduler decided: nobody else can ask for this.
        return this.#exploit(trial, decision as Exploit)
      default:
        return assertNever(info.kind, 'A decision')
    }
  }

  /**
   * What comes of a decision. Without the donor's checkpoint there is nothing to go on from, and starting from scratch
   * would lose what the trial has: it goes on as it is, and that is what is told of it.
   */
  #carriedOut(trial: LiveTrial, decision: Decision, info: DecisionInfo): DecisionInfo {
    if (info.kind !== 'exploit') return info
    const { donor } = decision as Exploit
    const source = this.ledger.records[donor]
    if (source?.checkpoint !== undefined) return info
    const why = source === undefined ? 'which there is not' : 'which has no checkpoint'
    const { number } = trial.record
    this.#publish('experiment.warning', {
      at: this.#ports.now(),
      kind: 'decision',
      message: `The scheduler ${this.plan.schedulerName} let trial ${number} exploit trial ${donor}, ${why}: it goes on as it is. A checkpoint comes with report(metrics, { checkpoint }), or by defineTrainable with save and the option checkpoint.`,
      trial: number,
      cause: undefined,
    })
    if (trial.held) return HELD
    const reason = `goes on as it is: it could not exploit trial ${donor}, ${why}`
    return { kind: 'continue', by: 'scheduler', reason, evidence: info.evidence }
  }

  /** The trial leaves, and starts again with the new configuration from the donor's checkpoint. */
  #exploit(trial: LiveTrial, { donor, config, reason, evidence }: Exploit): void {
    const { record } = trial
    record.config = config
    record.checkpoint = this.ledger.records[donor]?.checkpoint
    record.reason = { by: 'scheduler', text: reason, evidence }
    trial.exploits = true
    this.#publish('trial.exploit', { trial: record, donor, config, at: this.#ports.now() })
    this.#sendTrial(trial, { type: 'trial.stop', to: 'pending', as: 'exploited' })
  }

  /** Who has the last word on a report: a stopper, then the scheduler, then a user who asked for a pause. */
  #decisionInfo(
    trial: LiveTrial,
    awaiting: Awaiting,
    decision: Decision,
    demand: StopDemand | undefined,
  ): DecisionInfo {
    // The trial ends by itself with this report, so nothing is left to decide.
    if (awaiting.last) return GOES_ON
    if (demand?.scope === 'trial') {
      return { kind: 'stop', by: 'stopper', reason: demand.reason, evidence: demand.evidence }
    }
    if (decision.kind === 'continue' && trial.held) {
      return HELD
    }
    if (decision.kind === 'continue' && decision.evidence === undefined) return GOES_ON
    const reason = decision.kind === 'continue' ? undefined : decision.reason
    return { kind: decision.kind, by: 'scheduler', reason, evidence: decision.evidence }
  }

  #obey(commands: readonly Command[]): void {
    for (const { trial: number, decision } of commands) {
      const trial = this.ledger.live.get(number)
      if (trial === undefined || trial.ending !== undefined) continue
      if (decision.kind === 'exploit') continue
      const reason: Reason = { by: 'scheduler', text: decision.reason, evidence: decision.evidence }
      this.#end(trial, decision.outcome, reason)
    }
  }

  /** Ends a trial that has not ended by itself. */
  #end(trial: LiveTrial, state: 'pruned' | 'completed', reason: Reason): void {
    trial.ending = { state, reason }
    this.ledger.setWaiting(trial, false)
    const lacksValue = state === 'completed' && !hasFinalValue(trial.record, this.plan)
    this.#sendTrial(trial, { type: 'trial.stop', to: lacksValue ? 'error' : 'terminated', as: 'stopped' })
  }

  // ---- The life of a trial ----

  #onEntered({
    trial: number,
    status,
    cause,
    error,
  }: Extract<ExperimentMessage, { type: 'trial.entered' }>): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    const { record } = trial
    const from = record.status
    const at = this.#ports.now()
    const isFirst = cause === 'xstate.init'
    // Before anything is said of it: to wait for an attempt belongs to that attempt.
    if (status === 'pending' && !isFirst) this.#prepareNextAttempt(trial)
    this.ledger.setStatus(record, status)
    record.life.enter(status, at, isFirst ? 'trial.created' : cause, record.attempt)
    if (error !== undefined) record.error = error
    if (status !== 'pending' && status !== 'paused') this.ledger.setWaiting(trial, false)
    if (!isFirst) this.#logTransition(record, from, status, cause, at)
    switch (status) {
      case 'running':
        return this.#onRunning(trial, from, at)
      case 'stopping':
        return undefined
      case 'pending':
        this.ledger.setWaiting(trial, true)
        if (isFirst) this.#add(record)
        this.#catchUp(trial)
        break
      case 'retrying':
        if (this.#stopping) this.#catchUp(trial)
        if (error !== undefined)
          this.#publish('trial.retry', { trial: record, error, attempt: record.attempt + 1, at })
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
    this.ledger.freeSlot(trial)
    this.#declined = false
    this.#pump()
  }

  /** The trial is there, and the scheduler may hear of it. */
  #add({ number, config, resources }: TrialRecord): void {
    this.ledger.spawning--
    this.#send('scheduler', { type: 'scheduler.add', added: { trial: number, config, resources } })
  }

  /** What was said before the trial could hear it: while its actor was being made, or between two attempts. */
  #catchUp(trial: LiveTrial): void {
    if (trial.ending !== undefined)
      this.#end(trial, trial.ending.state as 'pruned' | 'completed', trial.ending.reason)
    else if (this.#stopping) this.#interruptTrial(trial)
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
    this.#unrunCount = 0
    this.#publish(name, { trial: record, attempt: record.attempt, at })
  }

  /** A new attempt goes on from the last checkpoint; what was reported beyond it did not happen, unless it exploits. */
  #prepareNextAttempt(trial: LiveTrial): void {
    const { record } = trial
    record.attempt++
    record.iteration = record.checkpoint?.iteration ?? 0
    if (!trial.exploits) record.history.truncate(record.iteration)
    trial.exploits = false
    trial.pausedBy = undefined
    record.state = 'waiting'
    readHistory(record, this.plan)
  }

  #onPaused(trial: LiveTrial, at: number): void {
    const { record } = trial
    if (this.#stopping) {
      // One that paused by itself during a graceful stop is still in its code, and has to clean up.
      if (trial.run.alive) return this.#interruptTrial(trial)
      return this.#onInterrupted(trial, at)
    }
    record.state = 'paused'
    this.ledger.setWaiting(trial, true)
    this.#publish('trial.pause', { trial: record, reason: record.reason, at })
  }

  /** Cut by the end of the experiment: it could go on from its checkpoint, so its machine stays `paused`. */
  #onInterrupted(trial: LiveTrial, at: number): void {
    this.#conclude(trial, 'interrupted', at, this.#interruption())
    this.#publish('trial.stop', { trial: trial.record, reason: trial.record.reason, at })
  }

  #interruption(): Reason {
    return {
      by: 'experiment',
      text: `interrupted: the experiment ended (${this.failure?.code ?? this.endedBy})`,
    }
  }

  #onEnded(trial: LiveTrial, status: 'terminated' | 'error', at: number, error: Error | undefined): void {
    const { record, ending } = trial
    if (status === 'terminated') {
      this.#conclude(trial, ending?.state ?? 'completed', at, ending?.reason)
      if (ending === undefined) this.#publish('trial.complete', { trial: record, at })
      else this.#publish('trial.stop', { trial: record, reason: ending.reason, at })
      return
    }
    // What an earlier attempt threw is not what ended this one.
    record.error = error ?? noFinalValue(record, this.plan, trial.returned)
    this.#conclude(trial, 'failed', at, error === undefined ? ending?.reason : undefined)
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
    if (record.startedAt !== undefined) this.#unrunCount = 0
    this.#logEnd(record, state)
    this.#tellSearcher(record, domains)
    this.#send('scheduler', { type: 'scheduler.end', end: { trial: record.number, state, last: lastRanked } })
  }

  #onCrashed(number: number, error: unknown): void {
    const trial = this.ledger.live.get(number)
    if (trial === undefined) return
    const text = `The actor of trial ${number} broke: ${asError(error).message}`
    this.#enterWithoutActor(
      trial,
      'error',
      'trials.crashed',
      new TroupeError('trialActor', text, { cause: error }),
    )
  }

  /** Brings a trial where it goes from here without the help of its actor, which may be gone or not be there yet. */
  #enterWithoutActor(
    trial: LiveTrial,
    status: 'paused' | 'error',
    cause: string,
    error: Error | undefined,
  ): void {
    const { record, run } = trial
    if (record.life.stays().length === 0) this.#add(record)
    run.dispose()
    this.#onEntered({ type: 'trial.entered', trial: record.number, status, cause, error })
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
      case 'returned':
        trial.returned = note.what
        return undefined
      case 'threwBesides':
        return this.#publish('experiment.warning', {
          at,
          kind: 'cleanup',
          message: `Trial ${number} threw while it was leaving or cleaning up: ${note.error.message}`,
          trial: number,
          cause: note.error,
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
    if (trial.record.status === 'pending' && trial.worker < 0 && trial.ref !== undefined)
      this.#holdBack(trial)
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
    this.#goOn()
    for (const trial of this.ledger.live.values()) {
      const { status } = trial.record
      if (graceful && (status === 'running' || status === 'stopping')) continue
      if (status === 'paused' && !trial.run.alive) {
        this.#onInterrupted(trial, this.#ports.now())
      } else {
        this.#interruptTrial(trial)
      }
    }
    this.#finishWhenEmpty()
  }

  #interruptTrial(trial: LiveTrial): void {
    this.#sendTrial(trial, { type: 'trial.stop', to: 'paused', as: 'paused' })
  }

  #finishWhenEmpty(): void {
    if (this.ledger.live.size === 0) this.#finish()
  }

  #finish(): void {
    this.#closing.begin()
  }

  #closeTrials(): void {
    if (this.#isClosingTrials) return
    this.#isClosingTrials = true
    if (this.#brokenActors.has('trials')) this.#send('self', { type: 'experiment.finish' })
    else this.#send('trials', { type: 'trials.close' })
  }

  #leaveBehind(actor: PolicyActor): void {
    const { searcherName, schedulerName, stopGraceMs } = this.plan
    const late = `${actor} ${actor === 'searcher' ? searcherName : schedulerName}`
    this.#publish('experiment.warning', {
      at: this.#ports.now(),
      kind: 'abandoned',
      message: `The ${late} did not take in within ${stopGraceMs} ms how the last trials ended, and was left behind.`,
      trial: undefined,
      cause: undefined,
    })
    this.#closeTrials()
  }

  #failFast(record: TrialRecord): void {
    this.#fail(
      'failFast',
      `Trial ${record.number} failed, and failFast is set: ${record.error?.message ?? ''}`,
      record.error,
    )
  }

  #failBarren(): void {
    const { error } = this.ledger.records.at(-1) as TrialRecord
    const how = error === undefined ? 'took over the result of another' : `was refused: ${error.message}`
    this.#fail(
      'searcher',
      `The last ${this.#unrunCount} trials that the searcher ${this.plan.searcherName} proposed ended without having run; the last one ${how}. It may have no other to propose. Give numSamples, a larger space, or a searcher that answers 'finished'.`,
      error,
    )
  }

  /** Much happens, but time stands, so no limit of time would ever end it. */
  #stalled(message: string): void {
    this.#fail('stalled', `Time stands at ${this.#ports.now()} ms: ${message}`, undefined)
  }

  #deadlock(message: string): void {
    this.#fail('deadlock', `After ${Math.round(this.#ports.now())} ms ${message}`, undefined)
  }

  #fail(code: Failure['code'], message: string, cause: unknown): void {
    const failure: Failure = { code, message, cause }
    this.#isCut = true
    this.failure ??= failure
    this.#send('self', { type: 'experiment.fail', failure })
  }

  #onPolicyRestarted({ culprit: { kind, name }, error, restarts }: PolicyFault): void {
    this.#log({ type: 'policy.restarted', policy: kind, error: error.message })
    this.#publish('experiment.warning', {
      at: this.#ports.now(),
      kind: 'policyRestarted',
      message: `The ${kind} ${name} threw and was started again from its history (restart ${restarts}): ${error.message}`,
      trial: undefined,
      cause: error,
    })
  }

  #onPolicyFailed({ actor, culprit, error, restarts }: PolicyFault): void {
    // What the user's own space, points or where did wrong says so by itself.
    const isUsers = culprit.isUsersPart === true && isUsersFault(error)
    const { kind, name } = culprit
    const history = restarts === 0 ? 'threw' : `threw, was started again ${restarts} times, and threw again`
    this.#fail(kind, isUsers ? error.message : `The ${kind} ${name} ${history}: ${error.message}`, error)
    this.#closing.lose(actor)
  }

  // ---- Mail, log and events ----

  #send(to: 'searcher' | 'scheduler' | 'trials' | 'self', message: AnyEventObject): void {
    const cast = this.#cast as Cast
    if (!this.#brokenActors.has(to)) deliver(cast.self, cast[to], message)
  }

  #sendTrial({ ref }: LiveTrial, message: AnyEventObject): void {
    if (ref !== undefined) deliver((this.#cast as Cast).self, ref, message)
  }

  #tellSearcher(record: TrialRecord, domains: LiveTrial['domains']): void {
    const told = toldTrial(record, domains, this.plan)
    this.#send('searcher', { type: 'searcher.tell', told })
    if (this.plan.stoppersHearEnds) this.#send('scheduler', { type: 'scheduler.told', told })
    this.#closing.askAgain('searcher')
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
    this.#publish('trial.transition', { trial: record, from, to, cause, attempt, at })
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

  /** Ends a trial that never runs. Gives the time of it. */
  #endAtOnce(record: TrialRecord, state: EndState, status: TrialStatus, cause: string): number {
    const at = this.#ports.now()
    record.state = state
    record.endedAt = at
    this.#enterAtOnce(record, status, cause)
    this.#logEnd(record, state)
    return at
  }

  /** A trial is in another state without having gone through its machine. */
  #enterAtOnce(record: TrialRecord, status: TrialStatus, cause: string): void {
    this.ledger.setStatus(record, status)
    record.life.enter(status, this.#ports.now(), cause, record.attempt)
  }
}

type Exploit = Extract<Decision, { kind: 'exploit' }>

type LogEntryOf<R> = R extends { readonly at: number } ? Omit<R, 'at'> : never

const GOES_ON: DecisionInfo = Object.freeze({
  kind: 'continue',
  by: 'scheduler',
  reason: undefined,
  evidence: undefined,
})

const HELD: DecisionInfo = Object.freeze({
  kind: 'pause',
  by: 'user',
  reason: 'paused by the user',
  evidence: undefined,
})

function reasonOf({ by, reason, evidence }: DecisionInfo): Reason {
  return { by, text: reason ?? '', evidence }
}

function trials(count: number): string {
  return count === 1 ? '1 trial' : `${count} trials`
}
