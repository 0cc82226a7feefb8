import { must, readOptions } from '../core/options.ts'
import type { Callback } from '../tuner/callback.ts'
import { csvFiles } from './csv-files.ts'
import { errorFiles } from './error-files.ts'
import { checkDirectory, type DirectoryOptions } from './folder/directory-options.ts'
import { jsonFiles } from './json-files.ts'
import { tensorboard } from './tensorboard.ts'
import { together } from './together.ts'

/** Options of `experimentFolder`. */
export interface ExperimentFolderOptions extends DirectoryOptions {
  /** Whether `params.json` and `result.json` are written: `jsonFiles`. Default true. */
  readonly json?: boolean
  /** Whether `progress.csv` is: `csvFiles`. Default true. */
  readonly csv?: boolean
  /** Whether `error.txt` is: `errorFiles`. Default true. */
  readonly errors?: boolean
  /** Whether TensorBoard's event files are: `tensorboard`. Default true. */
  readonly tensorboard?: boolean
}

const DEFAULTS = { directory: undefined, json: true, csv: true, errors: true, tensorboard: true }
const CHECKS = {
  json: must.beBoolean,
  csv: must.beBoolean,
  errors: must.beBoolean,
  tensorboard: must.beBoolean,
}

/**
 * Writes a folder as Ray Tune's users know it: `<directory>/<experiment>/<trial>/` with `params.json`, `result.json`,
 * `progress.csv`, `error.txt` of trials that failed, and TensorBoard's event files. Each can be turned off, and each is a
 * callback of its own, whose docs say what is in it.
 *
 * Names are made safe for every file system, and cut at 130 bytes. A trial's folder that is there already, from another
 * experiment of this name, is left alone: the new one gets a number. Nothing that goes wrong harms the experiment: it
 * becomes a warning, and nothing more is written.
 * @throws {OptionError} when `directory` is missing, or an option is not known.
 * @example new Tuner(train, { paramSpace, callbacks: [experimentFolder({ directory: 'results', csv: false })] })
 */
export function experimentFolder(options: ExperimentFolderOptions): Callback {
  const read = readOptions('experimentFolder', options, DEFAULTS, CHECKS)
  const directory = checkDirectory('experimentFolder', read.directory)
  const parts: Callback[] = []
  if (read.json) parts.push(jsonFiles({ directory }))
  if (read.csv) parts.push(csvFiles({ directory }))
  if (read.errors) parts.push(errorFiles({ directory }))
  if (read.tensorboard) parts.push(tensorboard({ directory }))
  return together('experimentFolder', parts)
}
