import { isPlainObject } from '../../core/metrics.ts'

/**
 * JSON as Python writes and reads it, and with it Ray Tune's tools and pandas: NaN and ±Infinity are bare words, which
 * `JSON.parse` refuses. Functions and symbols are written as their names, what refers back to itself as `<circular>`,
 * and what cannot be written at all as its text. Never throws.
 * @param style - `'line'`: all on one line, keys in their order. `'page'`: indented by two, keys sorted.
 */
export function pythonJson(value: unknown, style: 'line' | 'page' = 'line'): string {
  return new Writer(style === 'page').text(value, '') ?? 'null'
}

class Writer {
  readonly #isPage: boolean
  readonly #within: unknown[] = []

  constructor(isPage: boolean) {
    this.#isPage = isPage
  }

  text(value: unknown, indent: string): string | undefined {
    switch (typeof value) {
      case 'number':
        return String(value)
      case 'string':
        return JSON.stringify(value)
      case 'boolean':
      case 'bigint':
        return String(value)
      case 'function':
        return JSON.stringify(value.name === '' ? 'function' : value.name)
      case 'symbol':
        return JSON.stringify(value.description ?? 'symbol')
      case 'object':
        return value === null ? 'null' : this.#object(value, indent)
      default:
        return undefined
    }
  }

  #object(value: object, indent: string): string {
    if (this.#within.includes(value)) return '"<circular>"'
    this.#within.push(value)
    try {
      if (Array.isArray(value)) return this.#items(value, indent)
      if (isPlainObject(value)) return this.#fields(value, indent)
      if (isTypedArray(value)) return this.#items(Array.from(value), indent)
      return this.text(stoodFor(value), indent) ?? 'null'
    } catch {
      // A getter that throws.
      return '"<unreadable>"'
    } finally {
      this.#within.pop()
    }
  }

  #items(items: readonly unknown[], indent: string): string {
    const texts = items.map((item) => this.text(item, `${indent}  `) ?? 'null')
    return this.#listed('[', texts, ']', indent)
  }

  #fields(fields: Readonly<Record<string, unknown>>, indent: string): string {
    const keys = Object.keys(fields)
    if (this.#isPage) keys.sort()
    const texts: string[] = []
    for (const key of keys) {
      const text = this.text(fields[key], `${indent}  `)
      if (text !== undefined) texts.push(`${JSON.stringify(key)}: ${text}`)
    }
    return this.#listed('{', texts, '}', indent)
  }

  #listed(open: string, texts: readonly string[], close: string, indent: string): string {
    if (!this.#isPage || texts.length === 0) return `${open}${texts.join(', ')}${close}`
    return `${open}\n${indent}  ${texts.join(`,\n${indent}  `)}\n${indent}${close}`
  }
}

function isTypedArray(value: object): value is object & ArrayLike<unknown> {
  return ArrayBuffer.isView(value) && 'length' in value
}

/** What an instance of a class is written as: what its own `toJSON` gives, else its text. */
function stoodFor(value: object): unknown {
  const own = value as { readonly toJSON?: unknown }
  if (typeof own.toJSON === 'function') return (own.toJSON as (key: string) => unknown).call(value, '')
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  return (value as { readonly toString: () => string }).toString()
}

/**
 * The value of a text of `pythonJson`.
 * @throws {SyntaxError} for text that is none.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Outside of strings, these words stand for numbers that JSON has no word for.
    const worded = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
      token.startsWith('"') ? token : `{"$number":"${token}"}`,
    )
    return JSON.parse(worded, (_key, value: unknown) =>
      isPlainObject(value) && typeof value['$number'] === 'string' ? Number(value['$number']) : value,
    )
  }
}
