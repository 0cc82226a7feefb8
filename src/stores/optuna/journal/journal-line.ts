import { isPlainObject } from '../../../core/metrics.ts'
import type { OptunaDirection, OptunaOperation, OptunaParam, OptunaState } from '../operation.ts'
import { parsePythonJson, pythonFloat, toPythonJson } from '../python-json.ts'

/** Numbers of the operations, as each line begins with one. */
export const OP = {
  createStudy: 0,
  deleteStudy: 1,
  studyUserAttr: 2,
  studySystemAttr: 3,
  createTrial: 4,
  param: 5,
  state: 6,
  intermediate: 7,
  userAttr: 8,
  systemAttr: 9,
} as const

/** In the order of their numbers in the journal. */
export const STATES: readonly OptunaState[] = ['RUNNING', 'COMPLETE', 'PRUNED', 'FAIL', 'WAITING']
export const DIRECTIONS: readonly OptunaDirection[] = ['NOT_SET', 'MINIMIZE', 'MAXIMIZE']

/** One operation of a journal, as it was read. */
export type JournalLine = Readonly<Record<string, unknown>> & {
  readonly op_code: number
  readonly worker_id: unknown
}

/** @returns Undefined for what is no line of Optuna's journal. */
export function readLine(text: string): JournalLine | undefined {
  try {
    const read = parsePythonJson(text)
    return isPlainObject(read) && typeof read['op_code'] === 'number' ? (read as JournalLine) : undefined
  } catch {
    return undefined
  }
}

/** Where a study and its trials are in a journal, which counts both from 0 and does not write these numbers. */
export interface JournalIds {
  readonly study: number
  /** The id of a trial, by its number. */
  trial(number: number): number
}

/** The line of an operation, with its end. Nothing for what the journal has no word for. */
export function lineOf(operation: OptunaOperation, worker: string, ids: JournalIds): string {
  if (operation.kind === 'anew') return ''
  const [code, ...fields] = fieldsOf(operation, ids)
  return `{"op_code":${code},"worker_id":${JSON.stringify(worker)},${fields.join(',')}}\n`
}

/** The line that deletes a study. */
export function deletionLine(worker: string, study: number): string {
  return `{"op_code":${OP.deleteStudy},"worker_id":${JSON.stringify(worker)},"study_id":${study}}\n`
}

type Said = Exclude<OptunaOperation, { readonly kind: 'anew' }>

function fieldsOf(operation: Said, ids: JournalIds): readonly [code: number, ...fields: string[]] {
  const study = `"study_id":${ids.study}`
  if (!('trial' in operation)) {
    switch (operation.kind) {
      case 'study': {
        const directions = operation.directions.map((direction) => DIRECTIONS.indexOf(direction))
        const name = JSON.stringify(operation.name)
        return [OP.createStudy, `"study_name":${name}`, `"directions":[${directions.join(',')}]`]
      }
      case 'studyUserAttr':
        return [OP.studyUserAttr, study, `"user_attr":${attr(operation)}`]
      default:
        return [OP.studySystemAttr, study, `"system_attr":${attr(operation)}`]
    }
  }
  if (operation.kind === 'trial') return [OP.createTrial, study, ...creation(operation)]
  const trial = `"trial_id":${ids.trial(operation.trial)}`
  switch (operation.kind) {
    case 'claim':
      return [OP.state, trial, '"state":0', '"values":null', `"datetime_start":${time(operation.startedAt)}`]
    case 'param':
      return [
        OP.param,
        trial,
        `"param_name":${JSON.stringify(operation.name)}`,
        `"param_value_internal":${internal(operation)}`,
        `"distribution":${JSON.stringify(operation.distribution)}`,
      ]
    case 'intermediate':
      return [
        OP.intermediate,
        trial,
        `"step":${operation.step}`,
        `"intermediate_value":${pythonFloat(operation.value)}`,
      ]
    case 'userAttr':
      return [OP.userAttr, trial, `"user_attr":${attr(operation)}`]
    case 'systemAttr':
      return [OP.systemAttr, trial, `"system_attr":${attr(operation)}`]
    default: {
      const { state, values, endedAt } = operation
      const code = STATES.indexOf(state)
      const numbers = values === undefined ? 'null' : `[${values.map(pythonFloat).join(',')}]`
      return [
        OP.state,
        trial,
        `"state":${code}`,
        `"values":${numbers}`,
        `"datetime_complete":${time(endedAt)}`,
      ]
    }
  }
}

type Creation = Extract<OptunaOperation, { readonly kind: 'trial' }>

// As one line, so that nobody can see the trial without what it begins with.
function creation({ state, startedAt, params, systemAttrs }: Creation): string[] {
  const fields = params.map((param) => [JSON.stringify(param.name), param] as const)
  const distributions = fields.map(([name, { distribution }]) => `${name}:${JSON.stringify(distribution)}`)
  const values = fields.map(([name, param]) => `${name}:${internal(param)}`)
  return [
    `"datetime_start":${startedAt === undefined ? 'null' : time(startedAt)}`,
    `"state":${STATES.indexOf(state)}`,
    '"value":null',
    '"values":null',
    `"distributions":{${distributions.join(',')}}`,
    `"params":{${values.join(',')}}`,
    '"user_attrs":{}',
    `"system_attrs":${toPythonJson(systemAttrs)}`,
    '"intermediate_values":{}',
  ]
}

// Of a number with a fraction that is 0, Python makes a float by the point alone.
function internal({ value, distribution }: OptunaParam): string {
  return distribution.startsWith('{"name": "FloatDistribution"') ? pythonFloat(value) : String(value)
}

function attr({ key, value }: { readonly key: string; readonly value: unknown }): string {
  return `{${JSON.stringify(key)}:${toPythonJson(value)}}`
}

function time(at: number): string {
  return JSON.stringify(isoTime(at))
}

/** A time with microseconds and its zone, as Python writes it. */
export function isoTime(at: number): string {
  const whole = Math.floor(at)
  const micros = Math.min(999, Math.round((at - whole) * 1000))
  return `${new Date(whole).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}+00:00`
}

/** Milliseconds since 1970 of a time with its zone; undefined for what is none. */
export function readTime(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined
  const [, whole, fraction = '', zone] =
    /^(.*?\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text) ?? []
  if (whole === undefined) return undefined
  const seconds = Date.parse(`${whole}${zone ?? 'Z'}`)
  return Number.isNaN(seconds) ? undefined : seconds + Number(`0${fraction}`) * 1000
}
