import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { asError, StorageError } from '../../errors.ts'
import { makeFolder } from '../../stores/folders.ts'
import type { CallbackView } from '../../tuner/callback.ts'
import { Background, type Worker } from './background.ts'
import { safeName } from './safe-name.ts'
import { TrialFolder } from './trial-folder.ts'

/** The folder of one experiment, which all callbacks that write into it share. */
export class ExperimentFiles {
  readonly path: string
  readonly #view: CallbackView
  readonly #folders = new Map<number, TrialFolder>()
  readonly #background: Background
  #opened: Promise<void> | undefined

  private constructor(view: CallbackView, directory: string) {
    this.path = join(directory, safeName(view.name))
    this.#view = view
    this.#background = new Background((failure) => {
      const error = storageErrorOf(this.path, failure)
      view.warn(`${error.message} Nothing more is written there; the experiment goes on.`, error)
    })
  }

  /**
   * Opens the folder of an experiment, and makes it when it is not there.
   * @throws {StorageError} (rejects) with code `'unwritable'` when nothing can be written there.
   */
  static async open(view: CallbackView, directory: string): Promise<ExperimentFiles> {
    const files = ExperimentFiles.#of(view, directory)
    files.#opened ??= files.#makeFolder()
    await files.#opened
    return files
  }

  static #of(view: CallbackView, directory: string): ExperimentFiles {
    let byDirectory = known.get(view)
    if (byDirectory === undefined) known.set(view, (byDirectory = new Map()))
    let files = byDirectory.get(directory)
    if (files === undefined) byDirectory.set(directory, (files = new ExperimentFiles(view, directory)))
    return files
  }

  async #makeFolder(): Promise<void> {
    try {
      await makeFolder(this.path)
      await access(this.path, constants.W_OK)
    } catch (error) {
      throw storageErrorOf(this.path, error)
    }
  }

  /** The folder of a trial. */
  trial({ number, name }: { readonly number: number; readonly name: string }): TrialFolder {
    let folder = this.#folders.get(number)
    if (folder === undefined) {
      folder = new TrialFolder(this.path, name, this.#view, this.#view.restored)
      this.#folders.set(number, folder)
    }
    return folder
  }

  /** Lets a worker have its turn, soon. */
  wake(worker: Worker): void {
    this.#background.wake(worker)
  }

  /** Does one thing in its turn. */
  do(work: () => Promise<void>): void {
    this.#background.wake({ work })
  }

  /** Resolves when all is written. */
  flush(): Promise<void> {
    return this.#background.flush()
  }
}

// By experiment, so that each has one queue and one warning for a folder, whichever callbacks write there.
const known = new WeakMap<CallbackView, Map<string, ExperimentFiles>>()

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some room on the disk.',
  EDQUOT: 'Free some room on the disk.',
  EROFS: 'Give a directory that can be written.',
  EACCES: 'Give a directory that can be written, or change its rights.',
  EPERM: 'Give a directory that can be written, or change its rights.',
  ENOTDIR: 'A part of this path is a file: give another directory.',
  EEXIST: 'This path is a file: give another directory.',
  ENOENT: 'It was taken away: leave it where it is while the experiment runs.',
}

function storageErrorOf(path: string, failure: unknown): StorageError {
  const cause = asError(failure)
  const { code } = cause as { code?: unknown }
  const remedy = REMEDIES[String(code)] ?? 'See what is wrong with this directory, or give another.'
  return new StorageError('unwritable', `Cannot write to ${path}: ${cause.message}. ${remedy}`, { cause })
}
