import { lstatSync, readFileSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { StorageError } from '../../errors.ts'
import { diskError, errnoOf } from '../disk-error.ts'
import { isGone, isThisProcess, markText, readMark, thisProcess } from '../process-mark.ts'

const FIRST_WAIT_MS = 0.5
const WAIT_MAX_MS = 20

/**
 * A lock between processes: a symbolic link that says who holds it, made and removed. To make one is atomic, also over
 * networks, and takes a sixth of the time that a file with content does. One that a dead process of this machine left
 * is taken over; one of another machine never is, since nothing is known of it.
 */
export class FileLock {
  readonly #path: string
  readonly #timeoutMs: number

  constructor(path: string, timeoutMs: number) {
    this.#path = path
    this.#timeoutMs = timeoutMs
  }

  /** @returns False when somebody else holds it. */
  take(): boolean {
    return take(this.#path)
  }

  /**
   * Takes it as soon as it is free.
   * @throws {StorageError} (rejects) with code `'locked'` when it was not for so long.
   */
  async wait(): Promise<void> {
    const until = performance.now() + this.#timeoutMs
    for (let wait = FIRST_WAIT_MS; ; wait = Math.min(WAIT_MAX_MS, wait * 2)) {
      removeLeft(this.#path)
      if (take(this.#path)) return
      if (performance.now() > until) throw this.#heldTooLong()
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }

  release(): void {
    try {
      unlinkSync(this.#path)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw diskError(`${this.#path} cannot be removed`, error)
    }
  }

  #heldTooLong(): StorageError {
    const holder = readMark(holderOf(this.#path) ?? '')
    const since = lstatSync(this.#path, { throwIfNoEntry: false })?.mtime.toISOString()
    return new StorageError(
      'locked',
      `${this.#path} is held ${holder === undefined ? 'by a process that is not known' : `by process ${holder.pid}${placeOf(holder.host)}`}${since === undefined ? '' : ` since ${since}`}, for longer than ${Math.round(this.#timeoutMs / 1000)} s. Stop that process if it hangs. If it is gone for certain, delete this file.`,
    )
  }
}

/** Where a process runs, as the end of a sentence. */
function placeOf(host: string): string {
  return host === thisProcess().host ? '' : ' of another machine'
}

/** @returns False when somebody holds it. */
function take(path: string): boolean {
  const mark = markText(thisProcess())
  try {
    symlinkSync(mark, path)
    return true
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'EEXIST') return false
    if (code === 'EPERM' || code === 'ENOSYS' || code === 'ENOTSUP') return takeFile(path, mark)
    throw diskError(`${path} cannot be made`, error)
  }
}

// Not every file system has symbolic links, and not every user may make them.
function takeFile(path: string, mark: string): boolean {
  try {
    writeFileSync(path, mark, { flag: 'wx' })
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw diskError(`${path} cannot be made`, error)
  }
}

/**
 * Removes a lock whose holder is gone. Between looking at it and removing it, another process may have done the same and
 * taken the lock: so only who holds a second lock, named after the dead process, may remove what that one left. Whoever
 * dies while holding that leaves a lock like any other.
 */
function removeLeft(path: string): void {
  const left = holderOf(path)
  const holder = readMark(left ?? '')
  if (holder === undefined || isThisProcess(holder) || !isGone(holder)) return
  const guard = `${path}.${holder.pid}-${holder.start}`
  if (!take(guard)) return removeLeft(guard)
  try {
    if (holderOf(path) === left) unlinkSync(path)
  } catch (error) {
    throw diskError(`${path} was left by process ${holder.pid}, and cannot be removed`, error)
  } finally {
    unlinkSync(guard)
  }
}

function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
  }
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
