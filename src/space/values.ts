import { describe } from '../core/options.ts'
import { assertNever, SpaceError } from '../errors.ts'
import type { NumericDomain } from './axis.ts'
import { stepsOf } from './decimal.ts'
import type { Domain } from './domain.ts'
import { sameValue } from './same-value.ts'

/** Whether a value lies in a domain. A stepped number may be off its step by rounding error. */
export function contains(domain: Domain, value: unknown): boolean {
  return memberOf(domain)(value)
}

/** `contains` for one domain, for many values. */
export function memberOf(domain: Domain): (value: unknown) => boolean {
  switch (domain.kind) {
    case 'float':
    case 'int':
      return numericMember(domain)
    case 'normal': {
      const { step } = domain
      return (value) =>
        typeof value === 'number' &&
        Number.isFinite(value) &&
        (step === undefined || isOnStep(value, 0, step))
    }
    case 'categorical':
    case 'grid':
      return (value) => choiceIndex(domain, value) >= 0
    case 'computed':
      return () => true
    default:
      return assertNever(domain, 'domain')
  }
}

function numericMember({ kind, low, high, step }: NumericDomain): (value: unknown) => boolean {
  if (step === undefined) return (value) => typeof value === 'number' && value >= low && value <= high
  if (kind === 'int') {
    return (value) =>
      Number.isInteger(value) &&
      isWithin(value as number, low, high) &&
      ((value as number) - low) % step === 0
  }
  // Half a step of slack at the ends: `isOnStep` then says whether it is the last step itself.
  return (value) =>
    typeof value === 'number' &&
    isWithin(value, low - step / 2, high + step / 2) &&
    isOnStep(value, low, step)
}

function isWithin(value: number, low: number, high: number): boolean {
  return value >= low && value <= high
}

function isOnStep(value: number, origin: number, step: number): boolean {
  const nearest = origin + Math.round((value - origin) / step) * step
  return Math.abs(value - nearest) <= 1e-9 * step + 8 * Number.EPSILON * (Math.abs(value) + Math.abs(origin))
}

/** The position of a value among the choices of a domain; -1 when it is none of them. */
export function choiceIndex({ choices }: { readonly choices: readonly unknown[] }, value: unknown): number {
  const index = choices.indexOf(value)
  // NaN, and arrays and objects that were copied or came back from a store, are not found by identity.
  if (index >= 0 || (typeof value !== 'object' && !Number.isNaN(value))) return index
  return choices.findIndex((choice) => sameValue(choice, value))
}

/**
 * The value as the domain has it: of choices the very one that was declared, which code may compare by identity, where a
 * point has an equal copy of it.
 */
export function canonical(domain: Domain, value: unknown): unknown {
  if (domain.kind !== 'categorical' && domain.kind !== 'grid') return value
  return typeof value === 'object' ? domain.choices[choiceIndex(domain, value)] : value
}

/** The error for a value that does not lie in the domain of the parameter at `path`. */
export function outOfRange(path: string, domain: Domain, value: unknown): SpaceError {
  return new SpaceError(path, `${describe(value)} is out of range. Give ${inWords(domain)}.`, {
    received: value,
  })
}

/** How many values a domain has; Infinity when they cannot be counted. */
export function cardinality(domain: Domain): number {
  switch (domain.kind) {
    case 'float':
    case 'int':
      if (domain.low === domain.high) return 1
      return domain.step === undefined ? Infinity : stepsOf(domain.low, domain.high, domain.step).count
    case 'categorical':
    case 'grid':
      return domain.choices.length
    case 'normal':
    case 'computed':
      return Infinity
    default:
      return assertNever(domain, 'domain')
  }
}

/**
 * All values of a finite domain, in order: numbers ascending and exact in decimals (0.3, not 0.30000000000000004),
 * choices as they were given.
 * @throws {SpaceError} when the domain has no end of values.
 */
export function valuesOf(domain: Domain): readonly unknown[] {
  const count = cardinality(domain)
  if (count === Infinity) {
    throw new SpaceError(
      '',
      `${inWords(domain)} cannot be listed. Give it steps (quniform, randint), or use choice or gridSearch.`,
      { received: domain },
    )
  }
  if (domain.kind === 'categorical' || domain.kind === 'grid') return domain.choices
  if (count === 1) return [(domain as NumericDomain).low]
  const { low, high, step } = domain as NumericDomain
  const { at } = stepsOf(low, high, step as number)
  return Array.from({ length: count }, (_, index) => at(index))
}

/** Whether two domains hold the same values, drawn by the same rule. */
export function sameDomain(a: Domain, b: Domain): boolean {
  return a === b || sameValue({ ...a }, { ...b })
}

/** Whether two domains hold the same values on the same scale, whatever the rule by which they are drawn. */
export function sameRange(a: Domain, b: Domain): boolean {
  return sameValue(rangeOf(a), rangeOf(b))
}

function rangeOf(domain: Domain): object {
  if (domain.kind === 'categorical' || domain.kind === 'grid') return { choices: domain.choices }
  // How a domain is drawn is no part of what it holds.
  return { ...domain, rule: undefined }
}

/** A domain as a message shows it, such as `a number from 0 to 1`. */
export function inWords(domain: Domain): string {
  switch (domain.kind) {
    case 'float':
    case 'int': {
      const { kind, low, high, step } = domain
      const noun = kind === 'int' ? 'an integer' : 'a number'
      const steps = step === undefined || (kind === 'int' && step === 1) ? '' : ` in steps of ${step}`
      return low === high ? `the number ${low}` : `${noun} from ${low} to ${high}${steps}`
    }
    case 'normal':
      return domain.step === undefined ? 'a finite number' : `a multiple of ${domain.step}`
    case 'categorical':
    case 'grid':
      return `one of ${listed(domain.choices)}`
    case 'computed':
      return 'a value computed by sampleFrom'
    default:
      return assertNever(domain, 'domain')
  }
}

function listed(choices: readonly unknown[]): string {
  const shown = choices.slice(0, 6).map(describe).join(', ')
  return choices.length > 6 ? `${shown}, … (${choices.length} in all)` : shown
}
