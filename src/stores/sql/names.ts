import { OptionError } from '../../errors.ts'
import type { Dialect } from './database.ts'

/** Whether a database can have this as the name of something. */
export function isName({ nameMax }: Pick<Dialect, 'nameMax'>, text: string): boolean {
  if (nameMax === Infinity) return true
  // Counted in characters, of which some are two letters here.
  return !text.includes('\0') && (text.length <= nameMax || Array.from(text).length <= nameMax)
}

/** @throws {OptionError} for the name of a study, or experiment, that the database cannot have. */
export function checkName(dialect: Pick<Dialect, 'nameMax'>, name: string): void {
  if (isName(dialect, name)) return
  throw new OptionError(
    'name',
    `name: PostgreSQL keeps names of at most ${dialect.nameMax} characters, and none with the character NUL. Give a shorter one; got one of ${Array.from(name).length}.`,
    { received: name },
  )
}
