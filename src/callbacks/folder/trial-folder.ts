import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { safeName } from './safe-name.ts'

// Hidden, since what reads folders as Ray Tune's has no use for it.
const MARK = '.experiment'

/** Whose folders are looked for, or made. */
export interface FolderOwner {
  readonly name: string
  /** Undefined where it is kept nowhere, so that it never looks for its folders. */
  readonly startedAt: number | undefined
}

/** The folder of one trial, made when the first file is written in it. */
export class TrialFolder {
  readonly #parent: string
  readonly #name: string
  readonly #owner: FolderOwner
  readonly #isRestored: boolean
  #path: Promise<string> | undefined

  /** @param isRestored - Whether an earlier run of the same experiment may have made it already. */
  constructor(parent: string, trialName: string, owner: FolderOwner, isRestored: boolean) {
    this.#parent = parent
    this.#name = safeName(trialName)
    this.#owner = owner
    this.#isRestored = isRestored
  }

  /** Where it is; it is there once this resolves. */
  path(): Promise<string> {
    this.#path ??= this.#isRestored ? this.#find() : this.#make(1)
    return this.#path
  }

  /** With a number when the name is taken: two runs with one seed and name have trials of the same names. */
  async #make(number: number): Promise<string> {
    const path = this.#numbered(number)
    try {
      await mkdir(path)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'EEXIST') return this.#make(number + 1)
      throw error
    }
    await this.#mark(path)
    return path
  }

  /** The one that an earlier run has made, and no other experiment. */
  async #find(): Promise<string> {
    const mark = this.#markText()
    for (let number = 1; ; number++) {
      const path = this.#numbered(number)
      const names = await namesIn(path)
      if (names === undefined) return this.#make(number)
      if (names.length === 0) {
        // A crash came before the mark.
        await this.#mark(path)
        return path
      }
      const found = names.includes(MARK) ? await readFile(join(path, MARK), 'utf8') : undefined
      if (found === mark) return path
    }
  }

  async #mark(path: string): Promise<void> {
    const text = this.#markText()
    if (text !== undefined) await writeFile(join(path, MARK), text)
  }

  #markText(): string | undefined {
    const { name, startedAt } = this.#owner
    return startedAt === undefined ? undefined : `${JSON.stringify({ experiment: name, startedAt })}\n`
  }

  #numbered(number: number): string {
    return join(this.#parent, number === 1 ? this.#name : `${this.#name}_${number}`)
  }
}

/** Undefined when there is no such folder. */
async function namesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}
