import { fsyncSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { checkHeader, HEADER, isTornHeader } from './journal-line.ts'

const TAIL_BYTES = 1 << 16

/**
 * Writes the first line of a journal that has none, or only a part of it.
 * @throws {StorageError} when it is no journal, or one of a newer version: then it is left as it is.
 */
export function beginFile(path: string, fd: number, size: number): void {
  const bytes = Buffer.alloc(Math.min(size, 1024))
  readSync(fd, bytes, 0, bytes.length, 0)
  const text = bytes.toString()
  const end = text.indexOf('\n')
  if (end >= 0) return checkHeader(path, text.slice(0, end))
  if (!isTornHeader(text)) return checkHeader(path, text)
  ftruncateSync(fd, 0)
  writeAll(fd, Buffer.from(HEADER), 0)
  fsyncSync(fd)
}

/**
 * Cuts what follows the last end of a line.
 * @returns Where that is; 0 when there is none, and then nothing is cut.
 */
export function cutTornTail(fd: number, size: number): number {
  const bytes = Buffer.alloc(TAIL_BYTES)
  for (let to = size; to > 0; to -= TAIL_BYTES) {
    const from = Math.max(0, to - TAIL_BYTES)
    readSync(fd, bytes, 0, to - from, from)
    const end = from + bytes.subarray(0, to - from).lastIndexOf(10) + 1
    if (end === from) continue
    if (end < size) ftruncateSync(fd, end)
    return end
  }
  return 0
}

/** Writes all of it, however many calls that takes. */
export function writeAll(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, at + done)
  }
}

/** How many ends of lines there are. */
export function countLines(bytes: Uint8Array): number {
  let count = 0
  for (let i = bytes.indexOf(10); i >= 0; i = bytes.indexOf(10, i + 1)) count++
  return count
}
