import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import { folderOfPrefix, keyOfNames, pathOfKey } from '../../src/checkpoints/key-path.ts'
import { bundled, startChild, temporaryFolder } from '../stores/journal/children.ts'
import { checkpointConformance } from './conformance.ts'
import { NO_SMALL_DISK, removeSmallDisks, smallDisk } from '../support/small-disk.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (content: Uint8Array) => new TextDecoder().decode(content)

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let putForever: string
beforeAll(async () => {
  folder = await temporaryFolder()
  putForever = await bundled(join(import.meta.dirname, 'put-forever.ts'), folder.path)
})
afterEach(removeSmallDisks)
afterAll(() => folder.remove())

let folders = 0
const freshFolder = () => join(folder.path, `${++folders}`, 'checkpoints')

describe('fileCheckpoints', () => {
  checkpointConformance(() => fileCheckpoints({ folder: freshFolder() }))

  it('removes folders with nothing in them', async () => {
    const root = freshFolder()
    const store = fileCheckpoints({ folder: root })
    for (const key of ['a/trial-1/000001-1', 'a/trial-10/000001-1']) await store.put(key, bytes(key))
    await store.delete('a/trial-1/000001-1')
    expect(readdirSync(join(root, 'a'))).toEqual(['trial-10'])
  })

  it('leaves nothing of what breaks off', async () => {
    const root = freshFolder()
    const store = fileCheckpoints({ folder: root })
    await store.put('k', bytes('old'))
    const breaking = (async function* () {
      yield bytes('half of ')
      throw new RangeError('out of weights')
    })()
    await expect(store.put('k', breaking)).rejects.toMatchObject({ name: 'StorageError' })
    expect(readdirSync(join(root, '.unfinished'))).toEqual([])
  })

  it('says that the disk is full, and keeps what was there', async ({ skip }) => {
    const disk = smallDisk('512k')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    const store = fileCheckpoints({ folder: disk.path })
    await store.put('k', new Uint8Array(100_000).fill(1))
    const put = store.put('k', new Uint8Array(600_000).fill(2))
    await expect(put).rejects.toMatchObject({ name: 'StorageError', code: 'diskFull' })
    expect(await store.get('k')).toEqual(Buffer.alloc(100_000, 1))
    await store.put('k', new Uint8Array(300_000).fill(3))
  })

  it('says that it may not write', async ({ skip }) => {
    const disk = smallDisk('512k')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    await fileCheckpoints({ folder: disk.path }).put('k', bytes('old'))
    disk.makeReadOnly()
    const store = fileCheckpoints({ folder: disk.path })
    await expect(store.put('k', bytes('new'))).rejects.toMatchObject({ code: 'readOnly' })
    await expect(store.delete('k')).rejects.toMatchObject({ code: 'readOnly' })
    expect(textOf(await store.get('k'))).toBe('old')
  })

  it('refuses what is no folder', async () => {
    expect(() => fileCheckpoints({ folder: '' })).toThrow('fileCheckpoints.folder')
    // @ts-expect-error a folder is needed
    expect(() => fileCheckpoints({})).toThrow("fileCheckpoints({ folder: 'checkpoints' })")
    const file = join(folder.path, 'a-file')
    writeFileSync(file, '')
    await expect(fileCheckpoints({ folder: file }).put('k', bytes(''))).rejects.toMatchObject({
      code: 'cannotOpen',
    })
  })
})

describe('a process that is killed while it puts a checkpoint', () => {
  it(
    'leaves the one before, and what it had begun is removed by the next',
    { timeout: 180_000 },
    async () => {
      const root = freshFolder()
      const child = startChild(putForever, [root, 'stuck'])
      await child.said(2)
      expect(child.lines).toEqual(['1', 'stuck'])
      const alive = fileCheckpoints({ folder: root })
      await alive.put('other', bytes('x'))
      expect(readdirSync(join(root, '.unfinished'))).toHaveLength(1)
      await child.kill()
      const store = fileCheckpoints({ folder: root })
      expect(await store.get('demo/trial-0/000001-1')).toEqual(Buffer.alloc(300_000, 1))
      await store.put('other', bytes('x'))
      expect(readdirSync(join(root, '.unfinished'))).toEqual([])
      expect(await store.list('')).toEqual(['demo/trial-0/000001-1', 'other'])
    },
  )

  it('leaves whole ones, whenever that is', { timeout: 180_000 }, async () => {
    const root = freshFolder()
    const store = fileCheckpoints({ folder: root })
    for (let round = 1; round <= 5; round++) {
      const child = startChild(putForever, [root])
      await child.said(round)
      await child.kill()
      const content = await store.get('demo/trial-0/000001-1')
      const letter = content[0] as number
      expect(content).toEqual(Buffer.alloc(300_000, letter))
      const last = Number(child.lines.at(-1))
      expect([last, last + 1]).toContain(letter)
    }
  })
})

describe('the file of a key', () => {
  it('has a readable name', () => {
    expect(pathOfKey('/c', 'digits/trial-3/000012-1')).toBe('/c/digits/trial-3/000012-1.checkpoint')
    expect(pathOfKey('/c', 'with space/../ü')).toBe('/c/with%20space/%2e%2e/%c3%bc.checkpoint')
    expect(pathOfKey('/c', '')).toBe('/c/%.checkpoint')
    expect(folderOfPrefix('/c', 'digits/tri')).toBe('/c/digits')
  })

  it('is that of no other key, and takes any text', () => {
    const key = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('a', 'A', '/', '.', '+', '%', '-', 'ü', ' ', '\0', '\n') }),
      fc.string({ minLength: 190, maxLength: 700, unit: fc.constantFrom('x', 'ü', '/') }),
    )
    fc.assert(
      fc.property(key, (text) => {
        const names = pathOfKey('/c', text).slice(3).split('/')
        expect(keyOfNames(names)).toBe(text)
        expect(names.every((name) => name.length <= 220 && /^[\w%+-]+(\.checkpoint)?$/.test(name))).toBe(true)
      }),
    )
  })

  it('can be a long one', async () => {
    const store = fileCheckpoints({ folder: freshFolder() })
    const key = `${'ü'.repeat(500)}/trial-0/000001-1`
    await store.put(key, bytes('x'))
    expect(await store.list('ü')).toEqual([key])
    expect(await store.list(key.slice(0, 505))).toEqual([key])
    expect(textOf(await store.get(key))).toBe('x')
  })
})

describe('what else lies in the folder', () => {
  it('is no checkpoint', async () => {
    const root = freshFolder()
    const store = fileCheckpoints({ folder: root })
    await store.put('k', bytes('x'))
    writeFileSync(join(root, '.DS_Store'), '')
    writeFileSync(join(root, 'notes.txt'), '')
    expect(await store.list('')).toEqual(['k'])
    expect(readFileSync(join(root, 'k.checkpoint'), 'utf8')).toBe('x')
    rmSync(join(root, 'k.checkpoint'))
    await expect(store.get('k')).rejects.toMatchObject({ code: 'notFound' })
  })
})
