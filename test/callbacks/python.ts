import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const path = process.env['TROUPE_PYTHON']

/**
 * Runs a script that prints JSON, and gives what it printed. Undefined unless TROUPE_PYTHON names a Python that has the
 * module.
 */
export function pythonWith(
  module: string,
): ((script: string, ...args: string[]) => Promise<unknown>) | undefined {
  if (path === undefined || !canImport(path, module)) return undefined
  return async (script, ...args) => {
    const { stdout } = await run(path, ['-c', script, ...args])
    return JSON.parse(stdout) as unknown
  }
}

function canImport(python: string, module: string): boolean {
  try {
    execFileSync(python, ['-c', `import ${module}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
