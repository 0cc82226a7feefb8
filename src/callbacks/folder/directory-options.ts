import { describe, readOptions } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'

/** Options of a callback that writes files. */
export interface DirectoryOptions {
  /**
   * Where the experiment's folder is made, under the experiment's name: `<directory>/<experiment>/<trial>/`. Relative to
   * the working directory. Made when it is not there.
   */
  readonly directory: string
}

/** @throws {OptionError} when there is no directory, or another option. */
export function readDirectory(owner: string, given: DirectoryOptions): string {
  const { directory } = readOptions(owner, given, { directory: undefined })
  return checkDirectory(owner, directory)
}

/** @throws {OptionError} when it is no path. */
export function checkDirectory(owner: string, directory: unknown): string {
  if (typeof directory === 'string' && directory !== '') return directory
  throw new OptionError(
    `${owner}.directory`,
    `${owner}.directory: must be the path of a folder, such as 'results'. Got ${describe(directory)}.`,
    { received: directory },
  )
}
