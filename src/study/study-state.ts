import { isPlainObject } from '../core/metrics.ts'
import type { LogRecord } from '../core/log.ts'
import type { EndState, TrialSource, TrialState } from '../core/trial.ts'
import { SpaceError } from '../errors.ts'
import type { ToldTrial } from '../searchers/searcher.ts'
import { copyPlain } from '../space/same-value.ts'
import type { Domain } from '../space/space.ts'

/**
 * One trial of a study, as plain data: what `study.trials` and `study.bestTrial` give. Its configuration is a copy that
 * you may write to; all else is frozen.
 */
export interface StudyTrialRecord<Config = Record<string, unknown>> {
  readonly number: number
  readonly state: TrialState
  /** One value an objective. Of a pruned trial those that it reported last; undefined when there are none. */
  readonly values: readonly number[] | undefined
  /** The configuration, constants included. Of a waiting trial what was enqueued. */
  readonly config: Config
  /** What was reported, by step; of several objectives the first. */
  readonly intermediateValues: readonly (readonly [step: number, value: number])[]
  readonly userAttrs: Readonly<Record<string, unknown>>
  /** ≤ 0 is feasible; empty when none was set. */
  readonly constraints: Readonly<Record<string, number>>
  /** Milliseconds since 1970; undefined while it waits. */
  readonly startedAt: number | undefined
  /** Milliseconds since 1970; undefined until it has ended. */
  readonly endedAt: number | undefined
}

/** All that is known of one trial. Changed by `StudyState.apply` alone. */
export interface StudyTrialData {
  readonly number: number
  readonly id: string
  source: TrialSource
  state: TrialState
  /** From 1; one more each time that its process was gone. */
  attempt: number
  /** Who runs it; undefined where that is not known. */
  writer: string | undefined
  /** How it was asked for, while it runs or waits to be asked for again. */
  asked: AskedRecord | undefined
  values: readonly number[] | undefined
  config: Record<string, unknown>
  /** The configuration as it was enqueued, if it was. */
  enqueuedAs: object | undefined
  params: Record<string, unknown>
  domains: Record<string, Domain>
  /** One value an objective, by step. */
  intermediate: Map<number, readonly number[]>
  userAttrs: Record<string, unknown>
  constraints: Record<string, number>
  startedAt: number | undefined
  endedAt: number | undefined
}

type AskedRecord = LogRecord & { readonly type: 'trial.asked' }

/** What of a record is the same for all who ask, and cannot be written. */
type FrozenParts = Pick<StudyTrialRecord, 'values' | 'intermediateValues' | 'userAttrs' | 'constraints'>

/** A study as its log tells it: the same records give the same state, in the process that wrote them and in any later. */
export class StudyState {
  readonly trials: StudyTrialData[] = []
  readonly userAttrs: Record<string, unknown> = {}
  /** Numbers of the trials that have ended, in the order in which they did. */
  readonly ended: number[] = []
  // Ended trials do not change, and there may be many.
  readonly #frozen = new Map<number, FrozenParts>()
  // Not looked for from the beginning at each ask.
  readonly #running = new Map<number, StudyTrialData>()
  readonly #waiting = new Map<number, StudyTrialData>()
  // Those that ran already, in a process that is gone: they come before all that wait.
  readonly #requeued = new Map<number, StudyTrialData>()

  get running(): Iterable<StudyTrialData> {
    return this.#running.values()
  }

  get runningCount(): number {
    return this.#running.size
  }

  /** The trial that is asked for next: of those that ran already, else of all that wait, the one that waits longest. */
  get firstWaiting(): StudyTrialData | undefined {
    return first(this.#requeued) ?? first(this.#waiting)
  }

  apply(record: LogRecord): void {
    switch (record.type) {
      case 'study.attr':
        this.userAttrs[record.key] = record.value
        return
      case 'trial.enqueued':
        this.#enqueue(record)
        return
      case 'trial.asked':
        this.#begin(record)
        return
      case 'trial.suggested': {
        const trial = this.#at(record.trial)
        trial.params[record.path] = record.value
        trial.domains[record.path] = record.domain as Domain
        placeAt(trial.config, record.path, record.value)
        return
      }
      case 'trial.intermediate':
        this.#at(record.trial).intermediate.set(record.step, record.values)
        return
      case 'trial.attr':
        this.#at(record.trial).userAttrs[record.key] = record.value
        return
      case 'trial.constraint':
        this.#at(record.trial).constraints[record.key] = record.value
        return
      case 'trial.ended':
        this.#end(record)
        return
      case 'trial.requeued':
        this.#requeue(record)
        return
      case 'trial.imported':
        this.#import(record)
        return
      default:
      // Records of experiments, and those of later versions, say nothing about a study.
    }
  }

  /** Brings one trial back to what these records say of it, where more was noted than was kept. */
  restore(number: number, records: readonly LogRecord[]): void {
    const kept = new StudyState()
    for (const record of records) if ('trial' in record && record.trial === number) kept.apply(record)
    Object.assign(this.#at(number), kept.#at(number))
  }

  /** A trial as users see it. What may be changed by them, its configuration, is a copy at each call. */
  record(trial: StudyTrialData): StudyTrialRecord<unknown> {
    const { values, intermediateValues, userAttrs, constraints } = this.#settledPartsOf(trial)
    return {
      number: trial.number,
      state: trial.state,
      values,
      config: copyPlain(trial.config),
      intermediateValues,
      userAttrs,
      constraints,
      startedAt: trial.startedAt,
      endedAt: trial.endedAt,
    }
  }

  #settledPartsOf(trial: StudyTrialData): FrozenParts {
    const known = this.#frozen.get(trial.number)
    if (known !== undefined) return known
    const parts: FrozenParts = {
      values: trial.values && Object.freeze([...trial.values]),
      intermediateValues: frozen(intermediateOf(trial)),
      userAttrs: frozen(copyPlain(trial.userAttrs) as Record<string, unknown>),
      constraints: Object.freeze({ ...trial.constraints }),
    }
    if (trial.endedAt !== undefined) this.#frozen.set(trial.number, parts)
    return parts
  }

  #enqueue({ trial, id, config, at }: LogRecord & { readonly type: 'trial.enqueued' }): void {
    const data = emptyTrial(trial, id, 'enqueued', at)
    data.config = copyPlain(config) as Record<string, unknown>
    data.enqueuedAs = config
    data.startedAt = undefined
    this.trials[trial] = data
    this.#place(data, 'waiting')
  }

  #begin(record: AskedRecord): void {
    const { trial, id, source, params, domains, config, at, writer } = record
    const data = (this.trials[trial] ??= emptyTrial(trial, id, source, at))
    this.#place(data, 'running')
    data.asked = record
    data.writer = writer
    data.params = { ...params }
    data.domains = { ...(domains as Record<string, Domain>) }
    data.config = copyPlain(config) as Record<string, unknown>
    data.startedAt = at
  }

  #requeue({ trial, attempt }: LogRecord & { readonly type: 'trial.requeued' }): void {
    const data = this.#at(trial)
    this.#place(data, 'waiting')
    this.#waiting.delete(trial)
    this.#requeued.set(trial, data)
    data.attempt = attempt
    data.writer = undefined
    data.startedAt = undefined
    // It begins anew.
    data.intermediate = new Map()
    data.userAttrs = {}
    data.constraints = {}
  }

  #end({ trial, state, values, at }: LogRecord & { readonly type: 'trial.ended' }): void {
    const data = this.#at(trial)
    this.#place(data, state)
    data.values = values
    data.endedAt = at
  }

  /** The table wins, except over an end. */
  #import(record: LogRecord & { readonly type: 'trial.imported' }): void {
    const { trial, id, state, startedAt, endedAt, values } = record
    const data = (this.trials[trial] ??= emptyTrial(trial, id, 'imported', undefined))
    if (data.endedAt !== undefined) return
    // One that was asked for here, and goes on, may have written what is not kept yet.
    const goesOn = data.state === 'running' && state === 'running' && data.asked !== undefined
    const before = data.intermediate
    data.intermediate = new Map(goesOn ? before : [])
    for (const [step, value] of record.intermediate) {
      const known = before.get(step)
      data.intermediate.set(step, known !== undefined && Object.is(known[0], value) ? known : [value])
    }
    data.userAttrs = { ...(goesOn && data.userAttrs), ...record.userAttrs }
    data.constraints = { ...(goesOn && data.constraints), ...record.constraints }
    if (!goesOn) {
      data.params = { ...record.params }
      data.domains = { ...(record.domains as Record<string, Domain>) }
      data.config = copyPlain(record.config) as Record<string, unknown>
      data.writer = undefined
    }
    if (state === 'waiting') data.enqueuedAs = record.config
    data.values = values
    data.startedAt = startedAt
    data.endedAt = endedAt
    this.#place(data, state)
  }

  /** Puts a trial where those of its state are. */
  #place(data: StudyTrialData, state: TrialState): void {
    const { number } = data
    this.#waiting.delete(number)
    this.#requeued.delete(number)
    if (state !== 'running') this.#running.delete(number)
    else this.#running.set(number, data)
    data.state = state
    if (state === 'waiting') this.#waiting.set(number, data)
    else if (state !== 'running') {
      this.ended.push(number)
      data.asked = undefined
    }
  }

  #at(number: number): StudyTrialData {
    return this.trials[number] as StudyTrialData
  }
}

/** How a trial ended, as the searcher is told. Parameters whose domain is not known are nothing to learn from. */
export function toldTrial(trial: StudyTrialData): ToldTrial {
  const { number, params, domains, state, values, constraints, intermediate } = trial
  const steps = [...intermediate.keys()]
  return {
    number,
    params: Object.fromEntries(Object.entries(params).filter(([path]) => Object.hasOwn(domains, path))),
    domains,
    state: state as EndState,
    values,
    // A trial that never reported has its value after one step, as one that reports once.
    step: values === undefined ? undefined : steps.length === 0 ? 1 : Math.max(...steps),
    intermediate: intermediateOf(trial),
    constraints,
  }
}

/** Whether a trial ran before, in a process that is gone. */
export function isFurtherAttempt(trial: StudyTrialData | undefined): boolean {
  return trial !== undefined && trial.attempt > 1
}

/**
 * The values that a trial reported at its greatest step; undefined when it has none, they hold NaN, or they are not those
 * of all objectives.
 */
export function lastValues(
  { intermediate }: StudyTrialData,
  objectiveCount: number,
): readonly number[] | undefined {
  const values = intermediate.size === 0 ? undefined : intermediate.get(Math.max(...intermediate.keys()))
  return values?.length !== objectiveCount || values.some(Number.isNaN) ? undefined : values
}

/**
 * Writes a parameter into a configuration: `optimizer/lr` becomes `config.optimizer.lr`.
 * @throws {SpaceError} when something else stands there.
 */
export function placeAt(config: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split('/')
  const last = keys.pop() as string
  let at = config
  for (const key of keys) {
    if (!Object.hasOwn(at, key)) at[key] = {}
    const next = at[key]
    if (!isPlainObject(next)) throw taken(path, config)
    at = next
  }
  if (Object.hasOwn(at, last)) throw taken(path, config)
  at[last] = copyPlain(value)
}

function taken(path: string, config: Record<string, unknown>): SpaceError {
  return new SpaceError(
    path,
    `there is no room for it in the configuration, which has ${Object.keys(config).join(', ')}. Give it another name.`,
  )
}

function intermediateOf({ intermediate }: StudyTrialData): readonly (readonly [number, number])[] {
  const pairs = Array.from(intermediate, ([step, values]): [number, number] => [step, values[0] as number])
  return pairs.toSorted(([a], [b]) => a - b)
}

function first(trials: ReadonlyMap<number, StudyTrialData>): StudyTrialData | undefined {
  return trials.values().next().value
}

/** The same value, of which arrays and plain objects can no longer be written. */
function frozen<T>(value: T): T {
  if (Array.isArray(value) || isPlainObject(value)) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}

function emptyTrial(
  number: number,
  id: string,
  source: TrialSource,
  startedAt: number | undefined,
): StudyTrialData {
  return {
    number,
    id,
    source,
    state: 'running',
    attempt: 1,
    writer: undefined,
    asked: undefined,
    values: undefined,
    config: {},
    enqueuedAs: undefined,
    params: {},
    domains: {},
    intermediate: new Map(),
    userAttrs: {},
    constraints: {},
    startedAt,
    endedAt: undefined,
  }
}
