import { describe } from '../core/options.ts'
import { isReadableError, OptionError, TroupeError } from '../errors.ts'

/** An error as plain data. `structuredClone` alone would lose its code and turn its class into Error. */
export interface ErrorData {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | number | undefined
  /** The option that an `OptionError` is about. */
  readonly option: string | undefined
  readonly isOurs: boolean
  readonly cause: ErrorData | undefined
}

// A chain of causes can be a circle.
const DEPTH_MAX = 8

/** What crosses to another thread in place of an error. */
export function errorToData(error: Error, depth = 0): ErrorData {
  const cause = partOf(error, 'cause')
  const code = partOf(error, 'code')
  return {
    name: textOf(partOf(error, 'name')) ?? 'Error',
    message: textOf(partOf(error, 'message')) ?? '',
    stack: textOf(partOf(error, 'stack')),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    option: error instanceof OptionError ? error.option : undefined,
    isOurs: error instanceof TroupeError,
    cause: cause === undefined || depth === DEPTH_MAX ? undefined : causeToData(cause, depth + 1),
  }
}

/** The error again: of Troupe's own classes where it was, else an Error with the name, the code and the stack. */
export function errorFromData(data: ErrorData): Error {
  const error = emptyError(data, data.cause === undefined ? {} : { cause: errorFromData(data.cause) })
  const facts = { name: data.name, stack: data.stack, ...(data.code !== undefined && { code: data.code }) }
  for (const [key, value] of Object.entries(facts)) {
    Object.defineProperty(error, key, {
      value,
      writable: true,
      configurable: true,
      enumerable: key === 'code',
    })
  }
  return error
}

// User code can make anything of these, getters that throw included, and must not stop its own error from crossing.
function partOf(error: Error, key: string): unknown {
  try {
    return Reflect.get(error, key)
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function causeToData(cause: unknown, depth: number): ErrorData {
  return errorToData(isReadableError(cause) ? cause : new TroupeError('thrown', describe(cause)), depth)
}

function emptyError({ message, code, option, isOurs }: ErrorData, facts: { cause?: Error }): Error {
  if (option !== undefined) return new OptionError(option, message, facts)
  return isOurs ? new TroupeError(String(code), message, facts) : new Error(message, facts)
}
