import { resolve } from 'node:path'
import { must } from '../../../core/options.ts'
import { OptionError } from '../../../errors.ts'
import { freshSeed } from '../../../random/random.ts'
import { shownUrl } from '../../shown-url.ts'
import { readFileOptions } from '../../file-options.ts'
import type { OpenOptions, Store } from '../../store.ts'
import { JournalFile } from './journal-file.ts'
import { deletionLine } from './journal-line.ts'
import { JournalLock } from './journal-lock.ts'
import { JournalLog, NOTICE, type OptunaJournalLog } from './journal-log.ts'
import { JournalState } from './journal-state.ts'
import { RecordReader } from './record-reader.ts'

/** Options of `optunaJournalStore`. */
export interface OptunaJournalStoreOptions {
  /** The file, absolute or from the folder that the process is in now. It and its folder are made when they are not there. */
  readonly path: string
  /**
   * Milliseconds after which a lock that somebody left behind is removed. Optuna itself removes one after 30,000.
   * Default 30,000.
   */
  readonly lockStaleMs?: number | undefined
}

/** What `optunaJournalStore` gives: a store whose logs say what they do not keep. */
export interface OptunaJournalStore extends Store {
  open(experiment: string, options?: OpenOptions): Promise<OptunaJournalLog>
}

const DEFAULTS = { path: undefined, lockStaleMs: 30_000 }

/**
 * Keeps studies in a file that Optuna's own `JournalStorage` reads and writes too, at the same time. What an `append` has
 * acknowledged survives `kill -9`; a power cut as the durability says. The trials that Optuna makes are read as they come.
 *
 * It holds what Optuna has: configurations, reports, values, attributes and constraints, and nothing of pauses, checkpoints
 * and decisions. A study goes on from it as if it had never been left; an experiment of a Tuner is kept as a study, which
 * `loadStudy` opens, and cannot be resumed as one. `open` says so as its `notice`. A process that is gone is not noticed:
 * its trials run until they are told.
 *
 * Errors are of the kind `StorageError`: `'diskFull'` and `'readOnly'` say what to mend, `'corrupt'` names the line.
 * @param options.path - The file. `FILE.lock` is there while somebody writes.
 * @throws {OptionError} when the path is no text.
 * @example await createStudy({ name: 'digits', storage: optunaJournalStore({ path: 'optuna.log' }), paramSpace })
 */
export function optunaJournalStore(options: OptunaJournalStoreOptions): OptunaJournalStore {
  const settings = readFileOptions<OptunaJournalStoreOptions, typeof DEFAULTS>(
    'optunaJournalStore',
    options,
    'optuna.log',
    DEFAULTS,
    {
      lockStaleMs: must.from(1),
    },
  )
  const path = resolve(settings.path)
  const lock = new JournalLock(path, settings.lockStaleMs)
  const state = async () => {
    const all = new JournalState()
    for (const line of await new JournalFile(path, lock).read()) all.apply(line)
    return all
  }
  return {
    name: 'optunaJournalStore',
    url: `optuna-journal:///${settings.path}`,

    async open(name, { durability = 'trial', shared: isShared = false } = {}) {
      const file = new JournalFile(path, lock)
      const writer = `troupe-${freshSeed()}`
      const log = new JournalLog({ file, reader: new RecordReader(name), name, writer, durability, isShared })
      const held = {
        notice: NOTICE,
        records: await log.begin(),
        append: (added: Parameters<OptunaJournalLog['append']>[0]) => log.append(added),
        close: () => log.close(),
      }
      return isShared ? { ...held, writer, poll: () => log.poll() } : held
    },

    async read(name) {
      const records = new RecordReader(name).take(await new JournalFile(path, lock).read())
      return records.length === 0 ? undefined : records
    },

    async names() {
      return Array.from((await state()).studies, (study) => study.name)
    },

    async delete(name) {
      if ((await state()).study(name) === undefined) return
      const all = new JournalState()
      await new JournalFile(path, lock).append((lines) => {
        for (const line of lines) all.apply(line)
        const study = all.study(name)
        return study === undefined ? '' : deletionLine(`troupe-${freshSeed()}`, study.id)
      }, true)
    },
  }
}

/**
 * The store that a URL names.
 * @param rest - What follows `optuna-journal:`, such as `///file.log`, or `////folder/file.log` for an absolute path.
 * @throws {OptionError} when it does not begin with three slashes, or names no file.
 */
export function optunaJournalFromUrl(rest: string): OptunaJournalStore {
  const path = rest.startsWith('///') ? rest.slice(3) : ''
  if (path !== '') return optunaJournalStore({ path })
  const shown = shownUrl(`optuna-journal:${rest}`)
  throw new OptionError(
    'storage',
    `storage: optuna-journal: is followed by three slashes and the path of a file, as in optuna-journal:///optuna.log, or optuna-journal:////data/optuna.log from the root. Got ${shown}.`,
    { received: shown },
  )
}
