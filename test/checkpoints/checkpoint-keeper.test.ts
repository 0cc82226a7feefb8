import {
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  mkdirSync,
  existsSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  CheckpointKeeper,
  type CorruptCheckpoint,
  type KeptCheckpoint,
} from '../../src/checkpoints/checkpoint-keeper.ts'
import type { CheckpointStore } from '../../src/checkpoints/checkpoint-store.ts'
import { fileCheckpoints } from '../../src/checkpoints/file-checkpoints.ts'
import { pathOfKey } from '../../src/checkpoints/key-path.ts'
import type { Retention } from '../../src/checkpoints/retention.ts'
import { temporaryFolder } from '../stores/journal/children.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

let folders = 0
function keeperOf(retention: Retention = {}, root = join(folder.path, `${++folders}`)) {
  const corrupt: CorruptCheckpoint[] = []
  const store = fileCheckpoints({ folder: root })
  const keeper = new CheckpointKeeper({
    store,
    name: 'demo',
    retention,
    onCorrupt: (found) => corrupt.push(found),
  })
  const fileOf = ({ key }: KeptCheckpoint) => pathOfKey(root, key)
  return { keeper, store, corrupt, fileOf, root }
}

/** As it is done with each: its content, then its line of the log, and then what it makes superfluous goes. */
async function keep(
  keeper: CheckpointKeeper,
  trial: number,
  attempt: number,
  iteration: number,
  value: unknown,
  metrics: Record<string, unknown>,
  log: () => Promise<void> | void = () => {},
): Promise<KeptCheckpoint> {
  const kept = await keeper.put(trial, attempt, iteration, value)
  const forgetOlder = keeper.retain(trial, attempt, kept, metrics)
  await log()
  await forgetOlder()
  return kept
}

async function keepThree({ keeper }: ReturnType<typeof keeperOf>): Promise<readonly KeptCheckpoint[]> {
  const kept: KeptCheckpoint[] = []
  for (let step = 1; step <= 3; step++) kept.push(await keep(keeper, 0, 1, step, { step }, {}))
  return kept
}

describe('CheckpointKeeper', () => {
  it('keeps a checkpoint under the name of the experiment, trial, iteration and attempt', async () => {
    const { keeper, store } = keeperOf()
    const kept = await keep(keeper, 3, 2, 12, { w: new Float64Array([1]) }, {})
    expect(kept).toMatchObject({ key: 'demo/trial-3/000012-2', iteration: 12 })
    expect(await store.get(kept.key)).toHaveLength(kept.size)
    expect(await keeper.load(3, [kept])).toEqual({ checkpoint: kept, value: { w: new Float64Array([1]) } })
  })

  it('loads the newest', async () => {
    const made = keeperOf()
    const kept = await keepThree(made)
    expect(made.keeper.retained(0)).toEqual(kept)
    expect((await made.keeper.load(0, kept))?.value).toEqual({ step: 3 })
    expect(await made.keeper.load(0, [])).toBeUndefined()
    expect(made.corrupt).toEqual([])
  })

  it('passes over one that was changed in any byte, says so, and loads the one before', async () => {
    const made = keeperOf()
    const kept = await keepThree(made)
    const newest = kept[2] as KeptCheckpoint
    const content = readFileSync(made.fileOf(newest))
    for (let at = 0; at < content.length; at++) {
      const flipped = Buffer.from(content)
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
      writeFileSync(made.fileOf(newest), flipped)
      expect((await made.keeper.load(0, kept))?.value).toEqual({ step: 2 })
    }
    expect(made.corrupt).toHaveLength(content.length)
    expect(made.corrupt[0]).toEqual({ trial: 0, checkpoint: newest, problem: 'its checksum is another' })
  })

  it('no longer counts one that it had to pass over', async () => {
    const made = keeperOf({ keep: 1, scoreAttribute: 'score' })
    const best = await keep(made.keeper, 0, 1, 1, 'best', { score: 9 })
    const last = await keep(made.keeper, 0, 1, 2, 'last', { score: 1 })
    truncateSync(made.fileOf(best), 0)
    expect(await made.keeper.load(0, [best])).toBeUndefined()
    expect(made.keeper.retained(0)).toEqual([last])
    await keep(made.keeper, 0, 2, 3, 'worse', { score: 0 })
    expect(made.keeper.retained(0).map(({ iteration }) => iteration)).toEqual([2, 3])
  })

  it('passes over one that was cut or is gone', async () => {
    const made = keeperOf()
    const kept = await keepThree(made)
    const [, second, third] = kept as [KeptCheckpoint, KeptCheckpoint, KeptCheckpoint]
    truncateSync(made.fileOf(third), third.size - 1)
    rmSync(made.fileOf(second))
    expect((await made.keeper.load(0, kept))?.value).toEqual({ step: 1 })
    expect(made.corrupt.map(({ checkpoint, problem }) => [checkpoint.iteration, problem])).toEqual([
      [3, `it has ${third.size - 1} bytes instead of ${third.size}`],
      [2, 'it is not there'],
    ])
    for (const checkpoint of kept) rmSync(made.fileOf(checkpoint), { force: true })
    expect(await made.keeper.load(0, kept)).toBeUndefined()
  })

  it('deletes what retention lets go of', async () => {
    const { keeper, store } = keeperOf({ keep: 1, scoreAttribute: 'loss', mode: 'min' })
    for (const [i, loss] of [3, 1, 2, NaN].entries()) await keep(keeper, 0, 1, i + 1, i, { loss })
    await keep(keeper, 1, 1, 1, 0, {})
    expect(await store.list('')).toEqual([
      'demo/trial-0/000002-1',
      'demo/trial-0/000004-1',
      'demo/trial-1/000001-1',
    ])
    expect(keeper.retained(0).map(({ iteration }) => iteration)).toEqual([2, 4])
  })

  it('keeps those of one trial in order, and those of others meanwhile', async () => {
    const finished: string[] = []
    const slow = gatedStore()
    const keeper = new CheckpointKeeper({ store: slow, name: 'demo' })
    const put = async (trial: number, iteration: number): Promise<void> => {
      await keeper.put(trial, 1, iteration, 'x')
      finished.push(`${trial}-${iteration}`)
    }
    const all = [put(0, 1), put(0, 2), put(1, 1)]
    await all[2]
    expect(finished).toEqual(['1-1'])
    slow.open()
    await Promise.all(all)
    expect(finished).toEqual(['1-1', '0-1', '0-2'])
  })

  it('does not delete an older one before the newer one is logged', async () => {
    const { keeper, store } = keeperOf({ keep: 1 })
    await keep(keeper, 0, 1, 1, 1, {})
    const full = () => Promise.reject(new Error('the log is full'))
    await expect(keep(keeper, 0, 1, 2, 2, {}, full)).rejects.toThrow('the log is full')
    expect(await store.list('')).toHaveLength(2)
    await keep(keeper, 0, 1, 3, 3, {})
    expect(await store.list('')).toContain('demo/trial-0/000003-1')
  })

  it('deletes one that was not reported after all', async () => {
    const { keeper, store } = keeperOf()
    await keep(keeper, 0, 1, 1, 1, {})
    await keeper.discard(0, await keeper.put(0, 1, 2, 2))
    expect(await store.list('')).toEqual(['demo/trial-0/000001-1'])
    expect(keeper.retained(0)).toHaveLength(1)
  })

  it('does not delete one that another trial goes on from', async () => {
    const { keeper, store } = keeperOf({ keep: 1 })
    const donor = await keep(keeper, 0, 1, 1, 'donor', {})
    const release = keeper.lease(donor.key)
    const releaseToo = keeper.lease(donor.key)
    await keep(keeper, 0, 1, 2, 'newer', {})
    release()
    release()
    await keep(keeper, 0, 1, 3, 'newest', {})
    expect((await keeper.load(5, [donor]))?.value).toBe('donor')
    releaseToo()
    await keep(keeper, 0, 1, 4, 'last', {})
    expect(await store.list('')).toEqual(['demo/trial-0/000004-1'])
  })

  it('does not delete one while it is read', async () => {
    const inner = fileCheckpoints({ folder: join(folder.path, `${++folders}`) })
    let go = () => {}
    let readingBegins = () => {}
    const gate = new Promise<void>((resolve) => (go = resolve))
    const reading = new Promise<void>((resolve) => (readingBegins = resolve))
    const store: CheckpointStore = {
      ...inner,
      async get(key) {
        readingBegins()
        await gate
        return inner.get(key)
      },
    }
    const keeper = new CheckpointKeeper({ store, name: 'demo', retention: { keep: 1 } })
    const donor = await keep(keeper, 0, 1, 1, 'donor', {})
    const loaded = keeper.load(5, [donor])
    await reading
    await keep(keeper, 0, 1, 2, 'newer', {})
    go()
    expect((await loaded)?.value).toBe('donor')
    await keep(keeper, 0, 1, 3, 'newest', {})
    expect(await inner.list('')).toEqual(['demo/trial-0/000003-1'])
  })

  it('goes on from what the log names, and deletes what it does not', async () => {
    const before = keeperOf({ keep: 2 })
    const kept = await keepThree(before)
    // Killed before it was logged, and before what it replaced was deleted.
    await before.store.put('demo/trial-0/000004-1', new Uint8Array(9))
    await before.store.put('demo/trial-0/000001-1', new Uint8Array(9))
    await before.store.put('demo/else/trial-0/000001-1', new Uint8Array(9))
    const { keeper, store } = keeperOf({ keep: 2 }, before.root)
    for (const checkpoint of kept) keeper.retain(0, 1, checkpoint, {})
    await keeper.sweep()
    expect(await store.list('')).toEqual([
      'demo/else/trial-0/000001-1',
      'demo/trial-0/000002-1',
      'demo/trial-0/000003-1',
    ])
    expect((await keeper.load(0, keeper.retained(0)))?.value).toEqual({ step: 3 })
    await keep(keeper, 0, 2, 4, { step: 4 }, {})
    expect(await store.list('demo/trial-0/')).toEqual(['demo/trial-0/000003-1', 'demo/trial-0/000004-2'])
  })

  it('makes one again that was lost, which is still not the newest', async () => {
    const { keeper, store } = keeperOf({ keep: 2 })
    for (const iteration of [1, 2]) await keep(keeper, 0, 1, iteration, iteration, {})
    await keep(keeper, 0, 2, 1, 'newest', {})
    await store.delete('demo/trial-0/000002-1')
    await keep(keeper, 0, 1, 2, 'again', {})
    expect(keeper.retained(0).map(({ key }) => key)).toEqual([
      'demo/trial-0/000002-1',
      'demo/trial-0/000001-2',
    ])
    expect((await keeper.load(0, keeper.retained(0)))?.value).toBe('newest')
    expect((await keeper.load(0, keeper.retained(0).slice(0, 1)))?.value).toBe('again')
  })

  it('gives each attempt a folder of its own, until the next one of that trial, or the end', async () => {
    const made = keeperOf()
    const directory = join(made.root, 'model')
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'weights'), 'w')
    const kept = await keep(made.keeper, 0, 1, 1, { directory }, {})
    rmSync(directory, { recursive: true })
    const folderOf = (loaded: { readonly value: unknown } | undefined): string =>
      String(Object(loaded?.value)['directory'])
    const copyFor = async (trial: number) => folderOf(await made.keeper.copyFor(trial, kept))
    const restored = folderOf(await made.keeper.load(0, [kept]))
    const [first, other, second] = [await copyFor(0), await copyFor(1), await copyFor(0)]
    expect([first, other, second].map((path) => existsSync(path))).toEqual([false, true, true])
    expect(readdirSync(second)).toEqual(['weights'])
    await made.keeper.close()
    expect([other, second].some((path) => existsSync(path))).toBe(false)
    // Results name it.
    expect(readdirSync(restored)).toEqual(['weights'])
  })

  it('says why a checkpoint could not be kept, and goes on with the next', async () => {
    const broken = new Error('bucket is gone')
    let works = false
    const inner = fileCheckpoints({ folder: join(folder.path, `${++folders}`) })
    const store: CheckpointStore = {
      ...inner,
      put: (key, content) => (works ? inner.put(key, content) : Promise.reject(broken)),
      get: () => Promise.reject(broken),
    }
    const keeper = new CheckpointKeeper({ store, name: 'demo', retention: { keep: 1 } })
    await expect(keep(keeper, 0, 1, 1, 'x', {})).rejects.toMatchObject({
      name: 'StorageError',
      code: 'checkpoint',
      cause: broken,
      message: expect.stringContaining('demo/trial-0/000001-1 could not be kept: bucket is gone') as string,
    })
    await expect(keep(keeper, 0, 1, 1, () => 1, {})).rejects.toMatchObject({ name: 'OptionError' })
    works = true
    const kept = await keep(keeper, 0, 1, 2, 'y', {})
    expect(keeper.retained(0)).toEqual([kept])
    // Not a reason to go on from an older one: it may be back in a minute.
    await expect(keeper.load(0, [kept])).rejects.toMatchObject({ code: 'checkpoint', cause: broken })
  })
})

/** Keeps nothing of trial 0 until it is opened. */
function gatedStore(): CheckpointStore & { open(): void } {
  const inner = fileCheckpoints({ folder: join(folder.path, `${++folders}`) })
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return {
    ...inner,
    open: () => open(),
    async put(key, content) {
      if (key.includes('trial-0/')) await opened
      return inner.put(key, content)
    },
  }
}
