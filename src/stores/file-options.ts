import { readNeeded } from '../core/needed-options.ts'
import type { Checks, Merged } from '../core/options.ts'

/**
 * Reads the options of a store that is one file.
 * @param owner - The store's name.
 * @param example - How the file might be called.
 * @throws {OptionError} when there is no path, or another option is refused.
 */
export function readFileOptions<
  O extends { readonly path: string },
  D extends { [K in keyof Required<O>]: unknown },
>(owner: string, options: O, example: string, defaults: D, checks: Checks<O>): Merged<O, D> {
  const needed = `${owner} needs the path of a file. Write ${owner}({ path: '${example}' }).`
  return readNeeded<O, D>(owner, options, ['path'], needed, defaults, { ...checks, path: pathProblem })
}

function pathProblem(path: unknown): string | undefined {
  return typeof path === 'string' && path !== '' ? undefined : 'must be a text that is not empty.'
}
