import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the project, with a slash at its end. */
export const projectRoot = fileURLToPath(new URL('../../', import.meta.url))

/** One file of the library, as the laws of the house look at it. */
export interface SourceFile {
  /** From the project's folder, such as `src/space/domain.ts`. */
  readonly path: string
  readonly text: string
  /** The text without comments. */
  readonly code: string
  /** What it imports, types too: files of the project by path, all else as written. */
  readonly imports: readonly string[]
}

/** All TypeScript files below a folder of the project, by path. */
export function sourceFiles(folder: string): SourceFile[] {
  const names = readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => sourceFile(join(folder, name).replaceAll('\\', '/')))
}

function sourceFile(path: string): SourceFile {
  const text = readFileSync(join(projectRoot, path), 'utf8')
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')
  return { path, text, code, imports: specifiersIn(code).map((specifier) => resolved(path, specifier)) }
}

// `import a, { b } from 'x'`, `export * from 'x'`, `import 'x'`; then `import('x')`, also as a type.
const STATIC =
  /^(?:import|export)\s+(?:type\s+)?(?:[\w$,\s]*(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)?\s*from\s*)?'([^']+)'/gm
const DYNAMIC = /\bimport\(\s*'([^']+)'/g

function specifiersIn(code: string): string[] {
  return [...code.matchAll(STATIC), ...code.matchAll(DYNAMIC)].map(([, specifier = '']) => specifier)
}

function resolved(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return relative(projectRoot, join(projectRoot, dirname(from), specifier)).replaceAll('\\', '/')
}

/** Names that a file exports, each with the comment before its declaration, found through re-exports. */
export function exportsOf(
  path: string,
  files: ReadonlyMap<string, SourceFile>,
): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>()
  const file = files.get(path)
  if (file === undefined) throw new Error(`${path} is not there.`)
  for (const [, comment, name = ''] of file.text.matchAll(DECLARATION)) {
    // Overloads: the first one is what carries the comment.
    if (!found.has(name)) found.set(name, comment)
  }
  for (const [, list = '', source = ''] of file.text.matchAll(RE_EXPORT)) {
    const inner = exportsOf(resolved(path, source), files)
    for (const item of list.split(',').map((part) => part.trim().replace(/^type\s+/, ''))) {
      const [name = '', alias = name] = item.split(/\s+as\s+/)
      if (name !== '') found.set(alias, inner.get(name))
    }
  }
  return found
}

const DECLARATION =
  /(?:\/\*\*((?:[^*]|\*(?!\/))*)\*\/\n)?export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|class|interface|type) (\w+)/g
const RE_EXPORT = /^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm

/** The files of a circle of imports, first and last the same, or undefined when there is none. */
export function importCycle(files: ReadonlyMap<string, SourceFile>): string[] | undefined {
  const done = new Set<string>()
  const trail: string[] = []
  const visit = (path: string): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return undefined
    trail.push(path)
    for (const next of files.get(path)?.imports ?? []) {
      const cycle = files.has(next) ? visit(next) : undefined
      if (cycle !== undefined) return cycle
    }
    trail.pop()
    done.add(path)
    return undefined
  }
  for (const path of files.keys()) {
    const cycle = visit(path)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** Every import, direct or not, of a file of the project; what stands in no file of it is not followed. */
export function reachable(path: string, files: ReadonlyMap<string, SourceFile>): Set<string> {
  const seen = new Set<string>([path])
  for (const at of seen) for (const next of files.get(at)?.imports ?? []) seen.add(next)
  return seen
}
