import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { forgetCheckpoints } from '../../checkpoints/experiment-keys.ts'
import { fileCheckpoints } from '../../checkpoints/file-checkpoints.ts'
import { describe, must } from '../../core/options.ts'
import { OptionError } from '../../errors.ts'
import { shownUrl } from '../shown-url.ts'
import { readFileOptions } from '../file-options.ts'
import type { Store } from '../store.ts'
import { diskError } from '../disk-error.ts'
import { holderInWords } from './holder.ts'
import { JournalFile } from './journal-file.ts'
import { deletedLine } from './journal-line.ts'
import { contentOf, openJournalLog } from './journal-log.ts'
import { type LineReader, openToRead } from './line-reader.ts'
import { HolderReader, LogReader, NamesReader } from './log-reader.ts'
import { WriterBeats } from './writer-beats.ts'

/** What `journalStore` is told. */
export interface JournalStoreOptions {
  /** The file, absolute or from the folder that the process is in now. It and its folder are made when they are not there. */
  readonly path: string
  /**
   * Milliseconds to wait for another process that writes to the same file, before it is an error that says which one.
   * Writing takes less than one. Default 30,000.
   */
  readonly lockTimeoutMs?: number | undefined
}

const DEFAULTS = { path: undefined, lockTimeoutMs: 30_000 }

/**
 * Keeps experiments and studies as lines of JSON in one file, that is only ever added to. What an `append` has acknowledged
 * survives `kill -9`, whichever durability was chosen; a power cut as that says. An append of up to 10,000 records is kept as
 * a whole or not at all. Several processes may use one file, on one machine; one of them at a time an experiment, and all of
 * them a study.
 *
 * The last line that a crash has torn was never acknowledged, and is left out. A line that is broken before others is an
 * error, and so is a file that a newer version wrote.
 *
 * Errors are of the kind `StorageError`: `'inUse'` and `'locked'` name the process that is in the way, `'diskFull'` and
 * `'readOnly'` say what to mend, `'corrupt'` names the line.
 * @param options.path - The file. `FILE.files` beside it holds what is no line; `FILE.lock` is there while somebody writes.
 * @throws {OptionError} when the path is no text.
 * @example new Tuner(train, { paramSpace, storage: journalStore({ path: 'runs/digits.jsonl' }), name: 'digits' })
 */
export function journalStore(options: JournalStoreOptions): Store {
  const settings = readFileOptions<JournalStoreOptions, typeof DEFAULTS>(
    'journalStore',
    options,
    'trials.jsonl',
    DEFAULTS,
    {
      lockTimeoutMs: must.from(0),
    },
  )
  const path = resolve(settings.path)
  const file = new JournalFile(path, settings.lockTimeoutMs)
  const folder = `${path}.files`
  const beatsOf = (name: string) => new WriterBeats(join(folder, 'writers', digest(name)))
  return {
    name: 'journalStore',
    url: `journal:///${settings.path}`,
    folder,

    open: (name, openOptions = {}) => openJournalLog(file, name, beatsOf(name), openOptions),

    async read(name) {
      const reader = new LogReader(path, name)
      await readAll(reader)
      return contentOf(reader.seen())?.records
    },

    async names() {
      const reader = new NamesReader(path)
      await readAll(reader)
      return reader.names
    },

    async holder(name) {
      const reader = new HolderReader(path, name)
      await readAll(reader)
      const holder = contentOf(reader.seen())?.holder ?? null
      return holder === null ? undefined : holderInWords(holder, (await stat(path)).ino)
    },

    async delete(name) {
      const present = new LogReader(path, name)
      // So that nothing is made, nor refused on a disk that is read-only, when there is nothing to forget.
      await readAll(present)
      if (contentOf(present.seen()) === undefined) return
      const reader = new LogReader(path, name)
      await reader.readAhead()
      file.enter()
      try {
        await file.do({
          reader,
          isSynced: true,
          decide: (lines) => (contentOf(lines) === undefined ? '' : deletedLine(name)),
        })
      } finally {
        file.leave()
      }
      await beatsOf(name).removeAll()
      await forgetCheckpoints(fileCheckpoints({ folder }), name)
    },
  }
}

/**
 * The store that a URL names.
 * @param rest - What follows `journal:`, such as `///file.jsonl`, or `////folder/file.jsonl` for an absolute path.
 * @throws {OptionError} when it does not begin with three slashes, or names no file.
 */
export function journalFromUrl(rest: string): Store {
  const path = rest.startsWith('///') ? rest.slice(3) : ''
  if (path !== '') return journalStore({ path })
  const shown = shownUrl(`journal:${rest}`)
  const whole = isAbsolute(rest) ? `/${rest.replace(/^\/+/, '')}` : rest
  // Two slashes are one too few, whichever path follows.
  const meant = rest.startsWith('//') ? rest.slice(2) : whole
  throw new OptionError(
    'storage',
    `storage: journal: needs three slashes and the path of a file, got ${describe(shown)}. Write ${shownUrl(`journal:///${meant === '' || meant === '/' ? 'trials.jsonl' : meant}`)}.`,
    { received: shown },
  )
}

async function readAll(reader: LineReader): Promise<void> {
  try {
    const file = await openToRead(reader.path)
    try {
      if (file !== undefined) await reader.readOn(file)
    } finally {
      await file?.close()
    }
  } catch (error) {
    throw diskError(`${reader.path} cannot be read`, error)
  }
}

/** A name of a file for any text. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
