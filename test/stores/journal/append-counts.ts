import { writeSync } from 'node:fs'
import type { LogRecord } from '../../../src/core/log.ts'
import type { StorageError } from '../../../src/errors.ts'
import { journalStore } from '../../../src/stores/journal/journal-store.ts'
import type { Durability } from '../../../src/stores/store.ts'

// Counts on in the log of an experiment, one record at a time, and says each number once it is kept.
const [path = '', experiment = '', durability = 'trial'] = process.argv.slice(2)

const log = await journalStore({ path }).open(experiment, { durability: durability as Durability })
for (let i = log.records.length; ; i++) {
  const record: LogRecord = { at: i, type: 'study.attr', key: 'i', value: i }
  try {
    await log.append([record])
  } catch (error) {
    writeSync(1, `${(error as StorageError).code}\n`)
    process.exit(1)
  }
  writeSync(1, `${i}\n`)
}
