import type { LogRecord } from '../../core/log.ts'
import { isPlainObject } from '../../core/metrics.ts'
import type { Objective } from '../../core/objective.ts'
import { parseJson } from '../../core/plain-json.ts'
import type { EndState } from '../../core/trial.ts'
import type { Domain } from '../../space/domain.ts'
import { externalValue, readDistribution } from './distributions.ts'
import type { OptunaDirection, OptunaParam, OptunaState } from './operation.ts'
import { isOwnKey, STATE_KEY, STUDY_KEY } from './own-keys.ts'
import { nested } from './nested.ts'
import { pathsByName } from './parameter-names.ts'

/** A study as Optuna's storage holds it. */
export interface OptunaStudy {
  readonly name: string
  readonly directions: readonly OptunaDirection[]
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly systemAttrs: Readonly<Record<string, unknown>>
}

/** A trial as Optuna's storage holds it. Times are in milliseconds since 1970. */
export interface OptunaTrial {
  readonly number: number
  readonly state: OptunaState
  readonly values: readonly number[] | undefined
  readonly params: readonly OptunaParam[]
  /** Pairs of step and value, in any order. */
  readonly intermediate: readonly (readonly [step: number, value: number])[]
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly systemAttrs: Readonly<Record<string, unknown>>
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
}

const STATES = { WAITING: 'waiting', RUNNING: 'running', FAIL: 'failed' } as const

/** A parameter of a trial in Troupe's terms. */
export interface ReadParam {
  readonly path: string
  readonly value: unknown
  readonly domain: Domain
}

/** @throws {StorageError} with code `'unknownDistribution'`. */
export function readParam(
  { name, value, distribution }: OptunaParam,
  pathOf: (name: string) => string,
): ReadParam {
  const domain = readDistribution(distribution)
  return { path: pathOf(name), value: externalValue(domain, value), domain }
}

/**
 * The parameters of a trial, each under a path of its own: where a program has set those of several branches, the path
 * is that of the branch which the trial took, and others keep Optuna's name.
 */
function readParams(params: readonly OptunaParam[], pathOf: (name: string) => string): readonly ReadParam[] {
  const read = params.map((param) => ({ name: param.name, ...readParam(param, pathOf) }))
  const taken = read.map(({ path, value }) => `${path}=${String(value)}`)
  const best = new Map<string, string>()
  for (const { name, path } of read) {
    const known = best.get(path)
    if (known === undefined || (!isTaken(known, path, taken) && isTaken(name, path, taken)))
      best.set(path, name)
  }
  return read.map(({ name, path, value, domain }) => ({
    path: best.get(path) === name ? path : name,
    value,
    domain,
  }))
}

/** Whether all conditions in a name such as `act=relu/width` are among these. */
function isTaken(name: string, path: string, taken: readonly string[]): boolean {
  return !name.endsWith(`/${path}`) || areAmong(name.slice(0, -path.length), taken)
}

function areAmong(conditions: string, taken: readonly string[]): boolean {
  if (conditions === '') return true
  return taken.some(
    (condition) =>
      conditions.startsWith(`${condition}/`) && areAmong(conditions.slice(condition.length + 1), taken),
  )
}

/**
 * What Optuna has of a trial, as the record that brings it into a study. Keys of Troupe's own are left out. A waiting
 * trial's configuration is what it was enqueued with.
 * @param study - The study's system attributes, which say what names of parameters mean.
 * @param at - When this was read, in milliseconds since 1970.
 * @throws {StorageError} with code `'unknownDistribution'` for a parameter that no known version of Optuna wrote.
 */
export function importedTrial(
  trial: OptunaTrial,
  study: Pick<OptunaStudy, 'systemAttrs'>,
  at: number,
): Extract<LogRecord, { readonly type: 'trial.imported' }> {
  const { number, userAttrs, systemAttrs, startedAt, endedAt } = trial
  const pathOf = pathsByName(study.systemAttrs)
  const read = readParams(trial.params, pathOf)
  const params = Object.fromEntries(read.map(({ path, value }) => [path, value]))
  const { state, values } = outcomeOf(trial)
  return {
    at,
    type: 'trial.imported',
    trial: number,
    id: `optuna-${number}`,
    state,
    values,
    params,
    domains: Object.fromEntries(read.map(({ path, domain }) => [path, domain])),
    config: nested({ ...(state === 'waiting' && fixedParams(systemAttrs, pathOf)), ...params }),
    intermediate: trial.intermediate.toSorted(([a], [b]) => a - b),
    userAttrs: Object.fromEntries(Object.entries(userAttrs).filter(([key]) => !isOwnKey(key))),
    constraints: constraintsOf(systemAttrs),
    startedAt: state === 'waiting' ? undefined : startedAt,
    endedAt: state === 'waiting' || state === 'running' ? undefined : endedAt,
  }
}

/** The state of a trial, one of Troupe's own where Optuna has no word for it, and the values that it ended with. */
export function outcomeOf({
  state,
  values,
  systemAttrs,
}: Pick<OptunaTrial, 'state' | 'values' | 'systemAttrs'>): {
  readonly state: 'waiting' | 'running' | EndState
  readonly values: readonly number[] | undefined
} {
  const usable = values?.length === 0 || values?.some(Number.isNaN) ? undefined : values
  switch (state) {
    case 'PRUNED':
      return { state: systemAttrs[STATE_KEY] === 'interrupted' ? 'interrupted' : 'pruned', values: usable }
    case 'COMPLETE':
      // Optuna itself never completes one without a value.
      return usable === undefined
        ? { state: 'failed', values: undefined }
        : { state: 'completed', values: usable }
    default:
      return { state: STATES[state], values: undefined }
  }
}

/** Constraints in Optuna 5's form, and in the older list, which goes by position. */
export function constraintsOf(systemAttrs: Readonly<Record<string, unknown>>): Record<string, number> {
  const constraints: Record<string, number> = {}
  const { constraints: list } = systemAttrs
  if (Array.isArray(list)) {
    list.forEach((value: unknown, i) => {
      if (typeof value === 'number') constraints[String(i)] = value
    })
  }
  for (const [key, value] of Object.entries(systemAttrs)) {
    const name = constraintName(key)
    if (name !== undefined && typeof value === 'number') constraints[name] = value
  }
  return constraints
}

/** Which constraint a system attribute is; undefined when it is none. */
export function constraintName(key: string): string | undefined {
  return key.startsWith('constraints:') ? key.slice('constraints:'.length) : undefined
}

function fixedParams(
  { fixed_params: fixed }: Readonly<Record<string, unknown>>,
  pathOf: (name: string) => string,
): Readonly<Record<string, unknown>> {
  if (!isPlainObject(fixed)) return {}
  return Object.fromEntries(Object.entries(fixed).map(([name, value]) => [pathOf(name), value]))
}

/**
 * A study that Optuna has, as the records that begin its log: it with its metrics, and its attributes. One that Troupe
 * made has its own seed and space; else the seed is made of the name, so that it is the same for all who read it.
 * @param at - In milliseconds since 1970.
 */
export function importedStudy(study: OptunaStudy, at: number): readonly LogRecord[] {
  return [importedCreation(study, at), ...importedAttrs(study, at)]
}

/** The first of `importedStudy`. */
export function importedCreation(
  { name, directions, systemAttrs }: OptunaStudy,
  at: number,
): Extract<LogRecord, { readonly type: 'study.created' }> {
  const kept = keptStudy(systemAttrs)
  const own = isPlainObject(kept) ? kept : {}
  const names = systemAttrs['study:metric_names']
  const objectives = directions.map((direction, i): Objective => {
    const metric: unknown = Array.isArray(names) ? names[i] : undefined
    return {
      metric: typeof metric === 'string' && metric !== '' ? metric : defaultMetric(i, directions.length),
      mode: direction === 'MAXIMIZE' ? 'max' : 'min',
    }
  })
  const created = {
    at,
    type: 'study.created',
    name,
    seed: typeof own['seed'] === 'string' ? own['seed'] : `optuna:${name}`,
    objectives,
  } as const
  return own['space'] === undefined ? created : { ...created, space: own['space'] }
}

/** The rest of `importedStudy`. */
export function importedAttrs({ userAttrs }: OptunaStudy, at: number): readonly LogRecord[] {
  return Object.entries(userAttrs)
    .filter(([key]) => !isOwnKey(key))
    .map(([key, value]) => ({ at, type: 'study.attr', key, value }))
}

function keptStudy({ [STUDY_KEY]: text }: Readonly<Record<string, unknown>>): unknown {
  return typeof text === 'string' ? parseJson(text) : undefined
}

function defaultMetric(i: number, count: number): string {
  return count === 1 ? 'value' : `value${i}`
}
