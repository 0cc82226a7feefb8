/**
 * JSON with words for what it has none for: NaN, Infinity and -Infinity are `{ "$number": "NaN" }`, and so on with
 * `$bigint`, `$function` (its name), `$symbol` and `$circular`. Traces, and the logs that stores keep, are written in it.
 * @module
 */

/** The text of a value. Functions, symbols and circles are written as what stands for them. */
export function toJson(value: unknown): string {
  return JSON.stringify(encodable(value))
}

/**
 * The value that a text of `toJson` stands for. Functions, symbols and circles stay what stands for them: they were
 * never in the text.
 * @throws {SyntaxError} for text that is no JSON.
 */
export function parseJson(text: string): unknown {
  // Most texts hold none of these words, and JSON.parse is three times as fast without a reviver.
  if (!text.includes('{"$')) return JSON.parse(text)
  return JSON.parse(text, (_key, inner: unknown) => decoded(inner))
}

const NUMBERS: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity'])

/** Numbers come back. Functions, symbols and circles stay what stands for them: they were never in the text. */
function decoded(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { $number, $bigint } = value as { $number?: unknown; $bigint?: unknown }
  if (Object.keys(value).length !== 1) return value
  if (NUMBERS.has($number)) return Number($number)
  return typeof $bigint === 'string' && /^-?\d+$/.test($bigint) ? BigInt($bigint) : value
}

/**
 * The value itself where JSON can write it as it is, else a copy in which what JSON has no word for is spelled out:
 * left out, it could make unequal runs equal. Configurations may hold anything.
 */
export function encodable(value: unknown, within: object[] = []): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : { $number: String(value) }
    case 'bigint':
      return { $bigint: String(value) }
    case 'function':
      return { $function: value.name }
    case 'symbol':
      return { $symbol: value.description ?? '' }
    case 'object':
      return value === null ? value : encodableObject(value, within)
    default:
      return value
  }
}

function encodableObject(value: object, within: object[]): unknown {
  if (within.includes(value)) return { $circular: true }
  within.push(value)
  const copy = Array.isArray(value) ? encodedItems(value, within) : encodedFields(value, within)
  within.pop()
  return copy
}

// Nearly always nothing needs a copy, and a trace has a hundred thousand records.
function encodedItems(items: readonly unknown[], within: object[]): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let i = 0; i < items.length; i++) {
    const encoded = encodable(items[i], within)
    if (encoded !== items[i]) (copy ??= [...items])[i] = encoded
  }
  return copy ?? items
}

function encodedFields(fields: object, within: object[]): object {
  let copy: Record<string, unknown> | undefined
  for (const [key, value] of Object.entries(fields)) {
    const encoded = encodable(value, within)
    if (encoded !== value) (copy ??= { ...fields })[key] = encoded
  }
  return copy ?? fields
}
