import { closeSync, constants, fdatasync, fstatSync, ftruncateSync, openSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { promisify } from 'node:util'
import { StorageError } from '../../errors.ts'
import { diskError } from '../disk-error.ts'
import { FileLock } from './file-lock.ts'
import { makeFolder, syncFolder } from '../folders.ts'
import { HEADER, type LogLine } from './journal-line.ts'
import { openToRead } from './line-reader.ts'
import type { LogReader } from './log-reader.ts'
import { beginFile, countLines, cutTornTail, writeAll } from './whole-lines.ts'

/** Something to be done to one log while nobody else can write to the journal. */
export interface Turn {
  readonly reader: LogReader
  /**
   * Gives the lines to append, which may be none.
   * @param seen - What was said of the log since its reader was asked last.
   * @param file - The number of the file.
   * @throws Whatever the turn shall be refused with.
   */
  decide(seen: readonly LogLine[], file: number): string
  /** Whether the lines are on the disk, and not only with the system, before it is done. */
  readonly isSynced: boolean
}

interface Waiting extends Turn {
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

interface Written {
  readonly fd: number
  /** Where it begins. */
  readonly start: number
  readonly turns: readonly Waiting[]
  readonly readers: ReadonlySet<LogReader>
  readonly lines: number
}

// What is nearer than this to where a reader stands is read at once, which holds up nothing that could be noticed.
const NEAR_BYTES = 1 << 20

const datasync = promisify(fdatasync)

/**
 * The writing side of one journal. Turns that wait at the same time are done under one lock, with one write and one wait
 * for the disk. The lock is held for no longer than that write takes, so other processes can append to other logs, or to
 * the same one, in between.
 *
 * The system's calls are made at once and not by its thread pool: together they take 30 µs instead of 300. Only the
 * wait for the disk can be long, and that one holds nobody up.
 */
export class JournalFile {
  readonly path: string
  readonly #lock: FileLock
  #fd: number | undefined
  #file = 0
  #users = 0
  // Where the whole lines ended when this one looked last.
  #end = -1
  readonly #waiting: Waiting[] = []
  #isRunning = false

  constructor(path: string, lockTimeoutMs: number) {
    this.path = path
    this.#lock = new FileLock(`${path}.lock`, lockTimeoutMs)
  }

  /** Keeps the file open from now until `leave`. */
  enter(): void {
    this.#users++
  }

  leave(): void {
    this.#users--
    if (this.#users > 0 || this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }

  /**
   * Resolves when it is done.
   * @throws {StorageError} (rejects) when it could not be written: then nothing of it is kept.
   */
  do(turn: Turn): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({
        reader: turn.reader,
        decide: (seen, file) => turn.decide(seen, file),
        isSynced: turn.isSynced,
        done: resolve,
        failed: reject,
      })
    })
    if (!this.#isRunning) void this.#run()
    return done
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    // Whatever else is asked for in this turn of the event loop comes with the first.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        await this.#doTogether(group)
      } catch (error) {
        const failure = diskError(`${this.path} cannot be written`, error)
        for (const turn of group) turn.failed(failure)
      }
    }
    this.#isRunning = false
  }

  /** Of one log only what one reader asked for: another reader has to see that first. */
  #nextGroup(): readonly Waiting[] {
    const readers = new Map<string, LogReader>()
    let count = 0
    for (const { reader } of this.#waiting) {
      if ((readers.get(reader.log) ?? reader) !== reader) break
      readers.set(reader.log, reader)
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #doTogether(group: readonly Waiting[]): Promise<void> {
    if (this.#fd === undefined) await makeFolder(dirname(this.path))
    if (!this.#lock.take()) await this.#lock.wait()
    let written: Written
    try {
      const fd = this.#fd ?? (await this.#opened())
      const start = this.#wholeEnd(fd)
      const failures = new Map<Waiting, unknown>()
      for (const turn of group) {
        turn.reader.makeSure(start, fd)
        if (start - turn.reader.offset < NEAR_BYTES) continue
        await this.#readFar(turn.reader, start).catch((error: unknown) => failures.set(turn, error))
      }
      written = this.#write(fd, start, group, failures)
    } finally {
      this.#lock.release()
    }
    if (written.turns.some(({ isSynced }) => isSynced)) await this.#sync(written)
    for (const turn of written.turns) turn.done()
  }

  async #opened(): Promise<number> {
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o666)
    this.#file = fstatSync(this.#fd).ino
    this.#end = -1
    await syncFolder(dirname(this.path))
    return this.#fd
  }

  /** Where the whole lines end. What a crash left behind them is cut. */
  #wholeEnd(fd: number): number {
    const stat = statSync(this.path, { throwIfNoEntry: false })
    if (stat === undefined || stat.ino !== this.#file) throw this.#gone('was moved or deleted')
    if (stat.size === this.#end) return this.#end
    if (this.#end === -1) beginFile(this.path, fd, stat.size)
    else if (stat.size < HEADER.length) throw this.#gone('was cut')
    const end = cutTornTail(fd, fstatSync(fd).size)
    if (end < HEADER.length) throw this.#gone('was cut')
    this.#end = end
    return end
  }

  async #readFar(reader: LogReader, end: number): Promise<void> {
    const file = await openToRead(this.path)
    try {
      if (file !== undefined) await reader.readOn(file, end)
    } finally {
      await file?.close()
    }
  }

  #write(
    fd: number,
    start: number,
    group: readonly Waiting[],
    failures: ReadonlyMap<Waiting, unknown>,
  ): Written {
    const turns: Waiting[] = []
    const readers = new Set<LogReader>()
    let text = ''
    for (const turn of group) {
      try {
        if (failures.has(turn)) throw failures.get(turn)
        if (turn.reader.offset > start) throw this.#gone('was cut')
        turn.reader.readTo(start, fd)
        readers.add(turn.reader)
        text += turn.decide(turn.reader.seen(), this.#file)
        turns.push(turn)
      } catch (error) {
        turn.failed(diskError(`${this.path} cannot be read`, error))
      }
    }
    const bytes = Buffer.from(text)
    try {
      writeAll(fd, bytes, start)
    } catch (error) {
      ftruncateSync(fd, start)
      const failure = diskError(`${this.path} cannot be written`, error)
      for (const turn of turns) turn.failed(failure)
      return { fd, start, turns: [], readers, lines: 0 }
    }
    const lines = countLines(bytes)
    this.#end = start + bytes.length
    for (const reader of readers) reader.skip(bytes.length, lines)
    return { fd, start, turns, readers, lines }
  }

  /** @throws {StorageError} (rejects) when the disk refuses: then what was written is taken back. */
  async #sync({ fd, start, readers, lines }: Written): Promise<void> {
    try {
      await datasync(fd)
    } catch (error) {
      const length = this.#end - start
      if (!this.#lock.take()) await this.#lock.wait()
      try {
        // Unless somebody has written behind it: that stays.
        if (fstatSync(fd).size === this.#end) {
          ftruncateSync(fd, start)
          this.#end = start
          for (const reader of readers) reader.skip(-length, -lines)
        }
      } finally {
        this.#lock.release()
      }
      throw error
    }
  }

  #gone(what: string): StorageError {
    return new StorageError(
      'moved',
      `${basename(this.path)} ${what} while it was open, in ${dirname(this.path)}. Put it back, or close it and open what is there now.`,
    )
  }
}
