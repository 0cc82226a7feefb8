import fc from 'fast-check'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { experimentFolder } from '../../src/callbacks/index.ts'
import { type Trial, Tuner, uniform } from '../../src/index.ts'
import { journalStore, type Store } from '../../src/stores/index.ts'
import { eventsIn } from './event-file-reader.ts'
import { atWork, columnsIn, resultsIn, temporaryFolder, textOf, trialAfter, viewOf } from './folders.ts'

/** What happens to a trial: reports, a failure that throws it back, and crashes that cut its files. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('report' as const), late: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retry' as const), back: fc.nat({ max: 4 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      // Of each file so much is left, and of the log so many reports are lost.
      left: fc.double({ min: 0.3, max: 1, noNaN: true }),
      lost: fc.nat({ max: 2 }),
      // Or all that was written since the last time that the disk was seen to.
      reverts: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const) }) },
)

it('the files of a trial follow its history through any reports, retries, crashes and restores', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const directory = temporaryFolder()
      const [path, kept] = [join(directory, 'demo', 'train_id0'), join(directory, 'kept')]
      // The value of each report in order: what the log holds.
      let log: { readonly loss: number; readonly late?: number }[] = []
      let trial = trialAfter([])
      let run = await atWork(experimentFolder({ directory }), viewOf())
      run.start(trial)
      for (const [i, what] of happenings.entries()) {
        if (what.kind === 'report') {
          // A later attempt takes another time.
          const report = { loss: i, time_total_s: i, ...(what.late ? { late: i } : {}) }
          log.push(report)
          run.report(trial, report)
        } else if (what.kind === 'retry') {
          log = log.slice(0, Math.max(0, log.length - what.back))
          run.retry(trial, log.length)
        } else if (what.kind === 'sync') {
          await run.end()
          if (existsSync(path)) cpSync(path, kept, { recursive: true })
        } else {
          await run.end()
          if (what.reverts && existsSync(kept)) {
            rmSync(path, { recursive: true })
            cpSync(kept, path, { recursive: true })
          }
          const events = filesOf(path).filter((name) => name.includes('tfevents'))
          for (const name of ['result.json', 'progress.csv', ...events.slice(-1)]) {
            const file = join(path, name)
            if (existsSync(file)) truncateSync(file, Math.floor(statSync(file).size * what.left))
          }
          log = log.slice(0, Math.max(0, log.length - what.lost))
          trial = trialAfter(log)
          run = await atWork(experimentFolder({ directory }), viewOf({ restored: true, trials: [trial] }))
          run.retry(trial, log.length)
        }
      }
      await run.end()
      const losses = log.map(({ loss }) => loss)
      const steps = log.map((_, k) => k + 1)
      // With no reports left there need not be a file.
      if (log.length > 0 || filesOf(path).includes('result.json')) {
        const lines = resultsIn(path)
        expect(lines.map(({ loss }) => loss)).toEqual(losses)
        expect(lines.map((line) => line['training_iteration'])).toEqual(steps)
        const columns = filesOf(path).includes('progress.csv') ? columnsIn(path) : {}
        expect(columns['loss'] ?? []).toEqual(losses.map(String))
        expect(columns['late'] ?? losses.map(() => '')).toEqual(log.map(({ late }) => String(late ?? '')))
        expect(pointsOf(path)).toEqual(losses)
      }
    }),
    { numRuns: 100 },
  )
})

function filesOf(path: string): string[] {
  return existsSync(path) ? readdirSync(path).sort() : []
}

/** What TensorBoard shows: a restart takes back all points from its step on. */
function pointsOf(path: string): number[] {
  const points: number[] = []
  for (const { step, value } of eventsIn(path).steps) {
    if (value === undefined) points.length = Math.min(points.length, step - 1)
    else points[step - 1] = value
  }
  return points
}

it('an experiment that is stopped and restored has one folder, which says what its results say', async () => {
  const directory = temporaryFolder()
  const storage = journalStore({ path: join(temporaryFolder(), 'log.jsonl') })
  let reports = 0
  const train = async ({ x }: { readonly x: number }, trial: Trial) => {
    let step = typeof trial.checkpoint === 'number' ? trial.checkpoint : 0
    while (step++ < 6) {
      await trial.report({ loss: x / step }, step % 2 === 0 ? { checkpoint: step } : {})
      if (++reports === 15) void first.stop()
    }
  }
  const shared = { metric: 'loss', mode: 'min', numSamples: 5, maxConcurrentTrials: 2 } as const
  const callbacks = [experimentFolder({ directory })]
  const first = new Tuner(train, {
    ...shared,
    storage,
    callbacks,
    name: 'demo',
    seed: 1,
    paramSpace: { x: uniform(0, 1) },
  })
  const before = await first.fit()
  expect(before.endedBy).toBe('stop')
  expect([...before].some(({ state }) => state === 'interrupted')).toBe(true)

  const results = await Tuner.restore(storage, { ...shared, name: 'demo', trainable: train, callbacks }).fit()
  expect(results.warnings).toEqual([])
  expect([...results].map(({ state }) => state)).toEqual(Array(5).fill('completed'))
  const folders = readdirSync(join(directory, 'demo')).filter((name) => !name.includes('tfevents'))
  expect(folders.sort()).toEqual([...results].map(({ name }) => name).sort())
  for (const { name, history, config } of results) {
    const path = join(directory, 'demo', name)
    const losses = history.map(({ loss }) => loss)
    expect(losses).toHaveLength(6)
    const lines = resultsIn(path)
    expect(lines.map(({ loss }) => loss)).toEqual(losses)
    expect(lines.every(({ date }) => typeof date === 'string')).toBe(true)
    expect(lines.map((line) => line['config'])).toEqual(losses.map(() => config))
    expect(columnsIn(path)['loss']).toEqual(losses.map(String))
    expect(pointsOf(path)).toEqual(losses.map((loss) => Math.fround(loss as number)))
  }
})

it('a restore leaves the folders of an experiment with the same name and seed in another storage alone', async () => {
  const directory = temporaryFolder()
  const shared = { metric: 'loss', mode: 'min', callbacks: [experimentFolder({ directory })] } as const
  const train = async (_config: unknown, trial: Trial) => {
    for (let step = Number(trial.checkpoint ?? 0) + 1; step <= 4; step++)
      await trial.report({ loss: step }, { checkpoint: step })
  }
  const tunerIn = (storage: Store) =>
    new Tuner(train, {
      ...shared,
      storage,
      name: 'demo',
      seed: 1,
      paramSpace: { x: uniform(0, 1) },
      numSamples: 1,
    })
  const storage = journalStore({ path: join(temporaryFolder(), 'log.jsonl') })
  const cut = tunerIn(storage)
  let reports = 0
  cut.on('trial.report', () => {
    if (++reports === 2) void cut.stop()
  })
  const [name = ''] = [...(await cut.fit())].map((trial) => trial.name)
  await tunerIn(journalStore({ path: join(temporaryFolder(), 'log.jsonl') })).fit()
  const rowsIn = (folder: string) => textOf(directory, 'demo', folder, 'result.json').split('\n').slice(0, -1)
  const other = rowsIn(`${name}_2`)
  expect([rowsIn(name).length, other.length]).toEqual([2, 4])

  const results = await Tuner.restore(storage, { ...shared, name: 'demo', trainable: train }).fit()
  expect(results.warnings).toEqual([])
  expect(rowsIn(name)).toHaveLength(4)
  expect(rowsIn(`${name}_2`)).toEqual(other)
  expect(filesOf(join(directory, 'demo')).filter((file) => !file.includes('tfevents'))).toEqual([
    name,
    `${name}_2`,
  ])
})

it('a restore goes on in a folder that a crash has left empty', async () => {
  const directory = temporaryFolder()
  mkdirSync(join(directory, 'demo', 'train_id0'), { recursive: true })
  const trial = trialAfter([{ loss: 1 }])
  const view = viewOf({ restored: true, startedAt: 5, trials: [trial] })
  const run = await atWork(experimentFolder({ directory, tensorboard: false }), view)
  await run.end()
  expect(readdirSync(join(directory, 'demo'))).toEqual(['train_id0'])
  expect(resultsIn(directory, 'demo', 'train_id0')).toHaveLength(1)
})
