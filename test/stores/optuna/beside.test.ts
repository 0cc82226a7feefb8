import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../../src/core/log.ts'
import type { Trial } from '../../../src/executors/trainable.ts'
import { recordedResults } from '../../../src/results/recorded/read-recorded.ts'
import { tpe } from '../../../src/searchers/tpe/tpe.ts'
import { uniform } from '../../../src/space/numbers.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { postgresStore } from '../../../src/stores/postgres/postgres-store.ts'
import { FOREIGN_NUMBERS } from '../../../src/stores/sql/known-trials.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import type { Store } from '../../../src/stores/store.ts'
import { Tuner } from '../../../src/tuner/tuner.ts'
import { postgresPrograms, startPostgres } from '../../support/postgres-server.ts'
import { PYTHON, pythonPostgres, WITHOUT_PYTHON } from './python.ts'

interface Seen {
  readonly number: number
  readonly state: string
  readonly values: readonly number[] | null
  readonly params: Readonly<Record<string, unknown>>
  readonly by: string | null
}

const OPTUNA_TRIALS = 12

/** Lets Optuna enqueue and optimise until it is done, and gives all trials that it then sees. */
async function byOptuna(url: string): Promise<readonly Seen[]> {
  const script = join(import.meta.dirname, 'python/beside.py')
  const args = [script, url, 'demo', String(OPTUNA_TRIALS)]
  const { stdout } = await promisify(execFile)(PYTHON as string, args)
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Seen[]
}

const train = async ({ x }: { readonly x: number }, trial: Trial): Promise<void> => {
  for (let step = 1; step <= 3; step++) {
    await trial.sleep(5)
    await trial.report({ loss: x + 1 / step })
  }
}

function tuner(storage: Store, numSamples: number): Tuner<{ x: number }> {
  return new Tuner(train, {
    ...{ name: 'demo', storage, numSamples, seed: 1, maxConcurrentTrials: 1, searcher: tpe() },
    ...{ paramSpace: { x: uniform(0, 1) }, metric: 'loss', mode: 'min' },
  })
}

const numbersOf = (records: readonly LogRecord[], type: 'trial.created' | 'trial.imported'): number[] => [
  ...new Set(records.flatMap((record) => (record.type === type ? record.trial : []))),
]

/** Resolves when Optuna is done, and something of it is in the log before what the experiment has begun since. */
async function untilTakenIn(
  theirs: Promise<unknown>,
  running: Tuner<{ x: number }>,
  store: Store,
): Promise<void> {
  await theirs
  for (;;) {
    const types = ((await store.read('demo')) ?? []).map(({ type }) => type)
    const first = types.indexOf('trial.imported')
    if (first !== -1 && first < types.lastIndexOf('trial.created')) return
    await new Promise((resolve) => running.once('trial.complete', resolve))
  }
}

/**
 * An experiment beside which Optuna does what it likes with the same study.
 * @returns How many trials of Optuna's there are in the end.
 */
async function beside(store: Store, url: string): Promise<number> {
  const running = tuner(store, 100_000)
  let theirs: Promise<readonly Seen[]> | undefined
  const stopped = new Promise<void>((resolve, reject) => {
    running.once('trial.complete', () => {
      theirs = byOptuna(url)
      untilTakenIn(theirs, running, store).then(resolve, reject)
    })
  }).finally(() => void running.stop({ graceful: true }))
  const results = await running.fit()
  await stopped
  const seen = (await theirs) as readonly Seen[]
  // Each number once, whoever gave it.
  expect(seen.map(({ number }) => number)).toEqual(seen.map((_, i) => i))
  const foreign = seen.filter(({ by, state }) => by === 'optuna' || state === 'WAITING')

  const records = (await store.read('demo')) ?? []
  const own = numbersOf(records, 'trial.created')
  expect(own).toEqual(own.map((_, i) => i))
  expect(own.length).toBe(results.length)
  expect(numbersOf(records, 'trial.imported')).toEqual(
    expect.arrayContaining(foreign.map(({ number }) => FOREIGN_NUMBERS + number)),
  )
  expect(numbersOf(records, 'trial.imported').length).toBe(foreign.length)
  const recorded = recordedResults(records)
  expect(recorded.length).toBe(own.length + foreign.length)
  const words = new Map(Object.entries({ COMPLETE: 'completed', PRUNED: 'pruned', WAITING: 'waiting' }))
  for (const { number, state, values, params } of foreign) {
    expect(recorded.get(`optuna-${number}`)).toMatchObject({
      ...{ number: FOREIGN_NUMBERS + number, state: words.get(state), source: 'imported' },
      ...(state === 'WAITING' ? {} : { values: values ?? undefined, config: params }),
    })
  }

  // It did what it would have done alone, and goes on so.
  const count = results.length
  const more = await Tuner.restore(store, {
    ...{ name: 'demo', trainable: train, searcher: tpe(), numSamples: count + 3 },
  }).fit()
  const alone = await tuner(memoryStore(), count + 3).fit()
  expect([...more].map(({ number, config, values }) => ({ number, config, values }))).toEqual(
    [...alone].map(({ number, config, values }) => ({ number, config, values })),
  )
  expect(recordedResults((await store.read('demo')) ?? []).length).toBe(count + 3 + foreign.length)
  return foreign.length
}

const hasPostgres = postgresPrograms() !== undefined && pythonPostgres() !== undefined

describe.skipIf(PYTHON === undefined)(
  `Optuna itself beside an experiment that runs (else ${WITHOUT_PYTHON})`,
  () => {
    it('shares its study in SQLite, and changes nothing of what it does', { timeout: 240_000 }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'troupe-beside-'))
      const path = join(folder, 'study.db')
      expect(await beside(sqliteStore({ path }), `sqlite:///${path}`)).toBe(OPTUNA_TRIALS + 1)
      await rm(folder, { recursive: true })
    })

    it.skipIf(!hasPostgres)(
      'does so on PostgreSQL (skipped without it, or without psycopg for Python)',
      { timeout: 240_000 },
      async () => {
        const server = await startPostgres()
        const url = await server.database()
        const theirs = url.replace('postgresql:', `postgresql+${pythonPostgres()}:`)
        expect(await beside(postgresStore({ url }), theirs)).toBe(OPTUNA_TRIALS + 1)
        await server.stop()
      },
    )
  },
)
