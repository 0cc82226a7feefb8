import { type FileHandle, open } from 'node:fs/promises'
import { readSync } from 'node:fs'
import { StorageError } from '../../errors.ts'
import { checkHeader } from './journal-line.ts'

const CHUNK_BYTES = 1 << 20

/** Reads the lines of a journal, each once, whole lines only: one that is being written is left for the next time. */
export abstract class LineReader {
  /** Where the next line begins. */
  offset = 0
  /** Lines before it. */
  lines = 0
  readonly path: string
  // The last line that was read.
  #last: Uint8Array = new Uint8Array()
  #isUnsure = false

  constructor(path: string) {
    this.path = path
  }

  /** Goes on to `end`, at once. */
  readTo(end: number, fd: number): void {
    for (let size = Math.min(CHUNK_BYTES, end - this.offset); this.offset < end;) {
      const bytes = Buffer.allocUnsafe(Math.min(size, end - this.offset))
      const count = readSync(fd, bytes, 0, bytes.length, this.offset)
      if (this.#read(bytes.subarray(0, count))) continue
      if (count < bytes.length) return
      size *= 2
    }
  }

  /** Goes on to the end of the file as it is now, or to `end`, leaving time for others in between. */
  async readOn(file: FileHandle, end = Infinity): Promise<void> {
    for (let buffer = Buffer.allocUnsafe(CHUNK_BYTES); this.offset < end;) {
      const { bytesRead } = await file.read(
        buffer,
        0,
        Math.min(buffer.length, end - this.offset),
        this.offset,
      )
      if (this.#read(buffer.subarray(0, bytesRead))) continue
      if (bytesRead < buffer.length) return
      buffer = Buffer.allocUnsafe(buffer.length * 2)
    }
  }

  /**
   * Reads what there is while others may write: then not all of it may stay, since what a full disk cut short is taken back.
   * What fails is left to be read again.
   */
  async readAhead(): Promise<void> {
    try {
      const file = await openToRead(this.path)
      try {
        if (file !== undefined) await this.readOn(file)
      } finally {
        await file?.close()
      }
      this.#isUnsure = true
    } catch {
      this.restart()
    }
  }

  /** Once nobody else can write: begins anew when what was read ahead did not stay. */
  makeSure(end: number, fd: number): void {
    if (!this.#isUnsure) return
    this.#isUnsure = false
    const found = Buffer.alloc(this.#last.length)
    readSync(fd, found, 0, found.length, Math.max(0, this.offset - found.length))
    if (this.offset > end || !found.equals(this.#last)) this.restart()
  }

  protected restart(): void {
    this.offset = 0
    this.lines = 0
  }

  /** Goes on behind what need not be read, since it is known. */
  skip(bytes: number, lines: number): void {
    this.offset += bytes
    this.lines += lines
  }

  /** Takes the line from `from` to before `to`, where it ends. `lines` counts it already. */
  protected abstract take(text: string, from: number, to: number): void

  /** @throws {StorageError} with code `'corrupt'`. */
  protected refuse(): never {
    throw new StorageError(
      'corrupt',
      `${this.path}: line ${this.lines} is broken. Take the file from a backup, or keep what is before that line: head -n ${this.lines - 1} FILE > NEW_FILE.`,
    )
  }

  /** @returns Whether there was an end of a line. */
  #read(bytes: Buffer): boolean {
    const end = bytes.lastIndexOf(10) + 1
    if (end === 0) return false
    const text = bytes.toString('utf8', 0, end)
    for (let from = 0; from < text.length;) {
      const to = text.indexOf('\n', from)
      this.lines++
      if (this.lines === 1) checkHeader(this.path, text.slice(from, to))
      else this.take(text, from, to)
      from = to + 1
    }
    this.offset += end
    this.#last = Uint8Array.from(bytes.subarray(bytes.subarray(0, end - 1).lastIndexOf(10) + 1, end))
    return true
  }
}

/** Opens a file for reading. Undefined when there is none. */
export async function openToRead(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
