import { createHash, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import type { CheckpointStore } from '../../src/checkpoints/checkpoint-store.ts'
import { forgetCheckpoints } from '../../src/checkpoints/experiment-keys.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (content: Uint8Array) => new TextDecoder().decode(content)

/**
 * What every checkpoint store promises, as tests.
 * @param makeStore - A store with nothing in it.
 */
export function checkpointConformance(makeStore: () => CheckpointStore | Promise<CheckpointStore>): void {
  it('has nothing at first', async () => {
    const store = await makeStore()
    expect(await store.list('')).toEqual([])
    await store.delete('k')
    await expect(store.get('k')).rejects.toMatchObject({ name: 'StorageError', code: 'notFound' })
  })

  it('gives back what was put, with its size and checksum', async () => {
    const store = await makeStore()
    const content = bytes('wéights')
    const sha256 = createHash('sha256').update(content).digest('hex')
    expect(await store.put('demo/trial-0/000001-1', content)).toEqual({ size: 8, sha256 })
    expect(textOf(await store.get('demo/trial-0/000001-1'))).toBe('wéights')
  })

  it('takes content in pieces, whose memory may be used again', async () => {
    const store = await makeStore()
    const memory = bytes('one ')
    const pieces = (async function* () {
      yield memory
      memory.set(bytes('two '))
      yield memory
    })()
    const kept = await store.put('k', pieces)
    expect(kept).toEqual(await store.put('other', bytes('one two ')))
    expect(textOf(await store.get('k'))).toBe('one two ')
  })

  it.each([
    ['nothing', 0],
    ['2 MiB', 2 ** 21],
    ['a byte more', 2 ** 21 + 1],
    ['several MB', 5_000_001],
  ])('takes %s, whole or in pieces', { timeout: 60_000 }, async (_words, size) => {
    const store = await makeStore()
    const content = randomBytes(size)
    const pieces = (async function* () {
      for (let start = 0; start < size; start += 700_001) yield content.subarray(start, start + 700_001)
    })()
    const sha256 = createHash('sha256').update(content).digest('hex')
    expect(await store.put('whole', content)).toEqual({ size, sha256 })
    expect(await store.put('pieces', pieces)).toEqual({ size, sha256 })
    for (const key of ['whole', 'pieces']) expect(content.equals(await store.get(key))).toBe(true)
    expect(await store.list('')).toEqual(['pieces', 'whole'])
  })

  it('replaces what was there', async () => {
    const store = await makeStore()
    await store.put('k', bytes('old'))
    await store.put('k', bytes('new'))
    expect(textOf(await store.get('k'))).toBe('new')
  })

  it('lists keys by what they begin with, and forgets single ones', async () => {
    const store = await makeStore()
    const keys = [
      'a/trial-1/000001-1',
      'a/trial-1/000002-1',
      'a/trial-10/000001-1',
      'b/trial-1/000001-1',
      'a',
      'with % and _ and ümläut/😀',
    ]
    for (const key of keys) await store.put(key, bytes(key))
    expect(await store.list('')).toEqual(keys.toSorted())
    expect(await store.list('a/trial-1')).toEqual(keys.slice(0, 3))
    expect(await store.list('a/trial-1/')).toEqual(keys.slice(0, 2))
    expect(await store.list('with % and _')).toEqual(keys.slice(5))
    expect(await store.list('_')).toEqual([])
    expect(await store.list('c')).toEqual([])
    await store.delete('a/trial-1/000001-1')
    await store.delete('a/trial-1/000001-1')
    await store.delete('never/there')
    expect(await store.list('a/trial-1/')).toEqual(['a/trial-1/000002-1'])
  })

  it('puts and deletes neighbours at the same time', async () => {
    const store = await makeStore()
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        await store.put(`demo/trial-0/${i}`, bytes(String(i)))
        if (i % 4 > 0) await store.delete(`demo/trial-0/${i}`)
      }),
    )
    expect(await store.list('')).toHaveLength(10)
  })

  it('keeps the old content when the new one breaks off', async () => {
    const store = await makeStore()
    await store.put('k', bytes('old'))
    const breaking = (async function* () {
      yield new Uint8Array(3_000_000)
      throw new RangeError('out of weights')
    })()
    await expect(store.put('k', breaking)).rejects.toMatchObject({
      name: 'StorageError',
      cause: { message: 'out of weights' },
    })
    expect(textOf(await store.get('k'))).toBe('old')
    expect(await store.list('')).toEqual(['k'])
  })

  it('forgets all of an experiment, and nothing of those whose names begin with its own', async () => {
    const store = await makeStore()
    const others = ['a/b/trial-1/000001-1', 'ab/trial-1/000001-1', 'a/notes']
    const own = ['a/trial-1/000001-1', 'a/trial-12/1000000-3', 'a/searcher/000000000012-0a1f']
    for (const key of [...own, ...others]) await store.put(key, bytes('x'))
    await forgetCheckpoints(store, 'a')
    expect(await store.list('')).toEqual(others.toSorted())
  })
}
