import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TrialInfo } from '../core/events.ts'
import { asError, isReadableError } from '../errors.ts'
import type { Callback, CallbackSession, CallbackView } from '../tuner/callback.ts'
import { dateText } from './folder/dates.ts'
import { type DirectoryOptions, readDirectory } from './folder/directory-options.ts'
import { ExperimentFiles } from './folder/experiment-files.ts'

/** Options of `errorFiles`. */
export type ErrorFilesOptions = DirectoryOptions

/**
 * Writes `error.txt` into the folder of each trial that fails: for each attempt its number, the time, and the stack with
 * all causes. A trial that a later attempt made good keeps it.
 * @throws {OptionError} when `directory` is missing, or an option is not known.
 * @example new Tuner(train, { paramSpace, callbacks: [errorFiles({ directory: 'results' })] })
 */
export function errorFiles(options: ErrorFilesOptions): Callback {
  const directory = readDirectory('errorFiles', options)
  return {
    name: 'errorFiles',
    start: async (view) => sessionOf(await ExperimentFiles.open(view, directory), view),
  }
}

function sessionOf(files: ExperimentFiles, view: CallbackView): CallbackSession {
  const failures = new Map(view.trials.map(({ number, failures: count }) => [number, count]))
  const onFailed = ({ trial, error }: { readonly trial: TrialInfo; readonly error: Error }): void => {
    const count = (failures.get(trial.number) ?? 0) + 1
    failures.set(trial.number, count)
    const text = `Failure # ${count} (occurred at ${dateText(Date.now())})\n${stackOf(error)}\n`
    const folder = files.trial(trial)
    files.do(async () => appendFile(join(await folder.path(), 'error.txt'), text))
  }
  return { 'trial.retry': onFailed, 'trial.error': onFailed, end: () => files.flush() }
}

// Causes may go round in a circle.
const CAUSES_MAX = 16

function stackOf(error: Error): string {
  const texts: string[] = []
  let at: unknown = error
  for (let i = 0; i < CAUSES_MAX && at !== undefined; i++) {
    const readable = asError(at)
    const { name, message, stack } = readable
    const headline = `${name}: ${message}`
    // Not every stack begins with the message: one that was set later does not.
    const text = stack === undefined ? headline : stack.includes(message) ? stack : `${headline}\n${stack}`
    texts.push(i === 0 ? text : `Caused by: ${text}`)
    at = isReadableError(at) ? at.cause : undefined
  }
  return texts.join('\n')
}
