import { describe, expect, it } from 'vitest'
import { choice, gridSearch, ordinal } from '../../../src/space/choices.ts'
import type { Domain } from '../../../src/space/domain.ts'
import { lograndint, qlograndint, qrandint, randint } from '../../../src/space/integers.ts'
import {
  loguniform,
  qloguniform,
  quniform,
  randn,
  reverseLoguniform,
  uniform,
} from '../../../src/space/numbers.ts'
import { sampleFrom } from '../../../src/space/sample-from.ts'
import {
  encodedParam,
  externalValue,
  kindOf,
  readDistribution,
  sameKind,
} from '../../../src/stores/optuna/distributions.ts'

const domain = (made: object): Domain => made as Domain

const EQUALS: readonly [string, object, unknown, object, number][] = [
  ['a float', uniform(-1, 1), 0.1, { step: null, low: -1, high: 1, log: false }, 0.1],
  ['a logarithmic float', loguniform(1e-5, 1), 1e-3, { step: null, low: 1e-5, high: 1, log: true }, 1e-3],
  ['a float in steps', quniform(0, 1, 0.1), 0.3, { step: 0.1, low: 0, high: 1, log: false }, 0.3],
  ['an integer', randint(1, 10), 9, { log: false, step: 1, low: 1, high: 9 }, 9],
  ['a logarithmic integer', lograndint(1, 65), 64, { log: true, step: 1, low: 1, high: 64 }, 64],
  ['an integer in steps', qrandint(0, 12, 3), 6, { log: false, step: 3, low: 0, high: 12 }, 6],
  ['choices', choice(['a', true, 2.5, null, 'b']), null, { choices: ['a', true, 2.5, null, 'b'] }, 3],
  ['choices in order', ordinal([8, 16]), 16, { choices: [8, 16] }, 1],
  ['a grid', gridSearch(['x', false]), false, { choices: ['x', false] }, 1],
]

describe.each(EQUALS)('%s', (_word, made, value, attributes, internal) => {
  it('is a parameter of Optuna, and comes back', () => {
    const encoded = encodedParam(domain(made), value)
    expect(encoded?.value).toBe(internal)
    expect((JSON.parse(encoded?.distribution ?? '') as { attributes: object }).attributes).toEqual(attributes)
    const back = readDistribution(encoded?.distribution ?? '')
    expect(externalValue(back, internal)).toBe(value)
    expect(sameKind(kindOf(back) as never, kindOf(domain(made)) as never)).toBe(true)
  })
})

it.each([
  ['a distance to 1', reverseLoguniform(0.9, 0.999), 0.99],
  ['normal', randn(0, 1), 0.5],
  ['logarithm in steps', qloguniform(0.1, 1, 0.1), 0.2],
  ['logarithm of integers in steps', qlograndint(2, 16, 2), 4],
  ['computed', sampleFrom(() => 1), 1],
  ['arrays', choice([[1], [2]]), [1]],
  ['objects', choice([{ a: 1 }, 'b']), 'b'],
  ['undefined', choice([undefined, 1]), 1],
  ['what Python takes for equal', choice([1, true]), 1],
  ['what Python takes for equal', choice([0, false]), 0],
  ['what is none of the choices', choice(['a', 'b']), 'c'],
  ['what is no number', uniform(0, 1), Number.NaN],
])('has no equal in Optuna: %s', (_word, made, value) => {
  expect(encodedParam(domain(made), value)).toBeUndefined()
})

it('widens the range for a value beyond it, as population-based training makes', () => {
  const { distribution, value } = encodedParam(domain(uniform(0, 1)), 1.2) ?? expect.fail()
  expect(value).toBe(1.2)
  expect(readDistribution(distribution)).toMatchObject({ low: 0, high: 1.2 })
})

it('reads numbers that JSON has no words for among the choices', () => {
  const made = domain(choice([Number.NaN, Infinity, 'NaN']))
  const { distribution, value } = encodedParam(made, Number.NaN) ?? expect.fail()
  expect(value).toBe(0)
  expect(readDistribution(distribution)).toMatchObject({ choices: [Number.NaN, Infinity, 'NaN'] })
})

it.each([
  ['UniformDistribution', { low: 0, high: 1 }, { kind: 'float', scale: 'linear', step: undefined }],
  ['LogUniformDistribution', { low: 0.1, high: 1 }, { kind: 'float', scale: 'log', step: undefined }],
  ['DiscreteUniformDistribution', { low: 0, high: 1, q: 0.3 }, { kind: 'float', step: 0.3, high: 0.9 }],
  ['IntUniformDistribution', { low: 1, high: 10, step: 2 }, { kind: 'int', step: 2, high: 9 }],
  ['IntLogUniformDistribution', { low: 1, high: 8, step: 1 }, { kind: 'int', scale: 'log', high: 8 }],
  ['CategoricalDistribution', { choices: [null, 'a'] }, { kind: 'categorical', choices: [null, 'a'] }],
])('reads the old %s', (name, attributes, expected) => {
  expect(readDistribution(JSON.stringify({ name, attributes }))).toMatchObject(expected)
})

it('reads the short form that other programs write', () => {
  expect(readDistribution('{"type": "int", "low": 1, "high": 4}')).toMatchObject({
    kind: 'int',
    step: 1,
    high: 4,
  })
  expect(readDistribution('{"type": "float", "low": 1, "high": 4, "log": true}')).toMatchObject({
    scale: 'log',
  })
  expect(readDistribution('{"type": "categorical", "choices": [1]}')).toMatchObject({ choices: [1] })
})

it.each([
  '',
  '{}',
  'null',
  '{"name": "New", "attributes": {"low": 0, "high": 1}}',
  '{"type": "x", "low": 1, "high": 2}',
])('says of %j that no known version wrote it', (json) => {
  expect(() => readDistribution(json)).toThrow(
    expect.objectContaining({ code: 'unknownDistribution' }) as Error,
  )
})
