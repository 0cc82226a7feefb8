import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileCheckpoints } from '../../../src/checkpoints/file-checkpoints.ts'
import type { LogRecord } from '../../../src/core/log.ts'
import { StorageError } from '../../../src/errors.ts'
import type { Trial } from '../../../src/executors/trainable.ts'
import { tpe } from '../../../src/searchers/tpe/tpe.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { journalStore } from '../../../src/stores/journal/journal-store.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { optunaJournalStore } from '../../../src/stores/optuna/journal/journal-store.ts'
import { postgresStore } from '../../../src/stores/postgres/postgres-store.ts'
import { sqlCheckpoints } from '../../../src/stores/sql/sql-checkpoints.ts'
import { SqliteDatabase } from '../../../src/stores/sqlite/sqlite-database.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../../src/stores/store.ts'
import { Tuner } from '../../../src/tuner/tuner.ts'
import { checkpointConformance } from '../../checkpoints/conformance.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../../support/postgres-server.ts'
import { type Children, prepareChildren } from './child.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-checkpoints-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}`)
const bytes = (text: string) => new TextEncoder().encode(text)
const attr: LogRecord = { at: 1, type: 'study.attr', key: 'k', value: 1 }

/** Counts what it is given for each trial, from its checkpoint on, and is stopped in the middle by whoever asks. */
function counting(stopAt: number, stop: () => void) {
  const starts: (readonly [trial: number, from: number])[] = []
  const train = async ({ x }: { readonly x: number }, trial: Trial): Promise<void> => {
    const { epoch = 0 } = (trial.checkpoint ?? {}) as { epoch?: number }
    starts.push([trial.number, epoch])
    for (let e = epoch + 1; e <= 6; e++) {
      await trial.report({ loss: x / e }, { checkpoint: { epoch: e, weights: new Float64Array(300_000) } })
      if (e === stopAt) stop()
    }
  }
  return { starts, train }
}

const options = {
  paramSpace: { x: uniform(0, 1) },
  metric: 'loss',
  mode: 'min',
  seed: 1,
  name: 'digits',
  numSamples: 2,
  maxConcurrentTrials: 2,
} as const

describe('checkpoints in a table of SQLite', () => {
  checkpointConformance(() => {
    const database = new SqliteDatabase(freshPath(), 25_000)
    return sqlCheckpoints(database, async (work) => {
      try {
        return await work()
      } finally {
        await database.close()
      }
    })
  })
})

describe('a store with a folder', () => {
  it.each([
    ['sqliteStore', () => sqliteStore({ path: freshPath() })],
    ['journalStore', () => journalStore({ path: freshPath() })],
  ])('%s deletes the checkpoints in it with their experiment', async (_name, makeStore) => {
    const store = makeStore()
    expect(store.checkpoints).toBeUndefined()
    const { train } = counting(0, () => {})
    for (const name of ['digits', 'digits/other'])
      await new Tuner(train, { ...options, name, storage: store }).fit()
    const files = fileCheckpoints({ folder: store.folder as string })
    expect((await files.list('digits/trial-')).length).toBeGreaterThan(0)
    const others = await files.list('digits/other/')
    await store.delete('digits')
    expect(await files.list('')).toEqual(others)
    await store.delete('digits/other')
    expect(await readdir(store.folder as string)).not.toContain('digits')
  })
})

describe('a store that has no place for checkpoints', () => {
  const run = async (storage: Store, given: object = {}) => {
    const { train } = counting(0, () => {})
    const results = await new Tuner(train, { ...options, ...given, storage }).fit()
    return results.warnings.filter(({ kind }) => kind === 'checkpoint').map(({ message }) => message)
  }

  it('says once that they are kept in memory alone, and what to do', async () => {
    expect(await run(memoryStore())).toEqual([
      expect.stringMatching(/memory alone, since memoryStore has no place .* Give directory: 'checkpoints'/),
    ])
  })

  it('says nothing where there are none, where there is a place, or where it has been said', async () => {
    expect(await run(memoryStore(), { directory: freshPath() })).toEqual([])
    expect(await run(optunaJournalStore({ path: freshPath() }))).toEqual([])
    const without = await new Tuner((_, trial) => trial.report({ loss: 1 }), {
      ...options,
      storage: memoryStore(),
    }).fit()
    expect(without.warnings).toEqual([])
  })
})

const isThere = postgresPrograms() !== undefined

describe.skipIf(!isThere)(
  `checkpoints in PostgreSQL${isThere ? '' : ' (skipped: there is no PostgreSQL on this machine)'}`,
  () => {
    let server: PostgresServer | undefined
    let children: Children | undefined
    beforeAll(async () => {
      server = await startPostgres()
      children = await prepareChildren()
    }, 60_000)
    afterAll(async () => {
      await children?.remove()
      await server?.stop()
    })

    const freshUrl = async (): Promise<string> => (server as PostgresServer).database()

    async function queried(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows
      } finally {
        await client.end()
      }
    }
    const uploads = (url: string) =>
      queried(url, 'SELECT DISTINCT "key", upload FROM troupe_checkpoints WHERE upload <> \'\'')

    checkpointConformance(async () => {
      const { checkpoints } = postgresStore({ url: await freshUrl() })
      if (checkpoints === undefined) throw new Error('It keeps checkpoints.')
      return checkpoints
    })

    it('are in rows of a few MB', async () => {
      const url = await freshUrl()
      await postgresStore({ url }).checkpoints?.put('k', new Uint8Array(5_000_000))
      const rows = await queried(
        url,
        'SELECT part, LENGTH(bytes) AS size FROM troupe_checkpoints ORDER BY part',
      )
      expect(rows).toEqual([
        { part: 0, size: 2 ** 21 },
        { part: 1, size: 2 ** 21 },
        { part: 2, size: 5_000_000 - 2 ** 22 },
      ])
    })

    it('do not keep a log waiting while they are put', async () => {
      const store = postgresStore({ url: await freshUrl() })
      const log = await store.open('a')
      let goOn = (): void => {}
      const gate = new Promise<void>((resolve) => (goOn = resolve))
      const putting = store.checkpoints?.put(
        'k',
        (async function* () {
          yield new Uint8Array(5_000_000)
          await gate
        })(),
      )
      await log.append([attr])
      expect(await store.checkpoints?.list('')).toEqual([])
      goOn()
      await putting
      await log.close()
      expect(await store.checkpoints?.list('')).toEqual(['k'])
    })

    it(
      'that a killed process has not finished are removed by the next one',
      { timeout: 60_000 },
      async () => {
        const url = await freshUrl()
        const store = postgresStore({ url })
        await store.checkpoints?.put('demo/trial-0/000001-1', bytes('old'))
        const child = (children as Children).start('checkpoint', url)
        await child.said(1)
        expect(await uploads(url)).toHaveLength(1)
        // One that runs is left alone.
        await postgresStore({ url }).checkpoints?.put('other', bytes('x'))
        expect(await uploads(url)).toHaveLength(1)
        await child.kill()
        await postgresStore({ url }).checkpoints?.put('other', bytes('x'))
        expect(await uploads(url)).toEqual([])
        expect(await store.checkpoints?.get('demo/trial-0/000001-1')).toEqual(Buffer.from('old'))
      },
    )

    it('that another machine has not finished are removed after an hour', async () => {
      const url = await freshUrl()
      await postgresStore({ url }).checkpoints?.put('k', bytes('half'))
      await queried(url, "UPDATE troupe_checkpoints SET upload = '7.1.1.1.far.1'")
      await postgresStore({ url }).checkpoints?.put('other', bytes('x'))
      expect(await uploads(url)).toHaveLength(1)
      await queried(url, 'UPDATE troupe_checkpoints SET added = added - 3600000')
      await postgresStore({ url }).checkpoints?.put('other', bytes('x'))
      expect(await uploads(url)).toEqual([])
    })

    it('of which parts are gone are not there at all', async () => {
      const url = await freshUrl()
      const { checkpoints } = postgresStore({ url })
      const putting = checkpoints?.put(
        'k',
        (async function* () {
          yield new Uint8Array(5_000_000)
          await queried(url, 'DELETE FROM troupe_checkpoints WHERE part = 0')
        })(),
      )
      await expect(putting).rejects.toThrow(StorageError)
      expect(await checkpoints?.list('')).toEqual([])
      expect(await uploads(url)).toEqual([])
    })

    it('are where an experiment goes on from, and go with it', { timeout: 60_000 }, async () => {
      const url = await freshUrl()
      const storage = postgresStore({ url })
      const searcher = tpe({ nStartupTrials: 1 })
      let stop = (): void => {}
      const first = counting(4, () => stop())
      const tuner = new Tuner(first.train, { ...options, searcher, storage })
      stop = () => void tuner.stop()
      const stopped = await tuner.fit()
      expect(stopped.endedBy).toBe('stop')
      expect(stopped.warnings).toEqual([])
      const reached = [...stopped].map(({ number, iteration }) => [number, iteration])
      expect(Math.max(...reached.map(([, iteration]) => iteration as number))).toBe(4)

      // As another process would: with nothing of the first but the database.
      const second = counting(0, () => {})
      const results = await Tuner.restore(postgresStore({ url }), {
        ...{ name: 'digits', trainable: second.train, searcher },
      }).fit()
      expect([...second.starts].toSorted(([a], [b]) => a - b)).toEqual(reached)
      expect([...results].map(({ state, iteration }) => [state, iteration])).toEqual([
        ['completed', 6],
        ['completed', 6],
      ])
      expect(results.warnings).toEqual([])

      await postgresStore({ url }).delete('digits')
      expect(await queried(url, 'SELECT DISTINCT "key" FROM troupe_checkpoints')).toEqual([])
    })
  },
)
