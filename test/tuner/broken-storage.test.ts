import { appendFileSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import {
  type ExperimentError,
  type Results,
  type StorageError,
  type Store,
  type Trial,
  Tuner,
  uniform,
} from 'troupe'
import { journalStore, postgresStore, sqliteStore } from 'troupe/stores'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { markText, thisProcess } from '../../src/stores/process-mark.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../support/postgres-server.ts'
import { NO_SMALL_DISK, removeSmallDisks, smallDisk } from '../support/small-disk.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-broken-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(removeSmallDisks)

const freshPath = (): string => join(folder, String(++fileCount))

interface Config {
  readonly x: number
}

/** Reports much, so that a small disk is soon full. */
const train = async ({ x }: Config, trial: Trial): Promise<void> => {
  await trial.report({ loss: x, note: 'x'.repeat(5_000) })
}

const COUNT = 300

function tunerIn(storage: Store, numSamples = 5): Tuner<Config> {
  return new Tuner(train, {
    ...{ name: 'demo', storage, numSamples, maxConcurrentTrials: 2, seed: 1 },
    ...{ paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min' },
  })
}

/** What a whole experiment comes to, in whose midst something happens to what it is kept in. */
async function failed(
  storage: Store,
  happens: () => void = () => {},
): Promise<ExperimentError<Results<Config>>> {
  const tuner = tunerIn(storage, COUNT)
  let count = 0
  tuner.on('trial.complete', () => {
    if (++count === 4) happens()
  })
  const outcome: unknown = await tuner.fit().catch((error: unknown) => error)
  return outcome as ExperimentError<Results<Config>>
}

/** What the error of an experiment says, and holds. */
function summary({ name, code, message, cause, results }: ExperimentError<Results<Config>>, remedy: RegExp) {
  const reason = cause as StorageError
  const done = [...(results ?? [])].filter(({ state }) => state === 'completed')
  return {
    error: `${name} ${code}, ${reason.name} ${reason.code}`,
    saysWhatToDo: remedy.test(message) && remedy.test(reason.message),
    endedBy: results?.endedBy,
    results: results?.length === 0 ? 'none' : done.length >= 4 && done.length < COUNT ? 'those so far' : done,
  }
}

/** What is expected of that. */
function refusal(code: string, results: 'none' | 'those so far') {
  return {
    error: `ExperimentError storage, StorageError ${code}`,
    saysWhatToDo: true,
    endedBy: 'error',
    results,
  }
}

const FILES: readonly [string, (path: string, lockTimeoutMs?: number) => Store][] = [
  ['sqliteStore', (path, lockTimeoutMs) => sqliteStore({ path, lockTimeoutMs })],
  ['journalStore', (path, lockTimeoutMs) => journalStore({ path, lockTimeoutMs })],
]

describe.each(FILES)('an experiment in a %s', (name, storeAt) => {
  it('whose disk is full keeps what it has reached, and goes on once there is room', async ({ skip }) => {
    const disk = smallDisk('2m')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    const ballast = join(disk.path, 'ballast')
    writeFileSync(ballast, Buffer.alloc(1_200_000))
    const store = storeAt(join(disk.path, 'runs'))
    const error = await failed(store)
    expect(summary(error, /full|no room left/i)).toEqual(refusal('diskFull', 'those so far'))
    expect(error.message).toMatch(/Make (room|some)/)
    rmSync(ballast)
    const idsOf = (results: Results<Config> | undefined) => [...(results ?? [])].map(({ trialId }) => trialId)
    const reached = idsOf(error.results)
    const options = { name: 'demo', trainable: train, numSamples: reached.length }
    const more = await Tuner.restore(store, options).fit()
    expect(idsOf(more)).toEqual(reached)
    expect([...more].every(({ state }) => state === 'completed')).toBe(true)
  })

  it('whose folder may only be read is refused before anything runs', async ({ skip }) => {
    const disk = smallDisk('2m')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    disk.makeReadOnly()
    const remedy = /may not write there\. Give it the right|Give its owner the right/
    const error = await failed(storeAt(join(disk.path, 'runs')))
    expect(summary(error, remedy)).toEqual(refusal('readOnly', 'none'))
  })

  it('that others lock for too long says who or what to look for', async () => {
    const path = freshPath()
    let unlock = (): void => {}
    const error = await failed(storeAt(path, 300), () => {
      unlock = name === 'sqliteStore' ? lockDatabase(path) : lockJournal(path)
    })
    unlock()
    const remedy = /is locked by another process.* close it|is held by process \d+.* Stop that process/
    expect(summary(error, remedy)).toEqual(refusal('locked', 'those so far'))
  })

  it('that is damaged is refused before anything runs', async () => {
    const path = freshPath()
    await tunerIn(storeAt(path)).fit()
    if (name === 'sqliteStore') writeFileSync(path, 'loss,accuracy\n'.repeat(500))
    else appendFileSync(path, '{"log":"demo","records":[{"at":\n{"log":"demo","holder":null}\n')
    const remedy = /Give another file|line \d+/
    expect(summary(await failed(storeAt(path)), remedy)).toEqual(refusal('corrupt', 'none'))
  })

  it('that a newer version wrote is refused before anything runs', async () => {
    const path = freshPath()
    await tunerIn(storeAt(path)).fit()
    if (name === 'sqliteStore') changeDatabase(path, "UPDATE troupe_meta SET value = '9'")
    else writeFileSync(path, readFileSync(path, 'utf8').replace('"schema":1', '"schema":9'))
    const remedy = /newer (version of )?Troupe.*(Use the newer one|Update Troupe)/
    expect(summary(await failed(storeAt(path)), remedy)).toEqual(refusal('newerSchema', 'none'))
  })

  it('whose name is taken is refused before anything runs, and leaves the other as it is', async () => {
    const store = storeAt(freshPath())
    await tunerIn(store).fit()
    const before = await store.read('demo')
    const remedy = /resume: true, give this one another name, or delete/
    expect(summary(await failed(store), remedy)).toEqual(refusal('nameTaken', 'none'))
    expect(await store.read('demo')).toEqual(before)
  })
})

const hasPostgres = postgresPrograms() !== undefined

describe.skipIf(!hasPostgres)(
  `an experiment in a postgresStore${hasPostgres ? '' : ' (skipped: there is no PostgreSQL on this machine)'}`,
  () => {
    let server: PostgresServer
    beforeAll(async () => {
      server = await startPostgres()
    }, 60_000)
    afterAll(() => server?.stop())

    const change = async (url: string, sql: string): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(sql)
      return client
    }

    it('that others lock for too long says what to look for', async () => {
      const url = await server.database()
      let locking: Promise<pg.Client> | undefined
      const error = await failed(postgresStore({ url, lockTimeoutMs: 300 }), () => {
        locking = change(url, 'BEGIN; SELECT 1 FROM studies FOR UPDATE')
      })
      await (await locking)?.end()
      expect(summary(error, /pg_stat_activity.* end it/)).toEqual(refusal('locked', 'those so far'))
    })

    it('that a newer version wrote is refused before anything runs', async () => {
      const url = await server.database()
      await tunerIn(postgresStore({ url })).fit()
      await (await change(url, "UPDATE troupe_meta SET value = '9'")).end()
      const error = await failed(postgresStore({ url }))
      expect(summary(error, /Use the newer one/)).toEqual(refusal('newerSchema', 'none'))
    })

    it('whose name is taken is refused before anything runs', async () => {
      const store = postgresStore({ url: await server.database() })
      await tunerIn(store).fit()
      const remedy = /resume: true, give this one another name, or delete/
      expect(summary(await failed(store), remedy)).toEqual(refusal('nameTaken', 'none'))
    })

    it('whose user may not write is refused before anything runs', async () => {
      const url = await server.database()
      const schema = /%3D(\w+)/.exec(url)?.[1] as string
      await (await change(url, `CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA ${schema} TO reader`)).end()
      const error = await failed(postgresStore({ url: url.replace('troupe@', 'reader@') }))
      expect(summary(error, /Grant it the right/)).toEqual(refusal('readOnly', 'none'))
    })

    it('whose server goes away keeps what it has reached', async () => {
      const own = await startPostgres()
      let stopping: Promise<void> | undefined
      // For so long it is waited for whether it comes back.
      const store = postgresStore({ url: await own.database(), lockTimeoutMs: 200 })
      const error = await failed(store, () => {
        stopping = own.stop()
      })
      await stopping
      expect(summary(error, /See whether the server runs/)).toEqual(refusal('unreachable', 'those so far'))
    })
  },
)

/** Holds a lock on a database, as a browser of databases might. Gives how to let it go. */
function lockDatabase(path: string): () => void {
  const database = new Database(path)
  database.exec('BEGIN IMMEDIATE')
  return () => database.close()
}

/** Holds the lock of a journal as another process of this machine would that is alive. */
function lockJournal(path: string): () => void {
  const lock = `${path}.lock`
  symlinkSync(markText({ ...thisProcess(), pid: process.ppid, start: '' }), lock)
  return () => unlinkSync(lock)
}

function changeDatabase(path: string, sql: string): void {
  const database = new Database(path)
  database.exec(sql)
  database.close()
}
