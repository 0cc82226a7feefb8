import { writeSync } from 'node:fs'
import { journalStore } from '../../../src/stores/journal/journal-store.ts'

// Adds so many numbers to a shared log, each one more than the last that anybody added, and says each once it is kept.
const [path = '', experiment = '', times = '1'] = process.argv.slice(2)

const log = await journalStore({ path }).open(experiment, { shared: true })
let count = log.records.length
for (let own = 0; own < Number(times);) {
  const others = await log.append([{ at: process.pid, type: 'study.attr', key: 'count', value: count }])
  if (others === undefined) {
    own++
    writeSync(1, `${count}\n`)
  }
  count += others?.length ?? 1
}
await log.close()
