import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { safeName } from './safe-name.ts'

/** The folder of one trial, made when the first file is written in it. */
export class TrialFolder {
  readonly #parent: string
  readonly #name: string
  readonly #isRestored: boolean
  #path: Promise<string> | undefined

  /** @param isRestored - Whether an earlier run of the same experiment may have made it already. */
  constructor(parent: string, trialName: string, isRestored: boolean) {
    this.#parent = parent
    this.#name = safeName(trialName)
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
      return path
    } catch (error) {
      if ((error as { code?: unknown }).code === 'EEXIST') return this.#make(number + 1)
      throw error
    }
  }

  /** The last one that was made. */
  async #find(): Promise<string> {
    let number = 0
    while (await exists(this.#numbered(number + 1))) number++
    return number === 0 ? this.#make(1) : this.#numbered(number)
  }

  #numbered(number: number): string {
    return join(this.#parent, number === 1 ? this.#name : `${this.#name}_${number}`)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
