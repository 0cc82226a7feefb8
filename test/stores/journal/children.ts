import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'

/** A fresh folder, and what removes it. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'troupe-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/**
 * A program as one file of JavaScript, which starts ten times as fast as the sources.
 * @param program - Path of its source.
 * @param folder - Where to put it.
 */
export async function bundled(program: string, folder: string): Promise<string> {
  const outfile = join(folder, `${basename(program, '.ts')}.mjs`)
  await build({
    entryPoints: [program],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['@troupe/source'],
    logLevel: 'error',
  })
  return outfile
}

/** A process of its own that says lines. */
export interface Child {
  readonly process: ChildProcess
  /** Lines so far. */
  readonly lines: readonly string[]
  /** Resolves when it has said so many lines; rejects when it ends before. */
  said(count: number): Promise<void>
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>
  /** Resolves with its exit code. */
  ended(): Promise<number | null>
}

export function startChild(file: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  const watchers = new Set<() => void>()
  let hasEnded = false
  reader.on('line', (line) => {
    lines.push(line)
    for (const look of watchers) look()
  })
  const end = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      hasEnded = true
      for (const look of watchers) look()
      resolve(code)
    })
  })
  return {
    process: child,
    lines,
    said: (count) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (lines.length >= count) resolve()
          else if (hasEnded) reject(new Error(`It ended after ${lines.length} lines: ${lines.join(' ')}`))
          else return
          watchers.delete(look)
        }
        watchers.add(look)
        look()
      }),
    async kill() {
      child.kill('SIGKILL')
      await end
    },
    ended: () => end,
  }
}
