import { nearest } from '../core/options.ts'
import { TroupeError } from '../errors.ts'

/** A command line that says what there is not, or does not say what is needed: the exit code is then 2. */
export class UsageError extends TroupeError {
  override readonly name = 'UsageError'
  /** The command that was meant, where that is clear. */
  readonly command: string | undefined

  constructor(message: string, command?: string) {
    super('usage', message)
    this.command = command
  }
}

/** What one may have meant, as the end of a message. */
export function hintFor(word: string, known: readonly string[], what = 'Known are'): string {
  const near = nearest(word, known)
  return near === undefined ? `${what} ${known.join(', ')}.` : `Did you mean ${near}?`
}
