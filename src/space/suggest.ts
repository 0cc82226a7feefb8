import { describe, nearest } from '../core/options.ts'
import type { Params } from '../core/trial.ts'
import { SpaceError } from '../errors.ts'
import type { RandomStream } from '../random/random.ts'
import { callOf, needAboveZero, needInteger, needIntegerRange, needPositive, needRange } from './bounds.ts'
import { stepsOf } from './decimal.ts'
import { branded, type CategoricalDomain, type Domain, type FloatDomain, type IntDomain } from './domain.ts'
import { drawOf } from './draw.ts'
import { checkChoices } from './stray.ts'
import { checkPath } from './structure.ts'
import { canonical, contains, inWords, outOfRange, sameDomain, sameRange } from './values.ts'

/** Options of `suggestFloat` and `suggestInt`. */
export interface SuggestOptions {
  /** Whether to draw by the logarithm; `low` must then be above 0. Excludes `step`. Default false. */
  log?: boolean
  /**
   * Distance of neighbouring values. `high` is lowered to the last one reached from `low`. Default: none for
   * `suggestFloat`, 1 for `suggestInt`.
   */
  step?: number
}

/**
 * What a define-by-run function draws its parameters with, as Optuna's trial. A name with `/` is a path into the
 * configuration: `optimizer/lr` becomes `config.optimizer.lr`. Asking for a name again with the same domain gives the
 * same value; with another domain it is a `SpaceError`.
 */
export interface SuggestTrial {
  /** A number from `low` to `high`, both included. */
  suggestFloat(name: string, low: number, high: number, options?: SuggestOptions): number
  /** An integer from `low` to `high`, both included. */
  suggestInt(name: string, low: number, high: number, options?: SuggestOptions): number
  /** One of `choices`, which may be of any type. */
  suggestCategorical<const T>(name: string, choices: readonly T[]): T
}

/** How a `SuggestRecorder` takes its point. */
export interface RecorderOptions {
  /** Whether a value of the point outside of what is suggested is an error, instead of being drawn anew. Default false. */
  readonly strict?: boolean
  /** Domains that names have already, by the space: suggesting one of them as something else is an error. */
  readonly declared?: Readonly<Record<string, Domain>>
  /** Domains of earlier trials, so that equal ones are kept once in memory. */
  readonly pool?: DomainPool
}

/**
 * Answers suggestions from a point, draws what the point does not say, and records both.
 *
 * A value of the point is taken when it lies in the suggested domain; else that name alone is drawn, from
 * `streamOf(name)`.
 */
export class SuggestRecorder implements SuggestTrial {
  /** What was suggested so far, by name, in order. */
  readonly params: Record<string, unknown> = {}
  /** The domain of each of `params`. */
  readonly domains: Record<string, Domain> = {}
  readonly #point: Params
  readonly #streamOf: (name: string) => RandomStream
  readonly #strict: boolean
  readonly #declared: Readonly<Record<string, Domain>>
  readonly #pool: DomainPool | undefined

  constructor(point: Params, streamOf: (name: string) => RandomStream, options: RecorderOptions = {}) {
    this.#point = point
    this.#streamOf = streamOf
    this.#strict = options.strict ?? false
    this.#declared = options.declared ?? {}
    this.#pool = options.pool
  }

  suggestFloat(name: string, low: number, high: number, options: SuggestOptions = {}): number {
    return this.#suggest(name, () => floatDomain(low, high, options)) as number
  }

  suggestInt(name: string, low: number, high: number, options: SuggestOptions = {}): number {
    return this.#suggest(name, () => intDomain(low, high, options)) as number
  }

  suggestCategorical<const T>(name: string, choices: readonly T[]): T {
    return this.#suggest(name, () => categoricalDomain(choices)) as T
  }

  /** Names of the point that were not suggested, so far. */
  unused(): string[] {
    return Object.keys(this.#point).filter((name) => !Object.hasOwn(this.params, name))
  }

  #suggest(name: string, makeDomain: () => Domain): unknown {
    checkPath(name)
    const domain = domainAt(name, makeDomain)
    if (Object.hasOwn(this.params, name)) return this.#again(name, domain)
    if (Object.hasOwn(this.#declared, name)) checkDeclared(name, domain, this.#declared[name] as Domain)
    const pooled = this.#pool?.shared(name, domain) ?? domain
    const value = this.#hasValue(name, pooled)
      ? canonical(pooled, this.#point[name])
      : drawOf(pooled)(this.#streamOf(name))
    this.domains[name] = pooled
    this.params[name] = value
    return value
  }

  #again(name: string, domain: Domain): unknown {
    const earlier = this.domains[name] as Domain
    if (sameDomain(earlier, domain)) return this.params[name]
    throw new SpaceError(
      name,
      `is suggested twice, first as ${inWords(earlier)}, now as ${inWords(domain)}. Give one of them another name.`,
      { received: domain },
    )
  }

  #hasValue(name: string, domain: Domain): boolean {
    if (!Object.hasOwn(this.#point, name)) return false
    const value = this.#point[name]
    if (contains(domain, value)) return true
    if (!this.#strict || value === undefined) return false
    throw outOfRange(name, domain, value)
  }
}

function checkDeclared(name: string, domain: Domain, declared: Domain): void {
  if (sameRange(domain, declared)) return
  throw new SpaceError(
    name,
    `is suggested as ${inWords(domain)}, but the space has it as ${inWords(declared)}. Suggest the same, read trial.config, or take another name.`,
    { received: domain },
  )
}

/** The error for a name of a point that the function never asks for. */
export function neverSuggested(name: string, value: unknown, suggested: readonly string[]): SpaceError {
  const near = nearest(name, suggested)
  const hint =
    near === undefined ? `Suggested were ${suggested.join(', ') || 'no names'}.` : `Did you mean ${near}?`
  return new SpaceError(name, `is in the point, but this run of the function never suggests it. ${hint}`, {
    received: value,
  })
}

/** Keeps equal domains of one name once, since every trial of an experiment remembers its own. */
export class DomainPool {
  readonly #byName = new Map<string, Domain[]>()

  /** The domain that is equal to this one and was seen first. */
  shared(name: string, domain: Domain): Domain {
    const seen = this.#byName.get(name)
    if (seen === undefined) {
      this.#byName.set(name, [domain])
      return domain
    }
    const known = seen.find((candidate) => sameDomain(candidate, domain))
    // A range that moves with every trial has no equals to be kept for.
    if (known === undefined && seen.length < 16) seen.push(domain)
    return known ?? domain
  }
}

// Bad bounds are the caller's of this very suggestion: say its name.
function domainAt(name: string, makeDomain: () => Domain): Domain {
  try {
    return makeDomain()
  } catch (error) {
    throw error instanceof SpaceError
      ? new SpaceError(name, error.message, { received: error.received })
      : error
  }
}

function floatDomain(low: number, high: number, options: SuggestOptions): FloatDomain {
  const call = callOf('suggestFloat', [low, high])
  const { log = false, step } = readSuggestOptions(call, options)
  needRange(call, low, high)
  if (log) needPositive(call, low, 'log: false')
  if (step === undefined)
    return branded('domain', { kind: 'float', low, high, scale: scaleOf(log), step, rule: 'optuna' })
  needAboveZero(call, 'step', step)
  if (log) throw logAndStep(call)
  const { last } = stepsOf(low, high, step)
  return branded('domain', { kind: 'float', low, high: last, scale: 'linear', step, rule: 'optuna' })
}

function intDomain(low: number, high: number, options: SuggestOptions): IntDomain {
  const call = callOf('suggestInt', [low, high])
  const { log = false, step = 1 } = readSuggestOptions(call, options)
  needIntegerRange(call, low, high)
  needInteger(call, 'step', step)
  needAboveZero(call, 'step', step)
  if (log) needPositive(call, low, 'log: false')
  if (log && step !== 1) throw logAndStep(call)
  const last = low + Math.floor((high - low) / step) * step
  return branded('domain', { kind: 'int', low, high: last, scale: scaleOf(log), step, rule: 'optuna' })
}

function categoricalDomain<T>(choices: readonly T[]): CategoricalDomain<T> {
  if (!Array.isArray(choices) || choices.length === 0) {
    throw new SpaceError(
      '',
      `suggestCategorical needs an array of at least one choice, got ${describe(choices)}.`,
      {
        received: choices,
      },
    )
  }
  checkChoices('', choices)
  return branded('domain', {
    kind: 'categorical',
    choices: Object.freeze([...choices]) as readonly T[],
    ordered: false,
  })
}

// By hand, since every suggestion of every trial comes by.
function readSuggestOptions(call: string, options: SuggestOptions): SuggestOptions {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new SpaceError(
      '',
      `${call} takes an object of options after the bounds, got ${describe(options)}. Write { log: true } or { step: 2 }.`,
      { received: options },
    )
  }
  for (const key in options) {
    if (key === 'log' || key === 'step') continue
    const near = nearest(key, ['log', 'step'])
    const hint = near === undefined ? 'Known are log and step.' : `Did you mean ${near}?`
    throw new SpaceError('', `${call} has no option ${key}. ${hint}`, { received: options })
  }
  if (options.log !== undefined && typeof options.log !== 'boolean') {
    throw new SpaceError('', `${call}: log must be true or false, got ${describe(options.log)}.`, {
      received: options.log,
    })
  }
  return options
}

function scaleOf(log: boolean): 'linear' | 'log' {
  return log ? 'log' : 'linear'
}

// Refused by Optuna too: equal steps are not equal on a logarithm.
function logAndStep(call: string): SpaceError {
  return new SpaceError('', `${call} cannot have both log and step. Leave out one of them.`)
}
