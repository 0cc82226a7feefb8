/** How far a number may lie from the expected one: |actual - expected| ≤ abs + rel · |expected|. */
export interface Tolerance {
  readonly abs: number
  readonly rel: number
}

/** A number as fixtures write it: JSON has no NaN and no infinities, so these are strings. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (value === 'NaN') return NaN
  if (value === 'Infinity') return Infinity
  if (value === '-Infinity') return -Infinity
  return undefined
}

/** Whether two numbers match. NaN matches NaN alone, an infinity itself alone. */
export function numbersMatch(actual: number, expected: number, { abs, rel }: Tolerance): boolean {
  if (Object.is(actual, expected) || actual === expected) return true
  if (!Number.isFinite(expected)) return false
  return Math.abs(actual - expected) <= abs + rel * Math.abs(expected)
}

/**
 * Says where two values differ, or nothing when they match: numbers within the tolerance, all else exactly. A key that
 * one side lacks is a difference.
 */
export function difference(
  actual: unknown,
  expected: unknown,
  tolerance: Tolerance,
  path = '',
): string | undefined {
  if (typeof actual === 'number') {
    const number = numberOf(expected)
    if (number !== undefined && numbersMatch(actual, number, tolerance)) return undefined
  } else if (isTree(actual) && isTree(expected) && Array.isArray(actual) === Array.isArray(expected)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const inner = difference(actual[key], expected[key], tolerance, path === '' ? key : `${path}/${key}`)
      if (inner !== undefined) return inner
    }
    return undefined
  } else if (actual === expected) return undefined
  return `${path === '' ? '' : `${path}: `}expected ${inWords(expected)}, got ${inWords(actual)}`
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function inWords(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
