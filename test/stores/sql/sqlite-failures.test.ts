import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { OptionError } from '../../../src/errors.ts'
import { sqliteStore, sqliteStoreOfUrl } from '../../../src/stores/sqlite/sqlite-store.ts'
import { createStudy } from '../../../src/study/create-study.ts'
import { NO_SMALL_DISK, removeSmallDisks, smallDisk } from '../../support/small-disk.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-sqlite-'))
})
afterAll(() => rm(folder, { recursive: true }))

const freshPath = (): string => join(folder, `${++fileCount}.db`)
const attr: LogRecord = { at: 1, type: 'study.attr', key: 'k', value: 1 }

function refusal(code: string, text: RegExp) {
  return { name: 'StorageError', code, message: expect.stringMatching(text), cause: expect.anything() }
}

async function changed(change: string, recordCount = 1): Promise<string> {
  const path = freshPath()
  const log = await sqliteStore({ path }).open('a')
  await log.append(Array.from({ length: recordCount }, () => attr))
  await log.close()
  const database = new Database(path)
  database.exec(change)
  database.close()
  return path
}

describe('a database that cannot be used', () => {
  it('because it is none is refused', async () => {
    const path = freshPath()
    await writeFile(path, 'loss,accuracy\n'.repeat(200))
    const store = sqliteStore({ path })
    const told = refusal('corrupt', /is no SQLite database.*Give another file\.$/)
    await expect(store.open('a')).rejects.toMatchObject(told)
    await expect(store.read('a')).rejects.toMatchObject(told)
    await expect(store.names()).rejects.toMatchObject(told)
  })

  it('because it is damaged within is refused', async () => {
    const path = await changed('SELECT 1')
    const database = new Database(path)
    const pageSize = database.pragma('page_size', { simple: true }) as number
    database.pragma('journal_mode = DELETE')
    const root = database.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'troupe_events'").pluck()
    const page = root.get() as number
    database.close()
    const { open } = await import('node:fs/promises')
    const file = await open(path, 'r+')
    await file.write(Buffer.alloc(pageSize, 0xee), 0, pageSize, (page - 1) * pageSize)
    await file.close()
    await expect(sqliteStore({ path }).open('a')).rejects.toMatchObject(
      refusal('corrupt', /is damaged\..*\.recover/),
    )
  })

  it('because its folder is not there is refused, and no file is made by looking', async () => {
    const path = join(folder, 'nowhere', 'a.db')
    await expect(sqliteStore({ path }).open('a')).rejects.toMatchObject(
      refusal('cannotOpen', /there is no such folder\. Make it first/),
    )
    const store = sqliteStore({ path: freshPath() })
    expect(await store.names()).toEqual([])
    expect(await store.read('a')).toBeUndefined()
    await store.delete('a')
    expect(existsSync((store.url as string).slice('sqlite:///'.length))).toBe(false)
  })

  it('because it is a folder is refused', async () => {
    const path = freshPath()
    await mkdir(path)
    await expect(sqliteStore({ path }).open('a')).rejects.toMatchObject(
      refusal('cannotOpen', /cannot be opened/),
    )
  })

  it.each([
    ["UPDATE alembic_version SET version_num = 'v9.9.0.a'", 'newerSchema', /an Optuna that is newer/],
    ["UPDATE alembic_version SET version_num = 'v2.6.0.a'", 'otherSchema', /optuna storage upgrade/],
    ['DROP TABLE alembic_version', 'otherSchema', /not Optuna's/],
    ["UPDATE troupe_meta SET value = '2'", 'newerSchema', /newer Troupe: its tables are of version 2/],
    ["UPDATE troupe_meta SET value = 'x'", 'otherSchema', /Give another database/],
  ])('because of what its tables are is refused: %s', async (change, code, text) => {
    const store = sqliteStore({ path: await changed(change), lockTimeoutMs: 50 })
    const told = { name: 'StorageError', code, message: expect.stringMatching(text) }
    await expect(store.open('a')).rejects.toMatchObject(told)
    await expect(store.read('a')).rejects.toMatchObject(told)
    await expect(store.names()).rejects.toMatchObject(told)
    await expect(store.delete('a')).rejects.toMatchObject(told)
  })

  it.each([
    ['UPDATE troupe_events SET record = substr(record, 2) WHERE position = 1', 'is broken'],
    ["UPDATE troupe_events SET record = 'null' WHERE position = 1", 'is broken'],
    ['DELETE FROM troupe_events WHERE position = 1', 'is missing'],
  ])(
    'because a record of its log is damaged is refused, and the record is named: %s',
    async (change, how) => {
      const store = sqliteStore({ path: await changed(change, 3) })
      const told = {
        name: 'StorageError',
        code: 'corrupt',
        message: expect.stringMatching(`The log of a is damaged: its record at position 1 .* ${how}`),
      }
      await expect(store.read('a')).rejects.toMatchObject(told)
      await expect(store.open('a')).rejects.toMatchObject(told)
      await expect(store.open('a', { shared: true })).rejects.toMatchObject(told)
    },
  )

  it('because an attribute that another program set is no JSON is refused, and the attribute is named', async () => {
    const path = freshPath()
    const study = await createStudy({ storage: sqliteStore({ path }), name: 'a' })
    await study.close()
    const database = new Database(path)
    database.exec(`INSERT INTO trials (number, study_id, state) VALUES (0, 1, 'COMPLETE');
      INSERT INTO trial_user_attributes (trial_id, "key", value_json) VALUES (1, 'note', '{oops')`)
    database.close()
    await expect(sqliteStore({ path }).read('a')).rejects.toMatchObject(
      refusal('corrupt', /The study a is damaged: the attribute note of the trial of trial_id 1 is no JSON/),
    )
  })

  it('loses records that were acknowledged, and what would follow from them is not written', async () => {
    const path = freshPath()
    const log = await sqliteStore({ path }).open('a')
    await log.append([attr, attr, attr])
    const database = new Database(path)
    database.exec('DELETE FROM troupe_events WHERE position > 0')
    database.close()
    await expect(log.append([attr])).rejects.toMatchObject({
      code: 'notHeld',
      message: expect.stringMatching(/has lost the last 2 records of a/),
    })
    expect(await sqliteStore({ path }).read('a')).toEqual([attr])
    await log.close()
  })

  it('since another program is still making its tables is waited for', async () => {
    const path = await changed('DROP TABLE alembic_version')
    const other = new Database(path)
    const version = 'CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)'
    // Now the driver is loaded, and the next one tries within this turn of the event loop.
    await expect(sqliteStore({ path, lockTimeoutMs: 0 }).names()).rejects.toThrow(/made its tables/)
    const names = sqliteStore({ path }).names()
    await new Promise(setImmediate)
    other.exec(version)
    await new Promise(setImmediate)
    other.exec("INSERT INTO alembic_version VALUES ('v3.2.0.a')")
    other.close()
    expect(await names).toEqual(['a'])
  })

  it('holds tables of others and is used beside them', async () => {
    const path = freshPath()
    const database = new Database(path)
    database.exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')")
    database.close()
    const log = await sqliteStore({ path }).open('a')
    await log.append([attr])
    await log.close()
    expect(await sqliteStore({ path }).names()).toEqual(['a'])
  })
})

describe('a file that is open', () => {
  it('and was moved is written to no more, until it is back', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('a')
    await log.append([attr])
    await rename(path, `${path}.elsewhere`)
    const told = { name: 'StorageError', code: 'moved', message: expect.stringMatching(/Put it back/) }
    await expect(log.append([attr])).rejects.toMatchObject(told)
    await expect(log.poll?.()).rejects.toMatchObject(told)
    await writeFile(path, '')
    await expect(log.append([attr])).rejects.toMatchObject(told)
    await rename(`${path}.elsewhere`, path)
    await log.append([attr])
    await log.close()
    expect(await sqliteStore({ path }).read('a')).toEqual([attr, attr])
  })

  it('and was deleted is a new one once it was closed', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('a')
    await log.append([attr])
    for (const end of ['', '-wal', '-shm']) await rm(`${path}${end}`)
    await expect(log.append([attr])).rejects.toMatchObject({ code: 'moved' })
    await log.close()
    const fresh = await store.open('a')
    expect(fresh.records).toEqual([])
    await fresh.append([attr])
    await fresh.close()
  })
})

describe('a path', () => {
  it('is refused where it is none', () => {
    expect(() => sqliteStore({ path: '' })).toThrow(OptionError)
    expect(() => sqliteStore({ path: ':memory:' })).toThrow(/memoryStore\(\)/)
    expect(() => sqliteStore({} as never)).toThrow(OptionError)
  })

  it('is relative after three slashes of a URL, absolute after four', () => {
    expect(sqliteStoreOfUrl('///study.db').folder).toBe('study.db.files')
    expect(sqliteStoreOfUrl('////data/study.db').folder).toBe('/data/study.db.files')
    expect(sqliteStoreOfUrl('////data/study.db').url).toBe('sqlite:////data/study.db')
    for (const rest of ['study.db', '//study.db', '///', ''])
      expect(() => sqliteStoreOfUrl(rest)).toThrow(/as in sqlite:\/\/\/study\.db/)
  })
})

describe('a disk', () => {
  afterEach(removeSmallDisks)

  it('that is full fails the append, and what was acknowledged is there', async ({ skip }) => {
    const disk = smallDisk('1m')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    const [path, ballast] = [join(disk.path, 'a.db'), join(disk.path, 'ballast')]
    await writeFile(ballast, Buffer.alloc(400_000))
    const store = sqliteStore({ path })
    const log = await store.open('a')
    const value = 'x'.repeat(10_000)
    let count = 0
    const fill = async (): Promise<void> => {
      for (;;) {
        await log.append([{ at: count, type: 'study.attr', key: 'k', value }])
        count++
      }
    }
    await expect(fill()).rejects.toMatchObject(refusal('diskFull', /the disk is full\. Make room/))
    expect(count).toBeGreaterThan(5)
    expect(await store.read('a')).toHaveLength(count)
    // With room again it goes on.
    await rm(ballast)
    await log.append([attr])
    await log.close()
    expect(await store.read('a')).toHaveLength(count + 1)
  })

  it('that may only be read says so', async ({ skip }) => {
    const disk = smallDisk('8m')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    const store = sqliteStore({ path: join(disk.path, 'a.db') })
    const log = await store.open('a')
    await log.append([attr])
    await log.close()
    disk.makeReadOnly()
    const told = refusal('readOnly', /cannot be written to\. Give its owner the right/)
    await expect(store.open('a')).rejects.toMatchObject(told)
    await expect(sqliteStore({ path: join(disk.path, 'b.db') }).open('a')).rejects.toMatchObject(told)
  })
})
