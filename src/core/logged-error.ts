import { TroupeError } from '../errors.ts'
import type { LoggedError } from './log.ts'

/** An error as a log keeps it. */
export function loggedError(error: Error): LoggedError {
  const { name, message, stack } = error
  const { code } = error as { readonly code?: unknown }
  return {
    name,
    message,
    ...(typeof code === 'string' ? { code } : undefined),
    ...(typeof stack === 'string' ? { stack } : undefined),
  }
}

/** What user code threw in another process: its name, message and stack, and its code where it had one. */
export class RecordedError extends TroupeError {
  override readonly name: string

  constructor({ name, message, code, stack }: LoggedError) {
    super(code ?? 'recorded', message)
    this.name = name
    if (stack !== undefined) this.stack = stack
  }
}
