import { spawn } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { projectRoot } from '../../support/sources.ts'

/** Another process that works on a database. */
export interface Child {
  readonly pid: number
  /** What it has said so far, line by line. */
  readonly lines: readonly string[]
  /** Resolves when it has said so many lines; rejects when it ends before. */
  said(lineCount: number): Promise<void>
  /** Says a line to it. */
  tell(): void
  kill(): Promise<void>
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>
}

/** Starts other processes on what stands in child-program.ts. */
export interface Children {
  start(what: string, path: string, ...rest: string[]): Child
  /** Starts one for which a package is not installed. */
  startWithout(missing: string, what: string, path: string): Child
  remove(): Promise<void>
}

/** Makes the program one file of JavaScript, which starts ten times as fast as the sources. */
export async function prepareChildren(): Promise<Children> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-children-'))
  // Drivers are left out of that file, and looked for beside it.
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  const program = join(folder, 'child-program.mjs')
  await build({
    ...{ entryPoints: [join(import.meta.dirname, 'child-program.ts')], outfile: program, bundle: true },
    ...{ platform: 'node', format: 'esm', conditions: ['@troupe/source'], logLevel: 'error' },
    packages: 'external',
  })
  return {
    start: (...ours) => startNode([program, ...ours]),
    startWithout: (missing, ...ours) => startNode(['--import', withoutPackage(missing), program, ...ours]),
    remove: () => rm(folder, { recursive: true }),
  }
}

function withoutPackage(missing: string): string {
  const hook = `export function resolve(name, context, next) {
    if (name === '${missing}') throw new Error('Cannot find package ${missing}')
    return next(name, context)
  }`
  const hookUrl = JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)
  const registering = `import { register } from 'node:module'; register(${hookUrl})`
  return `data:text/javascript,${encodeURIComponent(registering)}`
}

function startNode(args: readonly string[]): Child {
  const process = spawn(globalThis.process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  let waiting: (() => void)[] = []
  const wake = (): void => {
    const woken = waiting
    waiting = []
    for (const go of woken) go()
  }
  createInterface({ input: process.stdout }).on('line', (line) => {
    lines.push(line)
    wake()
  })
  let hasEnded = false
  const ended = new Promise<number | null>((resolve) => {
    process.once('close', (code) => {
      hasEnded = true
      resolve(code)
      wake()
    })
  })
  return {
    pid: process.pid ?? 0,
    lines,
    async said(lineCount) {
      while (lines.length < lineCount) {
        if (hasEnded) throw new Error(`The child ended after saying ${lines.length} lines.`)
        await new Promise<void>((resolve) => void waiting.push(resolve))
      }
    },
    tell: () => void process.stdin.write('go\n'),
    async kill() {
      process.kill('SIGKILL')
      await ended
    },
    ended,
  }
}
