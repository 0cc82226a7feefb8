import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { projectRoot } from '../support/sources.ts'

const TSX = import.meta.resolve('tsx')
const PROGRAM = join(projectRoot, 'src/cli/troupe.ts')

/** Where a FILE of a test finds the library. */
export const LIBRARY = pathToFileURL(join(projectRoot, 'src/index.ts')).href

/** How a process of the command line ended. */
export interface Exit {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A process of the command line that was started. */
export interface Child {
  readonly process: ChildProcess
  readonly ended: Promise<Exit>
  /** Resolves when it has printed something like this. */
  readonly printed: (pattern: RegExp) => Promise<void>
}

/** A folder to run the command line in, with the files that are given. */
export class Folder {
  readonly path: string

  /** The storage that the environment names; `''` for none. */
  storage = 'journal:///runs.jsonl'

  private constructor(path: string) {
    this.path = path
  }

  static async with(files: Readonly<Record<string, string>>): Promise<Folder> {
    const folder = new Folder(await mkdtemp(join(tmpdir(), 'troupe-cli-')))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text)
    return folder
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }

  /** Starts a command in this folder. */
  start(words: string): Child {
    const child = spawn(
      process.execPath,
      ['--conditions=@troupe/source', '--import', TSX, PROGRAM, ...words.split(' ')],
      {
        cwd: this.path,
        env: { ...process.env, NODE_OPTIONS: '', TROUPE_STORAGE: this.storage },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const said = { out: '', err: '' }
    const listeners = new Set<() => void>()
    const hear = (stream: 'out' | 'err') => (chunk: unknown) => {
      said[stream] += String(chunk)
      for (const listener of listeners) listener()
    }
    child.stdout.on('data', hear('out'))
    child.stderr.on('data', hear('err'))
    const ended = new Promise<Exit>((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, ...said }))
    })
    return {
      process: child,
      ended,
      printed: (pattern) =>
        new Promise((resolve, reject) => {
          const look = (): void => {
            if (!pattern.test(said.out + said.err)) return
            listeners.delete(look)
            resolve()
          }
          listeners.add(look)
          void ended.then(() => reject(new Error(`It ended without ${pattern}: ${said.out}${said.err}`)))
          look()
        }),
    }
  }

  /** Runs a command in this folder to its end. */
  run(words: string): Promise<Exit> {
    return this.start(words).ended
  }
}
