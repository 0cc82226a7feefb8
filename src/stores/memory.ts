import type { LogRecord } from '../core/log.ts'
import { StorageError } from '../errors.ts'
import { copyPlain } from '../space/same-value.ts'
import type { OpenLog, Store } from './store.ts'

/**
 * Keeps logs in this process, for as long as the store itself is there: nothing survives a crash.
 * To open a log that is open takes it over: what held it before can no longer append.
 * @example const storage = memoryStore()
 * await createStudy({ name: 'demo', storage, paramSpace: { x: uniform(0, 1) } })
 */
export function memoryStore(): Store {
  const logs = new Map<string, LogRecord[]>()
  const writers = new Map<string, OpenLog>()
  return {
    name: 'memoryStore',

    async open(experiment) {
      const records = logs.get(experiment) ?? []
      logs.set(experiment, records)
      const log: OpenLog = {
        records: [...records],
        async append(added) {
          if (writers.get(experiment) !== log) throw notHeld(experiment)
          // A caller may go on to change what it handed in. What is no plain data, such as a function among choices,
          // can stay as it is within one process.
          records.push(...added.map((record) => copyPlain(record) as LogRecord))
        },
        async close() {
          if (writers.get(experiment) === log) writers.delete(experiment)
        },
      }
      writers.set(experiment, log)
      return log
    },

    async read(experiment) {
      const records = logs.get(experiment)
      return records === undefined ? undefined : [...records]
    },

    async names() {
      return [...logs.keys()]
    },

    async delete(experiment) {
      logs.delete(experiment)
      writers.delete(experiment)
    },
  }
}

function notHeld(experiment: string): StorageError {
  return new StorageError(
    'notHeld',
    `${experiment} was closed, deleted, or opened again since, so this one may no longer write to it. Open it again and go on with what that gives.`,
  )
}
