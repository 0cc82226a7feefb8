import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { OptionError } from '../../../src/errors.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { postgresStore } from '../../../src/stores/postgres/postgres-store.ts'
import { createStudy, loadStudy } from '../../../src/study/create-study.ts'
import { startProxy } from '../../support/losing-proxy.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../../support/postgres-server.ts'
import { storeConformance } from '../conformance.ts'
import { sharedLogConformance } from '../shared-conformance.ts'

const FAR = "UPDATE troupe_writers SET host = 'far', process = '7.1.1.1.far'"
const attr: LogRecord = { at: 1, type: 'study.attr', key: 'k', value: 1 }

describe('the URL of a PostgreSQL database', () => {
  it('is refused where it is none, without showing what may be a password', () => {
    for (const url of ['', 'mysql://me:secret@host/db', 'postgresql//me:secret@host', undefined]) {
      const make = () => postgresStore({ url: url as string })
      expect(make).toThrow(OptionError)
      expect(make).toThrow(/such as postgresql:\/\/user/)
      expect(make).not.toThrow(/secret/)
    }
  })

  it('is shown without its password', () => {
    expect(postgresStore({ url: 'postgresql://me:secret@host:5/db?sslmode=require' }).url).toBe(
      'postgresql://me@host:5/db?sslmode=require',
    )
    expect(postgresStore({ url: 'postgresql://me@host/db?password=secret' }).url).toBe(
      'postgresql://me@host/db',
    )
  })

  it('that leads nowhere is an error which says what to look for, and not the password', async () => {
    const error: unknown = await postgresStore({ url: 'postgresql://me:secret@127.0.0.1:1/db' })
      .open('a')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      name: 'StorageError',
      code: 'unreachable',
      message: expect.stringMatching(
        /^postgresql:\/\/me@127\.0\.0\.1:1\/db cannot be reached, .* See whether the server/,
      ),
    })
    expect(`${(error as Error).message} ${String((error as Error).cause)}`).not.toContain('secret')
  })
})

const isThere = postgresPrograms() !== undefined

describe.skipIf(!isThere)(
  `postgresStore${isThere ? '' : ' (skipped: there is no PostgreSQL on this machine)'}`,
  () => {
    let server: PostgresServer | undefined
    beforeAll(async () => {
      server = await startPostgres()
    }, 60_000)
    afterAll(() => server?.stop())

    const freshUrl = async (): Promise<string> => (server as PostgresServer).database()
    const freshStore = async () => postgresStore({ url: await freshUrl() })

    async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        return await use(client)
      } finally {
        await client.end()
      }
    }

    storeConformance(freshStore)
    sharedLogConformance(freshStore, (store) => postgresStore({ url: store.url as string }))

    it('says which database is not there', async () => {
      const url = (await freshUrl()).replace(/postgres\?.*$/, 'nowhere')
      await expect(postgresStore({ url }).open('a')).rejects.toMatchObject({
        code: 'cannotOpen',
        message: expect.stringMatching(/nowhere has no such database\. Make it first/),
      })
    })

    it('says what a user may not do', async () => {
      const url = await freshUrl()
      await withClient(url, (client) =>
        client.query('CREATE ROLE guest LOGIN; GRANT USAGE ON SCHEMA public TO guest'),
      )
      await expect(
        postgresStore({ url: url.replace('troupe@', 'guest@').replace(/test\d+$/, 'public') }).open('a'),
      ).rejects.toMatchObject({
        code: 'readOnly',
        message: expect.stringMatching(/forbids this user to do that: permission denied/),
      })
    })

    it('waits for a lock, and says so when it lasts', async () => {
      const url = await freshUrl()
      const log = await postgresStore({ url }).open('a')
      const impatient = await postgresStore({ url, lockTimeoutMs: 200 }).open('b')
      await withClient(url, async (client) => {
        await client.query('BEGIN; SELECT 1 FROM studies FOR UPDATE')
        const kept = log.append([attr])
        await expect(impatient.append([attr])).rejects.toMatchObject({
          code: 'locked',
          message: expect.stringMatching(/is locked by another client/),
        })
        await client.query('COMMIT')
        await kept
      })
      expect(await postgresStore({ url }).read('a')).toEqual([attr])
      await log.close()
      await impatient.close()
    })

    it('goes on by itself when its connection was cut while it had nothing to do', async () => {
      const url = await freshUrl()
      const log = await postgresStore({ url }).open('a')
      await log.append([attr])
      const { rowCount } = await withClient(url, (client) =>
        client.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'troupe'",
        ),
      )
      expect(rowCount).toBeGreaterThan(0)
      await log.append([attr])
      expect(await postgresStore({ url }).read('a')).toEqual([attr, attr])
      await log.close()
    })

    it('does again what a connection was lost in the middle of', async () => {
      const url = await freshUrl()
      const log = await postgresStore({ url }).open('a')
      await withClient(url, async (client) => {
        await client.query('BEGIN; SELECT 1 FROM studies FOR UPDATE')
        const kept = log.append([attr])
        const waiting =
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'troupe' AND wait_event_type = 'Lock'"
        await expect.poll(async () => (await client.query(waiting)).rowCount).toBe(1)
        await client.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) w`)
        await client.query('COMMIT')
        await kept
      })
      expect(await postgresStore({ url }).read('a')).toEqual([attr])
      await log.close()
    })

    it.each([false, true])(
      'keeps once what it was not told of as kept, since the connection was lost (shared: %s)',
      async (shared) => {
        const url = await freshUrl()
        const proxy = await startProxy(url)
        const log = await postgresStore({ url: proxy.url }).open('a', { shared })
        await log.append([attr])
        proxy.loseNextCommit()
        expect(await log.append([attr, attr])).toBeUndefined()
        expect(proxy.lostCount()).toBe(1)
        expect(await log.append([attr])).toBeUndefined()
        expect(await postgresStore({ url }).read('a')).toEqual([attr, attr, attr, attr])
        await log.close()
        proxy.stop()
      },
    )

    it('waits for a server that starts again', { timeout: 60_000 }, async () => {
      const url = await freshUrl()
      const log = await postgresStore({ url }).open('a')
      let kept: Promise<unknown> = Promise.resolve()
      await server?.restart(async () => {
        kept = log.append([attr])
        const impatient = postgresStore({ url, lockTimeoutMs: 0 })
        await expect(impatient.read('a')).rejects.toMatchObject({ code: 'unreachable' })
      })
      await kept
      expect(await postgresStore({ url }).read('a')).toEqual([attr])
      await log.close()
    })

    it('keeps in the log what the tables of Optuna have no room for', async () => {
      const url = await freshUrl()
      const storage = postgresStore({ url })
      const study = await createStudy({ storage, name: 'a', paramSpace: { x: uniform(0, 1) } })
      const trial = await study.ask()
      const keys = ['k'.repeat(513), 'a\0b', 'ä'.repeat(512)]
      for (const key of keys) trial.setUserAttr(key, 1)
      trial.report(2 ** 31, 0.5)
      await study.tell(trial, 1)
      for (const key of keys) await study.setUserAttr(key, 1)
      await study.tell(await study.ask(), 2)
      await study.close()
      const loaded = await loadStudy({ storage, name: 'a' })
      expect(loaded.trials).toEqual(study.trials)
      expect(Object.keys(loaded.trials[0]?.userAttrs ?? {})).toEqual(keys)
      expect(Object.keys(loaded.userAttrs)).toEqual(keys)
      await loaded.close()
      const found = await withClient(url, (client) =>
        client.query(
          'SELECT "key" FROM trial_user_attributes UNION ALL SELECT "key" FROM study_user_attributes',
        ),
      )
      expect(found.rows.map(({ key }) => key as string)).toEqual([keys[2], keys[2]])
    })

    it('refuses a name that it cannot keep, and has none of it', async () => {
      const store = await freshStore()
      for (const name of ['n'.repeat(513), 'a\0b']) {
        await expect(store.open(name)).rejects.toThrow(OptionError)
        expect(await store.read(name)).toBeUndefined()
        await store.delete(name)
      }
      expect(await store.names()).toEqual([])
    })

    it('refuses an experiment that a process on another machine has open, until that is silent', async () => {
      const url = await freshUrl()
      const store = postgresStore({ url })
      await (await store.open('a')).append([attr])
      await withClient(url, (client) => client.query(FAR))
      await expect(store.open('a')).rejects.toMatchObject({
        code: 'inUse',
        message: expect.stringMatching(/a is held by process 7 on far since .* Stop that process/),
      })
      expect(await store.holder?.('a')).toMatch(/^process 7 on far since .* UTC$/)
      await withClient(url, (client) => client.query('UPDATE troupe_writers SET beat = beat - 31000'))
      expect(await store.holder?.('a')).toBeUndefined()
      const log = await store.open('a')
      expect(log.records).toEqual([attr])
      await log.close()
    })

    it('gives each trial a number of its own, whoever writes at once', { timeout: 60_000 }, async () => {
      const url = await freshUrl()
      const share = async (): Promise<void> => {
        const log = await postgresStore({ url }).open('demo', { shared: true })
        let next = log.records.length
        for (let left = 20; left > 0;) {
          const others = await log.append([
            { at: 1, type: 'trial.enqueued', trial: next, id: `t${next}`, config: {} },
          ])
          if (others) next += others.length
          else {
            next++
            left--
          }
        }
        await log.close()
      }
      await Promise.all(Array.from({ length: 4 }, share))
      const numbers = await withClient(url, (client) =>
        client.query('SELECT number FROM trials ORDER BY trial_id'),
      )
      expect(numbers.rows.map(({ number }) => number as number)).toEqual(
        Array.from({ length: 80 }, (_, i) => i),
      )
    })

    it('writes nothing more to a study that Optuna has deleted', async () => {
      const url = await freshUrl()
      const log = await postgresStore({ url }).open('a', { shared: true })
      const objectives = [{ metric: 'loss', mode: 'min' }] as const
      await log.append([{ at: 0, type: 'study.created', name: 'a', seed: 's', objectives }])
      await withClient(url, (client) =>
        client.query(
          'DELETE FROM study_directions; DELETE FROM study_system_attributes; DELETE FROM studies',
        ),
      )
      await expect(log.append([attr])).rejects.toMatchObject({ code: 'notHeld' })
      await expect(log.poll?.()).rejects.toMatchObject({ code: 'notHeld' })
      await log.close()
      expect(await postgresStore({ url }).names()).toEqual([])
    })

    it('makes its tables once, whoever comes first', async () => {
      const url = await freshUrl()
      const logs = await Promise.all(['a', 'b', 'c', 'd'].map((name) => postgresStore({ url }).open(name)))
      await Promise.all(logs.map((log) => log.append([attr])))
      expect(await postgresStore({ url }).names()).toHaveLength(4)
      await Promise.all(logs.map((log) => log.close()))
    })
  },
)
