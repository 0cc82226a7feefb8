import type { LogRecord } from '../../core/log.ts'
import { forgetCheckpoints } from '../../checkpoints/experiment-keys.ts'
import { fileCheckpoints } from '../../checkpoints/file-checkpoints.ts'
import { toJson } from '../../core/plain-json.ts'
import type { OpenOptions, Store } from '../store.ts'
import type { Database } from './database.ts'
import { addEvents, eventCount, eventTexts, parsed } from './events.ts'
import { lastKnown } from './known-trials.ts'
import { foreignRecords, Mirror, takeInAll } from './mirror.ts'
import { ensureSchema, readSchema } from './schema.ts'
import { checkName, isName } from './names.ts'
import { sqlCheckpoints } from './sql-checkpoints.ts'
import { exclusiveLog, sharedLog } from './sql-log.ts'
import { type Steps, version } from './steps.ts'
import { beginLog, findStudy, type FoundStudy, removeStudy, studyNames, takeStudy } from './studies.ts'
import { type AddedWriter, Writers } from './writers.ts'

/**
 * A store whose logs are in a database, in which Optuna finds its own tables too. Without a folder, checkpoints are in the
 * database as well.
 */
export function sqlStore(database: Database, about: Pick<Store, 'name' | 'url' | 'folder'>): Store {
  const { dialect, place } = database
  const writers = new Writers(database)
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

  const { folder } = about
  const inTable = sqlCheckpoints(database, using)

  return {
    ...about,
    ...(folder === undefined && { checkpoints: inTable }),

    async open(experiment, { durability = 'trial', shared = false }: OpenOptions = {}) {
      checkName(dialect, experiment)
      userCount++
      try {
        const { studyId, writer, isHeld } = await database.write(
          () => begin(database, writers, experiment, shared),
          durability === 'report',
          true,
        )
        const read = await database.read(() => readLog(studyId))
        const records = parsed(read.texts, experiment)
        const mirror = new Mirror(dialect, studyId)
        mirror.follow(records)
        const opened = {
          ...{ database, writers, mirror, experiment, studyId, writer, isHeld, durability, records },
          ...{ version: read.version, trialId: read.trialId },
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

    holder: (experiment) =>
      using(async () => {
        if (!(await database.exists())) return undefined
        return database.read(() => holderOf(database, writers, experiment))
      }),

    delete: (experiment) =>
      using(async () => {
        if (!(await database.exists())) return
        // Looked for first: nothing is locked or changed for a name that is not there.
        if ((await database.read(() => find(database, experiment))) === undefined) return
        await database.write(() => remove(database, experiment), true, true)
        await forgetCheckpoints(folder === undefined ? inTable : fileCheckpoints({ folder }), experiment)
      }),

    close: () => database.close(),
  }
}

function* find({ dialect, place }: Database, experiment: string): Steps<FoundStudy | undefined> {
  if (!isName(dialect, experiment)) return undefined
  return yield* findStudy(experiment, yield* readSchema(dialect, place))
}

function* holderOf(database: Database, writers: Writers, experiment: string): Steps<string | undefined> {
  const found = yield* find(database, experiment)
  return found?.hasLog === true ? yield* writers.holder(found.id) : undefined
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
): Steps<AddedWriter & { readonly studyId: number }> {
  yield* ensureSchema(dialect, place)
  const study = yield* takeStudy(dialect, experiment)
  if (!study.hasLog) yield* beginLog(study.id)
  const added = yield* writers.add(experiment, study.id, shared)
  // Whoever only looks takes the log from nobody, and adds nothing to it.
  if (added.isHeld) return { ...added, studyId: study.id }
  const position = yield* eventCount(study.id)
  const imported = yield* takeInAll(study.id, experiment, position === 0)
  yield* addEvents(study.id, position, imported.map(toJson))
  return { ...added, studyId: study.id }
}

function* readLog(studyId: number): Steps<{
  readonly texts: readonly string[]
  readonly version: string | undefined
  readonly trialId: number
}> {
  const now = yield* version()
  return { texts: yield* eventTexts(studyId), version: now.after, trialId: yield* lastKnown(studyId) }
}

// Takes nothing in: whoever only looks may have no right to write.
function* readKept(database: Database, experiment: string): Steps<readonly LogRecord[] | undefined> {
  const study = yield* find(database, experiment)
  if (study === undefined) return undefined
  const records = study.hasLog ? parsed(yield* eventTexts(study.id), experiment) : []
  records.push(...(yield* foreignRecords(study, experiment, records)))
  return records.length === 0 ? undefined : records
}
