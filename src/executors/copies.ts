import { isPlainObject } from '../core/metrics.ts'
import { describe } from '../core/options.ts'
import { OptionError } from '../errors.ts'

/**
 * A structured clone: what would arrive in another thread.
 * @param name - What the value is called in the message, such as `'checkpoint'`.
 * @param remedy - How to mend it, as a sentence.
 * @throws {OptionError} naming the innermost part that cannot be copied.
 */
export function clonedValue<T>(value: T, name: string, remedy: string): T {
  try {
    return structuredClone(value)
  } catch (cause) {
    const bad = uncloneablePart(value, name, new Set())
    throw new OptionError(
      bad.path,
      `${bad.path} is ${describe(bad.part)}, which cannot be copied. ${remedy}`,
      {
        received: bad.part,
        cause,
      },
    )
  }
}

/** @throws {OptionError} naming the part of a checkpoint that cannot be copied. */
export function copiedCheckpoint(value: unknown): unknown {
  const remedy = 'Give plain data, typed arrays or maps, and rebuild the rest from it.'
  return clonedValue(value, 'checkpoint', remedy)
}

function uncloneablePart(part: unknown, path: string, seen: Set<unknown>): { part: unknown; path: string } {
  seen.add(part)
  const inside = Array.isArray(part) || isPlainObject(part) ? Object.entries(part) : []
  for (const [key, value] of inside) {
    if (!seen.has(value) && !isCloneable(value)) return uncloneablePart(value, `${path}/${key}`, seen)
  }
  return { part, path }
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

/**
 * A copy of the objects and arrays of a configuration, so that user code may write to it. What else it holds, such as
 * functions and instances of classes, is shared.
 */
export function ownConfig(config: unknown): unknown {
  if (Array.isArray(config)) return config.map(ownConfig)
  if (!isPlainObject(config)) return config
  const copy: Record<string, unknown> = {}
  for (const key in config) copy[key] = ownConfig(config[key])
  return copy
}

/** The fields of a log line, as plain as they can be had: logging must never fail a trial. */
export function loggedFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields)) {
    copy[key] = isCloneable(value) ? structuredClone(value) : describe(value)
  }
  return copy
}
