import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import { type Child, type Children, prepareChildren } from './child.ts'

let folder = ''
let fileCount = 0
let children: Children | undefined
const startChild = (...args: [what: string, path: string, ...rest: string[]]): Child =>
  (children as Children).start(...args)
beforeAll(async () => {
  children = await prepareChildren()
  folder = await mkdtemp(join(tmpdir(), 'troupe-sqlite-'))
})
afterAll(async () => {
  await children?.remove()
  await rm(folder, { recursive: true })
})

const freshPath = (): string => join(folder, `${++fileCount}.db`)
const attr: LogRecord = { at: 1, type: 'study.attr', key: 'k', value: 1 }

function isWhole(path: string): void {
  const database = new Database(path)
  expect(database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }])
  database.close()
}

describe('several processes on one file', () => {
  it('give each trial a number of its own, and hear of no lock', { timeout: 120_000 }, async () => {
    const path = freshPath()
    const four = Array.from({ length: 4 }, () => startChild('share', path, '50'))
    expect(await Promise.all(four.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
    const records = (await sqliteStore({ path }).read('demo')) ?? []
    const enqueued = records.flatMap((record) => (record.type === 'trial.enqueued' ? [record] : []))
    expect(enqueued.map(({ trial }) => trial)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    expect(new Set(enqueued.map(({ config }) => (config as { by: number }).by)).size).toBe(4)
    const database = new Database(path)
    expect(database.prepare('SELECT number FROM trials ORDER BY trial_id').pluck().all()).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    )
    database.close()
    isWhole(path)
  })

  it('cannot have the same experiment open, unless the other one is gone', { timeout: 60_000 }, async () => {
    const path = freshPath()
    const child = startChild('hold', path)
    await child.said(1)
    const store = sqliteStore({ path })
    await expect(store.open('demo')).rejects.toMatchObject({
      name: 'StorageError',
      code: 'inUse',
      message: expect.stringMatching(
        new RegExp(`^demo is held by process ${child.pid} since \\d{4}-.* Stop that process, or give`),
      ),
    })
    await expect(store.open('demo', { shared: true })).rejects.toMatchObject({ code: 'inUse' })
    expect(await store.holder?.('demo')).toMatch(new RegExp(`^process ${child.pid} since \\d{4}-.* UTC$`))
    // Another one is nobody's.
    await (await store.open('other')).close()
    await child.kill()
    expect(await store.holder?.('demo')).toBeUndefined()
    const log = await store.open('demo')
    await log.append([attr])
    expect(await store.read('demo')).toEqual([attr])
    await log.close()
  })

  it('wait for each other, and hear of a lock only when it lasts', { timeout: 60_000 }, async () => {
    const path = freshPath()
    const log = await sqliteStore({ path }).open('demo')
    const impatient = await sqliteStore({ path, lockTimeoutMs: 200 }).open('other')
    const child = startChild('lock', path)
    await child.said(1)
    const kept = log.append([attr])
    await expect(impatient.append([attr])).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringMatching(/is locked by another process, .* close it\.$/),
    })
    child.tell()
    await kept
    expect(await child.ended).toBe(0)
    expect(await sqliteStore({ path }).read('demo')).toEqual([attr])
    expect(await sqliteStore({ path }).read('other')).toBeUndefined()
    await log.close()
    await impatient.close()
  })
})

describe('a process that is killed', () => {
  it('at any moment loses nothing that was acknowledged', { timeout: 240_000 }, async () => {
    const killed = async (i: number): Promise<void> => {
      const path = freshPath()
      const child = startChild('append', path, i % 2 === 0 ? 'trial' : 'report')
      // Some at once, some later: where exactly depends on the machine.
      await child.said(1 + 7 * i)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
      await child.kill()
      isWhole(path)
      const store = sqliteStore({ path })
      const records = (await store.read('demo')) ?? []
      expect(records.length).toBeGreaterThanOrEqual(3 * acknowledged(child))
      // A batch is there as a whole or not at all.
      expect(records.length % 3).toBe(0)
      expect(records.map((record) => 'trial' in record && record.trial)).toEqual(
        records.map((_, j) => Math.floor(j / 3)),
      )
      const log = await store.open('demo')
      await log.append([attr])
      await log.close()
    }
    for (let i = 0; i < 10; i += 2) await Promise.all([killed(i), killed(i + 1)])
  })
})

function acknowledged({ lines }: Child): number {
  return Number(lines.at(-1))
}
