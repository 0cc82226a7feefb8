import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { diskError, errnoOf } from '../disk-error.ts'
import { makeFolder } from '../folders.ts'

/**
 * When each writer of a shared log was heard of last: the times of small files, one a writer. The file system sets them,
 * so the clocks of the machines that share it do not matter.
 */
export class WriterBeats {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async add(writer: string): Promise<void> {
    try {
      await makeFolder(this.#folder)
      await writeFile(join(this.#folder, writer), '.')
    } catch (error) {
      throw diskError(`${this.#folder} cannot be written`, error)
    }
  }

  /** Says that a writer is alive. False when it was removed: then it may no longer write. */
  async beat(writer: string): Promise<boolean> {
    const file = join(this.#folder, writer)
    try {
      await writeFile(file, '.', { flag: 'r+' })
      return true
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false
      throw diskError(`${file} cannot be written`, error)
    }
  }

  /** Writers that have not been heard of for so long, asked for by one that was heard just now. */
  async silent(leaseMs: number, asking: string): Promise<readonly string[]> {
    const now = await this.#heardAt(asking)
    const silent: string[] = []
    for (const writer of await readdir(this.#folder)) {
      if (now - (await this.#heardAt(writer)) > leaseMs) silent.push(writer)
    }
    return silent
  }

  async remove(writer: string): Promise<void> {
    await rm(join(this.#folder, writer), { force: true })
  }

  async removeAll(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #heardAt(writer: string): Promise<number> {
    // One that has closed the log meanwhile has nothing under way.
    return stat(join(this.#folder, writer)).then(
      ({ mtimeMs }) => mtimeMs,
      () => Infinity,
    )
  }
}
