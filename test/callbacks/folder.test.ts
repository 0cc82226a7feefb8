import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePythonJson, pythonJson } from '../../src/callbacks/folder/python-json.ts'
import { safeName } from '../../src/callbacks/folder/safe-name.ts'
import { csvLine, csvRows } from '../../src/callbacks/folder/python-csv.ts'
import { pythonWith } from './python.ts'

const python = pythonWith('json')

describe('the name of a folder', () => {
  it.each([
    ['train_5e12923b', 'train_5e12923b'],
    ['größe 3, lr=0.1', 'größe 3, lr=0.1'],
    ['a/b\\c:d*e?f"g<h>i|j(k)', 'a_b_c_d_e_f_g_h_i_j_k_'],
    ['..', '__'],
    ['.hidden', '_hidden'],
    ['ends with. ', 'ends with__'],
    ['tab\tline\nnull\0', 'tab_line_null_'],
    ['con', 'con_'],
    ['LPT1.txt', 'LPT1_.txt'],
    ['console', 'console'],
    ['half \ud83d', 'half _'],
    ['', '_'],
  ])('%j is %j', (name, safe) => {
    expect(safeName(name)).toBe(safe)
  })

  it('that is long is cut between characters, and two that begin alike stay two', () => {
    const long = (end: string) => `${'😀'.repeat(60)}${end}`
    const [a, b] = [safeName(long('a')), safeName(long('b'))]
    expect(a).not.toBe(b)
    expect(a).toMatch(/^(?:😀)+_[0-9a-f]{8}$/u)
    expect(Buffer.byteLength(a)).toBeLessThanOrEqual(130)
    expect(safeName('x'.repeat(130))).toBe('x'.repeat(130))
  })
})

const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.double(),
    fc.constantFrom(NaN, Infinity, -Infinity),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('NaN', '-Infinity', '"NaN"', '\\"', 'a "NaN" b'),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    fc.dictionary(fc.string(), tie('value')),
  ),
})).value

describe('JSON as Python writes it', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(data, fc.constantFrom('line' as const, 'page' as const), (value, style) => {
        const text = pythonJson(value, style)
        if (style === 'line') expect(text).not.toContain('\n')
        // JSON has no -0, and no prototype.
        expect(parsePythonJson(text)).toEqual(withoutNegativeZero(value))
      }),
    )
  })

  it.skipIf(python === undefined)('is read by Python (where TROUPE_PYTHON names one)', async () => {
    const value = { a: [NaN, -Infinity, 1e21, 1e-7, -0.5], 'ü"\n': { b: null, c: true }, d: 'NaN' }
    const script = `import json, sys
ordered = lambda v: {k: ordered(v[k]) for k in sorted(v)} if isinstance(v, dict) else v
print(json.dumps(repr(ordered(json.loads(sys.argv[1])))))`
    const same = `{'a': [nan, -inf, 1e+21, 1e-07, -0.5], 'd': 'NaN', 'ü"\\n': {'b': None, 'c': True}}`
    for (const style of ['line', 'page'] as const) {
      expect(await python?.(script, pythonJson(value, style))).toBe(same)
    }
  })

  it('has words for what no JSON has', () => {
    const circular: Record<string, unknown> = { n: 10n }
    circular['self'] = circular
    class Layer {
      toJSON() {
        return { width: 3 }
      }
    }
    const value = {
      circular,
      layer: new Layer(),
      list: new Float32Array([1, 0.5]),
      map: new Map([['a', 1]]),
      when: new Date(0),
      pattern: /x/,
      symbol: Symbol('mark'),
      nothing: undefined,
      holes: [undefined, () => {}],
      broken: Object.defineProperty({}, 'x', {
        enumerable: true,
        get() {
          throw new Error('no')
        },
      }),
    }
    expect(JSON.parse(pythonJson(value))).toEqual({
      circular: { n: 10, self: '<circular>' },
      layer: { width: 3 },
      list: [1, 0.5],
      map: { a: 1 },
      when: '1970-01-01T00:00:00.000Z',
      pattern: '/x/',
      symbol: 'mark',
      holes: [null, 'function'],
      broken: '<unreadable>',
    })
  })

  it('sorts keys on a page, and indents by two', () => {
    expect(pythonJson({ b: [1, {}], a: {} }, 'page')).toBe('{\n  "a": {},\n  "b": [\n    1,\n    {}\n  ]\n}')
  })
})

describe('CSV', () => {
  it('is read back as it was, with where each row ends', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', ' ', 'ü') })
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 1 })), fc.nat({ max: 5 }), (rows, torn) => {
        const lines = rows.map(csvLine)
        const text = lines.join('')
        const read = csvRows(text)
        expect(read.map(({ cells }) => cells)).toEqual(rows)
        expect(read.at(-1)?.end ?? 0).toBe(text.length)
        // Of a text that a crash has cut, whole rows are left.
        expect(csvRows(text.slice(0, Math.max(0, text.length - torn))).map(({ cells }) => cells)).toEqual(
          rows.slice(0, csvRows(text.slice(0, Math.max(0, text.length - torn))).length),
        )
      }),
    )
  })
})

function withoutNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0
  if (Array.isArray(value)) return value.map(withoutNegativeZero)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNegativeZero(item)]))
}
