import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { journalStore, type LogRecord, type Store, sqliteStore } from 'troupe/stores'

/** A kind of store that keeps all in files. */
export interface FileStore {
  readonly name: 'sqlite' | 'journal'
  readonly url: (path: string) => string
  readonly open: (path: string) => Store
  /** What is wrong with the file itself. */
  readonly problems: (path: string) => readonly string[]
}

export const SQLITE: FileStore = {
  name: 'sqlite',
  url: (path) => `sqlite:///${path}`,
  open: (path) => sqliteStore({ path }),
  problems(path) {
    const database = new Database(path)
    const answer = database.pragma('integrity_check', { simple: true })
    database.close()
    return answer === 'ok' ? [] : [`integrity_check: ${String(answer)}`]
  },
}

export const JOURNAL: FileStore = {
  name: 'journal',
  url: (path) => `journal:///${path}`,
  open: (path) => journalStore({ path }),
  problems: () => [],
}

/**
 * What a store holds, looked at in a copy: to open a database mends it, and that is for the program that goes on to do.
 * @param copyTo - A folder that is not there, and is not there afterwards.
 */
export async function lookInto(
  store: FileStore,
  path: string,
  name: string,
  copyTo: string,
): Promise<{ readonly records: readonly LogRecord[]; readonly problems: readonly string[] }> {
  if (!existsSync(path)) return { records: [], problems: [] }
  await mkdir(copyTo)
  // The database, and what SQLite has not yet put into it; not what processes that live have in common.
  for (const file of readdirSync(dirname(path))) {
    const isPart = file === basename(path) || file === `${basename(path)}-wal`
    if (isPart) await cp(join(dirname(path), file), join(copyTo, file))
  }
  const copy = join(copyTo, basename(path))
  const problems = store.problems(copy)
  const opened = store.open(copy)
  const records = (await opened.read(name)) ?? []
  await opened.close?.()
  await rm(copyTo, { recursive: true })
  return { records, problems }
}

/** What must not be in a log: the same trial made or ended twice, an identifier or a report twice. */
export function repeatedIn(records: readonly LogRecord[]): readonly string[] {
  const seen = new Set<string>()
  const repeated: string[] = []
  const once = (what: string): void => {
    if (seen.has(what)) repeated.push(what)
    seen.add(what)
  }
  for (const record of records) {
    if (record.type === 'trial.created') {
      once(`trial ${record.trial} made`)
      once(`id ${record.id}`)
    } else if (record.type === 'trial.ended') {
      // One that was interrupted goes on.
      if (record.state !== 'interrupted') once(`trial ${record.trial} ended`)
    } else if (record.type === 'trial.report')
      once(`trial ${record.trial} reported ${String(record.metrics['training_iteration'])}`)
  }
  return repeated
}
