import type { DecisionInfo } from '../../src/core/events.ts'
import type { Metrics } from '../../src/core/metrics.ts'
import type { Params, Reason, Resources } from '../../src/core/trial.ts'
import { assertNever } from '../../src/errors.ts'
import type { Command, Decision } from '../../src/schedulers/scheduler.ts'
import { contains } from '../../src/space/encoding.ts'
import { paramsIn } from '../../src/space/params-in.ts'
import type { StopDemand } from '../../src/stoppers/stopper.ts'
import type { ExperimentMessage } from '../protocol.ts'
import { hasFinalValue, rankable, readValues, withClocks } from '../trial-values.ts'
import type { Desk } from './desk.ts'
import type { Awaiting, LiveTrial } from './live-trial.ts'
import type { Room } from './room.ts'
import { REPORTS_MAX } from './standstill.ts'

type Exploit = Extract<Decision, { kind: 'exploit' }>
type Reported = Extract<ExperimentMessage, { type: 'trial.reported' }>
type Decided = Extract<ExperimentMessage, { type: 'scheduler.decided' }>

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

/** Takes reports to the scheduler and the stoppers, and carries out what they decide. */
export class Judge {
  readonly #desk: Desk
  readonly #room: Room
  #warnedOfClock = false

  constructor(desk: Desk, room: Room) {
    this.#desk = desk
    this.#room = room
  }

  onReported({ trial: number, report, attempt, ranMs }: Reported): void {
    const { announcer, ending, ledger, plan, ports } = this.#desk
    const trial = ledger.live.get(number)
    // A report of an earlier attempt, or one that crossed with the trial's end, changes nothing any more.
    if (trial === undefined || attempt !== trial.record.attempt) return
    const { record } = trial
    const at = ports.now()
    if (!this.#warnedOfClock) this.#checkClock(number, report.metrics)
    const metrics = withClocks(report.metrics, ++record.iteration, ranMs)
    record.metrics = metrics
    record.ranMs = ranMs
    record.history.push(metrics)
    if (report.checkpoint !== undefined) {
      record.checkpoint = { value: report.checkpoint.value, iteration: record.iteration }
    }
    const values = readValues(record, metrics, plan)
    trial.awaiting.push({ attempt, seq: report.seq, metrics, last: report.last })
    ports.log?.({
      at,
      type: 'trial.report',
      trial: number,
      attempt,
      seq: report.seq,
      metrics,
      ...(report.last ? { last: true } : undefined),
      ...(report.checkpoint !== undefined ? { checkpoint: true, ranMs } : undefined),
    })
    const ranked = rankable(record, metrics, values, plan)
    if (ranked !== undefined) trial.lastRanked = ranked
    if (plan.searcherObserves && values !== undefined) {
      announcer.send('searcher', {
        type: 'searcher.observe',
        observation: { number, step: record.valuesAt, values },
      })
    }
    announcer.send('scheduler', {
      type: 'scheduler.report',
      trial: number,
      seq: report.seq,
      report: ranked,
      metrics,
      elapsedMs: at,
      last: report.last,
    })
    if (trial.standstill.report(at)) {
      ending.stalled(
        `trial ${number} reported ${REPORTS_MAX} times. Let time pass in it, with trial.sleep(ms) or stepMs.`,
      )
    }
  }

  /** Says once that what the runtime counts by itself is not the user's to report. */
  #checkClock(number: number, metrics: Metrics): void {
    const name = 'training_iteration' in metrics ? 'training_iteration' : 'time_total_s'
    if (!(name in metrics)) return
    this.#warnedOfClock = true
    this.#desk.announcer.warn(
      'report',
      `Trial ${number} reported ${name}, which is counted for it, and takes the place of what it said. Report it under another name, and give that to the scheduler as timeAttr if it is how far a trial is.`,
      { trial: number },
    )
  }

  // ---- Decisions ----

  onDecided(message: Decided): void {
    const { seq, demand, commands } = message
    const { ending, ledger } = this.#desk
    const trial = ledger.live.get(message.trial)
    const awaiting = trial?.awaiting.shift()
    this.#room.reconsider()
    // A trial whose end is decided has nothing to wait for, nor has an attempt that is over.
    const isAwaited = awaiting?.seq === seq && awaiting.attempt === trial?.record.attempt
    if (trial !== undefined && isAwaited && trial.ending === undefined) this.#apply(trial, awaiting, message)
    this.#obey(commands)
    if (demand?.scope === 'experiment') ending.cut(demand)
    if (commands.length > 0 || ending.isStopping) this.#room.pump()
  }

  onCommanded(commands: readonly Command[]): void {
    this.#obey(commands)
    this.#room.pump()
  }

  #apply(trial: LiveTrial, awaiting: Awaiting, { decision, demand }: Decided): void {
    const { announcer, ports } = this.#desk
    const { record } = trial
    const info = this.#carriedOut(trial, decision, decisionInfo(trial, awaiting, decision, demand))
    // One that ends by itself with this report needs nobody who ends it.
    const isByStopper = demand !== undefined && !(awaiting.last && demand.scope === 'trial')
    announcer.logDecision(record, awaiting.seq, info, isByStopper)
    if (announcer.hears('trial.report')) {
      const { metrics } = awaiting
      announcer.publish('trial.report', { trial: record, metrics, decision: info, at: ports.now() })
    }
    switch (info.kind) {
      case 'continue':
        return announcer.sendTrial(trial, { type: 'trial.continue', seq: awaiting.seq })
      case 'pause':
        trial.pausedBy = info.by === 'user' ? 'user' : 'scheduler'
        record.reason = reasonOf(info)
        if (decision.kind === 'pause') this.#reallocate(trial, decision.resources)
        return announcer.sendTrial(trial, { type: 'trial.pause' })
      case 'stop': {
        const outcome = decision.kind === 'stop' && info.by === 'scheduler' ? decision.outcome : 'completed'
        return this.end(trial, outcome, reasonOf(info))
      }
      case 'exploit':
        // What is done is what the scheduler decided: nobody else can ask for this.
        return this.#exploit(trial, decision as Exploit)
      default:
        return assertNever(info.kind, 'A decision')
    }
  }

  /** What comes of a decision: an exploit that cannot be leaves the trial as it is, and that is what is told of it. */
  #carriedOut(trial: LiveTrial, decision: Decision, info: DecisionInfo): DecisionInfo {
    if (info.kind !== 'exploit') return info
    const { donor } = decision as Exploit
    const obstacle = this.#obstacleTo(trial, donor)
    if (obstacle === undefined) return info
    if (trial.held) return HELD
    const reason = `goes on as it is: it could not exploit trial ${donor}, ${obstacle}`
    return { kind: 'continue', by: 'scheduler', reason, evidence: info.evidence }
  }

  /**
   * Why there is nothing to go on from, after saying so; undefined when there is. Without the donor's checkpoint, to
   * start from scratch would lose what the trial has.
   */
  #obstacleTo({ record }: LiveTrial, donor: number): string | undefined {
    const { announcer, ledger, plan } = this.#desk
    const source = ledger.records[donor]
    if (source?.checkpoint !== undefined) return undefined
    const obstacle = source === undefined ? 'which there is not' : 'which has no checkpoint'
    announcer.warn(
      'decision',
      `The scheduler ${plan.schedulerName} let trial ${record.number} exploit trial ${donor}, ${obstacle}: it goes on as it is. A checkpoint comes with report(metrics, { checkpoint }), or by defineTrainable with save and the option checkpoint.`,
      { trial: record.number },
    )
    return obstacle
  }

  /** The trial leaves, and starts again with the new configuration from the donor's checkpoint. */
  #exploit(trial: LiveTrial, { donor, config, reason, evidence }: Exploit): void {
    const { announcer, ledger, ports } = this.#desk
    const { record } = trial
    record.config = config
    this.#follow(trial, paramsIn(config, record.params))
    const checkpoint = ledger.records[donor]?.checkpoint
    record.checkpoint = checkpoint && { ...checkpoint, donor }
    record.reason = { by: 'scheduler', text: reason, evidence }
    trial.exploits = true
    announcer.log({ type: 'trial.exploited', trial: record.number, donor, config })
    announcer.publish('trial.exploit', { trial: record, donor, config, at: ports.now() })
    announcer.sendTrial(trial, { type: 'trial.stop', to: 'pending', as: 'exploited' })
  }

  /** The searcher is told of the parameters that make the values from here on, where it can know them. */
  #follow(trial: LiveTrial, params: Params): void {
    const { domains, record } = trial
    trial.isStray = Object.entries(params).some(([path, value]) => {
      const domain = domains[path]
      return domain !== undefined && !contains(domain, value)
    })
    if (!trial.isStray) record.params = params
  }

  /** Changes what a trial needs, from when it gives up the slot that it has. */
  #reallocate(trial: LiveTrial, resources: Resources | undefined): void {
    if (resources === undefined) return
    const { announcer, ledger, plan } = this.#desk
    const { number } = trial.record
    const kind = ledger.pool.lacking(resources)
    if (kind !== undefined) {
      const total = ledger.pool.total[kind] ?? 0
      return announcer.warn(
        'decision',
        `The scheduler ${plan.schedulerName} gave trial ${number} ${resources[kind]} ${kind}, but there are ${total} in all: it keeps what it has.`,
        { trial: number },
      )
    }
    trial.nextResources = resources
    announcer.log({ type: 'trial.reallocated', trial: number, resources })
  }

  /** Less is there than was: one that waits for what it was once given goes on with what it asked for. */
  fit(trial: LiveTrial): void {
    const { announcer, ledger, ports } = this.#desk
    const { number, config, resources } = trial.record
    if (ledger.pool.couldFit(trial.nextResources ?? resources)) return
    const asked = ports.resourcesOf(config)
    if (asked instanceof Error || !ledger.pool.couldFit(asked)) return
    announcer.log({ type: 'trial.reallocated', trial: number, resources: asked })
    ledger.reallocate(trial, asked)
  }

  #obey(commands: readonly Command[]): void {
    const { ledger } = this.#desk
    for (const { trial: number, decision } of commands) {
      const trial = ledger.live.get(number)
      if (trial === undefined || trial.ending !== undefined) continue
      const { reason, evidence } = decision
      if (decision.kind === 'stop')
        this.end(trial, decision.outcome, { by: 'scheduler', text: reason, evidence })
      // One that runs, or is on its way out, is nobody's to change: its next report is.
      else if (ledger.isWaiting(trial) && this.#obstacleTo(trial, decision.donor) === undefined)
        this.#exploit(trial, decision)
    }
  }

  /** Ends a trial that has not ended by itself. */
  end(trial: LiveTrial, state: 'pruned' | 'completed', reason: Reason): void {
    const { announcer, ledger, plan } = this.#desk
    trial.ending = { state, reason }
    ledger.setWaiting(trial, false)
    const lacksValue = state === 'completed' && !hasFinalValue(trial.record, plan)
    announcer.sendTrial(trial, {
      type: 'trial.stop',
      to: lacksValue ? 'error' : 'terminated',
      as: 'stopped',
    })
  }
}

/** Who has the last word on a report: a stopper, then the scheduler, then a user who asked for a pause. */
function decisionInfo(
  { held }: LiveTrial,
  { last }: Awaiting,
  decision: Decision,
  demand: StopDemand | undefined,
): DecisionInfo {
  // The trial ends by itself with this report, so nothing is left to decide.
  if (last) return GOES_ON
  if (demand?.scope === 'trial') {
    return { kind: 'stop', by: 'stopper', reason: demand.reason, evidence: demand.evidence }
  }
  if (decision.kind === 'continue' && held) return HELD
  if (decision.kind === 'continue' && decision.evidence === undefined) return GOES_ON
  const reason = decision.kind === 'continue' ? undefined : decision.reason
  return { kind: decision.kind, by: 'scheduler', reason, evidence: decision.evidence }
}

function reasonOf({ by, reason, evidence }: DecisionInfo): Reason {
  return { by, text: reason ?? '', evidence }
}
