import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Trial } from '../../../src/executors/trainable.ts'
import { CONTINUE, type Scheduler } from '../../../src/schedulers/scheduler.ts'
import { branch } from '../../../src/space/branch.ts'
import { choice } from '../../../src/space/choices.ts'
import { lograndint, qrandint, randint } from '../../../src/space/integers.ts'
import { loguniform, quniform, randn, reverseLoguniform, uniform } from '../../../src/space/numbers.ts'
import type { SuggestTrial } from '../../../src/space/suggest.ts'
import { randomSearch } from '../../../src/searchers/random-search.ts'
import { tpe } from '../../../src/searchers/tpe/tpe.ts'
import { optunaJournalStore } from '../../../src/stores/optuna/journal/journal-store.ts'
import { sqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts'
import { postgresStore } from '../../../src/stores/postgres/postgres-store.ts'
import type { Store } from '../../../src/stores/store.ts'
import { createStudy, loadStudy } from '../../../src/study/create-study.ts'
import type { StudyTrialRecord } from '../../../src/study/study-state.ts'
import { Tuner } from '../../../src/tuner/tuner.ts'
import { postgresPrograms, startPostgres } from '../../support/postgres-server.ts'
import {
  optuna,
  type OptunaDump,
  type OptunaDumpTrial,
  PYTHON,
  pythonPostgres,
  WITHOUT_PYTHON,
} from './python.ts'

const SPACE = {
  steps: 100,
  x: uniform(0, 1),
  optimizer: { lr: loguniform(1e-5, 1), beta: reverseLoguniform(0.9, 0.999) },
  q: quniform(0, 1, 0.25),
  n: randint(1, 65),
  m: lograndint(8, 1025),
  k: qrandint(0, 12, 3),
  act: branch({ relu: { width: uniform(0, 20) }, tanh: { width: randint(1, 9), alpha: uniform(0, 1) } }),
  any: choice([null, true, 3, 0.5, 'é "quoted"']),
  shape: choice([[1, 2], { deep: true }, 'flat']),
  mixed: choice([1, true, 'one']),
  noise: randn(0, 1),
}

/** How Optuna knows them: what has no equal there is left to the attribute. */
const NAMES: Readonly<Record<string, string>> = { width: 'act=' }
const HELD = ['optimizer/beta', 'shape', 'mixed', 'noise']

interface Place {
  readonly store: () => Store
  readonly url: string
  readonly stop?: () => Promise<void>
}

const inJournal = (folder: string): Place => {
  const path = join(folder, 'optuna.log')
  return { store: () => optunaJournalStore({ path }), url: `journal:${path}` }
}

const inSqlite = (folder: string): Place => {
  const path = join(folder, 'optuna.db')
  return { store: () => sqliteStore({ path }), url: `sqlite:///${path}` }
}

const inPostgres = async (): Promise<Place> => {
  const server = await startPostgres()
  const url = await server.database()
  return {
    store: () => postgresStore({ url }),
    url: url.replace('postgresql:', `postgresql+${pythonPostgres()}:`),
    stop: () => server.stop(),
  }
}

const hasPostgres = postgresPrograms() !== undefined && pythonPostgres() !== undefined

const PLACES: readonly [string, (folder: string) => Place | Promise<Place>, isThere: boolean][] = [
  ["Optuna's journal", inJournal, true],
  ['SQLite', inSqlite, true],
  ['PostgreSQL (skipped without it, or without psycopg for Python)', inPostgres, hasPostgres],
]

describe.skipIf(PYTHON === undefined)(`with Optuna itself (else ${WITHOUT_PYTHON})`, () => {
  describe.each(PLACES)('%s', (_word, placeIn, isThere) => {
    let folder: string
    let place: Place
    beforeAll(async () => {
      if (!isThere) return
      folder = await mkdtemp(join(tmpdir(), 'troupe-exchange-'))
      place = await placeIn(folder)
    }, 60_000)
    afterAll(async () => {
      if (!isThere) return
      await place.stop?.()
      await rm(folder, { recursive: true })
    })

    it.skipIf(!isThere)(
      'shows Optuna every field of a study, whatever the time zone',
      { timeout: 240_000 },
      async () => {
        const study = await createStudy({
          name: 'kinds',
          storage: place.store(),
          seed: 1,
          paramSpace: SPACE,
          direction: 'maximize',
          metricNames: ['accuracy'],
        })
        await study.setUserAttr('owner', { team: ['a', 'é'], n: 3, open: Number.NaN })
        for (let i = 0; i < 10; i++) {
          const trial = await study.ask()
          for (let step = 0; step < i; step++) trial.report(step, step === 2 ? Number.NaN : step / 3)
          trial.setUserAttr('note', [`trial ${i}`, 'é中文 \'"', null, -Infinity])
          trial.setConstraint('memory', i - 4.5)
          const results = [
            0.1,
            Infinity,
            -Infinity,
            Number.NaN,
            { state: 'pruned' },
            { state: 'failed' },
            2,
          ] as const
          if (i < 8) await study.tell(trial, results[i % results.length] as number)
          else await trial.flush()
        }
        await study.enqueueTrial({ x: 0.25, act: 'tanh', width: 3 })
        await study.close()
        const dumps = await Promise.all(
          ['UTC', 'Asia/Tokyo', 'America/New_York'].map((zone) => optuna(['dump', place.url, 'kinds'], zone)),
        )
        for (const dump of dumps) {
          expect(dump).toMatchObject({
            directions: ['MAXIMIZE'],
            metricNames: ['accuracy'],
            userAttrs: { owner: { team: ['a', 'é'], n: 3, open: 'NaN' } },
          })
          expectSame(dump, study.trials)
          expect(dump.trials.at(-1)?.fixed).toEqual({ x: 0.25, act: 'tanh', 'act=tanh/width': 3 })
        }
        const [dump] = dumps
        const types = new Map(dump?.trials.flatMap(({ types: known }) => Object.entries(known)))
        expect(types.get('act=relu/width')).toBe('float')
        expect(types.get('act=tanh/width')).toBe('int')
        expect(types.get('q')).toBe('float')
        expect(dump?.trials[0]?.distributions['optimizer/lr']).toEqual({
          name: 'FloatDistribution',
          attributes: { low: 1e-5, high: 1, log: true, step: null },
        })
        expect(dump?.trials[0]?.distributions['k']).toEqual({
          name: 'IntDistribution',
          attributes: { low: 0, high: 12, log: false, step: 3 },
        })
      },
    )

    it.skipIf(!isThere)(
      'lets Optuna go on with TPE, and takes that in, and goes on',
      { timeout: 240_000 },
      async () => {
        const dump = await optuna(['optimize', place.url, 'kinds', '5'])
        const storage = place.store()
        const study = await loadStudy({
          name: 'kinds',
          storage,
          paramSpace: SPACE,
          searcher: tpe({ nStartupTrials: 2 }),
        })
        expectSame(dump, study.trials)
        // The one that waited was taken first, with what it was enqueued with.
        expect(study.trials[10]).toMatchObject({
          state: 'completed',
          userAttrs: { by: 'optuna' },
          config: { x: 0.25, act: 'tanh', width: 3 },
        })
        expect(study.trials.length).toBe(15)
        for (let i = 0; i < 3; i++) {
          const trial = await study.ask()
          expect(trial.number).toBe(15 + i)
          await study.tell(trial, trial.config.x)
        }
        await study.close()
        expectSame(await optuna(['dump', place.url, 'kinds']), study.trials)
        const again = await loadStudy({ name: 'kinds', storage, paramSpace: SPACE })
        expect(again.trials).toEqual(study.trials)
        await again.close()
      },
    )

    it.skipIf(!isThere)(
      'carries several objectives, and what is run in two processes at once',
      { timeout: 240_000 },
      async () => {
        const storage = place.store()
        const study = await createStudy({
          name: 'two α',
          storage,
          paramSpace: { x: uniform(0, 1) },
          directions: ['minimize', 'maximize'],
        })
        const trial = await study.ask()
        trial.report(1, [1, 2])
        await study.tell(trial, [Infinity, 2])
        expect((await optuna(['dump', place.url, 'two α'])).trials[0]).toMatchObject({
          values: ['Infinity', 2],
          intermediate: { 1: 1 },
        })
        await study.close()

        const shared = await createStudy({ name: 'shared', storage, paramSpace: { x: uniform(0, 1) } })
        const theirs = optuna(['add', place.url, 'shared', '15'])
        let isOver = false
        void theirs.then(
          () => (isOver = true),
          () => (isOver = true),
        )
        let ours = 0
        while (!isOver || ours < 5) {
          const own = await shared.ask()
          own.report(1, own.config.x)
          await shared.tell(own, own.config.x)
          ours++
          await new Promise((done) => setTimeout(done, 20))
        }
        await theirs
        await shared.close()
        const loaded = await loadStudy({ name: 'shared', storage })
        expectSame(await optuna(['dump', place.url, 'shared']), loaded.trials)
        expect(loaded.trials.length).toBe(ours + 15)
        expect(loaded.trials.every(({ state }) => state === 'completed')).toBe(true)
        await loaded.close()
      },
    )

    it.skipIf(!isThere)('shows Optuna an experiment of a Tuner', { timeout: 240_000 }, async () => {
      const results = await experiment(place.store())
      const dump = await optuna(['dump', place.url, 'digits'], 'Asia/Tokyo')
      expect(dump).toMatchObject({ directions: ['MINIMIZE'], metricNames: ['loss'] })
      expect(dump.trials.length).toBe(12)
      const states = { completed: 'COMPLETE', pruned: 'PRUNED', failed: 'FAIL' }
      for (const result of results) {
        const trial = dump.trials[result.number] as OptunaDumpTrial
        expect(trial.state).toBe(states[result.state as keyof typeof states])
        const { act, width, x } = result.config
        expect(trial.params).toEqual({ x, act, [`act=${act}/width`]: width })
        const losses = result.history.map(({ training_iteration: step, loss }) => [
          String(step),
          spelled(loss),
        ])
        expect(trial.intermediate).toEqual(Object.fromEntries(losses))
        expect(trial.values).toEqual(trial.state === 'FAIL' ? null : [losses.at(-1)?.[1]])
        expect(trial.constraints).toEqual({ size: result.number - 6 })
        expect(trial.userAttrs).toMatchObject({ note: { number: result.number } })
        if (trial.state !== 'FAIL') expect(trial.userAttrs['accuracy']).toBe(result.number / 12)
        expect(Math.abs((trial.startedAt ?? 0) - Date.now())).toBeLessThan(240_000)
      }
      expect(new Set(dump.trials.map(({ state }) => state))).toEqual(new Set(['COMPLETE', 'PRUNED', 'FAIL']))
      const more = await optuna(['optimize', place.url, 'digits', '3'])
      expect(more.trials.slice(0, 12)).toEqual(dump.trials)
      expect(more.trials.length).toBe(15)
    })

    it.skipIf(!isThere)(
      'shows Optuna the parameters of an experiment whose space is a function, and lets it go on',
      { timeout: 240_000 },
      async () => {
        const results = await suggesting(place.store())
        const dump = await optuna(['dump', place.url, 'suggesting'])
        expect(
          dump.trials.map(({ params, userAttrs }) => ({ params, held: userAttrs['troupe:params'] })),
        ).toEqual(
          [...results].map(({ config: { x, act, width, shape } }) => {
            const isFirstKind = act === results.get(0)?.config.act
            const name = isFirstKind ? 'width' : act === 'relu' ? 'width=float' : 'width=int'
            return { params: { x, act, [name]: width }, held: { shape } }
          }),
        )
        const trial = dump.trials.find(({ params }) => params['act'] === 'relu')
        expect(trial?.distributions['x']).toEqual({
          name: 'FloatDistribution',
          attributes: { low: 1e-3, high: 1, log: true, step: null },
        })
        const more = await optuna(['optimize', place.url, 'suggesting', '3'])
        expect(more.trials.slice(0, 8)).toEqual(dump.trials)
        expect(Object.keys(more.trials.at(-1)?.params ?? {})).toContain('x')
      },
    )
  })
})

/** A Tuner with a define-by-run space, in which one parameter has another kind in each branch. */
async function suggesting(storage: Store) {
  const train = async ({ x, width }: Record<string, unknown>, trial: Trial) =>
    trial.report({ loss: Number(x) * Number(width) })
  const tuner = new Tuner(train, {
    name: 'suggesting',
    storage,
    seed: 2,
    paramSpace: (trial: SuggestTrial) => {
      trial.suggestFloat('x', 1e-3, 1, { log: true })
      const act = trial.suggestCategorical('act', ['relu', 'tanh'])
      if (act === 'relu') trial.suggestFloat('width', 0, 20)
      else trial.suggestInt('width', 1, 9)
      trial.suggestCategorical('shape', [[1, 2], 'flat'])
    },
    metric: 'loss',
    mode: 'min',
    numSamples: 8,
  })
  return tuner.fit()
}

const DIGITS = {
  x: uniform(0, 1),
  act: branch({ relu: { width: uniform(0, 20) }, tanh: { width: choice(['narrow', 'wide']) } }),
}

interface Drawn {
  readonly x: number
  readonly act: string
  readonly width: number | string
}

async function experiment(storage: Store) {
  const train = async (config: Drawn, trial: Trial) => {
    trial.setUserAttr('note', { number: trial.number })
    trial.setConstraint('size', trial.number - 6)
    for (let step = 1; step <= 3; step++) {
      if (trial.number === 3 && step === 2) throw new Error('out of memory')
      const loss = trial.number === 4 ? Infinity : trial.number === 5 ? -Infinity : config.x / step
      await trial.report({ loss, accuracy: trial.number / 12 })
    }
  }
  const tuner = new Tuner(train, {
    name: 'digits',
    storage,
    seed: 3,
    paramSpace: DIGITS,
    metric: 'loss',
    mode: 'min',
    searcher: randomSearch(),
    numSamples: 12,
    scheduler: PRUNES_SEVENTH,
  })
  return tuner.fit()
}

const PRUNES_SEVENTH: Scheduler<null> = {
  name: 'prunesSeventh',
  init: () => null,
  onReport: (_, { trial }) =>
    trial === 7 ? { kind: 'stop', outcome: 'pruned', reason: 'it is the seventh' } : CONTINUE,
}

const STATES = {
  completed: 'COMPLETE',
  pruned: 'PRUNED',
  failed: 'FAIL',
  running: 'RUNNING',
  waiting: 'WAITING',
}

/** All that Optuna has of each trial is what Troupe has. */
function expectSame(dump: OptunaDump, trials: readonly StudyTrialRecord<unknown>[]): void {
  expect(dump.trials.length).toBe(trials.length)
  for (const trial of trials) {
    const theirs = dump.trials[trial.number] as OptunaDumpTrial
    expect(theirs.state).toBe(STATES[trial.state as keyof typeof STATES])
    expect(theirs.values).toEqual(trial.values === undefined ? null : spelled(trial.values))
    expect(theirs.intermediate).toEqual(
      spelled(Object.fromEntries(trial.intermediateValues.filter(([step]) => Number.isInteger(step)))),
    )
    expect(theirs.constraints).toEqual(spelled(trial.constraints))
    const { 'troupe:params': held, ...attrs } = theirs.userAttrs
    expect(attrs).toEqual(spelled(trial.userAttrs))
    expectTime(theirs.startedAt, trial.startedAt)
    expectTime(theirs.endedAt, trial.endedAt)
    if (trial.state !== 'waiting') expectParams(theirs, held, trial.config as object)
  }
}

function expectParams(theirs: OptunaDumpTrial, held: unknown, config: object): void {
  const known = { ...theirs.params, ...(held as object) }
  for (const [name, value] of Object.entries(known)) {
    const path = name.replace(/^act=[a-z]+\//, '')
    expect(
      path.split('/').reduce((at: unknown, key) => (at as Record<string, unknown>)[key], config),
    ).toEqual(value)
    if (name !== path) expect(name).toBe(`${NAMES[path]}${(config as { act: string }).act}/${path}`)
    expect(HELD.includes(path)).toBe(!(name in theirs.params))
  }
}

// Optuna has microseconds; milliseconds are what Troupe promises.
function expectTime(theirs: number | null, ours: number | undefined): void {
  if (ours === undefined) return expect(theirs).toBeNull()
  expect(Math.abs((theirs ?? 0) - ours)).toBeLessThan(1)
}

/** Numbers that JSON has no words for, as the script spells them. */
function spelled(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map(spelled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, spelled(item)]))
}
