import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import type { OptionError } from '../../../src/errors.ts'
import { journalFromUrl, journalStore } from '../../../src/stores/journal/journal-store.ts'
import { storeConformance } from '../conformance.ts'
import { sharedLogConformance } from '../shared-conformance.ts'
import { bundled, startChild, temporaryFolder } from './children.ts'
import { NO_SMALL_DISK, removeSmallDisks, smallDisk } from '../../support/small-disk.ts'

const attr = (value: unknown): LogRecord => ({ at: 1, type: 'study.attr', key: 'k', value })
const counted = (count: number): LogRecord[] => Array.from({ length: count }, (_, i) => attr(i))
const valuesOf = (records: readonly LogRecord[] | undefined): unknown[] =>
  (records ?? []).map((record) => (record.type === 'study.attr' ? record.value : record.type))

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let programs: { readonly appendCounts: string; readonly shareCounter: string }
beforeAll(async () => {
  folder = await temporaryFolder()
  programs = {
    appendCounts: await bundled(join(import.meta.dirname, 'append-counts.ts'), folder.path),
    shareCounter: await bundled(join(import.meta.dirname, 'share-counter.ts'), folder.path),
  }
})
afterEach(removeSmallDisks)
afterAll(() => folder.remove())

let files = 0
const freshPath = () => join(folder.path, `${++files}`, 'trials.jsonl')

describe('journalStore', () => {
  storeConformance(() => journalStore({ path: freshPath() }))
  sharedLogConformance(
    () => journalStore({ path: freshPath() }),
    ({ url = '' }) => journalStore({ path: url.replace('journal:///', '') }),
  )
})

describe('the file of a journal', () => {
  it('is made with its folder, and holds a line an append, each naming its log', async () => {
    const path = freshPath()
    const log = await journalStore({ path }).open('demo')
    await log.append([attr(1), attr(Number.NaN)])
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(JSON.parse(lines[0] as string)).toEqual({ format: 'troupe-journal', schema: 1 })
    expect(JSON.parse(lines[1] as string)).toMatchObject({
      log: 'demo',
      holder: { file: statSync(path).ino },
    })
    expect(JSON.parse(lines[2] as string)).toEqual({
      log: 'demo',
      records: [attr(1), attr({ $number: 'NaN' })],
    })
  })

  it('is not made by asking what it holds', async () => {
    const path = freshPath()
    const store = journalStore({ path })
    expect(await store.names()).toEqual([])
    expect(await store.read('demo')).toBeUndefined()
    await store.delete('demo')
    expect(existsSync(path)).toBe(false)
  })

  it('can be left torn at any byte of its last lines', { timeout: 180_000 }, async () => {
    const path = freshPath()
    const log = await journalStore({ path }).open('demo')
    await log.append([attr('first')])
    const first = statSync(path).size
    await log.append([attr('ümlaut'), attr('same append')])
    await log.append([attr('last')])
    await log.close()
    const copy = freshPath()
    mkdirSync(join(copy, '..'), { recursive: true })
    const text = readFileSync(path)
    for (let size = first; size < text.length; size++) {
      copyFileSync(path, copy)
      truncateSync(copy, size)
      const whole = text.subarray(0, size).lastIndexOf(10) + 1
      const lines = text.subarray(0, whole).toString().trimEnd().split('\n').slice(1)
      const kept = lines.flatMap((line) => (JSON.parse(line) as { records?: unknown[] }).records ?? [])
      const store = journalStore({ path: copy })
      expect(await store.read('demo')).toEqual(kept)
      const again = await store.open('demo')
      expect(again.records).toEqual(kept)
      await again.append([attr('goes on')])
      expect(await store.read('demo')).toEqual([...kept, attr('goes on')])
      await again.close()
    }
  })

  it.each([0, 1, 20])('is begun anew when a crash left %d bytes of its first line', async (size) => {
    const path = freshPath()
    await (await journalStore({ path }).open('demo')).close()
    truncateSync(path, size)
    const store = journalStore({ path })
    expect(await store.names()).toEqual([])
    await (await store.open('demo')).append([attr(1)])
    expect(valuesOf(await store.read('demo'))).toEqual([1])
  })

  it('is refused when a line in its midst is broken, naming the line', async () => {
    const path = freshPath()
    const log = await journalStore({ path }).open('demo')
    for (let i = 0; i < 5; i++) await log.append([attr(i)])
    await log.close()
    const lines = readFileSync(path, 'utf8').split('\n')
    lines[3] = (lines[3] as string).slice(0, -3)
    writeFileSync(path, lines.join('\n'))
    const store = journalStore({ path })
    const refusal = {
      name: 'StorageError',
      code: 'corrupt',
      message: expect.stringContaining('line 4 is broken'),
    }
    await expect(store.read('demo')).rejects.toMatchObject(refusal)
    await expect(store.open('demo')).rejects.toMatchObject(refusal)
    await expect(store.names()).rejects.toMatchObject({ code: 'corrupt' })
    expect(readFileSync(path, 'utf8')).toBe(lines.join('\n'))
  })

  it('is refused when a newer version wrote it', async () => {
    const path = freshPath()
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, '{"format":"troupe-journal","schema":2}\n{"log":"demo","records":[]}\n')
    const store = journalStore({ path })
    const uses = [() => store.read('demo'), () => store.open('demo'), () => store.names()]
    for (const use of uses) {
      await expect(use()).rejects.toMatchObject({ name: 'StorageError', code: 'newerSchema' })
    }
  })

  it.each([
    ['text', 'remember the milk'],
    ['a table', 'a,b\n1,2\n'],
    ["Optuna's journal", '{"op_code": 0, "worker_id": "x", "study_name": "s", "directions": [1]}\n'],
  ])('is refused, and not touched, when it is %s', async (_what, text) => {
    const path = freshPath()
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, text)
    const store = journalStore({ path })
    await expect(store.open('demo')).rejects.toMatchObject({ name: 'StorageError', code: 'notAJournal' })
    expect(readFileSync(path, 'utf8')).toBe(text)
  })

  it('cannot be a folder, nor lie below a file', async () => {
    const path = freshPath()
    mkdirSync(path, { recursive: true })
    await expect(journalStore({ path }).open('demo')).rejects.toMatchObject({ code: 'cannotOpen' })
    const below = join(freshPath(), 'x')
    mkdirSync(join(below, '..', '..'), { recursive: true })
    writeFileSync(join(below, '..'), '')
    await expect(journalStore({ path: below }).open('demo')).rejects.toMatchObject({ code: 'cannotOpen' })
  })

  it('that is deleted or cut while it is open refuses, rather than to write where nobody reads', async () => {
    const path = freshPath()
    const log = await journalStore({ path }).open('demo')
    await log.append([attr(1)])
    renameSync(path, `${path}.old`)
    await expect(log.append([attr(2)])).rejects.toMatchObject({ name: 'StorageError', code: 'moved' })
    writeFileSync(path, '')
    await expect(log.append([attr(2)])).rejects.toMatchObject({ code: 'moved' })
    rmSync(path)
    renameSync(`${path}.old`, path)
    await log.append([attr(3)])
    expect(valuesOf(await journalStore({ path }).read('demo'))).toEqual([1, 3])
    truncateSync(path, 60)
    await expect(log.append([attr(4)])).rejects.toMatchObject({ code: 'moved' })
  })

  it('takes appends that are not waited for together, and answers each log in order', async () => {
    const path = freshPath()
    const store = journalStore({ path })
    const logs = [await store.open('a'), await store.open('b')]
    const answers: number[] = []
    await Promise.all(
      counted(200).map(async (record, i) => {
        await logs[i % 2]?.append([record])
        answers.push(i)
      }),
    )
    expect(answers).toEqual(answers.toSorted((a, b) => a - b))
    expect(valuesOf(await store.read('a'))).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i))
    expect(valuesOf(await store.read('b'))).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i + 1))
  })

  it('has room for very many records in one append', async () => {
    const path = freshPath()
    const store = journalStore({ path })
    const log = await store.open('demo')
    await log.append(counted(25_000))
    expect(await store.read('demo')).toHaveLength(25_000)
    expect((await journalStore({ path }).open('demo')).records.at(-1)).toEqual(attr(24_999))
  })

  it('reads lines longer than it reads at once', async () => {
    const path = freshPath()
    const store = journalStore({ path })
    const log = await store.open('demo')
    const long = 'ü'.repeat(1_500_000)
    await log.append([attr(long)])
    await log.append([attr('after')])
    expect(valuesOf(await store.read('demo'))).toEqual([long, 'after'])
    expect(valuesOf((await journalStore({ path }).open('demo')).records)).toEqual([long, 'after'])
    expect(await store.names()).toEqual(['demo'])
  })

  it('holds a log that was forgotten and made again', async () => {
    const store = journalStore({ path: freshPath() })
    for (const name of ['a', 'b']) await (await store.open(name)).append([attr(name)])
    await store.delete('a')
    await (await store.open('a')).append([attr('again')])
    expect(await store.names()).toEqual(['b', 'a'])
    expect(valuesOf(await store.read('a'))).toEqual(['again'])
  })

  it('is read by a path from the folder the process is in', async () => {
    const path = freshPath()
    const store = journalStore({ path })
    expect(store.folder).toBe(`${path}.files`)
    expect(store.url).toBe(`journal:///${path}`)
    await (await store.open('demo')).append([attr(1)])
    expect(valuesOf(await journalFromUrl(`///${path}`).read('demo'))).toEqual([1])
    const relative = journalFromUrl('///runs/trials.jsonl')
    expect(relative.folder).toBe(join(process.cwd(), 'runs', 'trials.jsonl.files'))
    expect(relative.url).toBe('journal:///runs/trials.jsonl')
  })
})

describe('options of journalStore', () => {
  it.each([
    [() => journalStore({ path: '' }), 'journalStore.path'],
    // @ts-expect-error a path is needed
    [() => journalStore({}), 'journalStore.path'],
    [() => journalStore({ path: 'x', lockTimeoutMs: -1 }), 'journalStore.lockTimeoutMs'],
    [() => journalFromUrl('//trials.jsonl'), 'storage'],
    [() => journalFromUrl('///'), 'storage'],
    [() => journalFromUrl(''), 'storage'],
  ])('refuses what names no file: %s', (make, option) => {
    expect(make).toThrow(expect.objectContaining({ name: 'OptionError', option }) as OptionError)
  })

  it('says how to write a URL', () => {
    expect(() => journalFromUrl('trials.jsonl')).toThrow('journal:///trials.jsonl')
    expect(() => journalFromUrl('/data/trials.jsonl')).toThrow('journal:////data/trials.jsonl')
  })
})

describe('a process that is killed while it appends', () => {
  it.each(['report', 'trial', 'interval'])(
    'has kept all that was acknowledged, and the next one goes on: %s',
    { timeout: 180_000 },
    async (durability) => {
      const path = freshPath()
      const store = journalStore({ path })
      for (let round = 1; round <= 7; round++) {
        const child = startChild(programs.appendCounts, [path, 'demo', durability])
        await child.said(1 + round * round)
        await child.kill()
        const kept = valuesOf(await store.read('demo'))
        expect(kept).toEqual(kept.map((_, i) => i))
        expect(kept.length).toBeGreaterThan(Number(child.lines.at(-1)))
        // One append can be under way that was not acknowledged.
        expect(kept.length).toBeLessThanOrEqual(Number(child.lines.at(-1)) + 2)
      }
      const log = await store.open('demo')
      await log.append([attr(log.records.length)])
      expect(valuesOf(await store.read('demo')).at(-1)).toBe(log.records.length)
    },
  )

  it('leaves a lock that others take over, whatever else died while it did so', async () => {
    const path = freshPath()
    const child = startChild(programs.appendCounts, [path, 'demo'])
    await child.said(1)
    const { process: mark } = await holderOf(path)
    await child.kill()
    const [pid, start] = mark.split('.')
    rmSync(`${path}.lock`, { force: true })
    symlinkSync(mark, `${path}.lock`)
    // As if a process that was taking it over had died too.
    symlinkSync(mark, `${path}.lock.${pid}-${start}`)
    const logs = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => journalStore({ path, lockTimeoutMs: 5_000 }).open(name)),
    )
    await Promise.all(logs.map((log) => log.append([attr(1)])))
    const left = await readdir(join(path, '..'))
    expect(left.filter((name) => name.includes('.lock'))).toEqual([])
  })
})

async function holderOf(path: string): Promise<{ readonly process: string }> {
  const line = readFileSync(path, 'utf8').split('\n')[1] as string
  return (JSON.parse(line) as { holder: { process: string } }).holder
}

describe('a log that is open in another process', () => {
  it('is refused, saying which, until that process is gone', async () => {
    const path = freshPath()
    const store = journalStore({ path })
    const child = startChild(programs.appendCounts, [path, 'demo'])
    await child.said(1)
    const refusal = {
      name: 'StorageError',
      code: 'inUse',
      message: expect.stringMatching(
        `demo is held by process ${child.process.pid} since .* Stop that process`,
      ),
    }
    await expect(store.open('demo')).rejects.toMatchObject(refusal)
    await expect(store.open('demo', { shared: true })).rejects.toMatchObject(refusal)
    await expect(store.open('another')).resolves.toBeDefined()
    expect(await store.holder?.('demo')).toMatch(
      new RegExp(`^process ${child.process.pid} since ${new Date().getUTCFullYear()}-.* UTC$`),
    )
    expect(await store.holder?.('another')).toContain(`process ${process.pid} since`)
    expect(await store.holder?.('never there')).toBeUndefined()
    expect((await store.read('demo'))?.length).toBeGreaterThan(0)
    await child.kill()
    expect(await store.holder?.('demo')).toBeUndefined()
    const log = await store.open('demo')
    expect(log.records.length).toBeGreaterThanOrEqual(child.lines.length)
    await log.close()
    expect(await store.holder?.('demo')).toBeUndefined()
  })

  it('is held by nobody in a copy of the file', async () => {
    const path = freshPath()
    const child = startChild(programs.appendCounts, [path, 'demo'])
    await child.said(3)
    copyFileSync(path, `${path}.copy`)
    const log = await journalStore({ path: `${path}.copy` }).open('demo')
    expect(log.records.length).toBeGreaterThanOrEqual(3)
    await child.kill()
  })

  it('loses it when it is deleted here', async () => {
    const path = freshPath()
    const child = startChild(programs.appendCounts, [path, 'demo'])
    await child.said(3)
    await journalStore({ path }).delete('demo')
    expect(await child.ended()).toBe(1)
    expect(child.lines.at(-1)).toBe('notHeld')
    expect(await journalStore({ path }).names()).toEqual([])
  })
})

describe('a lock that is not given back', () => {
  it('is an error in the end, saying who holds it', async () => {
    const path = freshPath()
    const child = startChild(programs.appendCounts, [freshPath(), 'demo'])
    await child.said(1)
    const log = await journalStore({ path, lockTimeoutMs: 50 }).open('demo')
    const other = [child.process.pid, '', '', '', ''].join('.')
    symlinkSync(other, `${path}.lock`)
    await expect(log.append([attr(1)])).rejects.toMatchObject({
      name: 'StorageError',
      code: 'locked',
      message: expect.stringMatching(
        `trials.jsonl.lock is held by process ${child.process.pid} .*delete this file`,
      ),
    })
    rmSync(`${path}.lock`)
    await log.append([attr(2)])
    expect(valuesOf(await journalStore({ path }).read('demo'))).toEqual([2])
    await child.kill()
  })

  it('is waited for while its holder is at work', async () => {
    const path = freshPath()
    const log = await journalStore({ path }).open('demo')
    writeFileSync(`${path}.lock`, 'somebody')
    const kept = log.append([attr(1)])
    await new Promise(setImmediate)
    expect(await journalStore({ path }).read('demo')).toEqual([])
    rmSync(`${path}.lock`)
    await kept
    expect(valuesOf(await journalStore({ path }).read('demo'))).toEqual([1])
  })
})

describe('a shared log', () => {
  it('takes an append only from one who knows all that the others appended', async () => {
    const path = freshPath()
    const [first, second] = [
      await journalStore({ path }).open('demo', { shared: true }),
      await journalStore({ path }).open('demo', { shared: true }),
    ]
    expect(await first.append([attr('a')])).toBeUndefined()
    expect(await second.append([attr('lost')])).toEqual([attr('a')])
    expect(await second.append([attr('b')])).toBeUndefined()
    expect(await first.poll?.()).toEqual([attr('b')])
    expect(await first.poll?.()).toEqual([])
    expect(await first.append([attr('c')])).toBeUndefined()
    expect(valuesOf(await journalStore({ path }).read('demo'))).toEqual(['a', 'b', 'c'])
  })

  it('takes none that were asked for before the news was told', async () => {
    const store = journalStore({ path: freshPath() })
    const [first, second] = [
      await store.open('demo', { shared: true }),
      await store.open('demo', { shared: true }),
    ]
    const answers = await Promise.all([
      first.append([attr('a')]),
      second.append([attr('b')]),
      second.append([attr('follows from b')]),
    ])
    expect(answers).toEqual([undefined, [attr('a')], []])
    expect(await second.append([attr('b again')])).toBeUndefined()
    expect(valuesOf(await store.read('demo'))).toEqual(['a', 'b again'])
  })

  it('is counted on by several processes, each number once', { timeout: 180_000 }, async () => {
    const path = freshPath()
    const children = [1, 2, 3].map(() => startChild(programs.shareCounter, [path, 'demo', '150']))
    expect(await Promise.all(children.map((child) => child.ended()))).toEqual([0, 0, 0])
    const kept = valuesOf(await journalStore({ path }).read('demo'))
    expect(kept).toEqual(Array.from({ length: 450 }, (_, i) => i))
    expect(children.flatMap((child) => child.lines).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      kept.map(String),
    )
  })

  it(
    'is counted on whoever is killed meanwhile, also while it holds the lock',
    { timeout: 180_000 },
    async () => {
      const path = freshPath()
      const start = () => startChild(programs.shareCounter, [path, 'demo', '1000000'])
      const said: string[] = []
      let children = [start(), start(), start()]
      for (let kill = 0; kill < 8; kill++) {
        const [oldest, ...others] = children
        await oldest?.said(10 + kill)
        await oldest?.kill()
        said.push(...(oldest?.lines ?? []))
        children = [...others, start()]
      }
      await Promise.all(children.map((child) => child.kill()))
      said.push(...children.flatMap((child) => child.lines))
      const store = journalStore({ path })
      const log = await store.open('demo', { shared: true })
      const kept = valuesOf(log.records)
      expect(kept).toEqual(kept.map((_, i) => i))
      expect(new Set(said).size).toBe(said.length)
      // Each that was killed may have kept one more than it could say.
      expect(kept.length - said.length).toBeGreaterThanOrEqual(0)
      expect(kept.length - said.length).toBeLessThanOrEqual(11)
      await log.append([attr(kept.length)])
      expect((await readdir(join(path, '..'))).filter((name) => name.includes('.lock'))).toEqual([])
    },
  )

  it('is taken over by whoever opens it alone, and the other way round', async () => {
    const store = journalStore({ path: freshPath() })
    const shared = await store.open('demo', { shared: true })
    const alone = await store.open('demo')
    await expect(shared.append([attr(1)])).rejects.toMatchObject({ code: 'notHeld' })
    await alone.append([attr(2)])
    const again = await store.open('demo', { shared: true })
    // Whoever only looks takes it from nobody.
    expect(await again.poll?.()).toEqual([])
    await alone.append([attr(3)])
    expect(await again.append([attr(4)])).toEqual([attr(3)])
    await again.append([attr(4)])
    await expect(alone.append([attr(5)])).rejects.toMatchObject({ code: 'notHeld' })
    await again.append([attr(6)])
    expect(valuesOf(await store.read('demo'))).toEqual([2, 3, 4, 6])
  })

  it('knows who has not been heard of', async () => {
    const store = journalStore({ path: freshPath() })
    const [first, second] = [
      await store.open('demo', { shared: true }),
      await store.open('demo', { shared: true }),
    ]
    expect(await first.deadWriters?.(60_000)).toEqual([])
    // Until the clock of the file system has moved on.
    while ((await first.deadWriters?.(0))?.length === 0);
    expect(await first.deadWriters?.(0)).toEqual([second.writer])
    await second.beat?.()
    expect(await second.deadWriters?.(60_000)).toEqual([])
    await second.close()
    expect(await first.deadWriters?.(-1)).toEqual([first.writer])
  })

  it('is lost to one that opens it alone, and by being forgotten, which a beat says too', async () => {
    const store = journalStore({ path: freshPath() })
    const refusal = { name: 'StorageError', code: 'notHeld' }
    const shared = await store.open('demo', { shared: true })
    await shared.beat?.()
    await (await store.open('demo')).close()
    await expect(shared.beat?.()).rejects.toMatchObject(refusal)
    const again = await store.open('demo', { shared: true })
    await store.delete('demo')
    await expect(again.deadWriters?.(1)).rejects.toMatchObject(refusal)
    await expect(again.append([attr(1)])).rejects.toMatchObject(refusal)
  })
})

describe('a disk', () => {
  it('that is full keeps nothing of an append, and all that came before', async ({ skip }) => {
    const disk = smallDisk('256k')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    const path = join(disk.path, 'trials.jsonl')
    writeFileSync(join(disk.path, 'filler'), Buffer.alloc(100_000))
    const store = journalStore({ path })
    const log = await store.open('demo')
    let kept = 0
    let failure: unknown
    while (failure === undefined) {
      // Longer than a page, so that a part of one fits.
      const record = attr('x'.repeat(7_000))
      await log.append([record, record]).then(
        () => void (kept += 2),
        (error: unknown) => void (failure = error),
      )
    }
    expect(failure).toMatchObject({ name: 'StorageError', code: 'diskFull' })
    expect(kept).toBeGreaterThan(2)
    expect(await store.read('demo')).toHaveLength(kept)
    expect(readFileSync(path).at(-1)).toBe(10)
    rmSync(join(disk.path, 'filler'))
    await log.append([attr('goes on')])
    expect(await store.read('demo')).toHaveLength(kept + 1)
    await log.close()
  })

  it('that is read-only is read, and refused for writing', async ({ skip }) => {
    const disk = smallDisk('256k')
    if (disk === undefined) return skip(NO_SMALL_DISK)
    const path = join(disk.path, 'trials.jsonl')
    const store = journalStore({ path })
    const log = await store.open('demo')
    await log.append([attr(1)])
    await log.close()
    disk.makeReadOnly()
    expect(valuesOf(await store.read('demo'))).toEqual([1])
    const refusal = { name: 'StorageError', code: 'readOnly' }
    await expect(store.open('demo')).rejects.toMatchObject(refusal)
    await expect(store.delete('demo')).rejects.toMatchObject(refusal)
    await expect(journalStore({ path: join(disk.path, 'new', 'x') }).open('demo')).rejects.toMatchObject(
      refusal,
    )
  })

  it('where this user may not write is refused', async ({ skip }) => {
    if (process.getuid?.() === 0) return skip('the administrator may write everywhere')
    const path = freshPath()
    mkdirSync(join(path, '..'), { mode: 0o500, recursive: true })
    await expect(journalStore({ path }).open('demo')).rejects.toMatchObject({ code: 'readOnly' })
    chmodSync(join(path, '..'), 0o700)
  })
})

describe('a journal of 300,000 records', () => {
  // Of the processor's time, since tests share it.
  it('is opened in less than 3 s', { timeout: 180_000 }, async () => {
    const path = freshPath()
    await (await journalStore({ path }).open('other')).close()
    const metrics = { mean_loss: 0.123_456_789, iterations: 12, time_total_s: 1.25, training_iteration: 13 }
    for (let part = 0; part < 30; part++) {
      let text = ''
      for (let i = 0; i < 10_000; i++) {
        const record: LogRecord = { at: i, type: 'trial.report', trial: i, attempt: 1, seq: 13, metrics }
        text += `{"log":"demo","records":[${JSON.stringify(record)}]}\n`
      }
      appendFileSync(path, text)
    }
    const start = process.cpuUsage()
    const log = await journalStore({ path }).open('demo')
    expect(process.cpuUsage(start).user / 1_000).toBeLessThan(3_000)
    expect(log.records).toHaveLength(300_000)
    await log.close()
    const other = process.cpuUsage()
    await journalStore({ path }).open('other')
    expect(process.cpuUsage(other).user / 1_000).toBeLessThan(1_000)
  })
})
