import { writeSync } from 'node:fs'
import type { LogRecord } from '../../../src/core/log.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import type { Durability, OpenLog } from '../../../src/stores/store.ts'

// What another process does to a database, for the tests beside it: child-program.ts WHAT PATH ...

const [what = '', path = '', ...rest] = process.argv.slice(2)
// Not console.log: what was said before a kill must have been said.
const say = (text: string): void => void writeSync(1, `${text}\n`)

const works: Readonly<Record<string, () => Promise<void>>> = {
  /** Holds a lock that keeps all others out, until something is said to it. */
  async lock() {
    const { default: Database } = await import('better-sqlite3')
    const database = new Database(path)
    database.exec('BEGIN EXCLUSIVE')
    say('locked')
    await new Promise((resolve) => process.stdin.once('data', resolve))
    database.exec('COMMIT')
    database.close()
    process.stdin.destroy()
  },

  /** Writes a log, and says how that went. */
  async write() {
    const { postgresStore } = await import('../../../src/stores/postgres/postgres-store.ts')
    const store = path.startsWith('postgresql:') ? postgresStore({ url: path }) : sqliteStore({ path })
    try {
      const log = await store.open('demo')
      await log.append(threeRecords(0))
      await log.close()
      say(`kept ${(await store.read('demo'))?.length}`)
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      say(`${code}: ${message}`)
    }
  },

  /** Puts a checkpoint that never ends, of which so much is there that some of it is in the database. */
  async checkpoint() {
    const { postgresStore } = await import('../../../src/stores/postgres/postgres-store.ts')
    async function* endless() {
      yield new Uint8Array(5_000_000)
      say('stuck')
      await new Promise((resolve) => setTimeout(resolve, 1e9))
    }
    await postgresStore({ url: path }).checkpoints?.put('demo/trial-0/000001-1', endless())
  },

  /** Has a log open until it is killed. */
  async hold() {
    await sqliteStore({ path }).open('demo')
    say('held')
    setInterval(() => {}, 1000)
  },

  /** Appends trials, three records each, until it is killed, and says how many are acknowledged. */
  async append(): Promise<never> {
    const log = await sqliteStore({ path }).open('demo', { durability: rest[0] as Durability })
    for (let trial = 0; ; trial++) {
      await log.append(threeRecords(trial))
      say(String(trial + 1))
    }
  },

  /** Adds so many trials to a log that others add to too, each with the next number that is free. */
  async share() {
    const log = (await sqliteStore({ path }).open('demo', { shared: true })) as Required<OpenLog>
    let next = countTrials(log.records)
    for (let left = Number(rest[0]); left > 0;) {
      const others = await log.append([
        { at: Date.now(), type: 'trial.enqueued', trial: next, id: `t${next}`, config: { by: process.pid } },
      ])
      next += others === undefined ? 1 : countTrials(others)
      if (others === undefined) left--
    }
    await log.close()
    say('done')
  },
}

await works[what]?.()

function threeRecords(trial: number): LogRecord[] {
  return [
    {
      ...{ at: trial, type: 'trial.created', trial, id: `t${trial}`, source: 'suggested' },
      ...{ params: { x: 0.5 }, config: { x: 0.5 } },
    } as const,
    {
      ...{ at: trial, type: 'trial.report', trial, attempt: 1, seq: 1 },
      metrics: { loss: trial, training_iteration: 1 },
    } as const,
    { at: trial, type: 'trial.ended', trial, state: 'completed', values: [trial] },
  ]
}

function countTrials(records: readonly LogRecord[]): number {
  return records.filter(({ type }) => type === 'trial.enqueued').length
}
