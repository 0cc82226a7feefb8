import { closeSync, openSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import { HEADER, recordLines } from '../../../src/stores/journal/journal-line.ts'
import { contentOf } from '../../../src/stores/journal/journal-log.ts'
import { LogReader } from '../../../src/stores/journal/log-reader.ts'
import { temporaryFolder } from './children.ts'

const attr = (value: unknown): LogRecord => ({ at: 1, type: 'study.attr', key: 'k', value })
const line = (value: unknown) => recordLines('demo', [attr(value)])

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

/** What a reader has seen that read ahead, when the file is another one by the time that nobody else can write. */
async function readAheadOf(before: string, after: string): Promise<unknown> {
  const path = join(folder.path, 'trials.jsonl')
  writeFileSync(path, `${HEADER}${before}`)
  const reader = new LogReader(path, 'demo')
  await reader.readAhead()
  writeFileSync(path, `${HEADER}${after}`)
  const fd = openSync(path, 'r')
  const end = statSync(path).size
  reader.makeSure(end, fd)
  reader.readTo(end, fd)
  closeSync(fd)
  expect(reader.offset).toBe(end)
  expect(reader.lines).toBe(1 + after.split('\n').length - 1)
  return contentOf(reader.seen())?.records.map((record) => record.type === 'study.attr' && record.value)
}

describe('a reader that reads ahead', () => {
  it('goes on where it was when the file has grown', async () => {
    expect(await readAheadOf(line(1) + line(2), line(1) + line(2) + line(3))).toEqual([1, 2, 3])
    expect(await readAheadOf('', line(1))).toEqual([1])
  })

  it('begins anew when an append that it has seen was taken back', async () => {
    const before = line(1) + line('taken') + line('back')
    expect(await readAheadOf(before, line(1))).toEqual([1])
    expect(await readAheadOf(before, line(1) + line('others'))).toEqual([1, 'others'])
    const long = line('x'.repeat(1_000))
    expect(await readAheadOf(before, line(1) + long)).toEqual([1, 'x'.repeat(1_000)])
    expect(await readAheadOf(before, line(1) + line('other') + line('text'))).toEqual([1, 'other', 'text'])
  })

  it('leaves a line that is being written for later', async () => {
    expect(await readAheadOf(line(1) + line(2).slice(0, 9), line(1) + line(2))).toEqual([1, 2])
  })

  it('reads what was broken once more', async () => {
    expect(await readAheadOf(`${line(1)}{"log\n`, line(1) + line(2))).toEqual([1, 2])
  })

  it('goes on in the midst of a long log', async () => {
    const path = join(folder.path, 'long.jsonl')
    const text = Array.from({ length: 20_000 }, (_, i) => line(i)).join('')
    writeFileSync(path, `${HEADER}${text}`)
    const whole = statSync(path).size
    truncateSync(path, whole - 700_000)
    const reader = new LogReader(path, 'demo')
    await reader.readAhead()
    writeFileSync(path, `${HEADER}${text}`)
    const fd = openSync(path, 'r')
    reader.makeSure(whole, fd)
    expect(reader.offset).toBeGreaterThan(whole / 4)
    reader.readTo(whole, fd)
    closeSync(fd)
    expect(contentOf(reader.seen())?.records).toHaveLength(20_000)
    expect(reader.lines).toBe(20_001)
  })
})
