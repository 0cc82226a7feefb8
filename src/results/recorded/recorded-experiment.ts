import type { EndedBy } from '../../core/events.ts'
import type { LogRecord } from '../../core/log.ts'
import type { Objective } from '../../core/objective.ts'
import type { TrialRecord } from '../../core/trial.ts'
import { toJson } from '../../core/plain-json.ts'
import type { Recorded } from './recorded.ts'
import { importedTrial } from './imported-trial.ts'
import { RecordedTrial } from './recorded-trial.ts'
import { WallClock } from './wall-clock.ts'

type Started = Extract<LogRecord, { type: 'experiment.started' }>
type Resumed = Extract<LogRecord, { type: 'experiment.resumed' }>
type Imported = Extract<LogRecord, { type: 'trial.imported' }>
type Created = Extract<LogRecord, { type: 'trial.created' }>

/** An experiment, brought along its log record by record. */
export class RecordedExperimentFold {
  #started: Started | undefined
  #endedBy: EndedBy | undefined
  #resumptions = 0
  #trialCount: number | undefined
  #file: string | undefined
  #numSamples: number | undefined
  #lastAt = 0
  /** What came after it was told to stop, until it is known whether it goes on. */
  #sinceStop: LogRecord[] | undefined
  readonly #clock = new WallClock()
  readonly #userAttrs: Record<string, unknown> = {}
  readonly #trials: (RecordedTrial | undefined)[] = []
  /** Trials that other programs wrote, by what they said last. */
  readonly #foreign = new Map<number, Imported>()

  get #objectives(): readonly Objective[] {
    return this.#started?.objectives ?? []
  }

  apply(record: LogRecord): void {
    // When something of others was read is no moment on the experiment's clock.
    if (record.type === 'trial.imported') return void this.#foreign.set(record.trial, record)
    if (record.at > this.#lastAt) this.#lastAt = record.at
    if (record.type === 'experiment.resumed') return this.#resume(record)
    if (record.type === 'experiment.stopping') this.#sinceStop ??= []
    if (this.#sinceStop !== undefined) this.#sinceStop.push(record)
    else this.#apply(record)
  }

  /** What was done about a stop never happened once it has gone on; what trials did by themselves did. */
  #resume({ at, trialCount, file, numSamples, resumedAt, unfinished }: Resumed): void {
    if (resumedAt !== undefined) this.#clock.start(at, resumedAt)
    const sinceStop = this.#sinceStop ?? []
    this.#sinceStop = undefined
    for (const record of withoutInterruptions(sinceStop)) this.#apply(record)
    this.#endedBy = undefined
    this.#resumptions++
    this.#trialCount = trialCount
    this.#file = file ?? this.#file
    this.#numSamples = numSamples ?? this.#numSamples
    if (unfinished !== 'skip') for (const trial of this.#trials) trial?.onResumed()
  }

  #apply(record: LogRecord): void {
    switch (record.type) {
      case 'experiment.started':
        this.#started = record
        if (record.startedAt !== undefined) this.#clock.start(0, record.startedAt)
        this.#trialCount = record.trialCount
        this.#file = record.file
        this.#numSamples = record.numSamples
        return
      case 'experiment.ended':
        this.#endedBy = record.by as EndedBy
        return
      case 'study.attr':
        this.#userAttrs[record.key] = record.value
        return
      case 'trial.created':
        this.#trials[record.trial] = this.#newTrial(record)
        return
      case 'trial.transition':
        return this.#trials[record.trial]?.onTransition(record)
      case 'trial.report':
        return this.#trials[record.trial]?.onReport(record)
      case 'trial.rewound':
        return this.#trials[record.trial]?.onRewound(record)
      case 'trial.saved':
      case 'trial.checkpoint':
        return this.#trials[record.trial]?.onCheckpoint(record.iteration)
      case 'trial.decision':
        return this.#trials[record.trial]?.onDecision(record)
      case 'trial.exploited':
        return this.#trials[record.trial]?.onExploited(record, this.#trials[record.donor]?.record)
      case 'trial.reallocated': {
        const trial = this.#trials[record.trial]
        if (trial !== undefined) trial.record.resources = record.resources
        return
      }
      case 'trial.ended':
        return this.#trials[record.trial]?.onEnded(record)
      case 'trial.attr': {
        const attrs = this.#trials[record.trial]?.record.userAttrs
        if (attrs !== undefined) attrs[record.key] = record.value
        return
      }
      case 'trial.constraint': {
        const constraints = this.#trials[record.trial]?.record.constraints
        if (constraints !== undefined) constraints[record.key] = record.value
        return
      }
      default:
      // What was asked and wanted changes nothing of what is, and neither do records of later versions.
    }
  }

  finish(): Recorded {
    for (const record of this.#sinceStop ?? []) this.#apply(record)
    const trials: TrialRecord[] = []
    for (const trial of this.#trials) if (trial !== undefined) trials.push(trial.finish(this.#objectives))
    takeOverResults(trials)
    // What others did to a trial of the experiment's own changes nothing of what that did.
    const foreign = [...this.#foreign.values()].filter(({ trial }) => this.#trials[trial] === undefined)
    for (const record of foreign.toSorted((a, b) => a.trial - b.trial))
      trials.push(importedTrial(record, this.#objectives, this.#nameOf(record.id), this.#clock))
    const started = this.#started
    return {
      kind: 'experiment',
      name: started?.name ?? '',
      seed: started?.seed ?? '',
      objectives: this.#objectives,
      searcher: started?.searcher,
      scheduler: started?.scheduler,
      startedAt: started?.startedAt,
      clock: this.#clock,
      lastAt: this.#lastAt,
      endedBy: this.#endedBy,
      resumptions: this.#resumptions,
      trialCount: this.#trialCount,
      file: this.#file,
      numSamples: this.#numSamples,
      userAttrs: this.#userAttrs,
      space: started?.space,
      trials,
    }
  }

  #newTrial({ at, trial: number, id, source, params, config, domains, begins }: Created): RecordedTrial {
    const name = this.#nameOf(id)
    const trial = new RecordedTrial(
      { number, id, name, config, params, source, resources: {}, createdAt: at },
      domains,
    )
    if (begins !== undefined) trial.onBegun(begins)
    return trial
  }

  #nameOf(id: string): string {
    return `${this.#started?.trainable ?? this.#started?.name ?? 'trial'}_${id}`
  }
}

/**
 * Of what came between a stop and the going on after it, all but how trials were made to leave: those that came to their
 * own ends meanwhile have ended, the others are where they were.
 */
function withoutInterruptions(records: readonly LogRecord[]): LogRecord[] {
  const interrupted = new Set<number>()
  const late = new Set<number>()
  for (const record of records) {
    if (record.type === 'trial.created') late.add(record.trial)
    if (record.type === 'trial.ended' && record.state === 'interrupted') interrupted.add(record.trial)
  }
  const isMadeToLeave = (record: LogRecord): boolean =>
    (record.type === 'trial.ended' && record.state === 'interrupted') ||
    (record.type === 'trial.transition' &&
      interrupted.has(record.trial) &&
      (record.cause === 'trial.stop' || record.cause === 'run.left'))
  return records.filter(
    (record) =>
      record.type !== 'experiment.ended' &&
      !isMadeToLeave(record) &&
      !('trial' in record && late.has(record.trial)),
  )
}

/** Trials that took over another's result have its reports too: those of the first that completed with their parameters. */
function takeOverResults(trials: readonly TrialRecord[]): void {
  if (!trials.some(({ source }) => source === 'reused')) return
  const completed = new Map<string, TrialRecord>()
  for (const trial of trials.toSorted((a, b) => (a.endedAt ?? Infinity) - (b.endedAt ?? Infinity))) {
    if (trial.state !== 'completed') continue
    const key = toJson(Object.entries(trial.params).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    const original = completed.get(key)
    if (original === undefined) completed.set(key, trial)
    if (trial.source !== 'reused' || original === undefined) continue
    for (const metrics of original.history) trial.history.push(metrics)
    trial.metrics = original.metrics
    trial.valuesAt = original.valuesAt
    trial.iteration = original.iteration
    Object.assign(trial.constraints, original.constraints)
    const text = `has the parameters of trial ${original.number}, whose result it takes over`
    trial.reason ??= { by: 'searcher', text }
  }
}
