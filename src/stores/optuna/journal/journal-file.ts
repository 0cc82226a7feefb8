import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StorageError } from '../../../errors.ts'
import { diskError, errnoOf } from '../../disk-error.ts'
import { makeFolder, syncFolder } from '../../folders.ts'
import { type JournalLine, readLine } from './journal-line.ts'
import type { JournalLock } from './journal-lock.ts'

const NEWLINE = 10
const BRACE = 123

/**
 * A journal, read on from where it was read last. What a crash left of a last line was never acknowledged: it is not
 * read, and cut off before anything is added.
 */
export class JournalFile {
  readonly path: string
  readonly #lock: JournalLock
  #offset = 0
  #lineCount = 0
  #isMade = false

  constructor(path: string, lock: JournalLock) {
    this.path = path
    this.#lock = lock
  }

  /**
   * The lines that were not read yet; none when there is no file.
   * @throws {StorageError} (rejects) with code `'corrupt'` for a broken line that others follow, and `'replaced'` when
   *   the file is no longer the one that was read.
   */
  async read(): Promise<readonly JournalLine[]> {
    const bytes = await this.#newBytes()
    // What is no journal at all must not be cut off as if a crash had torn it.
    if (this.#lineCount === 0 && bytes.length > 0 && bytes[0] !== BRACE) throw this.#corrupt(0)
    const lines: JournalLine[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const line = readLine(bytes.toString('utf8', start, end))
      if (line === undefined) {
        // The last one may have been torn by a crash; Optuna leaves it out too.
        if (end + 1 < bytes.length || this.#lineCount + lines.length === 0) throw this.#corrupt(lines.length)
        break
      }
      lines.push(line)
      start = end + 1
    }
    this.#offset += start
    this.#lineCount += lines.length
    return lines
  }

  /**
   * Reads what is new, and adds what follows from it, while nobody else can.
   * @param next - What is to be added; empty for nothing.
   * @param isSynced - Whether it has to be on the disk before this resolves.
   */
  async append(next: (news: readonly JournalLine[]) => string, isSynced: boolean): Promise<void> {
    await this.#make()
    await this.#lock.hold(async () => {
      const text = next(await this.read())
      if (text === '') return
      const bytes = Buffer.from(text)
      await this.#write(bytes, isSynced)
      this.#offset += bytes.length
      this.#lineCount += text.split('\n').length - 1
    })
  }

  async #write(bytes: Buffer, isSynced: boolean): Promise<void> {
    let file: FileHandle | undefined
    try {
      file = await open(this.path, 'r+')
      await file.truncate(this.#offset)
      for (let written = 0; written < bytes.length;)
        written += (await file.write(bytes, written, bytes.length - written, this.#offset + written))
          .bytesWritten
      if (isSynced) await file.datasync()
    } catch (error) {
      // Half a line is worth nothing, and the next writer may be Optuna, which does not cut it off.
      await file?.truncate(this.#offset).catch(() => {})
      throw diskError(`${this.path} cannot be written`, error)
    } finally {
      await file?.close()
    }
  }

  async #make(): Promise<void> {
    if (this.#isMade) return
    try {
      await makeFolder(dirname(this.path))
      const file = await open(this.path, 'a')
      await file.close()
      await syncFolder(dirname(this.path))
      this.#isMade = true
    } catch (error) {
      throw diskError(`${this.path} cannot be opened`, error)
    }
  }

  async #newBytes(): Promise<Buffer> {
    try {
      if (this.#offset === 0) return await readFile(this.path)
      const { size } = await stat(this.path)
      if (size < this.#offset) throw this.#replaced()
      if (size === this.#offset) return Buffer.alloc(0)
      return await this.#bytesTo(size)
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && this.#offset === 0) return Buffer.alloc(0)
      throw errnoOf(error) === 'ENOENT' ? this.#replaced() : diskError(`${this.path} cannot be read`, error)
    }
  }

  async #bytesTo(size: number): Promise<Buffer> {
    const file = await open(this.path, 'r')
    try {
      const bytes = Buffer.alloc(size - this.#offset)
      const { bytesRead } = await file.read(bytes, 0, bytes.length, this.#offset)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  #corrupt(lines: number): StorageError {
    const number = this.#lineCount + lines + 1
    const isFirst = number === 1
    return new StorageError(
      'corrupt',
      isFirst
        ? `${this.path} is no journal of Optuna: its first line is none of an operation. Give the path of a new file, or of one that Optuna made.`
        : `${this.path} is broken in line ${number}, and other lines follow. Make a copy, and take that line out of it; Optuna does not read it either.`,
    )
  }

  #replaced(): StorageError {
    return new StorageError(
      'replaced',
      `${this.path} was deleted, or is shorter than it was: it is not the file that was opened. Open the study again and go on with what that gives.`,
    )
  }
}
