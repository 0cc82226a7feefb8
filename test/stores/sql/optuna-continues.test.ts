import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { choice } from '../../../src/space/choices.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { postgresStore } from '../../../src/stores/postgres/postgres-store.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../../src/study/create-study.ts'
import { type PostgresServer, postgresPrograms, startPostgres } from '../../support/postgres-server.ts'

const python = process.env['TROUPE_PYTHON']

function canImport(...modules: string[]): boolean {
  if (python === undefined) return false
  try {
    execFileSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface Seen {
  readonly number: number
  readonly state: string
  readonly values: readonly number[] | null
  readonly params: Readonly<Record<string, unknown>>
  readonly intermediate: Readonly<Record<string, number>>
  readonly userAttrs: Readonly<Record<string, unknown>>
  readonly constraints: number | null
  readonly startedAt: number | null
}

/** A study that goes from Troupe to Optuna, and back, and once more. @returns How many trials it has in the end. */
async function exchange(store: Store, url: string): Promise<number> {
  const paramSpace = { x: uniform(0, 1), kind: choice(['a', 'b']) }
  const startedAt = Date.now()
  const study = await createStudy({ name: 'demo', storage: store, paramSpace, direction: 'minimize' })
  for (let i = 0; i < 6; i++) {
    const trial = await study.ask()
    trial.report(1, trial.config.x)
    trial.setUserAttr('i', i)
    trial.setConstraint('memory', i - 3)
    await study.tell(trial, i === 5 ? { state: 'failed' } : trial.config.x)
  }
  await study.enqueueTrial({ x: 0.5, kind: 'b' })
  const told = study.trials
  await study.close()

  const script = join(import.meta.dirname, 'continue-by-optuna.py')
  const { stdout } = await promisify(execFile)(python as string, [script, url, 'demo', '4'])
  const optuna = JSON.parse(stdout) as Record<'before' | 'after', Seen[]> & Record<string, unknown>
  expect(optuna).toMatchObject({ directions: ['MINIMIZE'] })
  expect(optuna.before).toMatchObject(
    told.map((trial) => ({
      number: trial.number,
      state: { completed: 'COMPLETE', failed: 'FAIL', waiting: 'WAITING' }[trial.state as 'completed'],
      values: trial.values ?? null,
      params: trial.state === 'waiting' ? {} : trial.config,
      intermediate: Object.fromEntries(trial.intermediateValues),
      userAttrs: trial.userAttrs,
    })),
  )
  for (const { constraints, number, startedAt: at, state } of optuna.before) {
    if (state === 'WAITING') continue
    expect(constraints).toBe(number - 3)
    expect(Math.abs((at as number) * 1000 - startedAt)).toBeLessThan(120_000)
  }
  // The one that waited ran first, with what it was enqueued with.
  expect(optuna.after[6]).toMatchObject({ state: 'COMPLETE', params: { x: 0.5, kind: 'b' }, values: [1.5] })

  const again = await loadStudy({ name: 'demo', storage: store, paramSpace })
  expect(again.trials.map(({ number, state }) => ({ number, state }))).toEqual(
    optuna.after.map(({ number, state }) => ({ number, state: state === 'FAIL' ? 'failed' : 'completed' })),
  )
  for (const { number, params, values } of optuna.after.slice(6))
    expect(again.trials[number]).toMatchObject({ config: params, values })
  const next = await again.ask()
  expect(next.number).toBe(10)
  await again.tell(next, 0.5)
  await again.close()
  const { stdout: last } = await promisify(execFile)(python as string, [script, url, 'demo', '1'])
  return (JSON.parse(last) as { after: Seen[] }).after.length
}

const hasOptuna = canImport('optuna', 'sqlalchemy')

describe.skipIf(!hasOptuna)(
  `Optuna itself${hasOptuna ? '' : ' (skipped: TROUPE_PYTHON names no Python that has it)'}`,
  () => {
    let folder = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'troupe-optuna-'))
    })
    afterAll(() => rm(folder, { recursive: true }))

    it('goes on with a study in SQLite, and Troupe after it', { timeout: 120_000 }, async () => {
      const path = join(folder, 'study.db')
      expect(await exchange(sqliteStore({ path }), `sqlite:///${path}`)).toBe(12)
    })
  },
)

const hasPostgres = canImport('optuna', 'psycopg2') && postgresPrograms() !== undefined

describe.skipIf(!hasPostgres)(
  `Optuna itself on PostgreSQL${hasPostgres ? '' : ' (skipped: needs PostgreSQL, and psycopg2 in the Python of TROUPE_PYTHON)'}`,
  () => {
    let server: PostgresServer | undefined
    beforeAll(async () => {
      server = await startPostgres()
    })
    afterAll(() => server?.stop())

    it('goes on with a study, and Troupe after it', { timeout: 120_000 }, async () => {
      const url = await (server as PostgresServer).database()
      const theirs = url.replace('postgresql:', 'postgresql+psycopg2:')
      expect(await exchange(postgresStore({ url }), theirs)).toBe(12)
    })
  },
)
