import type { LogRecord } from '../core/log.ts'
import { isPlainObject } from '../core/metrics.ts'
import type { Objective } from '../core/objective.ts'
import { describe, nearest, readOptions } from '../core/options.ts'
import type { EndState, Params, TrialSource } from '../core/trial.ts'
import { asError, OptionError, TroupeError } from '../errors.ts'
import { idMaker, type RandomStream } from '../random/random.ts'
import type { SearchSession, TrialAnswer } from '../searchers/session.ts'
import { pointKey } from '../space/encoding.ts'
import type { Resolved, Space } from '../space/space.ts'
import type { OpenLog } from '../stores/store.ts'
import { OPEN_SPACE } from './open-space.ts'
import type { Pruner } from './pruner.ts'
import { runningFor } from './recall.ts'
import { lastValues, type StudyState, type StudyTrialData, toldTrial } from './study-state.ts'
import type { StudyStoppers } from './study-stoppers.ts'
import { AskedTrial, readValues, type TrialDesk } from './study-trial.ts'

/** What a study is made of, once it was read. */
export interface StudyParts {
  readonly name: string
  readonly objectives: readonly Objective[]
  readonly log: OpenLog
  readonly state: StudyState
  readonly session: SearchSession
  readonly pruner: Pruner | undefined
  /** Undefined when each trial says by itself what it needs. */
  readonly space: Space | undefined
  readonly random: RandomStream
}

/** How a trial ended, when not by values alone. */
export interface TellOptions {
  readonly state: 'completed' | 'pruned' | 'failed'
  /** One value an objective. Of a pruned trial, default: those that it reported last. */
  readonly values?: number | readonly number[] | undefined
}

// So many trials in a row may take over results, before one is drawn that is new.
const REUSED_MAX = 100

const TOLD_STATES: readonly TellOptions['state'][] = ['completed', 'pruned', 'failed']

const TELL_DEFAULTS = { state: undefined, values: undefined }

/**
 * What changes a study. Each change is a record of its log: first it is kept, then it is true. What trials report and
 * attach is true at once, and kept with the next change: the log has all in the order in which it happened.
 */
export class StudyKeeper implements TrialDesk {
  readonly #parts: StudyParts
  // Changes that are true already and not kept yet, in their order.
  readonly #buffer: LogRecord[] = []
  #waitingForEnd: (() => void)[] = []
  // Those of each `optimize` that is under way.
  readonly #stoppers = new Set<StudyStoppers>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor(parts: StudyParts) {
    this.#parts = parts
  }

  get objectiveCount(): number {
    return this.#parts.objectives.length
  }

  /** Resolves when another trial has ended. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => void this.#waitingForEnd.push(resolve))
  }

  /** Shows reports and ends to these stoppers, until the function that it gives is called. */
  watch(stoppers: StudyStoppers): () => void {
    this.#stoppers.add(stoppers)
    return () => void this.#stoppers.delete(stoppers)
  }

  /** What a trial completes with, when a stopper has ended it. */
  boundOf(trial: number): readonly number[] | undefined {
    const data = this.#parts.state.trials[trial] as StudyTrialData
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

  /** Makes the completed trials that the searcher was given results for. */
  async addGiven(): Promise<void> {
    for (const { values, ...resolved } of this.#parts.session.given()) {
      await this.addEnded(resolved, { source: 'given', state: 'completed', values })
    }
  }

  async ask<Config>(space: Space | undefined): Promise<AskedTrial<Config>> {
    const { state, session } = this.#parts
    let unseen: TrialAnswer | undefined
    for (let reused = 0; state.firstWaiting === undefined; reused++) {
      const number = state.trials.length
      let answer = await this.#suggest(number, space)
      if (answer.source === 'reused' && reused === 0) {
        // Before anything is taken over: where all have a result, nothing is left to ask for.
        const found = session.unseen({ number, space })
        if (found === 'none') throw this.#allHaveResults()
        unseen = found
      }
      if (answer.source === 'reused' && reused >= REUSED_MAX) {
        if (unseen === undefined) throw this.#onlyRepeats()
        answer = unseen
      }
      const trial = await this.#begin<Config>(number, answer, space)
      if (trial !== undefined) return trial
    }
    const waiting = state.firstWaiting
    const answer = await this.#dequeue(waiting, space)
    return (await this.#begin<Config>(waiting.number, answer, space)) ?? this.ask(space)
  }

  async tell(
    trial: { readonly id: string; readonly number: number } | number,
    result: unknown,
    skipsEnded = false,
  ): Promise<StudyTrialData> {
    const ended = skipsEnded ? this.#ended(trial) : undefined
    if (ended !== undefined) return ended
    const data = this.#running(trial)
    const { state, values } = this.#outcome(data, result)
    await this.#end(data, state, values)
    return data
  }

  /** @returns The number of the waiting trial, or undefined when there is one like it and it shall be left out. */
  async enqueue(config: object, skipIfExists: boolean): Promise<number | undefined> {
    const { state, space = OPEN_SPACE } = this.#parts
    const key = pointKey(space.toPoint(config))
    if (skipIfExists && state.trials.some((trial) => key === pointKey(pointOf(trial, space))))
      return undefined
    const trial = state.trials.length
    await this.#keep([{ at: Date.now(), type: 'trial.enqueued', trial, id: this.#idOf(trial), config }])
    return trial
  }

  /** Makes a trial that has ended elsewhere. */
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
  ): Promise<void> {
    const trial = this.#parts.state.trials.length
    const { source, state, values, between, startedAt = Date.now(), endedAt = startedAt } = end
    await this.#keep([
      { at: startedAt, type: 'trial.asked', trial, id: this.#idOf(trial), source, params, domains, config },
      ...(between?.(trial) ?? []),
      { at: endedAt, type: 'trial.ended', trial, state, values },
    ])
    await this.#tellSearcher(this.#parts.state.trials[trial] as StudyTrialData)
  }

  setStudyAttr(key: string, value: unknown): Promise<void> {
    return this.#keep([{ at: Date.now(), type: 'study.attr', key, value }])
  }

  async close(): Promise<void> {
    await this.#keep([])
    this.#parts.session.close()
    await this.#parts.log.close()
  }

  // ---- What trials do ----

  note(record: LogRecord & { readonly trial: number }): void {
    this.#buffer.push(record)
    this.#apply(record)
  }

  report(trial: StudyTrialData, step: number, values: readonly number[]): void {
    const { number } = trial
    const at = Date.now()
    this.note({ at, type: 'trial.intermediate', trial: number, step, values })
    for (const stoppers of this.#stoppers) stoppers.reported(trial, step, values, at)
    if (this.#parts.session.observes) this.#parts.session.observe({ number, step, values })
  }

  hasLost(trial: number): boolean {
    return this.#parts.pruner?.hasLost(trial) === true || this.boundOf(trial) !== undefined
  }

  flush(): Promise<void> {
    return this.alone(() => this.#keep([]))
  }

  // ---- Ask ----

  /** Undefined when the trial took over the result of another, and another one is to be asked for. */
  async #begin<Config>(
    number: number,
    answer: TrialAnswer,
    space: Space | undefined,
  ): Promise<AskedTrial<Config> | undefined> {
    const { state, random } = this.#parts
    const { source, duplicateOf } = answer
    // Without a space the parameters are only those that the trial then suggests.
    const isOpen = (space ?? this.#parts.space) === undefined
    const { config, params, domains } = isOpen ? { config: {}, params: {}, domains: {} } : answer
    const id = state.trials[number]?.id ?? this.#idOf(number)
    await this.#keep([
      { at: Date.now(), type: 'trial.asked', trial: number, id, source, params, domains, config },
    ])
    const data = state.trials[number] as StudyTrialData
    if (duplicateOf !== undefined) {
      await this.#end(data, 'completed', state.trials[duplicateOf]?.values)
      return undefined
    }
    const isGuess = isOpen && source === 'suggested'
    return new AskedTrial(data, this, {
      point: answer.params,
      strict: !isGuess,
      declared: domains,
      random: random.fork('suggest').fork(number),
    })
  }

  #allHaveResults(): TroupeError {
    return new TroupeError(
      'finished',
      `Each configuration of the space has a result, so with duplicates: 'reuse' there is none left to try.`,
    )
  }

  #onlyRepeats(): TroupeError {
    return new TroupeError(
      'duplicates',
      `${this.#parts.session.searcher.name} proposed ${REUSED_MAX} configurations in a row that have a result already, and none that is new could be drawn. Use duplicates: 'resample'.`,
    )
  }

  async #suggest(number: number, space: Space | undefined): Promise<TrialAnswer> {
    const { state, session } = this.#parts
    const answer = await session.suggest({ number, running: runningFor(session, state), space })
    if (answer.kind === 'trial') return answer
    const { name } = session.searcher
    if (answer.kind === 'finished') {
      throw new TroupeError('finished', `${name} has no further configuration to try.`)
    }
    const numbers = Array.from(state.running, (trial) => trial.number).join(', ')
    throw numbers === ''
      ? new TroupeError(
          'deadlock',
          `${name} waits for a result, but no trial is under way that could give one.`,
        )
      : new TroupeError(
          'wait',
          `${name} waits for the result of a trial that runs (${numbers}). Tell one first.`,
        )
  }

  async #dequeue(waiting: StudyTrialData, space: Space | undefined): Promise<TrialAnswer> {
    const { number } = waiting
    try {
      return this.#parts.session.complete({ number, space }, waiting.config)
    } catch (error) {
      // It would be in the way of all that come after it.
      const { message } = asError(error)
      const ended = {
        at: Date.now(),
        type: 'trial.ended',
        trial: number,
        state: 'failed',
        values: undefined,
      } as const
      await this.#keep([{ ...ended, error: message }])
      throw error
    }
  }

  // ---- Tell ----

  #ended(trial: { readonly id: string; readonly number: number } | number): StudyTrialData | undefined {
    const data = this.#own(trial)
    return data?.endedAt === undefined ? undefined : data
  }

  /** What is known of a trial of this study. */
  #own(trial: { readonly id: string; readonly number: number } | number): StudyTrialData | undefined {
    const number = typeof trial === 'number' ? trial : trial?.number
    const data = this.#parts.state.trials[number]
    const isForeign =
      typeof trial === 'object' && (trial instanceof AskedTrial ? !trial.isOf(this) : trial?.id !== data?.id)
    return isForeign ? undefined : data
  }

  #running(trial: { readonly id: string; readonly number: number } | number): StudyTrialData {
    const data = this.#own(trial)
    if (data === undefined) {
      const count = this.#parts.state.trials.length
      throw new TroupeError(
        'unknownTrial',
        `${this.#parts.name} has no ${typeof trial === 'object' ? 'such trial' : `trial ${describe(trial)}`}; it has ${count}, numbered from 0. Tell a trial that its ask gave, or one of an earlier process by its number.`,
      )
    }
    if (data.state === 'running') return data
    if (data.state === 'waiting') {
      throw new TroupeError(
        'notAsked',
        `Trial ${data.number} still waits in the queue. Ask for it before you tell how it went.`,
      )
    }
    throw new TroupeError(
      'told',
      `Trial ${data.number} was told before: it ${data.state === 'failed' ? 'failed' : `is ${data.state} with ${data.values?.join(', ') ?? 'no value'}`}. A trial is told once.`,
    )
  }

  #outcome(
    trial: StudyTrialData,
    result: unknown,
  ): { readonly state: EndState; readonly values: readonly number[] | undefined } {
    if (typeof result === 'number' || Array.isArray(result)) {
      return completed(readValues('tell', result, this.objectiveCount))
    }
    if (typeof result !== 'object' || result === null) throw this.#noResult(result)
    const { state, values } = readOptions<Partial<TellOptions>, typeof TELL_DEFAULTS>(
      'tell',
      result,
      TELL_DEFAULTS,
    )
    switch (state) {
      case 'completed':
        return completed(readValues('tell', values, this.objectiveCount))
      case 'pruned':
        return {
          state,
          values: values === undefined ? lastValues(trial) : readValues('tell', values, this.objectiveCount),
        }
      case 'failed':
        refuseValues('tell', values)
        return { state, values }
      default:
        throw this.#noResult(result)
    }
  }

  #noResult(result: unknown): OptionError {
    const state: unknown = isPlainObject(result) ? result['state'] : undefined
    if (state !== undefined) {
      const near = typeof state === 'string' ? nearest(state, TOLD_STATES) : undefined
      return new OptionError(
        'tell.state',
        `tell.state must be 'completed', 'pruned' or 'failed', got ${describe(state)}.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
        { received: state },
      )
    }
    return new OptionError(
      'tell',
      `tell takes values, or { state: 'pruned' } or { state: 'failed' }, got ${describe(result)}.`,
      { received: result },
    )
  }

  async #end(
    { number }: StudyTrialData,
    state: EndState,
    values: readonly number[] | undefined,
  ): Promise<void> {
    await this.#keep([{ at: Date.now(), type: 'trial.ended', trial: number, state, values }])
    await this.#tellSearcher(this.#parts.state.trials[number] as StudyTrialData)
  }

  async #tellSearcher(trial: StudyTrialData): Promise<void> {
    for (const stoppers of this.#stoppers) stoppers.ended(trial, Date.now())
    const waiting = this.#waitingForEnd
    this.#waitingForEnd = []
    try {
      await this.#parts.session.tell(toldTrial(trial))
    } finally {
      for (const resolve of waiting) resolve()
    }
  }

  // ---- The log ----

  /** Keeps what is buffered, and then this. */
  async #keep(records: readonly LogRecord[]): Promise<void> {
    const count = this.#buffer.length
    if (count + records.length === 0) return
    await this.#parts.log.append([...this.#buffer, ...records])
    // Only now, since an append that fails is to be tried again; and user code may have noted more meanwhile.
    this.#buffer.splice(0, count)
    for (const record of records) this.#apply(record)
  }

  #apply(record: LogRecord): void {
    this.#parts.state.apply(record)
    this.#parts.pruner?.follow(record, this.#parts.state.trials)
  }

  #idOf(number: number): string {
    return idMaker(this.#parts.random.fork('ids').fork(number))()
  }
}

/** @throws {OptionError} when a trial that has failed is given values: they would be lost. */
export function refuseValues(owner: string, values: unknown): asserts values is undefined {
  if (values === undefined) return
  throw new OptionError(
    `${owner}.values`,
    `${owner}: a trial that failed has no values, got ${describe(values)}. Leave them out, or use state: 'pruned'.`,
    { received: values },
  )
}

/** Completed with these values; failed when one of them is NaN. */
export function completed(values: readonly number[]): {
  readonly state: EndState
  readonly values: readonly number[] | undefined
} {
  return values.some(Number.isNaN) ? { state: 'failed', values: undefined } : { state: 'completed', values }
}

function pointOf({ enqueuedAs, params }: StudyTrialData, space: Space): Params {
  return enqueuedAs === undefined ? params : space.toPoint(enqueuedAs)
}
