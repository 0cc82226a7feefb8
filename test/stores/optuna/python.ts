import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A Python that has Optuna 5, if there is one: then tests let Optuna itself read what Troupe wrote, and go on with it. */
export const PYTHON = process.env['TROUPE_PYTHON']

export const WITHOUT_PYTHON = 'skipped: set TROUPE_PYTHON to a Python that has Optuna 5'

/** How SQLAlchemy is told to use the driver for PostgreSQL that this Python has; undefined when it has none. */
export function pythonPostgres(): string | undefined {
  if (PYTHON === undefined) return undefined
  return ['psycopg', 'psycopg2'].find((driver) => {
    try {
      execFileSync(PYTHON, ['-c', `import ${driver}`], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

/** What Optuna reads back of a study. */
export interface OptunaDump {
  readonly name: string
  readonly directions: readonly string[]
  readonly metricNames: readonly string[] | null
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly trials: readonly OptunaDumpTrial[]
}

export interface OptunaDumpTrial {
  readonly number: number
  readonly state: string
  readonly values: readonly unknown[] | null
  readonly params: Readonly<Record<string, unknown>>
  readonly types: Readonly<Record<string, string>>
  readonly distributions: Readonly<Record<string, { readonly name: string; readonly attributes: object }>>
  readonly intermediate: Readonly<Record<string, unknown>>
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly constraints: Readonly<Record<string, unknown>>
  readonly fixed: Readonly<Record<string, unknown>> | null
  readonly startedAt: number | null
  readonly endedAt: number | null
}

const SCRIPT = fileURLToPath(new URL('python/exchange.py', import.meta.url))

/**
 * Lets Optuna do something to a study, and read it back.
 * @param args - As the script says.
 * @param timeZone - In which Python runs.
 */
export async function optuna(args: readonly string[], timeZone = 'UTC'): Promise<OptunaDump> {
  const { stdout } = await promisify(execFile)(PYTHON ?? 'python3', [SCRIPT, ...args], {
    env: { ...process.env, TZ: timeZone },
    maxBuffer: 1e8,
  })
  return JSON.parse(stdout) as OptunaDump
}
