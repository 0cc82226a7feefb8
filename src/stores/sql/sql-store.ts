import type { LogRecord } from '../../core/log.ts'
import { toJson } from '../../core/plain-json.ts'
import type { OpenOptions, Store } from '../store.ts'
import type { Database } from './database.ts'
import { addEvents, eventCount, eventTexts, parsed } from './events.ts'
import { foreignRecords, Mirror, takeInAll } from './mirror.ts'
import { ensureSchema, readSchema } from './schema.ts'
import { exclusiveLog, sharedLog } from './sql-log.ts'
import { type Steps, version } from './steps.ts'
import { beginLog, findStudy, type FoundStudy, removeStudy, studyNames, takeStudy } from './studies.ts'
import { Writers } from './writers.ts'

/** A store whose logs are in a database, in which Optuna finds its own tables too. */
export function sqlStore(database: Database, about: Pick<Store, 'name' | 'url' | 'folder'>): Store {
  const { dialect, place } = database
  const writers = new Writers(dialect)
  // The connection is let go when nothing is open any more, so that a file is whole and a process may end.
  let userCount = 0
  const release = async (): Promise<void> => {
    if (--userCount === 0) await database.close()
  }
  const using = async <T>(work: () => Promise<T>): Promise<T> => {
    userCount++
    try {
      return await work()
    } finally {
      await release()
    }
  }

  return {
    ...about,

    async open(experiment, { durability = 'trial', shared = false }: OpenOptions = {}) {
      userCount++
      try {
        const { studyId, writer } = await database.write(
          () => begin(database, writers, experiment, shared),
          durability === 'report',
        )
        const read = await database.read(() => readLog(studyId))
        const records = parsed(read.texts)
        const mirror = new Mirror(studyId)
        mirror.follow(records)
        const opened = {
          ...{ database, writers, mirror, experiment, studyId, writer, durability, records },
          version: read.version,
          released: release,
        }
        return shared ? sharedLog(opened) : exclusiveLog(opened)
      } catch (error) {
        await release()
        throw error
      }
    },

    read: (experiment) =>
      using(async () => {
        if (!(await database.exists())) return undefined
        return database.read(() => readKept(database, experiment))
      }),

    names: () =>
      using(async () => {
        if (!(await database.exists())) return []
        return database.read(function* () {
          return yield* studyNames(yield* readSchema(dialect, place))
        })
      }),

    delete: (experiment) =>
      using(async () => {
        if (!(await database.exists())) return
        // Looked for first: nothing is locked or changed for a name that is not there.
        if ((await database.read(() => find(database, experiment))) === undefined) return
        await database.write(() => remove(database, experiment), true)
      }),

    close: () => database.close(),
  }
}

function* find({ dialect, place }: Database, experiment: string): Steps<FoundStudy | undefined> {
  return yield* findStudy(experiment, yield* readSchema(dialect, place))
}

function* remove({ dialect, place }: Database, experiment: string): Steps<void> {
  const schema = yield* readSchema(dialect, place)
  const found = yield* findStudy(experiment, schema)
  if (found !== undefined) yield* removeStudy(found.id, schema)
}

function* begin(
  { dialect, place }: Database,
  writers: Writers,
  experiment: string,
  shared: boolean,
): Steps<{ readonly studyId: number; readonly writer: string }> {
  yield* ensureSchema(dialect, place)
  const study = yield* takeStudy(dialect, experiment)
  if (!study.hasLog) yield* beginLog(study.id)
  const writer = yield* writers.add(experiment, study.id, shared)
  const position = yield* eventCount(study.id)
  const imported = yield* takeInAll(study.id, experiment, position === 0)
  yield* addEvents(study.id, position, imported.map(toJson))
  return { studyId: study.id, writer }
}

function* readLog(
  studyId: number,
): Steps<{ readonly texts: readonly string[]; readonly version: string | undefined }> {
  const now = yield* version()
  return { texts: yield* eventTexts(studyId), version: now.after }
}

// Takes nothing in: whoever only looks may have no right to write.
function* readKept(
  { dialect, place }: Database,
  experiment: string,
): Steps<readonly LogRecord[] | undefined> {
  const schema = yield* readSchema(dialect, place)
  const study = yield* findStudy(experiment, schema)
  if (study === undefined) return undefined
  const records = study.hasLog ? parsed(yield* eventTexts(study.id)) : []
  records.push(...(yield* foreignRecords(study, experiment, records.length === 0)))
  return records.length === 0 ? undefined : records
}
