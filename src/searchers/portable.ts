import { isPlainObject } from '../core/metrics.ts'
import type { Parameter } from '../space/space.ts'
import { isPlainData } from './plain-data.ts'

// Stands for the object or function of this place in the space; no choice of a user's has such a key.
const KEY = 'troupe:of-the-space'

/**
 * What of a declared space no copy is as good as: choices that are functions, symbols or instances of classes, and
 * domains that hold such. Written as their place in the space, they can be kept in a store, and read by another process
 * that has the same space. What else there is stays as it is.
 */
export class Portable {
  readonly #places = new Map<unknown, { readonly [KEY]: number }>()
  readonly #things: unknown[] = []

  constructor(parameters: readonly Parameter[]) {
    for (const { domain } of parameters) {
      if (isPlainData(domain)) continue
      this.#add(domain)
      if ('choices' in domain) this.#addLeaves(domain.choices, new Set())
    }
  }

  /** A copy in which the places stand; the data itself where there are none to name. */
  write<T>(data: T): T
  write(data: unknown): unknown {
    return this.#things.length === 0 ? data : replaced(data, (value) => this.#places.get(value), new Map())
  }

  /** What `write` was given. */
  read(data: unknown): unknown {
    if (this.#things.length === 0) return data
    const thingAt = (value: unknown): unknown =>
      isPlainObject(value) && typeof value[KEY] === 'number' ? this.#things[value[KEY]] : undefined
    return replaced(data, thingAt, new Map())
  }

  #addLeaves(value: unknown, above: Set<unknown>): void {
    if (isPlainData(value) || above.has(value)) return
    above.add(value)
    if (Array.isArray(value)) for (const item of value) this.#addLeaves(item, above)
    else if (isPlainObject(value)) for (const item of Object.values(value)) this.#addLeaves(item, above)
    else this.#add(value)
  }

  #add(thing: unknown): void {
    if (this.#places.has(thing)) return
    this.#places.set(thing, { [KEY]: this.#things.length })
    this.#things.push(thing)
  }
}

/** A copy of arrays, plain objects, Maps and Sets, in which some values are replaced. One that holds itself does so too. */
function replaced(
  value: unknown,
  instead: (value: unknown) => unknown,
  copies: Map<unknown, unknown>,
): unknown {
  const other = instead(value) ?? copies.get(value)
  if (other !== undefined || typeof value !== 'object') return other ?? value
  const inner = (item: unknown): unknown => replaced(item, instead, copies)
  const begun = <T>(copy: T): T => {
    copies.set(value, copy)
    return copy
  }
  if (Array.isArray(value)) {
    const copy = begun<unknown[]>([])
    for (const item of value) copy.push(inner(item))
    return copy
  }
  if (value instanceof Map) {
    const copy = begun(new Map<unknown, unknown>())
    for (const [key, item] of value) copy.set(inner(key), inner(item))
    return copy
  }
  if (value instanceof Set) {
    const copy = begun(new Set<unknown>())
    for (const item of value) copy.add(inner(item))
    return copy
  }
  if (!isPlainObject(value)) return value
  const copy = begun({})
  for (const [key, item] of Object.entries(value))
    // To assign `__proto__` would set the prototype.
    Object.defineProperty(copy, key, {
      value: inner(item),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  return copy
}
