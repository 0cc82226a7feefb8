import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointContent, restoredCheckpoint } from '../../src/checkpoints/checkpoint-content.ts'
import { OptionError, StorageError } from '../../src/errors.ts'
import { temporaryFolder } from '../stores/journal/children.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

async function bytesOf(value: unknown): Promise<Uint8Array> {
  const content = checkpointContent(value)
  if (content instanceof Uint8Array) return content
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

const thereAndBack = async (value: unknown) => (await restoredCheckpoint(await bytesOf(value))).value

describe('a value as a checkpoint', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['numbers', [NaN, Infinity, -Infinity, -0, 1e-300]],
    ['a large integer', 2n ** 100n],
    ['text', 'wéights \u{1F3AD} \0'],
    ['maps and sets', new Map<unknown, unknown>([[NaN, new Set([1, 'x'])]])],
    ['a date and an expression', { at: new Date(5), by: /x+/giu }],
    ['typed arrays', { w: new Float32Array([1, NaN]), i: new BigInt64Array([-1n]), b: new ArrayBuffer(3) }],
    ['holes', [1, , 3]], // oxlint-disable-line no-sparse-arrays
    ['what is no folder, though it says so', { directory: 7 }],
  ])('comes back as it was: %s', async (_what, value) => {
    const back = await thereAndBack(value)
    expect(back).toStrictEqual(value)
    expect(JSON.stringify(back, bigints)).toBe(JSON.stringify(value, bigints))
  })

  it('keeps what its parts have to do with each other', async () => {
    const weights = new Float32Array([1, 2, 3, 4])
    const value: Record<string, unknown> = {
      weights,
      tail: weights.subarray(2),
      error: new RangeError('far'),
    }
    value['self'] = value
    const back = (await thereAndBack(value)) as typeof value & { weights: Float32Array; tail: Float32Array }
    expect(back['self']).toBe(back)
    expect(back['error']).toMatchObject({ name: 'RangeError', message: 'far' })
    expect(back.weights.buffer.byteLength).toBe(16)
    back.weights[2] = 9
    expect(back.tail[0]).toBe(9)
  })

  it('comes back as it was, whatever it is made of', async () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    })
    await fc.assert(
      fc.asyncProperty(anything, async (value) => {
        expect(await thereAndBack(value)).toEqual(value)
      }),
    )
  })

  it('is what it was when it was given', async () => {
    const value = { step: 1 }
    const content = checkpointContent(value) as Uint8Array
    value.step = 2
    expect((await restoredCheckpoint(content)).value).toEqual({ step: 1 })
  })

  it.each([
    ['a function', { step: () => 1 }],
    ['shared memory', { buffer: new SharedArrayBuffer(8) }],
    ['a symbol', Symbol('x')],
  ])('cannot be %s', (_what, value) => {
    expect(() => checkpointContent(value)).toThrow(OptionError)
    expect(() => checkpointContent(value)).toThrow('checkpoint cannot be kept')
  })
})

const bigints = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)

describe('a folder as a checkpoint', () => {
  const weights = Buffer.alloc(300_000, 'w')
  let made = 0
  function someFolder(): string {
    const path = join(folder.path, `model-${++made}`)
    mkdirSync(join(path, 'layers', 'empty'), { recursive: true })
    writeFileSync(join(path, 'weights.bin'), weights)
    writeFileSync(join(path, 'layers', 'ümlaut.json'), '{}')
    writeFileSync(join(path, 'nothing'), '')
    writeFileSync(join(path, 'run.sh'), '#!/bin/sh\n')
    chmodSync(join(path, 'run.sh'), 0o750)
    symlinkSync('weights.bin', join(path, 'latest'))
    return path
  }

  it('comes back as a fresh one, with all that was in it', async () => {
    const directory = someFolder()
    const restored = await restoredCheckpoint(await bytesOf({ directory, epoch: 3, seen: new Set([1]) }))
    const back = restored.value as { readonly directory: string }
    expect(back).toEqual({ directory: expect.any(String) as string, epoch: 3, seen: new Set([1]) })
    expect(back.directory).not.toBe(directory)
    const names = (path: string) => readdirSync(path, { recursive: true }).toSorted()
    expect(names(back.directory)).toEqual(names(directory))
    expect(readFileSync(join(back.directory, 'weights.bin'))).toEqual(weights)
    expect(readFileSync(join(back.directory, 'layers', 'ümlaut.json'), 'utf8')).toBe('{}')
    expect(statSync(join(back.directory, 'run.sh')).mode & 0o777).toBe(0o750)
    expect(readlinkSync(join(back.directory, 'latest'))).toBe('weights.bin')
    await restored.remove()
    expect(() => statSync(back.directory)).toThrow('ENOENT')
  })

  it('may be empty', async () => {
    const directory = join(folder.path, 'empty')
    mkdirSync(directory)
    const { value, remove } = await restoredCheckpoint(await bytesOf({ directory }))
    expect(readdirSync((value as { directory: string }).directory)).toEqual([])
    await remove()
  })

  it('is removed by the next process, when the one that had it restored was killed', async () => {
    const content = new URL('../../src/checkpoints/checkpoint-content.ts', import.meta.url).href
    const directory = someFolder()
    const program = `
      const { checkpointContent, restoredCheckpoint } = await import(${JSON.stringify(content)})
      const pieces = []
      for await (const piece of checkpointContent({ directory: ${JSON.stringify(directory)} })) pieces.push(piece)
      const { value } = await restoredCheckpoint(Buffer.concat(pieces))
      console.log(value.directory)
      if (process.argv.at(-1) === 'killed') process.kill(process.pid, 'SIGKILL')`
    const run = (how: string): string =>
      spawnSync(
        process.execPath,
        ['--conditions=@troupe/source', '--import', 'tsx', '--input-type=module', '--eval', program, how],
        { encoding: 'utf8' },
      ).stdout.trim()
    const left = run('killed')
    expect(existsSync(left)).toBe(true)
    const own = run('ends')
    expect(own).toContain('troupe-checkpoint-')
    expect([left, own].map((path) => existsSync(path))).toEqual([false, false])
  })

  it('has to be there', async () => {
    await expect(bytesOf({ directory: join(folder.path, 'nowhere') })).rejects.toMatchObject({
      name: 'OptionError',
      option: 'checkpoint',
      message: expect.stringContaining('nowhere') as string,
    })
  })

  it('may not be larger than what can come back', async ({ skip }) => {
    const directory = join(folder.path, 'huge')
    mkdirSync(directory)
    writeFileSync(join(directory, 'small'), 'x')
    writeFileSync(join(directory, 'weights'), '')
    try {
      // Takes no room: it is all holes.
      truncateSync(join(directory, 'weights'), constants.MAX_LENGTH)
    } catch {
      return skip('this disk has no room for large files')
    }
    await expect(bytesOf({ directory })).rejects.toMatchObject({
      name: 'OptionError',
      option: 'checkpoint',
      message: expect.stringContaining('GiB') as string,
    })
  })

  it('may not change while it is read', async () => {
    const directory = someFolder()
    const content = checkpointContent({ directory }) as AsyncIterable<Uint8Array>
    const read = (async () => {
      for await (const piece of content) {
        if (String(Buffer.from(piece)).includes('"path":"weights.bin"'))
          writeFileSync(join(directory, 'weights.bin'), 'short')
      }
    })()
    await expect(read).rejects.toMatchObject({ name: 'OptionError', option: 'checkpoint' })
  })

  it('may not hold what is no file', async ({ skip }) => {
    if (process.platform === 'win32') return skip('sockets have no files there')
    const directory = join(folder.path, 's')
    mkdirSync(directory)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve))
    await expect(bytesOf({ directory })).rejects.toMatchObject({ name: 'OptionError', option: 'checkpoint' })
    await new Promise((resolve) => server.close(resolve))
  })

  it('is refused when it was cut anywhere', async () => {
    const directory = join(folder.path, 'small')
    mkdirSync(join(directory, 'a'), { recursive: true })
    writeFileSync(join(directory, 'a', 'b'), 'content')
    const content = await bytesOf({ directory })
    for (let size = 0; size < content.length; size++) {
      await expect(restoredCheckpoint(content.subarray(0, size))).rejects.toMatchObject({
        name: 'StorageError',
        code: 'unreadable',
      })
    }
  })

  it.each(['../x', '/x', 'a/../../x', 'latest/x', './x', 'x//y', '..\\x', ''])(
    'is refused when it would write to %j',
    async (path) => {
      const head = await bytesOf({ directory: join(folder.path, 'empty') })
      const link = entry({ path: 'latest', kind: 'link', to: folder.path })
      const bad = entry({ path, kind: 'file', size: 0, mode: 0o600 })
      const content = Buffer.concat([head.subarray(0, -4), link, bad, Buffer.alloc(4)])
      await expect(restoredCheckpoint(content)).rejects.toMatchObject({ code: 'unreadable' })
    },
  )

  function entry(fields: object): Uint8Array {
    const text = Buffer.from(JSON.stringify(fields))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(text.length)
    return Buffer.concat([length, text])
  }
})

describe('the content of a checkpoint', () => {
  it('is refused when a newer version of Troupe wrote it', async () => {
    const content = (await bytesOf(1)).slice()
    content[0] = 2
    await expect(restoredCheckpoint(content)).rejects.toMatchObject({ code: 'newerSchema' })
  })

  it('is refused when a newer version of Node wrote it', async () => {
    const content = (await bytesOf({ a: 1 })).slice()
    content[3] = 200
    await expect(restoredCheckpoint(content)).rejects.toMatchObject({
      code: 'newerSchema',
      message: expect.stringContaining('Node') as string,
    })
  })

  it.each([
    ['nothing', []],
    ['zeros', [0, 0, 0, 0, 0, 0, 0, 0]],
    ['of an unknown kind', [1, 9, 255, 15]],
    ['without its marks', [...serialize({ a: 1 })]],
  ])('is refused when it is %s', async (_what, content) => {
    await expect(restoredCheckpoint(Uint8Array.from(content))).rejects.toThrow(StorageError)
  })

  it.each([13, 14, 15])('is read when it was written in the format %d of V8', async (format) => {
    const content = Uint8Array.from([1, 0, 0xff, format, ...Buffer.from('o"\x01aI\x02{\x01', 'latin1')])
    expect((await restoredCheckpoint(content)).value).toEqual({ a: 1 })
  })
})
