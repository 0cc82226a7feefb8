import fc from 'fast-check'
import { branch } from '../../src/space/branch.ts'
import { choice, gridSearch, ordinal } from '../../src/space/choices.ts'
import { lograndint, qlograndint, qrandint, randint } from '../../src/space/integers.ts'
import {
  loguniform,
  qloguniform,
  qrandn,
  quniform,
  randn,
  reverseLoguniform,
  uniform,
} from '../../src/space/numbers.ts'
import type { Domain } from '../../src/space/space.ts'

const number = fc.double({ min: -1e6, max: 1e6, noNaN: true })
const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
const below1 = fc.double({ min: 0, max: 0.999999, noNaN: true })
const integer = fc.integer({ min: -1000, max: 1000 })
const count = fc.integer({ min: 1, max: 1000 })
const quantum = fc.constantFrom(0.1, 0.25, 0.3, 2, 7)
const choices = fc.array(fc.anything({ maxDepth: 1 }), { minLength: 1, maxLength: 4 })

function range<T extends number>(bound: fc.Arbitrary<T>): fc.Arbitrary<[T, T]> {
  return fc.tuple(bound, bound).map(([a, b]) => (a <= b ? [a, b] : [b, a]))
}

/** Every kind of domain, but for computed ones. */
export const domains: fc.Arbitrary<Domain> = fc.oneof(
  range(number).map(([low, high]) => uniform(low, high)),
  range(positive).map(([low, high]) => loguniform(low, high)),
  range(below1).map(([low, high]) => reverseLoguniform(low, high)),
  fc.tuple(integer, count, quantum).map(([low, width, q]) => quniform(low * q, (low + width) * q, q)),
  fc.tuple(count, count, quantum).map(([low, width, q]) => qloguniform(low * q, (low + width) * q, q)),
  fc.tuple(number, positive).map(([mean, sd]) => randn(mean, sd)),
  fc.tuple(integer, count, quantum).map(([mean, sd, q]) => qrandn(mean, sd, q)),
  fc.tuple(integer, count).map(([low, width]) => randint(low, low + width)),
  fc.tuple(integer, count, count).map(([low, width, q]) => qrandint(low, low + width + q, q)),
  fc.tuple(count, count).map(([low, width]) => lograndint(low, low + width)),
  fc.tuple(count, count, count).map(([low, width, q]) => qlograndint(low, low + width + q, q)),
  choices.map((values) => choice(values)),
  choices.map((values) => ordinal(values)),
  choices.map((values) => gridSearch(values)),
)

// Names that carry their own prefix, so that a case never clashes with what stands beside its branch.
function definitionsBelow(prefix: string, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const names = ['a', 'b', 'c'].map((name) => `${prefix}${name}`)
  return fc.record(Object.fromEntries(names.map((name) => [name, valuesBelow(name, depth)])), {
    requiredKeys: [],
  })
}

function valuesBelow(name: string, depth: number): fc.Arbitrary<unknown> {
  const leaves = fc.oneof(domains, fc.constantFrom(100, 'text', null, true))
  if (depth === 0) return leaves
  const nested = definitionsBelow('', depth - 1)
  return fc.oneof(
    leaves,
    nested,
    fc.array(valuesBelow('', 0), { maxLength: 3 }),
    fc
      .tuple(definitionsBelow(name, depth - 1), definitionsBelow(name, depth - 1))
      .map(([one, two]) => branch({ one, two })),
  )
}

/** Whole spaces: nested, with arrays, constants, and branches within branches. */
export const definitions: fc.Arbitrary<Record<string, unknown>> = definitionsBelow('', 2)
