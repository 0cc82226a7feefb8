import { mkdtemp, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Children, prepareChildren } from './child.ts'

let folder = ''
let children: Children | undefined
const startChildWithout = (missing: string, what: string, path: string) =>
  (children as Children).startWithout(missing, what, path)
beforeAll(async () => {
  children = await prepareChildren()
  folder = await mkdtemp(join(tmpdir(), 'troupe-drivers-'))
})
afterAll(async () => {
  await children?.remove()
  await rm(folder, { recursive: true })
})

describe('a driver that is not installed', () => {
  const hasOwn = isBuiltin('node:sqlite')

  it(`of SQLite is ${hasOwn ? "made up for by Node's own" : 'missed, with the ways out'}`, async () => {
    const child = startChildWithout('better-sqlite3', 'write', join(folder, 'a.db'))
    await child.said(1)
    expect(child.lines[0]).toMatch(
      hasOwn ? /^kept 3$/ : /^driverMissing: .*npm rebuild better-sqlite3.*Node 22 or newer.*journal:\/\/\//,
    )
    await child.ended
  })

  it('of PostgreSQL is missed, with the way out', async () => {
    const child = startChildWithout('pg', 'write', 'postgresql://me@127.0.0.1:1/db')
    await child.said(1)
    expect(child.lines[0]).toMatch(/^driverMissing: postgresStore needs the package pg.*npm install pg\.$/)
    await child.ended
  })
})
