import type { LogRecord } from '../core/log.ts'
import type { Objective } from '../core/objective.ts'
import type { EndState, Params, TrialSource } from '../core/trial.ts'
import { asError } from '../errors.ts'
import { idMaker, type RandomStream } from '../random/random.ts'
import type { Searcher } from '../searchers/searcher.ts'
import type { SearchSession, TrialAnswer } from '../searchers/session.ts'
import { pointKey } from '../space/encoding.ts'
import type { Resolved, Space } from '../space/space.ts'
import type { OpenLog } from '../stores/store.ts'
import { Lease } from './lease.ts'
import { OPEN_SPACE } from './open-space.ts'
import { readOutcome } from './outcome.ts'
import type { Pruner } from './pruner.ts'
import { recallOne } from './recall.ts'
import { recoveries } from './recovery.ts'
import {
  allHaveResults,
  finished,
  notAsked,
  onlyRepeats,
  superseded,
  toldBefore,
  unknownTrial,
  waits,
} from './refusals.ts'
import { StudyLog } from './study-log.ts'
import { StudySearch } from './study-search.ts'
import { isFurtherAttempt, type StudyState, type StudyTrialData, toldTrial } from './study-state.ts'
import type { StudyStoppers } from './study-stoppers.ts'
import { AskedTrial, type TrialDesk } from './study-trial.ts'

/** What a study is made of, once it was read. */
export interface StudyParts {
  readonly name: string
  readonly objectives: readonly Objective[]
  readonly log: OpenLog
  /** How many records the log held when the study was opened. */
  readonly recordCount: number
  /** What the log holds now. */
  readonly read: () => Promise<readonly LogRecord[]>
  /** Lets go of the store, when nobody else has it. */
  readonly release: () => Promise<void>
  /** Milliseconds after which a writer that was not heard of is taken for dead. */
  readonly leaseMs: number
  readonly state: StudyState
  readonly searcher: Searcher
  readonly session: SearchSession
  /** Starts another one, that was asked and told nothing. */
  readonly startSession: () => SearchSession
  readonly pruner: Pruner | undefined
  /** Undefined when each trial says by itself what it needs. */
  readonly space: Space | undefined
  readonly random: RandomStream
}

/** A trial of a study, or its number. */
export type TrialRef = { readonly id: string; readonly number: number; readonly attempt?: number } | number

// So many trials in a row may take over results, before one is drawn that is new.
const REUSED_MAX = 100

// How long to wait, when only trials of other processes can give what is waited for, before looking again.
const OTHERS_WAIT_MS = 200

/**
 * What changes a study. Each change is a record of its log: first it is kept, then it is true. What trials report and
 * attach is true at once, and kept with the next change: the log has all in the order in which it happened.
 *
 * Others may change the same study. Their changes are heard before each change of this one, in the order of the log, so
 * that each writer comes to the same.
 */
export class StudyKeeper implements TrialDesk {
  readonly #parts: StudyParts
  readonly #log: StudyLog
  readonly #lease: Lease
  readonly #search: StudySearch
  // Trials of which something was noted that could not be kept, since another process ended them.
  readonly #cutOff = new Set<number>()
  readonly #waitingForEnd = new Set<() => void>()
  // Those of each `optimize` that is under way.
  readonly #stoppers = new Set<StudyStoppers>()
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
  }

  get objectiveCount(): number {
    return this.#parts.objectives.length
  }

  /** Resolves when another trial has ended, or may have in another process. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#waitingForEnd.delete(end)
        resolve()
      }
      const othersRun = this.#some((writer) => writer !== this.#parts.log.writer)
      const timer = othersRun ? setTimeout(end, OTHERS_WAIT_MS) : undefined
      this.#waitingForEnd.add(end)
    })
  }

  /** Shows reports and ends to these stoppers, until the function that it gives is called. */
  watch(stoppers: StudyStoppers): () => void {
    this.#stoppers.add(stoppers)
    return () => void this.#stoppers.delete(stoppers)
  }

  /** What a trial completes with, when a stopper has ended it. */
  boundOf(trial: number): readonly number[] | undefined {
    const data = this.#at(trial)
    for (const stoppers of this.#stoppers) {
      const values = stoppers.boundOf(data)
      if (values !== undefined) return values
    }
    return undefined
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

  async ask<Config>(space: Space | undefined): Promise<AskedTrial<Config>> {
    await this.#log.poll()
    await this.#lease.hold()
    if (this.#some((writer) => writer !== this.#parts.log.writer)) await this.#recover()
    const { state } = this.#parts
    let unseen: TrialAnswer | undefined
    for (let reused = 0; ;) {
      const waiting = state.firstWaiting
      const number = waiting?.number ?? state.trials.length
      let answer =
        waiting === undefined ? await this.#suggest(number, space) : await this.#dequeue(waiting, space)
      if (answer === undefined) continue
      if (waiting === undefined && answer.source === 'reused') {
        if (reused === 0) {
          // Before anything is taken over: where all have a result, nothing is left to ask for.
          const found = this.#search.session.unseen({ number, space })
          if (found === 'none') throw allHaveResults()
          unseen = found
        }
        if (reused >= REUSED_MAX) {
          if (unseen === undefined) throw onlyRepeats(this.#parts.searcher.name, REUSED_MAX)
          answer = unseen
        }
        reused++
      }
      const trial = await this.#begin<Config>(number, answer, space)
      if (trial !== undefined) return trial
    }
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
    for (const stoppers of this.#stoppers) stoppers.reported(trial, step, values, at)
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

  // ---- Ask ----

  /** Trials of processes that are gone wait again. */
  async #recover(): Promise<void> {
    const { log, leaseMs, state } = this.#parts
    if (log.deadWriters === undefined) return
    const dead = new Set(await log.deadWriters(leaseMs))
    // However long it was busy.
    if (log.writer !== undefined) dead.delete(log.writer)
    if (dead.size === 0) return
    const kept = await this.#log.keep(() => recoveries(state.running, dead, Date.now()))
    for (const record of kept ?? [])
      if (record.type === 'trial.ended') await this.#tellSearcher(this.#at(record.trial))
  }

  /**
   * Undefined when another one is to be asked for: this one was taken by another process, or took over the result of a
   * third.
   */
  async #begin<Config>(
    number: number,
    answer: TrialAnswer,
    space: Space | undefined,
  ): Promise<AskedTrial<Config> | undefined> {
    const { log, state, random } = this.#parts
    const { source, duplicateOf } = answer
    const before = state.trials[number]
    const again = isFurtherAttempt(before) ? before?.asked : undefined
    // Without a space the parameters are only those that the trial then suggests.
    const isOpen = (space ?? this.#parts.space) === undefined
    const { config, params, domains } = again ?? (isOpen ? { config: {}, params: {}, domains: {} } : answer)
    const id = before?.id ?? this.#idOf(number)
    const isFree = this.#freedom(before)
    const kept = await this.#log.keep(() => {
      if (!isFree()) return undefined
      const at = Date.now()
      const asked = {
        at,
        type: 'trial.asked',
        trial: number,
        id,
        source,
        params,
        domains,
        config,
        ...(log.writer !== undefined && { writer: log.writer }),
      } as const
      if (duplicateOf === undefined) return [asked]
      const values = state.trials[duplicateOf]?.values
      return [asked, { at, type: 'trial.ended', trial: number, state: 'completed', values }]
    })
    if (kept === undefined) return undefined
    this.#search.settle()
    const data = this.#at(number)
    if (duplicateOf !== undefined) {
      await this.#tellSearcher(data)
      return undefined
    }
    const isGuess = again !== undefined || (isOpen && source === 'suggested')
    return new AskedTrial(data, this, {
      point: answer.params,
      strict: !isGuess,
      declared: domains as Resolved['domains'],
      random: random.fork('suggest').fork(number),
    })
  }

  /** Says, as others go on, whether what is known now of a number may still be taken. */
  #freedom(before: StudyTrialData | undefined): () => boolean {
    const { state } = this.#parts
    if (before !== undefined) {
      const { number, attempt } = before
      return () => state.trials[number]?.state === 'waiting' && before.attempt === attempt
    }
    const { length } = state.trials
    const isInTurn = this.#search.turn()
    return () => state.trials.length === length && isInTurn()
  }

  /** Undefined when others did something meanwhile, which is to be looked at first. */
  async #suggest(number: number, space: Space | undefined): Promise<TrialAnswer | undefined> {
    const answer = await this.#search.suggest(number, space)
    if (answer === undefined || answer.kind === 'trial') return answer
    const { searcher, state } = this.#parts
    throw answer.kind === 'finished' ? finished(searcher.name) : waits(searcher.name, state.running)
  }

  /** Undefined when another process took it first. */
  async #dequeue(waiting: StudyTrialData, space: Space | undefined): Promise<TrialAnswer | undefined> {
    const { number, source, asked, params } = waiting
    if (isFurtherAttempt(waiting) && asked !== undefined) {
      const { config, domains } = asked as Resolved
      return { kind: 'trial', source, config, params: { ...params }, domains }
    }
    try {
      return this.#search.session.complete({ number, space }, waiting.config)
    } catch (error) {
      // It would be in the way of all that come after it.
      const { message } = asError(error)
      const isFree = this.#freedom(waiting)
      const kept = await this.#log.keep(() => {
        if (!isFree()) return undefined
        const at = Date.now()
        return [
          { at, type: 'trial.ended', trial: number, state: 'failed', values: undefined, error: message },
        ]
      })
      if (kept === undefined) return undefined
      throw error
    }
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
    for (const stoppers of this.#stoppers) stoppers.ended(trial, Date.now())
    try {
      await this.#search.session.tell(toldTrial(trial))
    } finally {
      this.#wake()
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
    for (const stoppers of this.#stoppers) {
      if (record.type === 'trial.intermediate')
        stoppers.reported(trial, record.step, record.values, record.at)
      else if (trial.startedAt !== undefined) stoppers.ended(trial, record.at)
    }
    if (record.type === 'trial.ended') this.#wake()
  }

  #wake(): void {
    for (const end of this.#waitingForEnd) end()
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
