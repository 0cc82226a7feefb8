/**
 * JSON as Python writes it: NaN, Infinity and -Infinity stand bare, where `JSON.parse` refuses them.
 * @module
 */

// A string, which may hold these words too, or one of the words.
const STRING_OR_WORD = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g

/**
 * The value of a text that Python wrote. Integers beyond 2^53 are rounded.
 * @throws {SyntaxError} for text that is no JSON, with these words or without.
 */
export function parsePythonJson(text: string): unknown {
  // Nearly always there are none, and JSON.parse alone is several times as fast.
  if (!text.includes('NaN') && !text.includes('Infinity')) return JSON.parse(text)
  const nan = freeWord(text)
  let hasNaN = false
  const readable = text.replace(STRING_OR_WORD, (found) => {
    switch (found) {
      // Beyond the largest number, and so read as what it stands for.
      case 'Infinity':
        return '1e999'
      case '-Infinity':
        return '-1e999'
      case 'NaN':
        hasNaN = true
        return `"${nan}"`
      default:
        return found
    }
  })
  if (!hasNaN) return JSON.parse(readable)
  return JSON.parse(readable, (_key, value: unknown) => (value === nan ? Number.NaN : value))
}

/** A word that stands nowhere in the text. */
function freeWord(text: string): string {
  let word = 'not a number'
  while (text.includes(word)) word += '!'
  return word
}

/**
 * The text of a value, as Python reads it. What JSON has no word for besides is left out as `JSON.stringify` does.
 * Integers are written without a fraction, so that Python reads them as `int`; see `pythonFloat`.
 */
export function toPythonJson(value: unknown): string {
  return isFiniteThroughout(value) ? (JSON.stringify(value) ?? 'null') : written(value)
}

/** A number that Python shall read as `float`, also where it is an integer: `2.0`. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const text = Object.is(value, -0) ? '-0' : String(value)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}

function isFiniteThroughout(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every(isFiniteThroughout)
}

function written(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return `[${value.map(written).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const fields = Object.entries(value)
    .filter(([, item]) => item !== undefined && typeof item !== 'function')
    .map(([key, item]) => `${JSON.stringify(key)}:${written(item)}`)
  return `{${fields.join(',')}}`
}
