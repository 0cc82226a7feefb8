import type { LogRecord } from '../core/log.ts'
import type { EndState, Params, TrialSource } from '../core/trial.ts'
import { idMaker } from '../random/random.ts'
import { pointKey } from '../space/encoding.ts'
import type { Resolved, Space } from '../space/space.ts'
import { Lease } from './lease.ts'
import { OPEN_SPACE } from './open-space.ts'
import { readOutcome } from './outcome.ts'
import { recallOne } from './recall.ts'
import { notAsked, superseded, toldBefore, unknownTrial } from './refusals.ts'
import { StudyAsking } from './study-asking.ts'
import { StudyLog } from './study-log.ts'
import type { StudyParts } from './study-parts.ts'
import { StudySearch } from './study-search.ts'
import { isFurtherAttempt, type StudyTrialData, toldTrial } from './study-state.ts'
import { AskedTrial, type TrialDesk } from './study-trial.ts'
import { StudyWatch } from './study-watch.ts'

/** A trial of a study, or its number. */
export type TrialRef = { readonly id: string; readonly number: number; readonly attempt?: number } | number

/**
 * What changes a study. Each change is a record of its log: first it is kept, then it is true. What trials report and
 * attach is true at once, and kept with the next change: the log has all in the order in which it happened.
 *
 * Others may change the same study. Their changes are heard before each change of this one, in the order of the log, so
 * that each writer comes to the same.
 */
export class StudyKeeper implements TrialDesk {
  /** Who hears of reports and ends. */
  readonly watch: StudyWatch
  readonly #parts: StudyParts
  readonly #log: StudyLog
  readonly #lease: Lease
  readonly #search: StudySearch
  // Trials of which something was noted that could not be kept, since another process ended them.
  readonly #cutOff = new Set<number>()
  readonly #asking: StudyAsking
  #queue: Promise<unknown> = Promise.resolve()

  constructor(parts: StudyParts) {
    const { log, recordCount, read, leaseMs } = parts
    this.#parts = parts
    this.#log = new StudyLog(log, recordCount, read, {
      kept: (record) => this.#apply(record),
      heard: (record) => this.#hear(record),
    })
    this.#lease = new Lease(log, leaseMs, () => this.#some((writer) => writer === log.writer))
    this.#search = new StudySearch(parts, this.#log)
    this.watch = new StudyWatch(() => this.#othersRun())
    this.#asking = new StudyAsking(parts, {
      desk: this,
      log: this.#log,
      lease: this.#lease,
      search: this.#search,
      othersRun: () => this.#othersRun(),
      idOf: (number) => this.#idOf(number),
      tellSearcher: (trial) => this.#tellSearcher(trial),
    })
  }

  get objectiveCount(): number {
    return this.#parts.objectives.length
  }

  /** What a trial completes with, when a stopper has ended it. */
  boundOf(trial: number): readonly number[] | undefined {
    return this.watch.boundOf(this.#at(trial))
  }

  /** Does one change after the other, whoever asks for them at once. */
  alone<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(change)
    this.#queue = done.catch(() => {})
    return done
  }

  /** Makes the completed trials that the searcher was given results for, those that no other process has made. */
  async addGiven(): Promise<void> {
    for (;;) {
      const given = this.#search.given()
      if (given === undefined) return
      const { values, ...resolved } = given
      const end = { source: 'given', state: 'completed', values } as const
      const isThere = await this.addEnded(resolved, end, () => this.#search.given() === given)
      if (isThere) this.#search.takeGiven(given)
    }
  }

  ask<Config>(space: Space | undefined): Promise<AskedTrial<Config>> {
    return this.#asking.ask(space)
  }

  /** @param skipsEnded - Whether a trial that has ended is left as it is. */
  async tell(trial: TrialRef, result: unknown, skipsEnded = false): Promise<StudyTrialData> {
    // Of one that was asked for here, news would show when the end is kept.
    if (skipsEnded || !(trial instanceof AskedTrial)) await this.#log.poll()
    const kept = await this.#log.keep(() => {
      if (skipsEnded && this.#own(trial)?.endedAt !== undefined) return undefined
      const data = this.#running(trial)
      const outcome = readOutcome(data, result, this.objectiveCount)
      return [{ at: Date.now(), type: 'trial.ended', trial: data.number, ...outcome }]
    })
    const data = this.#own(trial) as StudyTrialData
    if (kept !== undefined) await this.#tellSearcher(data)
    return data
  }

  /** @returns Whether it was put there; not when there is one like it and it shall be left out. */
  async enqueue(config: object, skipIfExists: boolean): Promise<boolean> {
    const { state, space = OPEN_SPACE } = this.#parts
    const key = pointKey(space.toPoint(config))
    const kept = await this.#log.keep(() => {
      if (skipIfExists && state.trials.some((trial) => key === pointKey(pointOf(trial, space))))
        return undefined
      const trial = state.trials.length
      return [{ at: Date.now(), type: 'trial.enqueued', trial, id: this.#idOf(trial), config }]
    })
    return kept !== undefined
  }

  /**
   * Makes a trial that has ended elsewhere.
   * @param isWanted - Whether it still is, by what others did meanwhile. Default: always.
   * @returns Whether it was made.
   */
  async addEnded(
    { config, params, domains }: Resolved,
    end: {
      readonly source: TrialSource
      readonly state: EndState
      readonly values: readonly number[] | undefined
      /** What became of it between its start and its end. */
      readonly between?: (trial: number) => readonly LogRecord[]
      readonly startedAt?: number | undefined
      readonly endedAt?: number | undefined
    },
    isWanted = () => true,
  ): Promise<boolean> {
    const { source, state, values, between, startedAt = Date.now(), endedAt = startedAt } = end
    let trial = -1
    const kept = await this.#log.keep(() => {
      if (!isWanted()) return undefined
      trial = this.#parts.state.trials.length
      return [
        { at: startedAt, type: 'trial.asked', trial, id: this.#idOf(trial), source, params, domains, config },
        ...(between?.(trial) ?? []),
        { at: endedAt, type: 'trial.ended', trial, state, values },
      ]
    })
    if (kept !== undefined) await this.#tellSearcher(this.#at(trial))
    return kept !== undefined
  }

  async setStudyAttr(key: string, value: unknown): Promise<void> {
    await this.#log.keep(() => [{ at: Date.now(), type: 'study.attr', key, value }])
  }

  async close(): Promise<void> {
    await this.#log.keep(() => [])
    this.#lease.release()
    this.#search.session.close()
    await this.#parts.log.close()
    await this.#parts.release()
  }

  // ---- What trials do ----

  note(record: LogRecord & { readonly trial: number }): void {
    this.#log.note(record)
    this.#apply(record)
  }

  report(trial: StudyTrialData, step: number, values: readonly number[]): void {
    const { number } = trial
    const at = Date.now()
    this.note({ at, type: 'trial.intermediate', trial: number, step, values })
    this.watch.reported(trial, step, values, at)
    const { session } = this.#search
    if (session.observes) session.observe({ number, step, values })
  }

  hasLost(trial: number): boolean {
    return this.#parts.pruner?.hasLost(trial) === true || this.boundOf(trial) !== undefined
  }

  flush({ number, attempt }: { readonly number: number; readonly attempt: number }): Promise<void> {
    return this.alone(async () => {
      await this.#log.keep(() => [])
      const data = this.#at(number)
      if (data.attempt !== attempt) throw superseded(number)
      if (this.#cutOff.has(number)) throw toldBefore(data)
    })
  }

  // ---- Tell ----

  /** What is known of a trial of this study. */
  #own(trial: TrialRef): StudyTrialData | undefined {
    const number = typeof trial === 'number' ? trial : trial?.number
    const data = this.#parts.state.trials[number]
    const isForeign =
      typeof trial === 'object' && (trial instanceof AskedTrial ? !trial.isOf(this) : trial?.id !== data?.id)
    return isForeign ? undefined : data
  }

  #running(trial: TrialRef): StudyTrialData {
    const data = this.#own(trial)
    if (data === undefined) throw unknownTrial(this.#parts.name, trial, this.#parts.state.trials.length)
    const attempt = typeof trial === 'object' ? (trial.attempt ?? data.attempt) : data.attempt
    if (attempt !== data.attempt || (data.state === 'waiting' && isFurtherAttempt(data)))
      throw superseded(data.number)
    if (data.state === 'running') return data
    throw data.state === 'waiting' ? notAsked(data.number) : toldBefore(data)
  }

  async #tellSearcher(trial: StudyTrialData): Promise<void> {
    this.watch.ended(trial, Date.now())
    try {
      await this.#search.session.tell(toldTrial(trial))
    } finally {
      this.watch.wake()
    }
  }

  // ---- What others do ----

  async #hear(record: LogRecord): Promise<void> {
    const { state, pruner } = this.#parts
    if ('trial' in record && endsHere(record)) {
      // What was noted of it comes too late, and was never true to others.
      if (this.#log.forget(record.trial)) {
        this.#cutOff.add(record.trial)
        // Where it cannot be read just now, it shows when the study is loaded again; the record itself must not be lost.
        const kept = await this.#log.records().catch(() => undefined)
        if (kept !== undefined) state.restore(record.trial, kept)
      }
    }
    const { session } = this.#search
    this.#search.hear(record)
    await recallOne(record, { state, session, pruner, heard: (own) => this.#show(own) })
  }

  #show(record: LogRecord): void {
    if (record.type !== 'trial.intermediate' && record.type !== 'trial.ended') return
    const trial = this.#at(record.trial)
    if (record.type === 'trial.intermediate')
      this.watch.reported(trial, record.step, record.values, record.at)
    else if (trial.startedAt !== undefined) this.watch.ended(trial, record.at)
    if (record.type === 'trial.ended') this.watch.wake()
  }

  #othersRun(): boolean {
    return this.#some((writer) => writer !== this.#parts.log.writer)
  }

  #some(isOne: (writer: string | undefined) => boolean): boolean {
    for (const { writer } of this.#parts.state.running) if (isOne(writer)) return true
    return false
  }

  #apply(record: LogRecord): void {
    this.#parts.state.apply(record)
    this.#parts.pruner?.follow(record, this.#parts.state.trials)
  }

  #at(trial: number): StudyTrialData {
    return this.#parts.state.trials[trial] as StudyTrialData
  }

  #idOf(number: number): string {
    return idMaker(this.#parts.random.fork('ids').fork(number))()
  }
}

/** Whether a record of another process says that a trial no longer runs here, if it did. */
function endsHere(record: LogRecord): boolean {
  switch (record.type) {
    case 'trial.ended':
    case 'trial.requeued':
      return true
    case 'trial.imported':
      return record.state !== 'running'
    default:
      return false
  }
}

function pointOf({ enqueuedAs, params }: StudyTrialData, space: Space): Params {
  return enqueuedAs === undefined ? params : space.toPoint(enqueuedAs)
}
