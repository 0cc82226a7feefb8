/**
 * Plain data as text, equal for equal data: Maps, Sets and typed arrays with their contents in order, NaN, -0 and
 * ±Infinity spelled out, the keys of objects sorted.
 * @throws {Error} for functions, symbols and circles, which no copy of a state could hold.
 */
export function fingerprint(value: unknown, within: readonly object[] = []): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'function':
    case 'symbol':
      throw new Error(`a ${typeof value} is no plain data`)
    case 'object':
      return value === null ? 'null' : ofObject(value, within)
    default:
      return String(value)
  }
}

function ofObject(value: object, above: readonly object[]): string {
  if (above.includes(value)) throw new Error('what refers back to what holds it is no plain data')
  const within = [...above, value]
  const inner = (item: unknown): string => fingerprint(item, within)
  if (Array.isArray(value)) return `[${value.map(inner).join()}]`
  if (value instanceof Map)
    return `Map{${Array.from(value, ([key, item]) => `${inner(key)}:${inner(item)}`).join()}}`
  if (value instanceof Set) return `Set{${Array.from(value, inner).join()}}`
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name}[${[...(value as Uint8Array)].map(inner).join()}]`
  if (value instanceof Error) return `${value.name}(${JSON.stringify(value.message)})`
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, item]) => `${JSON.stringify(key)}:${inner(item)}`).join()}}`
}
