import { lstat, readlink, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { StorageError } from '../../../errors.ts'
import { freshSeed } from '../../../random/random.ts'
import { diskError, errnoOf } from '../../disk-error.ts'

const FIRST_WAIT_MS = 1
const WAIT_MAX_MS = 50

/**
 * The lock that Optuna's writers take: `FILE.lock`, a symbolic link to the journal, or a file where there are no links.
 * Whoever finds the same lock for `staleMs` takes it for left behind and removes it; so does Optuna.
 */
export class JournalLock {
  readonly #target: string
  readonly #path: string
  readonly #staleMs: number

  /** @param path - Of the journal. */
  constructor(path: string, staleMs: number) {
    // Absolute, since Optuna looks at what the link leads to, to see how old the lock is.
    this.#target = resolve(path)
    this.#path = `${this.#target}.lock`
    this.#staleMs = staleMs
  }

  /**
   * Does something that nobody else does meanwhile.
   * @throws {StorageError} (rejects) when the lock cannot be made.
   */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.#take()
    try {
      return await work()
    } finally {
      await this.#release()
    }
  }

  async #take(): Promise<void> {
    let seen: string | undefined
    let since = performance.now()
    for (let wait = FIRST_WAIT_MS; !(await this.#make()); wait = Math.min(WAIT_MAX_MS, wait * 2)) {
      const holder = await this.#holder()
      if (holder !== seen) since = performance.now()
      seen = holder
      if (holder !== undefined && performance.now() - since > this.#staleMs) await this.#remove()
      else await new Promise((done) => setTimeout(done, wait))
    }
  }

  /** @returns False when somebody holds it. */
  async #make(): Promise<boolean> {
    try {
      await symlink(this.#target, this.#path)
      return true
    } catch (error) {
      const code = errnoOf(error)
      if (code === 'EEXIST') return false
      if (code === 'EPERM' || code === 'ENOSYS' || code === 'ENOTSUP') return this.#makeFile()
      throw diskError(`${this.#path} cannot be made`, error)
    }
  }

  async #makeFile(): Promise<boolean> {
    try {
      await writeFile(this.#path, '', { flag: 'wx' })
      return true
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false
      throw diskError(`${this.#path} cannot be made`, error)
    }
  }

  /** What tells one lock from the next; undefined when there is none. */
  async #holder(): Promise<string | undefined> {
    try {
      const { ino, mtimeMs, ctimeMs } = await lstat(this.#path)
      const target = await readlink(this.#path).catch(() => '')
      return [ino, mtimeMs, ctimeMs, target].join()
    } catch {
      return undefined
    }
  }

  /** By another name first, so that of two who find it left behind one alone removes it. */
  async #remove(): Promise<boolean> {
    const aside = `${this.#path}${freshSeed()}.rename`
    try {
      await rename(this.#path, aside)
      await unlink(aside)
      return true
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw diskError(`${this.#path} cannot be removed`, error)
    }
  }

  async #release(): Promise<void> {
    if (await this.#remove()) return
    throw new StorageError(
      'lockLost',
      `${this.#path} was removed by another writer, which took it for left behind. What was written meanwhile may stand among that writer's lines. Give lockStaleMs a longer time, and look whether this disk or machine stalls.`,
    )
  }
}
