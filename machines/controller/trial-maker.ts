import { beginFrom, beginningFrom } from '../../src/core/beginning.ts'
import {
  type EndState,
  newTrialRecord,
  type Params,
  type Resources,
  type TrialRecord,
  type TrialSource,
  type TrialStatus,
} from '../../src/core/trial.ts'
import { TroupeError } from '../../src/errors.ts'
import type { GivenTrial, TrialAnswer } from '../../src/searchers/session.ts'
import { readHistory } from '../trial-values.ts'
import type { Desk } from './desk.ts'
import type { LiveTrial } from './live-trial.ts'
import { Standstill, TRIALS_MAX } from './standstill.ts'

type Domains = LiveTrial['domains']

const SCRATCH: LiveTrial['origin'] = { row: 0, iteration: 0 }

/** From what the searcher, or the user, proposes to a trial: one that will run, or one that has ended already. */
export class TrialMaker {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** A trial whose result the user gave. */
  addGiven({ config, params, domains, values, metrics }: GivenTrial): void {
    const record = this.#newRecord('given', config, params)
    record.history.push(metrics)
    record.metrics = metrics
    record.values = values
    record.startedAt = this.#endAtOnce(record, 'completed', 'terminated', 'given')
    this.#desk.announcer.tellSearcher(record, domains)
  }

  /** The trial that was proposed. */
  create(answer: TrialAnswer): void {
    const { ledger } = this.#desk
    this.#publishChoice(answer)
    this.#count()
    const { config, params, domains, source, duplicateOf } = answer
    if (duplicateOf !== undefined) return this.#reuse(answer, ledger.records[duplicateOf] as TrialRecord)
    this.#begin(source, config, params, domains, undefined)
  }

  /** The configuration of a trial that has ended, once more: from nothing, or from where its last checkpoint was. */
  retry(former: TrialRecord, goesOn: boolean): void {
    const { config, params, number } = former
    const domains = this.#desk.ports.domainsOf(params)
    this.#desk.ledger.retried.add(number)
    this.#begin('retried', config, params, domains, goesOn ? former : undefined)
  }

  #begin(
    source: TrialSource,
    config: unknown,
    params: Params,
    domains: Domains,
    former: TrialRecord | undefined,
  ): void {
    const { ledger, announcer, ports } = this.#desk
    const need = ports.resourcesOf(config)
    const record = this.#newRecord(source, config, params, need instanceof Error ? {} : need, former)
    const { checkpoint, history, iteration } = record
    const problem = need instanceof Error ? need : this.#lackOf(record)
    if (problem !== undefined) return this.#refuse(record, domains, problem)
    const run = ports.makeRun(record)
    ledger.live.set(record.number, {
      record,
      run,
      domains,
      ref: undefined,
      worker: -1,
      held: false,
      pausedBy: undefined,
      ending: undefined,
      awaiting: [],
      nextResources: undefined,
      origin: checkpoint === undefined ? SCRATCH : { row: history.length, iteration },
      isStray: false,
      exploits: false,
      lastRanked: undefined,
      returned: undefined,
      standstill: new Standstill(),
    })
    ledger.spawning++
    announcer.send('trials', { type: 'trials.spawn', record, run })
  }

  /** It comes too late to run, but the searcher has proposed it and is told what became of it. */
  interruptAtOnce({ config, params, domains, source }: TrialAnswer): void {
    const { announcer, ending } = this.#desk
    const record = this.#newRecord(source, config, params)
    record.reason = ending.interruption
    const at = this.#endAtOnce(record, 'interrupted', 'paused', 'experiment.stop')
    announcer.publish('trial.stop', { trial: record, reason: record.reason, at })
    announcer.tellSearcher(record, domains)
  }

  #count(): void {
    const { quota, ports, ending } = this.#desk
    if (!quota.count(ports.now())) return
    ending.stalled(
      `${TRIALS_MAX} trials were made, and there is no end to them. Give numSamples, or let time pass in them, with trial.sleep(ms) or stepMs.`,
    )
  }

  #publishChoice({ choice }: TrialAnswer): void {
    if (choice === undefined) return
    const { announcer, ledger, plan, ports } = this.#desk
    const trial = ledger.records.length
    announcer.publish('searcher.choice', {
      searcher: plan.searcherName,
      ...choice,
      trial,
      at: ports.now(),
    })
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
    const text = `has the parameters of trial ${original.number}, whose result it takes over`
    record.reason = { by: 'searcher', text }
    const at = this.#endAtOnce(record, 'completed', 'terminated', 'reused')
    this.#desk.announcer.publish('trial.complete', { trial: record, at })
    this.#desk.announcer.tellSearcher(record, domains)
  }

  /** What there is not enough of for a trial, even when nothing else runs. */
  #lackOf({ number, resources }: TrialRecord): Error | undefined {
    const { ledger } = this.#desk
    const kind = ledger.pool.lacking(resources)
    if (kind === undefined) return undefined
    const total = ledger.pool.total[kind] ?? 0
    return new TroupeError(
      'resources',
      `Trial ${number} needs ${resources[kind]} ${kind}, but there are ${total} in all. Ask for less, or raise totalResources.${kind}.`,
    )
  }

  #refuse(record: TrialRecord, domains: Domains, error: Error): void {
    const { announcer, ending } = this.#desk
    record.error = error
    const at = this.#endAtOnce(record, 'failed', 'error', 'refused')
    announcer.publish('trial.error', { trial: record, error, at })
    announcer.tellSearcher(record, domains)
    ending.onTrialFailed(record)
  }

  // Trials that do not run, since their results are known, take nothing.
  #newRecord(
    source: TrialSource,
    config: unknown,
    params: Params,
    resources: Resources = {},
    former?: TrialRecord,
  ): TrialRecord {
    const { ledger, announcer, plan, ports } = this.#desk
    const id = ports.makeId()
    const number = ledger.records.length
    const name = `${plan.trainableName}_${id}`
    const createdAt = ports.now()
    const record = newTrialRecord({ number, id, name, config, params, source, resources, createdAt })
    ledger.records.push(record)
    ledger.counts.pending++
    const begins = former && beginningFrom(former)
    if (begins !== undefined) {
      beginFrom(record, begins)
      readHistory(record, plan)
      record.checkpoint = former?.checkpoint
    }
    announcer.log({
      type: 'trial.created',
      trial: number,
      id,
      source,
      params,
      config,
      ...(begins !== undefined && { begins }),
    })
    announcer.publish('trial.created', { trial: record, at: createdAt })
    return record
  }

  /** Ends a trial that never runs. Gives the time of it. */
  #endAtOnce(record: TrialRecord, state: EndState, status: TrialStatus, cause: string): number {
    const at = this.#desk.ports.now()
    record.state = state
    record.endedAt = at
    this.#desk.ledger.enter(record, status, at, cause)
    this.#desk.announcer.logEnd(record, state)
    return at
  }
}
