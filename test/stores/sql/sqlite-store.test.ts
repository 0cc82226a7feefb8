import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { markText, thisProcess } from '../../../src/stores/process-mark.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import { storeConformance } from '../conformance.ts'
import { sharedLogConformance } from '../shared-conformance.ts'

let folder = ''
let fileCount = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'troupe-sqlite-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** When a process began, as its mark has it. */
function startOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string
}

const attr: LogRecord = { at: 1, type: 'study.attr', key: 'k', value: 1 }
const freshPath = (): string => join(folder, `${++fileCount}.db`)

describe('sqliteStore', () => {
  storeConformance(() => sqliteStore({ path: freshPath() }))
  sharedLogConformance(
    () => sqliteStore({ path: freshPath() }),
    (store) => sqliteStore({ path: (store.url as string).replace('sqlite:///', '') }),
  )

  it('is one whole file once nothing is open any more', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const logs = await Promise.all(['a', 'b'].map((name) => store.open(name)))
    await logs[0]?.append([attr])
    await logs[0]?.close()
    await logs[1]?.append([attr])
    expect(existsSync(`${path}-wal`)).toBe(true)
    await logs[1]?.close()
    expect(existsSync(`${path}-wal`)).toBe(false)
    expect(await store.names()).toEqual(['a', 'b'])
  })

  it('opens again by itself when it was closed', async () => {
    const store = sqliteStore({ path: freshPath() })
    const log = await store.open('a')
    await log.append([attr])
    await store.close?.()
    await log.append([attr])
    await log.close()
    expect(await store.read('a')).toEqual([attr, attr])
  })

  it('keeps no name of what was opened and never written to', async () => {
    const store = sqliteStore({ path: freshPath() })
    const log = await store.open('a')
    expect(await store.names()).toEqual([])
    await log.close()
    expect(await store.names()).toEqual([])
    expect(await store.read('a')).toBeUndefined()
  })

  it('has an experiment of another machine for itself once that was silent for 30 s', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const before = await store.open('a')
    await before.append([attr])
    const heard = (change: string): void => {
      const database = new Database(path)
      database.exec(`UPDATE troupe_writers SET host = 'far', ${change}`)
      database.close()
    }
    heard("process = '7.1.1.1.far'")
    await expect(store.open('a')).rejects.toMatchObject({
      code: 'inUse',
      message: expect.stringMatching(/^a is held by process 7 on far since .*which was \d+ s ago/),
    })
    expect(await store.holder?.('a')).toMatch(/^process 7 on far since .* UTC$/)
    heard('beat = beat - 30000')
    expect(await store.holder?.('a')).toBeUndefined()
    const log = await store.open('a')
    await expect(before.append([attr])).rejects.toMatchObject({ code: 'notHeld' })
    await log.append([attr])
    await log.close()
    await before.close()
    expect(await store.read('a')).toEqual([attr, attr])
  })

  it('leaves an experiment to a process that is alive, however long it says nothing', async ({ skip }) => {
    if (process.platform !== 'linux') return skip('needs /proc')
    const path = freshPath()
    const store = sqliteStore({ path })
    await (await store.open('a')).append([attr])
    const database = new Database(path)
    const neighbour = { ...thisProcess(), pid: process.ppid, start: startOf(process.ppid) }
    database.prepare('UPDATE troupe_writers SET process = ?, beat = beat - 90000').run(markText(neighbour))
    database.close()
    await expect(store.open('a')).rejects.toMatchObject({
      code: 'inUse',
      message: expect.stringMatching(`^a is held by process ${process.ppid} since .* UTC. Stop that process`),
    })
  })

  it('is held by nobody in a copy of its file', async () => {
    const path = freshPath()
    const store = sqliteStore({ path })
    const log = await store.open('a')
    await log.append([attr])
    const database = new Database(path)
    await database.backup(`${path}.copy`)
    database.close()
    const copy = sqliteStore({ path: `${path}.copy` })
    expect(await store.holder?.('a')).toContain(`process ${process.pid} since`)
    expect(await copy.holder?.('a')).toBeUndefined()
    const again = await copy.open('a')
    await again.append([attr])
    await log.append([attr])
    await again.close()
    await log.close()
  })

  it('carries out what belongs together as a whole, or not at all', async () => {
    const path = freshPath()
    const log = await sqliteStore({ path }).open('a')
    await log.append([attr])
    const database = new Database(path)
    database.exec("CREATE TRIGGER odd BEFORE INSERT ON trials BEGIN SELECT RAISE(ABORT, 'no trials'); END")
    const enqueued: LogRecord = { at: 1, type: 'trial.enqueued', trial: 0, id: 't', config: {} }
    await expect(log.append([attr, enqueued])).rejects.toMatchObject({
      name: 'StorageError',
      code: 'database',
      message: expect.stringMatching(/failed: no trials/),
    })
    expect(await sqliteStore({ path }).read('a')).toEqual([attr])
    database.exec('DROP TRIGGER odd')
    await log.append([attr, enqueued])
    expect(database.prepare('SELECT number, state FROM trials').raw().all()).toEqual([[0, 'WAITING']])
    database.close()
    await log.close()
  })
})
