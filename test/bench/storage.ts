/** What it costs to keep an experiment or a study in SQLite, on the disk of the system's temporary files. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createStudy, randomSearch, type Trial, Tuner, uniform } from 'troupe'
import type { Durability, LogRecord } from 'troupe/stores'
import { recordedResults } from '../../src/results/recorded/read-recorded.ts'
import { openStore } from '../../src/stores/open-store.ts'

/** A folder for databases. */
export interface StorageFolder {
  /** URL of a database that is not there yet. */
  readonly freshUrl: () => string
  remove(): Promise<void>
}

export async function storageFolder(): Promise<StorageFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-bench-'))
  let count = 0
  return {
    freshUrl: () => `sqlite:///${join(folder, `${++count}.db`)}`,
    remove: () => rm(folder, { recursive: true }),
  }
}

const ROUNDS = 5
const REPORTS_PER_TRIAL = 2_000
const TRIALS = 4

/** Of one report, all in all: from `fit` to its results, with the log closed. */
export interface ReportCost {
  readonly microseconds: number
  /** To the same without a storage, in the same run. */
  readonly microsecondsMore: number
}

/** What a report costs, by turns with a storage and without; of each the fastest of several rounds. */
export async function reportCost(freshUrl: () => string, durability: Durability): Promise<ReportCost> {
  // Where each report waits for the disk there need not be as many.
  const reports = durability === 'report' ? REPORTS_PER_TRIAL / 20 : REPORTS_PER_TRIAL
  let [bare, kept] = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    bare = Math.min(bare, await microsecondsPerReport(reports, {}))
    kept = Math.min(kept, await microsecondsPerReport(reports, { storage: freshUrl(), durability }))
  }
  return { microseconds: kept, microsecondsMore: kept - bare }
}

async function microsecondsPerReport(
  reports: number,
  storing: { readonly storage?: string; readonly durability?: Durability },
): Promise<number> {
  const train = async ({ x }: { readonly x: number }, trial: Trial): Promise<void> => {
    for (let i = 1; i <= reports; i++) {
      await trial.report({ loss: x / i })
      // Or nothing else that happens in this process would have a turn.
      if (i % 100 === 0) await new Promise(setImmediate)
    }
  }
  const tuner = new Tuner(train, {
    paramSpace: { x: uniform(0, 1) },
    metric: 'loss',
    mode: 'min',
    numSamples: TRIALS,
    maxConcurrentTrials: TRIALS,
    seed: 1,
    name: 'cost',
    ...storing,
  })
  const started = performance.now()
  await tuner.fit()
  return ((performance.now() - started) * 1000) / (TRIALS * reports)
}

/** Seconds to read 100,000 trials of 3 records each into results. */
export async function loadTime(
  url: string,
): Promise<{ readonly seconds: number; readonly readingS: number }> {
  const trials = 100_000
  const writing = openStore(url)
  const log = await writing.open('many', { durability: 'interval' })
  await log.append([STARTED])
  for (let first = 0; first < trials; first += 10_000) {
    await log.append(Array.from({ length: 10_000 }, (_, i) => recordsOfTrial(first + i)).flat())
  }
  await log.close()
  await writing.close?.()

  const store = openStore(url)
  const started = performance.now()
  const records = await store.read('many')
  const readingS = (performance.now() - started) / 1000
  const results = recordedResults(records ?? [])
  const seconds = (performance.now() - started) / 1000
  if (results.length !== trials) throw new Error(`Of ${trials} trials ${results.length} were loaded.`)
  await store.close?.()
  return { seconds, readingS }
}

const STARTED: LogRecord = {
  at: 0,
  type: 'experiment.started',
  name: 'many',
  seed: '1',
  objectives: [{ metric: 'loss', mode: 'min' }],
  searcher: 'randomSearch',
  scheduler: 'fifo',
  trialCount: 100_000,
}

function recordsOfTrial(trial: number): readonly LogRecord[] {
  const params = { x: (trial % 997) / 997, y: (trial % 89) / 89 }
  const loss = params.x + params.y
  const metrics = { loss, training_iteration: 1, time_total_s: 0.5 }
  return [
    {
      at: trial,
      type: 'trial.created',
      trial,
      id: `t${trial.toString(36)}`,
      source: 'suggested',
      params,
      config: params,
      domains: { x: uniform(0, 1), y: uniform(0, 1) },
    },
    { at: trial + 0.5, type: 'trial.report', trial, attempt: 1, seq: 1, metrics },
    { at: trial + 1, type: 'trial.ended', trial, state: 'completed', values: [loss] },
  ]
}

const ASKED = 200

/** Milliseconds to ask a study for a trial of three parameters and to tell its value. */
export async function askAndTell(storage: string, durability: Durability): Promise<number> {
  const study = await createStudy({
    paramSpace: { x: uniform(0, 1), y: uniform(0, 1), z: uniform(0, 1) },
    direction: 'minimize',
    searcher: randomSearch(),
    seed: 1,
    name: 'asked',
    storage,
    durability,
  })
  const once = async (): Promise<void> => {
    const trial = await study.ask()
    const { x, y, z } = trial.config
    await study.tell(trial, x + y + z)
  }
  for (let i = 0; i < ASKED / 4; i++) await once()
  const started = performance.now()
  for (let i = 0; i < ASKED; i++) await once()
  const ms = (performance.now() - started) / ASKED
  await study.close()
  return ms
}

/** The same of Optuna, as it opens a SQLite file by itself; undefined where TROUPE_PYTHON names no Python that has it. */
export function optunaAskAndTell(url: string): number | undefined {
  const python = process.env['TROUPE_PYTHON']
  if (python === undefined) return undefined
  return Number(execFileSync(python, ['-c', OPTUNA, url, String(ASKED)]))
}

const OPTUNA = `
import sys, time, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(storage=sys.argv[1], study_name="asked", sampler=optuna.samplers.RandomSampler(seed=1))
count = int(sys.argv[2])
def once():
    trial = study.ask()
    study.tell(trial, sum(trial.suggest_float(name, 0, 1) for name in "xyz"))
for _ in range(count // 4):
    once()
started = time.perf_counter()
for _ in range(count):
    once()
print(1000 * (time.perf_counter() - started) / count)
`
