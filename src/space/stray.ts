import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { SpaceError } from '../errors.ts'
import { branch } from './branch.ts'
import { choice, gridSearch, ordinal } from './choices.ts'
import { brandOf } from './domain.ts'
import { lograndint, qlograndint, qrandint, randint } from './integers.ts'
import { loguniform, qloguniform, qrandn, quniform, randn, reverseLoguniform, uniform } from './numbers.ts'
import { sampleFrom } from './sample-from.ts'

// An instance may lead to the whole program; what somebody hid in one by mistake lies near.
const VISITS_MAX = 10_000

const FACTORIES: ReadonlySet<unknown> = new Set<unknown>([
  branch,
  choice,
  gridSearch,
  lograndint,
  loguniform,
  ordinal,
  qlograndint,
  qloguniform,
  qrandint,
  qrandn,
  quniform,
  randint,
  randn,
  reverseLoguniform,
  sampleFrom,
  uniform,
])

/** What a value, which the trainable gets as it is, must not be or hold. */
export interface Stray {
  readonly kind: 'domain' | 'branch' | 'factory' | 'cycle'
  /** As a message shows it, such as `a domain`. */
  readonly words: string
  /** Whether it is the value itself. */
  readonly isWhole: boolean
}

/**
 * Looks for a domain, a branch or a factory that was not called, in arrays, objects, maps, sets and fields of instances;
 * and for arrays and plain objects that hold themselves, of which no copy can be made.
 */
export function strayIn(value: unknown): Stray | undefined {
  if (typeof value !== 'object' && typeof value !== 'function') return undefined
  return strayItself(value, true) ?? (value === null ? undefined : strayInPlain(value, []))
}

/** @throws {SpaceError} for choices of the parameter at `path` that would reach the trainable undrawn, or without end. */
export function checkChoices(path: string, choices: readonly unknown[]): void {
  choices.forEach((value, i) => {
    const stray = strayIn(value)
    if (stray === undefined) return
    throw new SpaceError(path, `value ${i} of its choices ${inWords(stray, 'Use branch({ … })')}`, {
      received: value,
    })
  })
}

/** @throws {SpaceError} for a constant at `path` that would reach the trainable undrawn. */
export function checkConstant(path: string, value: unknown): void {
  const stray = strayIn(value)
  if (stray === undefined) return
  const remedy = 'Put it into nested objects or arrays'
  const subject = stray.isWhole ? '' : `the constant ${describe(value)} `
  throw new SpaceError(path, `${subject}${inWords(stray, remedy)}`, { received: value })
}

/** What is wrong with a value that holds something stray, and how to mend it. */
export function inWords({ kind, words, isWhole }: Stray, remedy: string): string {
  const verb = isWhole ? 'is itself' : 'holds'
  switch (kind) {
    case 'factory':
      return `${verb} ${words}, which was not called. Write ${words.replace('the function ', '')}(…).`
    case 'cycle':
      return 'holds itself, so that no copy of it would end. Write the inner one out.'
    default:
      return `${verb} ${words}, which would reach the trainable undrawn. ${remedy}.`
  }
}

function strayItself(value: unknown, isWhole: boolean): Stray | undefined {
  if (typeof value === 'function') {
    if (!FACTORIES.has(value)) return undefined
    return { kind: 'factory', words: `the function ${value.name}`, isWhole }
  }
  const brand = brandOf(value)
  return brand === undefined ? undefined : { kind: brand, words: `a ${brand}`, isWhole }
}

function strayInPlain(value: object, above: readonly object[]): Stray | undefined {
  if (!Array.isArray(value) && !isPlainObject(value)) return strayInInstance(value)
  if (above.includes(value)) return { kind: 'cycle', words: 'itself', isWhole: false }
  const inside = [...above, value]
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof item !== 'function' && (typeof item !== 'object' || item === null)) continue
    const stray = strayItself(item, false) ?? strayInPlain(item as object, inside)
    if (stray !== undefined) return stray
  }
  return undefined
}

/** Instances are shared, not copied, so what refers back to itself in there does no harm. */
function strayInInstance(instance: object): Stray | undefined {
  const seen = new Set<object>([instance])
  for (const object of seen) {
    for (const item of heldBy(object)) {
      const stray = strayItself(item, false)
      if (stray !== undefined) return stray
      if (typeof item === 'object' && item !== null && seen.size < VISITS_MAX) seen.add(item)
    }
  }
  return undefined
}

function heldBy(object: object): readonly unknown[] {
  // A function is not looked into, and bytes hold nothing.
  if (typeof object === 'function' || ArrayBuffer.isView(object)) return []
  if (object instanceof Map) return [...object.keys(), ...object.values()]
  if (object instanceof Set) return [...object]
  if (Array.isArray(object)) return object
  // Without calling getters, which may do anything.
  return Object.values(Object.getOwnPropertyDescriptors(object)).flatMap((property) =>
    property.enumerable === true && 'value' in property ? [property.value as unknown] : [],
  )
}
