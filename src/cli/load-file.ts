import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { features, version } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe } from '../core/options.ts'
import { asError, TroupeError } from '../errors.ts'
import { firstLine } from '../results/text.ts'
import type { Tuner } from '../tuner/tuner.ts'
import type { RunOptions } from './run-options.ts'
import { UsageError } from './usage-error.ts'

const EXAMPLE =
  'Write export default new Tuner(…), or export default (options) => new Tuner(train, { …, ...options }).'

/** What FILE has by default: a Tuner, or what makes one. */
export type Loaded =
  | { readonly kind: 'tuner'; readonly tuner: Tuner<unknown> }
  | { readonly kind: 'function'; readonly make: (options: RunOptions) => Promise<Tuner<unknown>> }

/**
 * Loads a file that has a Tuner, or a function that makes one, as its default export.
 * @param path - Absolute.
 * @throws {UsageError} (rejects) when there is no such file.
 * @throws {TroupeError} (rejects) with code `'file'` when it cannot be loaded, or has nothing of that kind.
 */
export async function loadFile(path: string): Promise<Loaded> {
  if (!existsSync(path)) throw new UsageError(`there is no file ${path}.`)
  if (/\.[cm]?tsx?$/.test(path)) await readTypeScript(path)
  const name = basename(path)
  const exported = defaultOf(await imported(path, name))
  if (isTuner(exported)) return { kind: 'tuner', tuner: exported }
  if (typeof exported === 'function') {
    return { kind: 'function', make: (options) => made(exported as Maker, options, path, name) }
  }
  const what = exported === undefined ? 'has no default export' : `exports ${describe(exported)} by default`
  throw new TroupeError('file', `${name} ${what}, where a Tuner is needed. ${EXAMPLE}`)
}

// What is TypeScript for import is CommonJS for Node, in a folder that does not say "type": "module".
function defaultOf({ default: exported }: { readonly default?: unknown }): unknown {
  const module = exported as { readonly __esModule?: unknown; readonly default?: unknown } | undefined
  return typeof module === 'object' && module?.__esModule === true ? module.default : exported
}

type Maker = (options: RunOptions) => unknown

async function made(make: Maker, options: RunOptions, path: string, name: string): Promise<Tuner<unknown>> {
  let tuner: unknown
  try {
    tuner = await make(options)
  } catch (cause) {
    throw brokenFile(cause, path, name)
  }
  if (isTuner(tuner)) return tuner
  throw new TroupeError(
    'file',
    `The function of ${name} gave ${describe(tuner)}, where a Tuner is needed. ${EXAMPLE}`,
  )
}

async function imported(path: string, name: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await import(pathToFileURL(path).href)) as { readonly default?: unknown }
  } catch (cause) {
    throw brokenFile(cause, path, name)
  }
}

/** What is wrong, and where in the file, which an import does not say by itself. */
function brokenFile(cause: unknown, path: string, name: string): TroupeError {
  const error = asError(cause)
  const place = placeIn(error.stack ?? '', path)
  const what = firstLine(error.message) || error.name
  const kind = error instanceof TroupeError ? '' : `${error.name}: `
  return new TroupeError('file', `${name}${place} failed: ${kind}${what}`, { cause })
}

function placeIn(stack: string, path: string): string {
  for (const own of [pathToFileURL(path).href, path]) {
    const start = stack.indexOf(`${own}:`)
    const place = start === -1 ? null : /^:\d+/.exec(stack.slice(start + own.length))
    if (place !== null) return place[0]
  }
  return ''
}

// By its members: the file may have found another copy of this package than the one that the command line is part of.
function isTuner(value: unknown): value is Tuner<unknown> {
  if (typeof value !== 'object' || value === null) return false
  const members = value as Readonly<Record<string, unknown>>
  return ['fit', 'stop', 'getSnapshot', 'on'].every((name) => typeof members[name] === 'function')
}

/**
 * Makes this process read TypeScript, by the tsx of the file's own project, else by the one beside this package.
 * @throws {TroupeError} (rejects) with code `'typescript'` when there is none, and Node cannot by itself.
 */
async function readTypeScript(path: string): Promise<void> {
  const tsx = (await tsxOf(path)) ?? (await tsxOf(fileURLToPath(import.meta.url)))
  if (tsx !== undefined) {
    tsx.register()
    return
  }
  if ('typescript' in features && features.typescript !== false) return
  throw new TroupeError(
    'typescript',
    `This Node (${version}) reads no TypeScript by itself. Install what does, npm install --save-dev tsx, or give the compiled .js file.`,
  )
}

interface Tsx {
  /** Once a process: one copy of every module, so that the file and this package have the same one of it. */
  readonly register: () => unknown
}

async function tsxOf(from: string): Promise<Tsx | undefined> {
  try {
    const manifest = createRequire(from).resolve('tsx/package.json')
    return (await import(new URL('dist/esm/api/index.mjs', pathToFileURL(manifest)).href)) as Tsx
  } catch {
    return undefined
  }
}
