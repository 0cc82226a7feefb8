import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePythonJson, pythonFloat, toPythonJson } from '../../../src/stores/optuna/python-json.ts'
import { PYTHON, WITHOUT_PYTHON } from './python.ts'

const WORDS = [
  'NaN',
  'Infinity',
  '-Infinity',
  '"NaN"',
  '\\',
  '\\"NaN',
  '[NaN]',
  'not a number',
  'é中',
  '\n',
  '\u2028',
]
const leaves = fc.oneof(
  fc.double(),
  fc.constantFrom(...WORDS),
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaves,
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...WORDS)), tie('value'), { noNullPrototype: true }),
  ),
})).value

it('reads back what it writes, words for numbers among texts that look like them', () => {
  fc.assert(
    fc.property(values, (value) => {
      expect(parsePythonJson(toPythonJson(value))).toEqual(positiveZeros(value))
    }),
    { numRuns: 500 },
  )
})

it.each([
  ['[NaN, -Infinity, Infinity, "NaN", "\\"NaN"]', [Number.NaN, -Infinity, Infinity, 'NaN', '"NaN']],
  ['{"NaN": NaN}', { NaN: Number.NaN }],
  [' "Infinity\\\\" ', 'Infinity\\'],
  ['NaN', Number.NaN],
])('reads %s', (text, value) => {
  expect(parsePythonJson(text)).toEqual(value)
})

it.each(['', '[NaN', 'Infinityy', '-NaN', '+Infinity', '{"a": Infin}', 'nan'])('refuses %j', (text) => {
  expect(() => parsePythonJson(text)).toThrow(SyntaxError)
})

it.each([
  [1, '1.0'],
  [-0, '-0.0'],
  [0.5, '0.5'],
  [1e21, '1e+21'],
  [Number.NaN, 'NaN'],
  [-Infinity, '-Infinity'],
])('writes %d so that Python reads a float', (value, text) => {
  expect(pythonFloat(value)).toBe(text)
})

describe.skipIf(PYTHON === undefined)(`with Python (else ${WITHOUT_PYTHON})`, () => {
  it('agrees with Python in both directions', { timeout: 60_000 }, () => {
    const samples = fc.sample(values, { numRuns: 300, seed: 1 })
    const script = 'import json,sys\nfor line in sys.stdin: print(json.dumps(json.loads(line)))'
    const input = samples.map((value) => `${toPythonJson(value)}\n`).join('')
    const lines = execFileSync(PYTHON as string, ['-c', script], { input, encoding: 'utf8' }).split('\n')
    samples.forEach((value, i) => expect(parsePythonJson(lines[i] as string)).toEqual(positiveZeros(value)))
  })
})

// JSON.stringify writes -0 as 0, as Python's reader of an int would.
function positiveZeros(value: unknown): unknown {
  if (typeof value === 'number') return value + 0
  if (Array.isArray(value)) return value.map(positiveZeros)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, positiveZeros(item)]))
}
