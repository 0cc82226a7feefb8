import { isPlainObject } from '../../core/metrics.ts'
import { StorageError } from '../../errors.ts'
import { stepsOf } from '../../space/decimal.ts'
import type { CategoricalDomain, Domain, FloatDomain, GridDomain, IntDomain } from '../../space/domain.ts'
import { sameValue } from '../../space/same-value.ts'
import { choiceIndex } from '../../space/values.ts'
import { parsePythonJson, pythonFloat, toPythonJson } from './python-json.ts'

/** What Optuna does not let a parameter change from one trial of a study to the next; its range it may. */
export interface Kind {
  readonly name: 'float' | 'int' | 'categorical'
  readonly log: boolean
  /** Of a categorical. */
  readonly choices?: readonly unknown[]
}

/** A domain and a value of it, as Optuna holds them. */
export interface Encoded {
  /** As JSON. */
  readonly distribution: string
  /** The internal number. */
  readonly value: number
}

/**
 * Which of Optuna's kinds a domain is; undefined when it is none of them, and so cannot be a parameter there: numbers that
 * are spread by their distance to 1, or normally, or by a logarithm in steps; what is computed; choices that are no text,
 * number, boolean or null, or that Python takes for equal, such as 1 and true. A grid's values are choices.
 */
export function kindOf(domain: Domain): Kind | undefined {
  switch (domain.kind) {
    case 'float':
      if (domain.scale === 'reverseLog') return undefined
      if (domain.scale === 'log' && domain.step !== undefined) return undefined
      return { name: 'float', log: domain.scale === 'log' }
    case 'int':
      if (domain.scale === 'log' && domain.step !== 1) return undefined
      return { name: 'int', log: domain.scale === 'log' }
    case 'categorical':
    case 'grid':
      return arePortable(domain.choices)
        ? { name: 'categorical', log: false, choices: domain.choices }
        : undefined
    default:
      return undefined
  }
}

/** Whether Optuna takes both for the same parameter. */
export function sameKind(a: Kind, b: Kind): boolean {
  if (a.name !== b.name || a.log !== b.log) return false
  return (
    a.choices === b.choices ||
    (a.choices?.length === b.choices?.length &&
      a.choices?.every((choice, i) => pythonKey(choice) === pythonKey(b.choices?.[i])) === true)
  )
}

/**
 * A value of a domain in Optuna's terms; undefined when the domain has no equal there, or the value is no number or none
 * of the choices. A number beyond the ends, as population-based training makes, widens the range.
 */
export function encodedParam(domain: Domain, value: unknown): Encoded | undefined {
  if (kindOf(domain) === undefined) return undefined
  switch (domain.kind) {
    case 'float':
    case 'int':
      return encodedNumber(domain, value)
    case 'categorical':
    case 'grid':
      return encodedChoice(domain, value)
    default:
      return undefined
  }
}

function encodedNumber(
  { kind, scale, step, ...ends }: FloatDomain | IntDomain,
  value: unknown,
): Encoded | undefined {
  const log = scale === 'log'
  if (typeof value !== 'number' || !Number.isFinite(value) || (log && value <= 0)) return undefined
  if (kind === 'int' && !Number.isInteger(value)) return undefined
  const low = Math.min(ends.low, value)
  const high = Math.max(ends.high, value)
  const distribution =
    kind === 'int'
      ? `{"name": "IntDistribution", "attributes": {"log": ${log}, "step": ${step}, "low": ${low}, "high": ${high}}}`
      : `{"name": "FloatDistribution", "attributes": {"step": ${step === undefined ? 'null' : pythonFloat(step)}, "low": ${pythonFloat(low)}, "high": ${pythonFloat(high)}, "log": ${log}}}`
  return { distribution, value }
}

function encodedChoice(domain: CategoricalDomain | GridDomain, value: unknown): Encoded | undefined {
  const index = choiceIndex(domain, value)
  if (index < 0) return undefined
  const distribution = `{"name": "CategoricalDistribution", "attributes": {"choices": ${toPythonJson(domain.choices)}}}`
  return { distribution, value: index }
}

function arePortable(choices: readonly unknown[]): boolean {
  const seen = new Map<string, unknown>()
  return choices.every((choice) => {
    const key = pythonKey(choice)
    if (key === undefined || (seen.has(key) && !sameValue(seen.get(key), choice))) return false
    seen.set(key, choice)
    return true
  })
}

/** Equal exactly for what Python takes for equal; undefined for what Optuna cannot keep. */
function pythonKey(choice: unknown): string | undefined {
  switch (typeof choice) {
    case 'string':
      return `"${choice}`
    case 'number':
    case 'boolean':
      // Without the sign of zero.
      return String(Number(choice) + 0)
    default:
      return choice === null ? 'None' : undefined
  }
}

/**
 * The domain that a distribution of Optuna's stands for, those of old versions too. Steps are drawn as Optuna does.
 * @throws {StorageError} with code `'unknownDistribution'` for one that no known version wrote.
 */
export function readDistribution(json: string): Domain {
  const read = parsed(json)
  const [name, attributes] = namedAttributes(read)
  const { low, high, step, q, log, choices } = attributes
  if (Array.isArray(choices)) return { kind: 'categorical', choices, ordered: false }
  if (typeof low !== 'number' || typeof high !== 'number') throw unknownDistribution(json)
  switch (name) {
    case 'FloatDistribution':
      return floatDomain(low, high, log === true, numberOr(undefined, step))
    case 'UniformDistribution':
      return floatDomain(low, high, false, undefined)
    case 'LogUniformDistribution':
      return floatDomain(low, high, true, undefined)
    case 'DiscreteUniformDistribution':
      return floatDomain(low, high, false, numberOr(undefined, q))
    case 'IntDistribution':
      return intDomain(low, high, log === true, numberOr(1, step))
    case 'IntUniformDistribution':
      return intDomain(low, high, false, numberOr(1, step))
    case 'IntLogUniformDistribution':
      return intDomain(low, high, true, 1)
    default:
      throw unknownDistribution(json)
  }
}

/** The value of a parameter, from the internal number that Optuna holds. */
export function externalValue(domain: Domain, internal: number): unknown {
  switch (domain.kind) {
    case 'int':
      return Math.trunc(internal)
    case 'categorical':
    case 'grid':
      return domain.choices[Math.trunc(internal)]
    default:
      return internal
  }
}

type Attributes = Readonly<Record<string, unknown>>

/** A form without names is read by Optuna too, for the sake of other programs. */
function namedAttributes(read: unknown): readonly [name: unknown, attributes: Attributes] {
  if (!isPlainObject(read)) return [undefined, {}]
  const { name, attributes, type } = read
  if (isPlainObject(attributes)) return [name, attributes]
  return [type === 'float' ? 'FloatDistribution' : type === 'int' ? 'IntDistribution' : type, read]
}

function floatDomain(low: number, high: number, log: boolean, step: number | undefined): FloatDomain {
  const last = step === undefined ? high : stepsOf(low, high, step).last
  return { kind: 'float', low, high: last, scale: log ? 'log' : 'linear', step, rule: 'optuna' }
}

function intDomain(low: number, high: number, log: boolean, step: number): IntDomain {
  const last = low + Math.floor((high - low) / step) * step
  return { kind: 'int', low, high: last, scale: log ? 'log' : 'linear', step, rule: 'optuna' }
}

function numberOr<T>(otherwise: T, value: unknown): number | T {
  return typeof value === 'number' ? value : otherwise
}

function parsed(json: string): unknown {
  try {
    return parsePythonJson(json)
  } catch (cause) {
    throw unknownDistribution(json, cause)
  }
}

function unknownDistribution(json: string, cause?: unknown): StorageError {
  return new StorageError(
    'unknownDistribution',
    `A parameter has a distribution that no known version of Optuna writes: ${json.slice(0, 200)}. Read this study with the program that wrote it, or without that parameter.`,
    cause === undefined ? {} : { cause },
  )
}
