import type { LogRecord } from '../../../core/log.ts'
import { isPlainObject } from '../../../core/metrics.ts'
import { parseJson } from '../../../core/plain-json.ts'
import type { EndState, Params } from '../../../core/trial.ts'
import { sameValue } from '../../../space/same-value.ts'
import {
  constraintName,
  constraintsOf,
  importedCreation,
  importedTrial,
  outcomeOf,
  readParam,
} from '../imported.ts'
import type { OptunaParam } from '../operation.ts'
import { ASKED_KEY, ENQUEUED_KEY, ERROR_KEY, isOwnKey, RECORD_KEY } from '../own-keys.ts'
import { pathsByName } from '../parameter-names.ts'
import { type JournalLine, OP } from './journal-line.ts'
import { JournalState } from './journal-state.ts'
import { hasEnded, type JournalStudy, type JournalTrial, readTrial } from './journal-trial.ts'

/** A record, or what becomes one when all lines were read: the study, or a trial that others wrote. */
type Said = LogRecord | { readonly study: JournalStudy } | { readonly foreign: JournalTrial }

/**
 * The records that the lines of a journal come to, for one study. Trials that Troupe wrote give the records that they were
 * made of; one that Optuna wrote gives `trial.imported`, as it is when the lines are read, each time that it has changed.
 */
export class RecordReader {
  readonly state = new JournalState()
  readonly #name: string
  // The parameters that Troupe's own trials began with.
  readonly #own = new Map<number, Params>()
  readonly #asked = new Map<number, LogRecord>()
  #isSaid = false
  #wasDeleted = false
  #time = 0

  constructor(name: string) {
    this.#name = name
  }

  get study(): JournalStudy | undefined {
    return this.state.study(this.#name)
  }

  /** Whether a study of this name was deleted since it was read first. */
  get wasDeleted(): boolean {
    return this.#wasDeleted
  }

  /** Takes in lines, and says what they come to. */
  take(lines: readonly JournalLine[]): readonly LogRecord[] {
    let said: Said[] = []
    const foreign = new Set<JournalTrial>()
    for (const line of lines) {
      const applied = this.state.apply(line)
      if (applied?.study.name !== this.#name) continue
      if (line.op_code === OP.deleteStudy) {
        said = []
        foreign.clear()
        this.#forget()
        continue
      }
      if (!this.#isSaid) said.push({ study: applied.study })
      this.#isSaid = true
      const { study, trial } = applied
      const own = trial === undefined ? studyAttrs(line) : this.#ownRecords(line, trial, study)
      if (own !== undefined) said.push(...own.map((record): LogRecord => this.#timed(record)))
      else if (trial !== undefined && !foreign.has(trial)) {
        foreign.add(trial)
        said.push({ foreign: trial })
      }
    }
    return said.map((item) => this.#settled(item))
  }

  #forget(): void {
    this.#own.clear()
    this.#asked.clear()
    this.#isSaid = false
    this.#wasDeleted = true
  }

  #settled(item: Said): LogRecord {
    if ('type' in item) return item
    if ('study' in item) return importedCreation(item.study, item.study.trials[0]?.startedAt ?? 0)
    const trial = readTrial(item.foreign)
    return importedTrial(trial, item.foreign.study, trial.endedAt ?? trial.startedAt ?? this.#time)
  }

  // Most lines have no time of their own.
  #timed(record: Untimed | LogRecord): LogRecord {
    const { at = this.#time } = record as { at?: number }
    this.#time = Math.max(this.#time, at)
    return { ...record, at }
  }

  /** Undefined when the trial is one of others. */
  #ownRecords(
    line: JournalLine,
    trial: JournalTrial,
    study: JournalStudy,
  ): readonly (Untimed | LogRecord)[] | undefined {
    const { number } = trial
    if (line.op_code === OP.createTrial) return this.#created(trial)
    const attr = line.op_code === OP.systemAttr ? single(line['system_attr']) : undefined
    if (attr?.[0] === ASKED_KEY) {
      const record = ownRecord(attr[1], 'trial.asked', number)
      if (record !== undefined) this.#asked.set(number, record)
      return []
    }
    if (line.op_code === OP.state && !hasEnded(trial)) {
      const asked = trial.state === 'RUNNING' ? this.#asked.get(number) : undefined
      this.#asked.delete(number)
      if (asked !== undefined) return this.#begun(number, asked)
      this.#own.delete(number)
    }
    const params = this.#own.get(number)
    const said = params && changes(line, trial, study, params)
    // It goes on with other parameters, for which its own records have no word.
    if (said === undefined) this.#own.delete(number)
    return said
  }

  #created(trial: JournalTrial): readonly LogRecord[] | undefined {
    const { number, state, systemAttrs } = trial
    const asked = ownRecord(systemAttrs[ASKED_KEY], 'trial.asked', number)
    if (asked !== undefined && state === 'RUNNING') return this.#begun(number, asked)
    const enqueued = ownRecord(systemAttrs[ENQUEUED_KEY], 'trial.enqueued', number)
    if (enqueued === undefined || state !== 'WAITING') return undefined
    this.#own.set(number, {})
    return [enqueued]
  }

  #begun(number: number, asked: LogRecord): readonly LogRecord[] {
    this.#own.set(number, asked.type === 'trial.asked' ? asked.params : {})
    return [asked]
  }
}

/** A record without its time. */
type Untimed = LogRecord extends infer R
  ? R extends LogRecord
    ? Omit<R, 'at'> & { readonly at?: number }
    : never
  : never

function studyAttrs(line: JournalLine): readonly Untimed[] {
  const [key, value] = (line.op_code === OP.studyUserAttr && single(line['user_attr'])) || []
  return key === undefined || isOwnKey(key) ? [] : [{ type: 'study.attr', key, value }]
}

/** What a line says about a trial of Troupe's own that has begun, or waits. Undefined when no record can say it. */
function changes(
  line: JournalLine,
  trial: JournalTrial,
  study: JournalStudy,
  params: Params,
): readonly (Untimed | LogRecord)[] | undefined {
  const { number } = trial
  switch (line.op_code) {
    case OP.param: {
      const param = trial.params.get(line['param_name'] as string) as OptunaParam
      const read = readParam(param, pathsByName(study.systemAttrs))
      if (!Object.hasOwn(params, read.path)) return [{ type: 'trial.suggested', trial: number, ...read }]
      return sameValue(params[read.path], read.value) ? [] : undefined
    }
    case OP.intermediate: {
      // Of several objectives there is a record of its own.
      if (study.directions.length > 1) return []
      const { step, intermediate_value: value } = line as { step?: number; intermediate_value?: number }
      return [{ type: 'trial.intermediate', trial: number, step: step as number, values: [value as number] }]
    }
    case OP.userAttr: {
      const [key, value] = single(line['user_attr']) ?? []
      return key === undefined || isOwnKey(key) ? [] : [{ type: 'trial.attr', trial: number, key, value }]
    }
    case OP.systemAttr:
      return systemAttr(number, single(line['system_attr']))
    default:
      return hasEnded(trial) ? [ended(trial)] : []
  }
}

function systemAttr(
  trial: number,
  [key, value]: readonly [string, unknown] | readonly [] = [],
): readonly (Untimed | LogRecord)[] {
  if (key === undefined) return []
  if (key.startsWith(RECORD_KEY)) {
    const record = ownRecord(value, undefined, trial)
    return record === undefined ? [] : [record]
  }
  if (key !== 'constraints' && constraintName(key) === undefined) return []
  return Object.entries(constraintsOf({ [key]: value })).map(([name, bound]) => ({
    type: 'trial.constraint',
    trial,
    key: name,
    value: bound,
  }))
}

function ended(trial: JournalTrial): Untimed {
  const { state, values } = outcomeOf(trial)
  const { [ERROR_KEY]: error } = trial.systemAttrs
  return {
    type: 'trial.ended',
    trial: trial.number,
    state: state as EndState,
    values,
    ...(typeof error === 'string' && { error }),
    ...(trial.endedAt !== undefined && { at: trial.endedAt }),
  }
}

/** A record that was kept as an attribute; undefined when this is none of that type. */
function ownRecord(text: unknown, type: LogRecord['type'] | undefined, trial: number): LogRecord | undefined {
  if (typeof text !== 'string') return undefined
  const record = parseJson(text)
  if (!isPlainObject(record) || (type !== undefined && record['type'] !== type)) return undefined
  // Where Optuna has made trials too, it is the place that counts.
  return { ...record, trial } as LogRecord
}

function single(attr: unknown): readonly [key: string, value: unknown] | undefined {
  return isPlainObject(attr) ? Object.entries(attr)[0] : undefined
}
